//! Which jobs run at all.

use super::*;
use JobState::Waiting;
use SkipReason::*;

#[test]
fn conditions_decide_as_documented() {
    let skipped = JobState::Skipped;
    let filters =
        |names: &[&str]| Changed::Filters(names.iter().map(ToString::to_string).collect());
    let none = || filters(&[]);
    for (changes, labels, changed, present, ignored, state) in [
        (&[][..], &[][..], none(), &[][..], false, Waiting),
        (&["core"], &[], filters(&["core"]), &[], false, Waiting),
        (
            &["docs", "core"],
            &[],
            filters(&["core"]),
            &[],
            false,
            Waiting,
        ),
        (
            &["core"],
            &[],
            filters(&["docs"]),
            &[],
            false,
            skipped(NothingChanged),
        ),
        (&["core"], &[], Changed::Everything, &[], false, Waiting),
        (&["core"], &[], none(), &[], true, Waiting),
        (&["core"], &["gpu"], none(), &["gpu"], false, Waiting),
        (
            &["core"],
            &["gpu"],
            none(),
            &["cpu"],
            false,
            skipped(NothingChanged),
        ),
        (&["core"], &["gpu"], filters(&["core"]), &[], false, Waiting),
        (
            &[],
            &["gpu"],
            filters(&["core"]),
            &[],
            false,
            skipped(NoLabel),
        ),
        (
            &[],
            &["gpu"],
            Changed::Everything,
            &[],
            true,
            skipped(NoLabel),
        ),
        (&[], &["tpu", "gpu"], none(), &["gpu"], false, Waiting),
    ] {
        let spec = JobSpec {
            changes: texts(changes),
            labels: texts(labels),
            ..job("a", &[])
        };
        let pipeline = Pipeline {
            ignore_changes: ignored,
            ..pipeline(vec![spec])
        };
        let mut scene = scene();
        scene.changed = changed.clone();
        scene.pull.as_mut().unwrap().labels = present.iter().map(ToString::to_string).collect();
        let run = Run::begin(1, &pipeline, scene, at(0));
        assert_eq!(
            run.jobs[0].state, state,
            "{changes:?} {labels:?} {changed:?} {present:?}"
        );
    }
}

#[test]
fn branch_comes_before_author_and_author_before_changes() {
    for (branch, trusted, state) in [
        ("main", true, JobState::Skipped(NothingChanged)),
        ("main", false, JobState::Skipped(AuthorNotTrusted)),
        ("release/1", false, JobState::Skipped(AuthorNotTrusted)),
        ("release/1/hot", false, JobState::Skipped(OtherBranch)),
        ("develop", true, JobState::Skipped(OtherBranch)),
    ] {
        let spec = JobSpec {
            branches: texts(&["main", "release/*"]),
            if_author: IfAuthor::Trusted,
            changes: texts(&["docs"]),
            ..job("a", &[])
        };
        let mut scene = scene();
        scene.base_branch = branch.into();
        scene.pull.as_mut().unwrap().author_trusted = trusted;
        let run = Run::begin(1, &pipeline(vec![spec]), scene, at(0));
        assert_eq!(run.jobs[0].state, state, "{branch} {trusted}");
    }
}

#[test]
fn without_a_pull_request_no_author_is_asked_for() {
    let spec = JobSpec {
        if_author: IfAuthor::Trusted,
        ..job("a", &[])
    };
    let scene = Scene {
        pull: None,
        trigger: TriggerKind::Push,
        ..scene()
    };
    let run = Run::begin(1, &pipeline(vec![spec]), scene, at(0));
    assert_eq!(run.jobs[0].state, Waiting);
    assert_eq!(run.concurrency, Concurrency::Queue);
}

#[test]
fn a_pattern_that_cannot_be_read_skips_nothing() {
    let spec = JobSpec {
        branches: texts(&["[z-a]"]),
        ..job("a", &[])
    };
    assert_eq!(run(vec![spec]).shown(), "starting");
}

fn labelled(name: &str, needs: &[&str]) -> JobSpec {
    JobSpec {
        labels: texts(&["gpu"]),
        ..job(name, needs)
    }
}

fn with_label(present: bool) -> Scene {
    let mut scene = scene();
    let labels = present.then(|| "gpu".to_owned());
    scene.pull.as_mut().unwrap().labels = labels.into_iter().collect();
    scene
}

#[test]
fn a_label_added_later_starts_the_job_and_what_needs_it() {
    let mut run = run(vec![labelled("build", &[]), job("test", &["build"])]);
    assert_eq!(run.shown(), "NoLabel needs:build");
    assert_eq!((run.stands(), run.is_over()), (Standing::Passed, true));
    assert_eq!(run.ended_at, Some(at(0)));

    run.revise(&with_label(true));
    run.advance(at(1));
    assert_eq!(run.shown(), "starting waiting");
    assert_eq!((run.stands(), run.ended_at), (Standing::Running, None));

    run.revise(&with_label(false));
    run.advance(at(2));
    assert_eq!(run.shown(), "NoLabel needs:build");
}

#[test]
fn a_label_removed_later_stops_nothing_that_was_started() {
    let mut run = run(vec![labelled("build", &[])]);
    run.revise(&with_label(true));
    run.advance(at(1));
    run.work(at(1));
    run.revise(&with_label(false));
    run.advance(at(2));
    assert_eq!(run.shown(), "queued");

    // Not even while it waits to be started once more: it had failed, and a label must not hide that.
    run.ends("build", Failure, at(3));
    run.retest(&[]);
    run.revise(&scene());
    run.advance(at(4));
    assert_eq!(run.shown(), "starting");
}

#[test]
fn facts_about_another_commit_are_not_taken() {
    let mut run = run(vec![labelled("build", &[])]);
    run.revise(&Scene {
        sha: sha('f'),
        ..with_label(true)
    });
    run.advance(at(1));
    assert_eq!(run.shown(), "NoLabel");
}
