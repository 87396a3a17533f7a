//! Needs, time limits, retries, `fail_fast`, gates.

use super::*;
use Standing::*;

#[test]
fn what_a_need_ends_as_decides_about_its_dependants() {
    for (conclusion, excused, needed, dependant, any) in [
        (Success, false, true, "starting", "starting"),
        (Neutral, false, true, "starting", "starting"),
        (Skipped, false, true, "needs:a", "starting"),
        (Failure, false, true, "needs:a", "starting"),
        (Cancelled, false, true, "needs:a", "starting"),
        (TimedOut, false, true, "needs:a", "starting"),
        (Failure, true, true, "starting", "starting"),
        (Failure, false, false, "needs:a", "starting"),
    ] {
        let a = JobSpec {
            required: needed,
            ..job("a", &[])
        };
        let any_job = JobSpec {
            needs_any: true,
            ..job("any", &["a"])
        };
        let mut run = run(vec![a, job("b", &["a"]), any_job]);
        assert_eq!(run.shown(), "starting waiting waiting");
        run.ends("a", conclusion, at(1));
        if excused {
            run.excuse(&texts(&["a"]), excuse());
            run.advance(at(1));
        }
        let shown = format!("{} {dependant} {any}", conclusion.as_str());
        assert_eq!(run.shown(), shown, "excused: {excused}");
    }
}

#[test]
fn an_excused_job_is_not_waited_for() {
    let mut run = run(vec![job("a", &[]), job("b", &["a"])]);
    run.work(at(1));
    run.excuse(&texts(&["A"]), excuse());
    run.advance(at(1));
    assert_eq!(run.shown(), "queued starting");
    run.ends("b", Success, at(2));
    assert_eq!((run.stands(), run.is_over()), (Passed, false));
}

#[test]
fn a_required_job_that_did_not_run_because_of_an_optional_one_fails_the_gate_and_both_are_named() {
    let a = JobSpec {
        required: false,
        ..job("a", &[])
    };
    let mut run = run(vec![a, job("b", &["a"]), job("c", &["b"])]);
    assert_eq!(run.stands(), Running);
    run.ends("a", Failure, at(1));
    assert_eq!(run.shown(), "failure needs:a needs:b");
    assert_eq!(run.stands(), Failed);
    let blocker = |job| Blocker {
        job,
        because_of: Some(0),
    };
    assert_eq!(run.blockers(&run.gates[0]), [blocker(1), blocker(2)]);
}

#[test]
fn who_would_not_have_run_anyway_is_skipped_by_rule() {
    let optional = JobSpec {
        required: false,
        ..job("optional", &[])
    };
    let unlabelled = JobSpec {
        labels: texts(&["gpu"]),
        ..job("unlabelled", &[])
    };
    let both = job("both", &["optional", "unlabelled"]);
    let mut run = run(vec![optional, unlabelled, both]);
    assert_eq!(
        (run.shown().as_str(), run.stands()),
        ("starting NoLabel needs:unlabelled", Passed)
    );
    run.ends("optional", Failure, at(1));
    assert_eq!(
        (run.shown().as_str(), run.stands()),
        ("failure NoLabel needs:unlabelled", Passed)
    );
}

#[test]
fn whom_a_failure_has_skipped_fails_the_gate_only_when_no_rule_can_be_the_reason_any_more() {
    let optional = JobSpec {
        required: false,
        ..job("optional", &[])
    };
    for (other, standing) in [(Success, Failed), (Skipped, Passed)] {
        let both = job("both", &["optional", "other"]);
        let last = job("last", &["both"]);
        let mut run = run(vec![optional.clone(), job("other", &[]), both, last]);
        run.ends("optional", Failure, at(1));
        assert_eq!(run.shown(), "failure queued needs:optional needs:both");
        assert_eq!(run.stands(), Running);
        run.ends("other", other, at(2));
        assert_eq!((run.stands(), run.is_over()), (standing, true), "{other:?}");
    }
}

#[test]
fn a_gate_counts_its_own_required_jobs_only_and_fails_at_once() {
    let optional = JobSpec {
        required: false,
        ..job("optional", &[])
    };
    let mut run = run(vec![job("a", &[]), job("b", &[]), optional]);
    let gate = |jobs: Option<&[&str]>| GateSpec {
        name: "gate".into(),
        jobs: jobs.map(texts),
    };
    let gates = [
        gate(None),
        gate(Some(&["a"])),
        gate(Some(&["b"])),
        gate(Some(&["optional"])),
        gate(Some(&[])),
    ];
    let stand = |run: &Run| gates.each_ref().map(|gate| run.standing(gate));
    assert_eq!(stand(&run), [Running, Running, Running, Passed, Passed]);
    run.ends("optional", Failure, at(1));
    run.ends("a", Failure, at(1));
    assert_eq!(stand(&run), [Failed, Failed, Running, Passed, Passed]);
    run.ends("b", Skipped, at(2));
    assert_eq!(stand(&run), [Failed, Failed, Passed, Passed, Passed]);
    run.excuse(&texts(&["a"]), excuse());
    assert_eq!(stand(&run)[0], Passed);
}

#[test]
fn a_job_that_never_reports_times_out_and_is_told_to_stop() {
    let mut run = run(vec![job("a", &[])]);
    run.work(at(5));
    assert_eq!(run.next_look(at(5)), Some(at(105)));
    run.advance(at(104));
    assert_eq!(run.shown(), "queued");
    run.advance(at(105));
    assert_eq!(run.shown(), "timed_out");
    assert_eq!(run.jobs[0].stopped, Some(Stop::TimeLimit));
    assert_eq!((run.stands(), run.is_over()), (Failed, false));
    assert_eq!(run.steps(at(105)), [Step::Cancel { job: 0 }]);
    run.cancelled(0);
    assert_eq!((run.is_over(), run.ended_at), (true, Some(at(105))));
}

#[test]
fn a_start_whose_answer_never_comes_times_out_too() {
    let mut run = run(vec![job("a", &[])]);
    run.start_begins(0, at(0));
    run.backend_failed(0, "connection reset".into(), at(10));
    assert_eq!(run.steps(at(9)), []);
    assert_eq!(run.next_look(at(9)), Some(at(10)));
    assert_eq!(
        run.steps(at(10)),
        [Step::Start {
            job: 0,
            rerun: false
        }]
    );
    run.advance(at(100));
    assert_eq!(run.shown(), "timed_out");
    assert_eq!(run.steps(at(100)), [Step::Cancel { job: 0 }]);
}

#[test]
fn infrastructure_is_retried_by_itself_and_a_failure_is_not() {
    for (conclusion, retried) in [
        (StartupFailure, true),
        (TimedOut, true),
        (Stale, true),
        (Failure, false),
        (Cancelled, false),
        (ActionRequired, false),
    ] {
        let a = JobSpec {
            retries: 1,
            ..job("a", &[])
        };
        let mut run = run(vec![a, job("b", &["a"])]);
        run.ends("a", conclusion, at(1));
        let again = run.steps(at(1))
            == [Step::Start {
                job: 0,
                rerun: true,
            }];
        assert_eq!(again, retried, "{conclusion:?}");
        if retried {
            assert_eq!((run.stands(), run.jobs[0].retried), (Running, 1));
            run.ends("a", conclusion, at(2));
            assert_eq!(run.jobs[0].attempt, 2);
        }
        assert_eq!((run.stands(), run.is_over()), (Failed, true));
        assert_eq!(run.shown(), format!("{} needs:a", conclusion.as_str()));
    }
}

#[test]
fn a_timed_out_attempt_is_stopped_before_the_next_one_starts() {
    let a = JobSpec {
        retries: 1,
        ..job("a", &[])
    };
    let mut run = run(vec![a]);
    run.work(at(0));
    run.advance(at(100));
    assert_eq!(run.steps(at(100)), [Step::Cancel { job: 0 }]);
    assert_eq!(run.jobs[0].handle, Some(handle(0, 1)));
    run.start_begins(0, at(100));
    assert_eq!(run.jobs[0].attempt, 1, "not before it was told to stop");
    run.cancelled(0);
    run.start_begins(0, at(101));
    assert_eq!(
        (run.jobs[0].attempt, run.jobs[0].previous()),
        (2, Some(&handle(0, 1)))
    );
    assert_eq!(run.jobs[0].handle, None);
}

#[test]
fn a_backend_that_cannot_be_told_to_stop_is_given_up() {
    let mut run = run(vec![job("a", &[])]);
    run.work(at(0));
    run.supersede("a newer push".into(), at(1));
    for n in 1..=8 {
        assert!(!run.is_over(), "{n}");
        assert_eq!(run.steps(at(n)), [Step::Cancel { job: 0 }]);
        run.backend_failed(0, "503".into(), at(n + 1));
    }
    assert!(run.is_over());
    assert_eq!(run.jobs[0].trouble.as_deref(), Some("503"));
}

#[test]
fn fail_fast_cancels_the_rest_once() {
    let pipeline = Pipeline {
        fail_fast: true,
        ..pipeline(vec![job("a", &[]), job("b", &[]), job("c", &["b"])])
    };
    let mut run = begun(&pipeline);
    run.ends("a", Failure, at(1));
    assert_eq!(run.shown(), "failure cancelled cancelled");
    assert_eq!(run.jobs[1].stopped, Some(Stop::FailFast("a".into())));
    assert_eq!(run.steps(at(1)), [Step::Cancel { job: 1 }]);

    // Who wants one of them nevertheless gets it.
    assert_eq!(run.retest(&texts(&["b"])), ["b"]);
    run.ends("b", Success, at(2));
    assert_eq!(run.shown(), "failure success cancelled");

    // A new failure of the first one counts anew.
    assert_eq!(run.retest(&[]), ["a", "c"]);
    run.ends("a", Failure, at(3));
    assert_eq!(run.shown(), "failure success cancelled");
}

#[test]
fn fail_fast_does_not_ask_optional_or_excused_jobs() {
    let optional = JobSpec {
        required: false,
        ..job("optional", &[])
    };
    let pipeline = Pipeline {
        fail_fast: true,
        ..pipeline(vec![job("a", &[]), optional, job("b", &[])])
    };
    let mut run = begun(&pipeline);
    run.excuse(&texts(&["a"]), excuse());
    run.ends("a", Failure, at(1));
    run.ends("optional", Failure, at(1));
    assert_eq!(run.shown(), "failure failure queued");
}

#[test]
fn a_queued_run_starts_nothing() {
    let check = JobSpec {
        backend: BackendSpec::Check {
            pattern: "*".into(),
            app: None,
        },
        ..job("check", &[])
    };
    let mut run = Run::begin(2, &pipeline(vec![job("a", &[]), check]), scene(), at(0));
    run.queued = true;
    run.advance(at(0));
    assert_eq!(run.shown(), "waiting waiting");
    assert_eq!((run.steps(at(0)), run.next_look(at(0))), (vec![], None));
    run.queued = false;
    run.advance(at(9));
    assert_eq!(run.shown(), "starting queued");
}

#[test]
fn a_need_that_does_not_exist_and_a_circle_end_instead_of_hanging() {
    let run = run(vec![
        job("a", &["nobody"]),
        job("b", &["c"]),
        job("c", &["b"]),
    ]);
    assert_eq!(run.shown(), "needs:nobody needs:c needs:b");
    assert_eq!((run.stands(), run.is_over()), (Failed, true));
}

#[test]
fn a_thousand_jobs_go_through() {
    let mut jobs: Vec<JobSpec> = (0..500).map(|n| job(&format!("build {n}"), &[])).collect();
    jobs.extend((0..499).map(|n| job(&format!("test {n}"), &[&format!("build {n}")])));
    let all: Vec<String> = jobs.iter().map(|job| job.name.clone()).collect();
    jobs.push(JobSpec {
        needs: all,
        ..job("report", &[])
    });
    let mut run = run(jobs);
    for round in 1..=3 {
        run.work(at(round));
        for job in 0..run.jobs.len() {
            let attempt = run.jobs[job].attempt;
            run.reported(job, attempt, says(BuildStatus::Ended(Success)), at(round));
        }
        run.advance(at(round));
    }
    assert_eq!((run.stands(), run.is_over()), (Passed, true));
    assert_eq!(run.find("BUILD").len(), 500);
}
