//! What backends say.

use super::*;
use JobState::{Active, Ended};

#[test]
fn a_report_never_leads_backwards() {
    let (queued, running) = (BuildStatus::Queued, BuildStatus::Running);
    let (success, failure) = (BuildStatus::Ended(Success), BuildStatus::Ended(Failure));
    for (reports, state) in [
        (vec![queued], Active(queued)),
        (vec![running, queued], Active(running)),
        (vec![success, running], Ended(Success)),
        (vec![failure, success], Ended(Failure)),
        (vec![queued, success, queued], Ended(Success)),
    ] {
        let mut run = run(vec![job("a", &[])]);
        run.work(at(1));
        for report in &reports {
            run.reported(0, 1, says(*report), at(2));
        }
        assert_eq!(run.jobs[0].state, state, "{reports:?}");
    }
}

#[test]
fn what_does_not_fit_is_ignored() {
    let success = || says(BuildStatus::Ended(Success));
    let mut run = run(vec![job("a", &[]), job("b", &["a"])]);
    let fresh = run.clone();
    assert!(!run.reported(0, 0, success(), at(1)), "never started");
    assert!(!run.reported(9, 1, success(), at(1)), "no such job");
    run.poll_at(1, at(50));
    run.cancelled(0);
    run.started(1, handle(1, 1), success(), at(1));
    run.backend_failed(1, "?".into(), at(9));
    run.start_refused(1, "?".into(), at(9));
    run.start_begins(1, at(9));
    assert_eq!(run, fresh);

    run.ends("a", Failure, at(1));
    run.retest(&[]);
    run.advance(at(2));
    run.work(at(2));
    let second = run.clone();
    assert!(!run.reported(0, 1, success(), at(3)), "an earlier attempt");
    assert!(!run.reported(0, 3, success(), at(3)), "one to come");
    assert_eq!(run, second);

    run.supersede("a newer push".into(), at(4));
    let over = run.clone();
    assert!(!run.reported(0, 2, success(), at(5)), "superseded");
    assert_eq!(run, over);
}

#[test]
fn a_callback_may_be_faster_than_the_answer_to_the_start() {
    let mut run = run(vec![job("a", &[])]);
    run.start_begins(0, at(1));
    assert!(run.reported(0, 1, says(BuildStatus::Ended(Success)), at(2)));
    run.started(0, handle(0, 1), says(BuildStatus::Queued), at(3));
    assert_eq!(run.jobs[0].state, Ended(Success));
    assert_eq!(run.jobs[0].handle, Some(handle(0, 1)));
    assert_eq!(run.jobs[0].cancel, Cancel::No);
    assert_eq!(run.job_of_workflow_run(1001), Some(0));
    assert_eq!(run.job_of_workflow_run(1002), None);
}

#[test]
fn a_job_cancelled_while_it_started_is_stopped_once_it_has_a_handle() {
    let mut run = run(vec![job("a", &[])]);
    run.start_begins(0, at(1));
    assert_eq!(run.cancel("bob", at(2)), 1);
    run.cancelled(0);
    assert!(run.is_over());
    run.started(0, handle(0, 1), says(BuildStatus::Running), at(3));
    assert_eq!(run.shown(), "cancelled");
    assert_eq!(run.steps(at(3)), [Step::Cancel { job: 0 }]);
}

#[test]
fn a_refused_start_is_not_tried_again_by_itself() {
    let a = JobSpec {
        retries: 3,
        ..job("a", &[])
    };
    let mut run = run(vec![a]);
    run.start_begins(0, at(1));
    run.start_refused(0, "there is no workflow build.yml".into(), at(1));
    run.advance(at(1));
    assert_eq!(
        (run.shown().as_str(), run.is_over()),
        ("startup_failure", true)
    );
    assert_eq!(
        run.jobs[0].trouble.as_deref(),
        Some("there is no workflow build.yml")
    );
    assert_eq!(run.retest(&[]), ["a"]);
    run.advance(at(2));
    assert_eq!(
        (run.shown().as_str(), &run.jobs[0].trouble),
        ("starting", &None)
    );
}

#[test]
fn trouble_ends_with_the_next_answer() {
    let mut run = run(vec![job("a", &[])]);
    run.work(at(0));
    run.poll_at(0, at(10));
    assert_eq!(run.steps(at(9)), []);
    assert_eq!(run.steps(at(10)), [Step::Observe { job: 0 }]);
    run.backend_failed(0, "503".into(), at(20));
    assert_eq!(
        (run.jobs[0].failures, run.next_look(at(11))),
        (1, Some(at(20)))
    );
    assert!(run.reported(0, 1, Report::default(), at(12)));
    assert_eq!((run.jobs[0].failures, &run.jobs[0].trouble), (0, &None));
}

#[test]
fn what_is_reported_is_kept_within_bounds() {
    let mut kept = Report::default();
    let many = |count: usize| (0..count).map(|n| format!("{n:03}"));
    kept.merge(Report {
        url: Some("https://ci.example/1".into()),
        title: Some("a\u{202e}b\n".repeat(200)),
        summary: Some("é".repeat(9_000)),
        outputs: many(60).map(|name| (name, "x".into())).collect(),
        metrics: many(120).map(|name| (name, 1.0)).collect(),
        ..Report::default()
    });
    assert_eq!(kept.title, Some("ab".repeat(100)));
    assert_eq!(kept.summary.as_ref().map(String::len), Some(16 << 10));
    assert_eq!((kept.outputs.len(), kept.metrics.len()), (50, 100));

    let before = kept.clone();
    for url in [
        "javascript:alert(1)",
        "ftp://x",
        "https://x y",
        &format!("https://{}", "x".repeat(2_000)),
    ] {
        kept.merge(Report {
            url: Some(url.into()),
            outputs: [
                (String::new(), "x".into()),
                ("n".repeat(101), "x".into()),
                ("000".into(), "x".repeat(4_097)),
            ]
            .into(),
            metrics: [
                ("000".to_owned(), f64::NAN),
                ("001".to_owned(), f64::INFINITY),
            ]
            .into(),
            ..Report::default()
        });
        assert_eq!(kept, before, "{url}");
    }
    kept.merge(Report {
        outputs: [("000".into(), "y".into())].into(),
        metrics: [("000".into(), 2.0)].into(),
        ..Report::default()
    });
    assert_eq!(
        (kept.outputs["000"].as_str(), kept.metrics["000"]),
        ("y", 2.0)
    );
    let json = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), kept);
}

#[test]
fn inputs_hold_the_values_of_the_run() {
    let mut b = job("b", &["a"]);
    b.matrix = BTreeMap::from([("cuda".into(), "12.9".into())]);
    let output = Value::Output {
        job: "a".into(),
        name: "digest".into(),
    };
    let values = [
        ("sha", Value::Sha, "a".repeat(40)),
        ("branch", Value::Branch, "pull-request/7".into()),
        ("base_sha", Value::BaseSha, "b".repeat(40)),
        ("base_branch", Value::BaseBranch, "main".into()),
        ("merge_base", Value::MergeBase, String::new()),
        ("repository", Value::Repository, "acme/engine".into()),
        ("pipeline", Value::Pipeline, "backends".into()),
        ("job", Value::Job, "b".into()),
        ("run", Value::Run, "1".into()),
        ("attempt", Value::Attempt, "1".into()),
        ("trigger", Value::Trigger, "pull_request".into()),
        ("number", Value::PrNumber, "7".into()),
        ("author", Value::PrAuthor, "alice".into()),
        ("args", Value::CommandArgs, String::new()),
        ("cuda", Value::Matrix("cuda".into()), "12.9".into()),
        ("digest", output, "sha256:1".into()),
        ("result", Value::Result("a".into()), "success".into()),
    ];
    b.inputs = values
        .iter()
        .map(|(name, value, _)| {
            let template = Template::parse(&format!("${{{{ {value} }}}}")).unwrap();
            ((*name).to_owned(), template)
        })
        .collect();
    let mut run = run(vec![job("a", &[]), b]);
    run.work(at(1));
    let report = Report {
        outputs: [("digest".into(), "sha256:1".into())].into(),
        ..says(BuildStatus::Ended(Success))
    };
    run.reported(0, 1, report, at(2));
    run.advance(at(2));
    run.start_begins(1, at(3));
    let me = run.job_ref(RepoId(1), &RunSubject::Pull(PrNumber(7)), 1);
    let expected: BTreeMap<String, String> = values
        .into_iter()
        .map(|(name, _, text)| (name.to_owned(), text))
        .collect();
    assert_eq!(run.inputs(1, &me), expected);
    assert_eq!(run.inputs(5, &me), BTreeMap::new());
}

#[test]
fn a_reference_is_read_as_it_was_written_and_no_two_starts_share_an_id() {
    let mut run = run(vec![job("a", &[])]);
    run.start_begins(0, at(1));
    let me = run.job_ref(
        RepoId(1),
        &RunSubject::MergeGroup("gh-readonly-queue/main/1".into()),
        0,
    );
    assert_eq!(JobRef::decode(&me.encode()), Some(me.clone()));
    assert!(
        me.encode()
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    );
    assert_eq!(me.id(), "d54a3f9d7aa503bf875a4b024a0f2d28");
    let next = JobRef {
        attempt: 2,
        ..me.clone()
    };
    assert_ne!(next.id(), me.id());
    for bad in ["", "x", "e30", &"A".repeat(9_000)] {
        assert_eq!(JobRef::decode(bad), None, "{bad}");
    }
}

#[test]
fn a_job_that_its_backend_has_lost_ends_as_stale_and_still_says_why_once_it_is_cancelled() {
    let mut run = run(vec![job("a", &[])]);
    run.lost(0, "never started".into(), at(1));
    assert_eq!(run.shown(), "starting");
    run.work(at(1));
    run.lost(0, "no such loaf".into(), at(2));
    run.advance(at(2));
    assert_eq!(run.shown(), "stale");
    assert_eq!(run.steps(at(2)), [Step::Cancel { job: 0 }]);
    run.backend_failed(0, "not reached".into(), at(3));
    run.cancelled(0);
    assert_eq!(run.get("a").trouble.as_deref(), Some("no such loaf"));
    run.retest(&[]);
    run.advance(at(4));
    assert_eq!(run.get("a").trouble, None);
}

#[test]
fn a_job_that_builds_another_commit_is_started_once_more_and_a_merge_groups_is_given_up() {
    let mut run = run(vec![job("a", &[])]);
    run.work(at(1));
    assert!(run.built_another(0, "main moved".into(), at(2)));
    run.advance(at(2));
    assert_eq!(run.shown(), "starting");
    assert_eq!(run.get("a").retried, 0, "nobody's retry");
    run.jobs[0].anchored = true;
    run.work(at(3));
    assert_eq!(run.get("a").attempt, 2);
    assert!(!run.built_another(0, "the anchor moved".into(), at(4)));
    run.advance(at(4));
    assert_eq!(run.shown(), "stale");
    assert_eq!(run.get("a").trouble.as_deref(), Some("the anchor moved"));

    let mut run = super::run(vec![job("a", &[])]);
    run.scene.trigger = TriggerKind::MergeGroup;
    run.work(at(1));
    assert!(!run.built_another(0, "the group moved".into(), at(2)));
    run.advance(at(2));
    assert_eq!(run.shown(), "stale");
}
