//! `check` jobs.

use super::*;
use crate::domain::event::{BuildId, Workflow};
use BuildStatus::{Ended, Queued, Running};

fn check(name: &str, pattern: &str, app: Option<&str>) -> JobSpec {
    JobSpec {
        backend: BackendSpec::Check {
            pattern: pattern.into(),
            app: app.map(Into::into),
        },
        ..job(name, &[])
    }
}

fn build(id: BuildId, name: &str, status: BuildStatus, updated: i64) -> Build {
    Build {
        id,
        workflow: None,
        name: name.into(),
        workflow_name: None,
        app: None,
        dispatched: false,
        attempt: 0,
        status,
        url: None,
        updated_at: at(updated),
    }
}

fn workflow_run(id: u64, workflow: u64, status: BuildStatus, updated: i64) -> Build {
    Build {
        workflow: Some(Workflow {
            id: workflow,
            event: "push".into(),
        }),
        ..build(BuildId::WorkflowRun(id), "CI", status, updated)
    }
}

fn check_run(id: u64, name: &str, status: BuildStatus, updated: i64) -> Build {
    build(BuildId::CheckRun(id), name, status, updated)
}

#[test]
fn builds_become_a_state() {
    let (ok, bad) = (Ended(Success), Ended(Failure));
    for (statuses, confirmed, shown) in [
        (vec![], true, "queued"),
        (vec![Queued], true, "running"),
        (vec![ok], false, "running"),
        (vec![ok], true, "success"),
        (vec![ok, Ended(Skipped), Ended(Neutral)], true, "success"),
        (vec![ok, Running], true, "running"),
        (vec![Running, bad], false, "failure"),
        (vec![Ended(StartupFailure), bad], true, "failure"),
        (vec![Ended(Cancelled), ok], true, "cancelled"),
    ] {
        let mut run = run(vec![check("a", "*", None)]);
        assert_eq!(run.shown(), "queued");
        let builds: Vec<Build> = statuses
            .iter()
            .enumerate()
            .map(|(n, status)| check_run(n as u64, &format!("c{n}"), *status, 1))
            .collect();
        run.observed(&builds, confirmed, at(2));
        assert_eq!(run.shown(), shown, "{statuses:?} {confirmed}");
        let all_passed = statuses == [ok];
        assert_eq!(run.is_unsure(), all_passed && !confirmed);
        assert_eq!(run.watches(), matches!(shown, "queued" | "running"));
        assert_eq!(run.steps(at(2)), []);
    }
}

#[test]
fn which_builds_count() {
    let pull = |id| BuildId::CheckRun(id);
    let actions = |name: &str| Build {
        workflow_name: Some("Operator".into()),
        app: Some("github-actions".into()),
        ..check_run(1, name, Queued, 1)
    };
    let suite = build(BuildId::CheckSuite(1), "Buildkite", Queued, 1);
    let status = build(BuildId::Status(1), "DCO", Queued, 1);
    let gate = build(pull(9), "backend-status-check", Queued, 1);
    let by_app = Some("github-actions");
    for (pattern, app, implied, build, counts) in [
        ("Operator / *", None, false, actions("lint"), true),
        ("lint", None, false, actions("lint"), true),
        ("lint", by_app, false, actions("lint"), true),
        ("lint", Some("other"), false, actions("lint"), false),
        (
            "lint",
            by_app,
            false,
            check_run(1, "lint", Queued, 1),
            false,
        ),
        (
            "Operator / *",
            None,
            false,
            check_run(1, "lint", Queued, 1),
            false,
        ),
        (
            "Operator / *",
            None,
            false,
            check_run(1, "Operator / x", Queued, 1),
            true,
        ),
        ("DCO", None, false, status.clone(), true),
        ("*", None, false, suite.clone(), true),
        ("*", None, false, workflow_run(1, 1, Queued, 1), true),
        ("*", None, false, gate.clone(), false),
        ("*", None, true, workflow_run(1, 1, Queued, 1), true),
        ("*", None, true, suite, true),
        ("*", None, true, status, false),
        ("*", None, true, actions("lint"), false),
    ] {
        let pipeline = Pipeline {
            implied,
            ..pipeline(vec![check("a", pattern, app)])
        };
        let mut run = begun(&pipeline);
        run.observed(std::slice::from_ref(&build), true, at(2));
        assert_eq!(
            run.jobs[0].observed.len() == 1,
            counts,
            "{pattern} {app:?} {build:?}"
        );
    }
}

#[test]
fn what_our_own_jobs_have_dispatched_does_not_count() {
    let ours = |build: Build| Build {
        dispatched: true,
        ..build
    };
    let mut run = run(vec![check("others", "*", None)]);
    run.observed(
        &[
            ours(workflow_run(1001, 1, Ended(Failure), 1)),
            ours(check_run(5, "go", Running, 1)),
        ],
        true,
        at(2),
    );
    assert_eq!(run.shown(), "queued");
    run.observed(&[workflow_run(1002, 2, Ended(Success), 3)], true, at(3));
    assert_eq!(run.shown(), "success");
}

#[test]
fn of_one_kind_only_the_newest_counts_and_late_news_never_replaces_newer() {
    let mut run = run(vec![check("a", "*", None)]);
    run.observed(&[workflow_run(1, 5, Ended(Failure), 1)], true, at(2));
    assert_eq!(run.shown(), "failure");
    run.observed(&[workflow_run(2, 5, Running, 3)], false, at(3));
    assert_eq!(run.shown(), "running");
    run.observed(
        &[
            workflow_run(1, 5, Ended(Cancelled), 9),
            workflow_run(2, 5, Ended(Success), 4),
        ],
        true,
        at(4),
    );
    assert_eq!(run.shown(), "success");
    run.observed(&[workflow_run(2, 5, Running, 3)], true, at(5));
    assert_eq!(run.shown(), "success");

    // Two workflows with jobs of one name are two kinds; another app's check run is a third.
    let of = |id, workflow: &str, app: &str, status| Build {
        workflow_name: Some(workflow.into()),
        app: Some(app.into()),
        ..check_run(id, "build", status, 6)
    };
    let (ok, bad) = (Ended(Success), Ended(Failure));
    for (first, second, shown) in [
        (of(1, "A", "x", bad), of(2, "A", "x", ok), "success"),
        (of(1, "A", "x", bad), of(2, "B", "x", ok), "failure"),
        (of(1, "A", "x", bad), of(2, "A", "y", ok), "failure"),
    ] {
        let mut run = super::run(vec![check("a", "*", None)]);
        run.observed(&[first, second], true, at(7));
        assert_eq!(run.shown(), shown);
    }
}

#[test]
fn a_build_that_runs_again_takes_the_job_along() {
    let after = job("after", &["a"]);
    let mut run = run(vec![check("a", "*", None), after]);
    run.observed(&[check_run(1, "x", Ended(Failure), 1)], true, at(10));
    run.advance(at(10));
    assert_eq!(
        (run.shown().as_str(), run.stands()),
        ("failure needs:a", Standing::Failed)
    );
    run.observed(&[check_run(2, "x", Running, 11)], false, at(11));
    run.advance(at(11));
    assert_eq!(
        (run.shown().as_str(), run.stands()),
        ("running waiting", Standing::Running)
    );
    assert_eq!(run.next_look(at(11)), Some(at(111)), "its time begins anew");
    run.observed(&[check_run(2, "x", Ended(Success), 12)], true, at(12));
    run.advance(at(12));
    assert_eq!(run.shown(), "success starting");
    // Another that has passed takes nothing back; one that runs does.
    run.observed(&[check_run(3, "y", Ended(Success), 13)], false, at(13));
    assert_eq!(run.get("a").state, JobState::Ended(Success));
    run.observed(&[check_run(4, "z", Running, 14)], false, at(14));
    assert_eq!(run.get("a").state, JobState::Active(Running));
}

#[test]
fn after_we_ended_it_only_a_build_that_began_later_counts() {
    let known = || check_run(5, "x", Running, 1);
    let anew = |build: Build| (build, true);
    let not = |build: Build| (build, false);
    for cancelled in [true, false] {
        for (news, reopens) in [
            not(check_run(5, "x", Ended(Success), 200)),
            not(check_run(5, "x", Ended(Cancelled), 200)),
            not(check_run(4, "x", Running, 200)),
            not(check_run(9, "another", Running, 200)),
            anew(check_run(6, "x", Queued, 200)),
        ] {
            let mut run = run(vec![check("a", "*", None)]);
            run.observed(&[known()], true, at(1));
            if cancelled {
                run.cancel("bob", at(100));
                assert_eq!(run.steps(at(100)), [Step::Cancel { job: 0 }]);
            }
            run.advance(at(100));
            let before = run.shown();
            run.observed(std::slice::from_ref(&news), true, at(200));
            assert_eq!(run.shown() != before, reopens, "{before}: {news:?}");
        }
    }
    // Run again by hand, after it had ended: the same number.
    let mut run = run(vec![check("a", "*", None)]);
    run.observed(&[known()], true, at(1));
    run.advance(at(100));
    assert_eq!((run.shown().as_str(), run.is_over()), ("timed_out", true));
    run.observed(&[check_run(5, "x", Ended(Failure), 200)], true, at(200));
    run.observed(&[check_run(5, "x", Queued, 201)], true, at(201));
    assert_eq!(run.shown(), "running");
}

#[test]
fn retest_runs_what_failed_again_and_waits_until_that_changes() {
    let mut run = run(vec![check("a", "*", None)]);
    let (bad, good) = (
        |t| check_run(1, "x", Ended(Failure), t),
        |t| check_run(2, "y", Ended(Success), t),
    );
    run.observed(&[bad(1), good(1)], true, at(2));
    run.advance(at(2));
    assert_eq!(run.retest(&[]), ["a"]);
    run.advance(at(3));
    assert_eq!(
        run.steps(at(3)),
        [Step::Start {
            job: 0,
            rerun: true
        }]
    );
    run.start_begins(0, at(3));
    run.observed(&[bad(1), good(1)], true, at(3));
    assert_eq!(run.shown(), "starting");
    run.started(0, Handle(String::new()), Report::default(), at(3));
    assert_eq!(run.shown(), "running");
    run.observed(&[bad(1), good(1)], true, at(4));
    assert_eq!(
        run.shown(),
        "running",
        "neither failed nor passed: it has not begun again"
    );
    for (news, shown) in [
        (bad(5), "failure"),
        (check_run(1, "x", Ended(Success), 5), "success"),
    ] {
        let mut run = run.clone();
        run.observed(&[news], true, at(5));
        assert_eq!(run.shown(), shown);
    }
}

#[test]
fn infrastructure_is_retried_for_checks_too() {
    let a = JobSpec {
        retries: 1,
        ..check("a", "*", None)
    };
    let mut run = run(vec![a]);
    run.observed(&[check_run(1, "x", Ended(StartupFailure), 1)], true, at(2));
    assert_eq!(run.stands(), Standing::Running);
    run.advance(at(2));
    assert_eq!(
        run.steps(at(2)),
        [Step::Start {
            job: 0,
            rerun: true
        }]
    );
}

#[test]
fn builds_seen_before_the_job_is_due_count_when_it_is() {
    let b = JobSpec {
        needs: texts(&["a"]),
        ..check("b", "*", None)
    };
    let mut run = run(vec![job("a", &[]), b]);
    run.observed(&[check_run(1, "x", Ended(Failure), 1)], true, at(2));
    assert_eq!(run.shown(), "starting waiting");
    run.ends("a", Success, at(3));
    assert_eq!(
        (run.shown().as_str(), run.is_over()),
        ("success failure", true)
    );
}

#[test]
fn of_too_many_builds_those_that_passed_go_first() {
    let mut run = run(vec![check("a", "*", None)]);
    let builds: Vec<Build> = (0..400_u32)
        .map(|n| {
            let status = if n == 399 { Running } else { Ended(Success) };
            check_run(n.into(), &format!("{n:03}"), status, 1)
        })
        .collect();
    run.observed(&builds, true, at(2));
    assert_eq!(
        (run.shown().as_str(), run.jobs[0].observed.len()),
        ("running", 300)
    );
    assert_eq!(
        run.jobs[0].observed.last().map(|build| build.status),
        Some(Running)
    );
}

#[test]
fn the_implied_pipeline_waits_for_ever_and_passes_with_its_builds() {
    let mut run = begun(&Pipeline::implied());
    run.advance(at(1_000_000_000));
    assert_eq!(
        (run.shown().as_str(), run.next_look(at(0))),
        ("queued", None)
    );
    run.observed(&[workflow_run(1, 1, Ended(Success), 1)], true, at(5));
    run.advance(at(5));
    assert_eq!(
        (run.stands(), run.is_over(), run.ended_at),
        (Standing::Passed, true, Some(at(5)))
    );
}
