//! What people ask for.

use super::*;

fn three() -> Run {
    run(vec![
        job("build (12.9)", &[]),
        job("build (13.0)", &[]),
        job("test", &["build (12.9)", "build (13.0)"]),
    ])
}

#[test]
fn retest_runs_what_failed_and_what_waited_for_it() {
    let mut run = three();
    run.ends("build (12.9)", Success, at(1));
    run.ends("build (13.0)", Failure, at(1));
    assert_eq!(run.shown(), "success failure needs:build (13.0)");
    assert_eq!(run.retest(&[]), ["build (13.0)"]);
    run.advance(at(2));
    assert_eq!(run.shown(), "success starting waiting");
    run.ends("build (13.0)", Success, at(3));
    run.ends("test", Success, at(4));
    assert_eq!((run.stands(), run.is_over()), (Standing::Passed, true));
    assert_eq!(run.retest(&[]), [""; 0]);
}

#[test]
fn retest_with_a_name_or_key_runs_whatever_has_ended() {
    let mut run = three();
    run.ends("build (12.9)", Success, at(1));
    run.ends("build (13.0)", Success, at(1));
    assert_eq!(
        run.retest(&texts(&["BUILD"])),
        ["build (12.9)", "build (13.0)"]
    );
    run.advance(at(2));
    assert_eq!(run.shown(), "starting starting waiting");
    assert_eq!(
        run.retest(&texts(&["build (12.9)", "test", "nobody"])),
        [""; 0],
        "none has ended"
    );

    run.ends("build (12.9)", Success, at(3));
    run.ends("build (13.0)", Success, at(3));
    run.ends("test", Failure, at(3));
    run.retest(&texts(&["Build (13.0)"]));
    run.advance(at(4));
    assert_eq!(
        run.shown(),
        "success starting failure",
        "what has been started stays"
    );
}

#[test]
fn a_retest_has_all_its_retries_again() {
    let a = JobSpec {
        retries: 1,
        ..job("a", &[])
    };
    let mut run = run(vec![a]);
    run.ends("a", Stale, at(1));
    run.ends("a", Stale, at(2));
    assert!(run.is_over());
    run.retest(&[]);
    run.ends("a", Stale, at(3));
    assert_eq!((run.stands(), run.jobs[0].attempt), (Standing::Running, 3));
}

#[test]
fn test_runs_a_job_that_rules_skip_and_what_it_needs() {
    let labelled = |name: &str, needs: &[&str]| JobSpec {
        labels: texts(&["gpu"]),
        ..job(name, needs)
    };
    let after = JobSpec {
        needs_any: true,
        ..labelled("after", &["test"])
    };
    let mut run = run(vec![
        labelled("build", &[]),
        labelled("other", &[]),
        labelled("test", &["build"]),
        after,
    ]);
    assert_eq!(
        run.force(&texts(&["after"]), "bob", crate::domain::run::Rank::Vetter),
        ["after"],
        "it needs nobody to run"
    );
    run.advance(at(1));
    assert_eq!(
        run.force(&texts(&["test"]), "bob", crate::domain::run::Rank::Vetter),
        ["build", "test"]
    );
    run.advance(at(1));
    assert_eq!(run.shown(), "starting NoLabel waiting waiting");
    assert_eq!(run.get("build").forced_by.as_deref(), Some("bob"));

    // Rules do not take it back.
    run.revise(&Scene {
        args: "x".into(),
        ..scene()
    });
    run.advance(at(2));
    assert_eq!(run.shown(), "starting NoLabel waiting waiting");
}

#[test]
fn test_runs_again_what_has_ended_and_the_needs_that_failed() {
    let mut run = three();
    run.ends("build (12.9)", Success, at(1));
    run.ends("build (13.0)", Failure, at(1));
    assert_eq!(
        run.force(&texts(&["test"]), "bob", crate::domain::run::Rank::Vetter),
        ["build (13.0)", "test"]
    );
    run.advance(at(2));
    assert_eq!(run.shown(), "success starting waiting");
    run.ends("build (13.0)", Success, at(3));
    run.ends("test", Success, at(3));
    assert_eq!(
        run.force(&texts(&["test"]), "bob", crate::domain::run::Rank::Vetter),
        ["test"]
    );
    assert_eq!(
        run.force(&texts(&["test"]), "bob", crate::domain::run::Rank::Vetter),
        [""; 0],
        "it waits already"
    );
}

#[test]
fn cancel_ends_what_runs_and_waits_and_retest_works_afterwards() {
    let mut run = three();
    run.ends("build (12.9)", Success, at(1));
    assert_eq!(run.cancel("/cancel by bob", at(2)), 2);
    run.advance(at(2));
    assert_eq!(run.shown(), "success cancelled cancelled");
    assert_eq!(
        run.jobs[1].stopped,
        Some(Stop::Order("/cancel by bob".into()))
    );
    assert_eq!(
        (run.counts(), run.stands(), run.is_over()),
        (true, Standing::Failed, false)
    );
    assert_eq!(run.steps(at(2)), [Step::Cancel { job: 1 }]);
    run.cancelled(1);
    assert!(run.is_over());
    assert_eq!(run.retest(&[]), ["build (13.0)", "test"]);
    run.advance(at(3));
    assert_eq!(run.shown(), "success starting waiting");
}

#[test]
fn what_was_ordered_right_before_a_run_was_superseded_is_followed() {
    let mut run = run(vec![job("a", &[]), job("b", &["a"])]);
    run.ends("a", Failure, at(1));
    assert_eq!(run.shown(), "failure needs:a");
    run.excuse(&texts(&["a"]), excuse());
    run.supersede("a newer push".into(), at(2));
    assert_eq!(run.shown(), "failure cancelled");
    assert_eq!((run.stands(), run.is_over()), (Standing::Failed, true));
}

#[test]
fn a_superseded_run_takes_no_orders() {
    let mut run = three();
    run.ends("build (12.9)", Failure, at(1));
    run.supersede("a newer push".into(), at(2));
    assert_eq!(run.shown(), "failure cancelled needs:build (12.9)");
    let before = run.clone();
    assert_eq!(run.retest(&[]), [""; 0]);
    assert_eq!(
        run.force(&texts(&["test"]), "bob", crate::domain::run::Rank::Vetter),
        [""; 0]
    );
    assert_eq!(run.excuse(&texts(&["test"]), excuse()), [""; 0]);
    assert_eq!(run.cancel("bob", at(3)), 0);
    run.supersede("another".into(), at(3));
    assert_eq!(run, before);
    assert!(!run.counts() && !run.is_over());
    run.work(at(4));
    assert!(run.is_over());
}

#[test]
fn an_excused_job_is_not_retested_unless_it_is_named() {
    let mut run = run(vec![job("a", &[])]);
    run.ends("a", Failure, at(1));
    assert_eq!(run.excuse(&texts(&["a"]), excuse()), ["a"]);
    assert_eq!(run.stands(), Standing::Passed);
    assert_eq!(run.retest(&[]), [""; 0]);
    assert_eq!(run.retest(&texts(&["a"])), ["a"]);
    assert_eq!(run.stands(), Standing::Passed);
}

#[test]
fn a_retry_that_is_due_is_cancelled_too() {
    let a = JobSpec {
        retries: 1,
        ..job("a", &[])
    };
    let due = |run: &mut Run| {
        run.work(at(1));
        run.reported(0, 1, says(BuildStatus::Ended(Stale)), at(1));
    };
    let mut cancelled = run(vec![a.clone()]);
    due(&mut cancelled);
    assert_eq!(cancelled.cancel("bob", at(2)), 1);
    let mut superseded = run(vec![a]);
    due(&mut superseded);
    superseded.supersede("a newer push".into(), at(2));
    for mut run in [cancelled, superseded] {
        run.advance(at(3));
        assert_eq!((run.shown().as_str(), run.is_over()), ("cancelled", true));
    }
}

#[test]
fn the_author_of_a_trusted_head_does_not_start_what_is_for_other_authors_or_branches() {
    use crate::domain::pipeline::IfAuthor;
    use crate::domain::run::Rank;
    let job_for = |name: &str| {
        let mut deploy = job(name, &[]);
        deploy.if_author = IfAuthor::Trusted;
        deploy
    };
    let mut after = job("after", &["deploy"]);
    after.labels = vec!["after".to_owned()];
    let mut scene = scene();
    if let Some(pull) = &mut scene.pull {
        pull.author_trusted = false;
    }
    let jobs = vec![job_for("deploy"), after];
    let mut run = Run::begin(1, &pipeline(jobs), scene, at(0));
    run.advance(at(1));
    for named in ["deploy", "after"] {
        run.force(&texts(&[named]), "sam", Rank::Author);
        run.advance(at(1));
        assert_eq!(
            run.jobs[0].state,
            JobState::Skipped(SkipReason::AuthorNotTrusted),
            "{named}"
        );
    }
    assert_eq!(
        run.force(&texts(&["deploy"]), "vera", Rank::Vetter),
        ["deploy"]
    );
}
