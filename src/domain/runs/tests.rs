//! What becomes of the wishes of a pull request, and which builds count.

mod ends;
mod stands;

use super::*;
use crate::domain::event::{BuildStatus, Conclusion};
use crate::domain::gate::{GateStatus, gates_of_runs};
use crate::domain::ids::{PrNumber, RepoName};
use crate::domain::pipeline::{Concurrency, Pipeline};
use crate::domain::pull::Stand;
use crate::domain::pull::tests::repo;
use crate::domain::run::{Changed, PullScene, Scene, TriggerKind};
use chrono::TimeDelta;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).expect("forty digits")
}

fn scene(head: char) -> Scene {
    Scene {
        repository: RepoName::parse("acme/engine").expect("a name"),
        trigger: TriggerKind::PullRequest,
        sha: sha(head),
        branch: "pull-request/7".to_owned(),
        base_branch: "main".to_owned(),
        base_sha: None,
        merge_base: None,
        pull: Some(PullScene {
            number: 7,
            author: Some("mel".to_owned()),
            author_trusted: true,
            labels: BTreeSet::new(),
        }),
        changed: Changed::Everything,
        args: String::new(),
    }
}

fn wish(pipeline: &Pipeline, head: char) -> Wish<'_> {
    Wish {
        pipeline,
        scene: scene(head),
        repeat: Repeat::No,
    }
}

/// The runs of pull request 7 whose mirror holds `a` since second 20, of the implied pipeline.
fn watching() -> RunsState {
    let mut runs = RunsState::new(repo(), RunSubject::Pull(PrNumber(7)));
    runs.stand_at(&sha('a'), stand(1, 1, 20), at(20));
    runs.want(&wish(&Pipeline::implied(), 'a'), at(20));
    runs.settle(at(20));
    runs
}

/// Where we put the mirror at a second, as the `number`th place it was wanted at, and after so many moves.
fn stand(number: u64, moves: u64, second: i64) -> Stand {
    Stand {
        number,
        moves,
        moved_at: Some(at(second)),
    }
}

fn build(id: u64, status: BuildStatus, second: i64) -> Build {
    Build {
        id: BuildId::WorkflowRun(id),
        workflow: None,
        workflow_name: None,
        app: None,
        dispatched: false,
        attempt: 0,
        name: format!("build {id}"),
        status,
        url: None,
        updated_at: at(second),
    }
}

fn told(runs: &mut RunsState, of: char, build: Build) {
    let event = Event::BuildChanged {
        repo: repo(),
        branch: Some("pull-request/7".to_owned()),
        sha: sha(of),
        build,
    };
    runs.intake(&event, at(40));
    runs.settle(at(40));
}

/// GitHub lists these builds of `a`.
fn listed(runs: &mut RunsState, second: i64, builds: Vec<Build>) {
    runs.builds_of(&sha('a')).expect("a stand").are(builds);
    runs.settle(at(second));
}

fn status(runs: &RunsState) -> GateStatus {
    gates_of_runs(runs, &sha('a'), "")[0].1.status
}

const SUCCESS: BuildStatus = BuildStatus::Ended(Conclusion::Success);

#[test]
fn success_needs_every_build_and_a_second_look() {
    let mut runs = watching();
    assert_eq!(status(&runs), GateStatus::InProgress);
    told(&mut runs, 'b', build(1, SUCCESS, 30));
    assert!(
        runs.builds[0].list.is_empty(),
        "a build of another commit is not ours"
    );
    told(&mut runs, 'a', build(1, BuildStatus::Running, 30));
    assert!(runs.must_read().is_none());
    told(&mut runs, 'a', build(1, SUCCESS, 31));
    assert_eq!(status(&runs), GateStatus::InProgress);
    assert!(
        runs.must_read().is_some(),
        "there may be others that nobody told us of"
    );
    listed(
        &mut runs,
        41,
        vec![build(1, SUCCESS, 31), build(2, BuildStatus::Running, 32)],
    );
    assert_eq!(status(&runs), GateStatus::InProgress);
    told(&mut runs, 'a', build(2, SUCCESS, 33));
    told(&mut runs, 'a', build(2, BuildStatus::Running, 32));
    listed(
        &mut runs,
        42,
        vec![build(1, SUCCESS, 31), build(2, SUCCESS, 33)],
    );
    assert_eq!(status(&runs), GateStatus::Completed(Conclusion::Success));
}

#[test]
fn what_a_job_waits_for_is_read_again_more_and_more_seldom() {
    let mut runs = watching();
    let shortest = TimeDelta::minutes(10);
    let mut readings = Vec::new();
    for _ in 0..20 {
        let next = runs.next_reading(shortest).expect("somebody waits");
        runs.read_what_is_due(shortest, next - TimeDelta::seconds(1));
        assert!(runs.must_read().is_none(), "not before its time");
        runs.read_what_is_due(shortest, next);
        assert!(runs.must_read().is_some());
        runs.builds_of(&sha('a'))
            .expect("a stand")
            .are(vec![build(1, BuildStatus::Running, 30)]);
        readings.push((next - at(20)).num_minutes());
    }
    assert_eq!(readings[..5], [10, 20, 30, 45, 67]);
    assert_eq!(readings[19] - readings[18], 24 * 60);
    told(&mut runs, 'a', build(1, SUCCESS, 100));
    listed(&mut runs, 100, vec![build(1, SUCCESS, 100)]);
    assert!(
        runs.next_reading(shortest).is_none(),
        "nobody waits any more"
    );
}

fn two_jobs(name: &str, concurrency: Concurrency) -> Pipeline {
    let mut pipeline = Pipeline::implied();
    pipeline.name = name.to_owned();
    pipeline.implied = false;
    pipeline.concurrency = Some(concurrency);
    pipeline.jobs[0].backend = BackendSpec::Workflow("build.yml".to_owned());
    pipeline
}

fn heads(runs: &RunsState) -> Vec<(char, bool, bool)> {
    runs.runs()
        .map(|run| {
            let digit = run.scene.sha.as_str().chars().next().unwrap_or_default();
            (digit, run.queued, run.counts())
        })
        .collect()
}

#[test]
fn a_new_run_cancels_the_one_before_or_waits_for_it() {
    let cancelling = two_jobs("backends", Concurrency::Cancel);
    let mut runs = RunsState::new(repo(), RunSubject::Pull(PrNumber(7)));
    for head in ['a', 'b', 'c'] {
        assert!(runs.want(&wish(&cancelling, head), at(1)));
        runs.settle(at(1));
        assert!(
            !runs.want(&wish(&cancelling, head), at(2)),
            "one run for one head"
        );
    }
    assert_eq!(
        heads(&runs),
        [('c', false, true)],
        "nothing of the others was started"
    );

    let queueing = two_jobs("backends", Concurrency::Queue);
    let mut runs = RunsState::new(repo(), RunSubject::Branch("main".to_owned()));
    for head in ['a', 'b', 'c'] {
        assert!(runs.want(&wish(&queueing, head), at(1)));
        runs.settle(at(1));
    }
    assert_eq!(
        heads(&runs),
        [('a', false, true), ('c', true, true)],
        "the first goes on, and only the newest waits"
    );
    let first = runs.runs_mut().next().expect("a run");
    first.cancel("maya says so", at(3));
    runs.settle(at(3));
    assert_eq!(
        heads(&runs),
        [('a', false, true), ('c', false, true)],
        "what came of the first is still to be published"
    );
    assert!(runs.shas().contains(&sha('a')));
}

#[test]
fn a_check_job_of_a_run_that_others_wait_for_still_sees_its_builds() {
    let mut queueing = Pipeline::implied();
    queueing.concurrency = Some(Concurrency::Queue);
    let mut runs = RunsState::new(repo(), RunSubject::Branch("main".to_owned()));
    for head in ['a', 'b'] {
        runs.stands_at(&sha(head), at(1));
        runs.want(&wish(&queueing, head), at(1));
        runs.settle(at(1));
    }
    runs.builds_of(&sha('a'))
        .expect("its builds are kept")
        .are(vec![build(1, SUCCESS, 30)]);
    runs.settle(at(40));
    assert_eq!(
        status(&runs),
        GateStatus::Completed(Conclusion::Success),
        "although main has moved on"
    );
    assert_eq!(heads(&runs), [('a', false, true), ('b', false, true)]);
}

#[test]
fn a_merge_group_that_is_queued_again_is_not_gone() {
    let mut runs = RunsState::new(
        repo(),
        RunSubject::MergeGroup("gh-readonly-queue/x".to_owned()),
    );
    let mut told = |digit, change| {
        let event = Event::MergeGroup {
            repo: repo(),
            branch: "gh-readonly-queue/x".to_owned(),
            sha: sha(digit),
            base_branch: "main".to_owned(),
            base_sha: sha('0'),
            change,
        };
        runs.intake(&event, at(1));
        let told = runs.told.clone().expect("a group");
        (told.sha, told.gone)
    };
    let (requested, gone) = (MergeGroupChange::Requested, MergeGroupChange::Gone);
    for (digit, change, expected) in [
        ('a', requested, (sha('a'), false)),
        ('a', gone, (sha('a'), true)),
        ('a', requested, (sha('a'), true)),
        ('b', requested, (sha('b'), false)),
        ('a', gone, (sha('b'), false)),
        ('b', gone, (sha('b'), true)),
    ] {
        assert_eq!(told(digit, change), expected);
    }
}

#[test]
fn a_gate_of_another_name_reaches_the_runs_there_are_and_a_command_s_run_is_as_good() {
    let old = two_jobs("backends", Concurrency::Cancel);
    let mut new = old.clone();
    new.gates[0].name = "renamed".to_owned();
    let mut runs = RunsState::new(repo(), RunSubject::Pull(PrNumber(7)));
    let ordered = Wish {
        scene: Scene {
            trigger: TriggerKind::Command,
            args: "staging".to_owned(),
            ..scene('a')
        },
        ..wish(&old, 'a')
    };
    runs.want(&ordered, at(1));
    runs.settle(at(1));
    assert!(!runs.want(&wish(&new, 'a'), at(2)), "it has its run");
    let gates = gates_of_runs(&runs, &sha('a'), "");
    assert_eq!(gates[0].0.name, "renamed");
    assert_eq!(runs.runs().next().expect("a run").scene.args, "staging");
    new.implied = true;
    assert!(
        runs.want(&wish(&new, 'a'), at(3)),
        "it is another pipeline now"
    );
}

#[test]
fn a_pipeline_that_is_renamed_goes_on_and_one_that_is_gone_ends() {
    let old = two_jobs("old", Concurrency::Cancel);
    let new = two_jobs("new", Concurrency::Cancel);
    let mut runs = RunsState::new(repo(), RunSubject::Pull(PrNumber(7)));
    runs.want(&wish(&old, 'a'), at(1));
    runs.settle(at(1));
    runs.follow_configuration(&[&new], at(2));
    assert!(
        !runs.want(&wish(&new, 'a'), at(2)),
        "it has its run already"
    );
    let job = JobRef {
        repo: repo().id,
        subject: RunSubject::Pull(PrNumber(7)),
        pipeline: "old".to_owned(),
        run: 1,
        since: at(1),
        job: "builds".to_owned(),
        attempt: 1,
    };
    assert!(
        runs.job(&job).is_some(),
        "what was started as `old` still reports"
    );
    runs.follow_configuration(&[], at(3));
    runs.settle(at(3));
    assert_eq!(heads(&runs), []);
    assert_eq!(gates_of_runs(&runs, &sha('a'), ""), []);
}
