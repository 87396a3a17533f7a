//! Which ends of jobs are told, and how.

use super::*;
use crate::domain::event::Conclusion::{Failure, Stale, StartupFailure};

/// A pipeline with these jobs.
fn with_jobs(jobs: &[&str]) -> Pipeline {
    let mut pipeline = two_jobs("backends", Concurrency::Cancel);
    let mut spec = pipeline.jobs[0].clone();
    spec.retries = 1;
    let named = |name: &&str| {
        let mut spec = spec.clone();
        spec.name = (*name).to_owned();
        spec
    };
    pipeline.jobs = jobs.iter().map(named).collect();
    pipeline
}

/// Its runs, all jobs of which have begun.
fn running(jobs: &[&str]) -> RunsState {
    let pipeline = with_jobs(jobs);
    let mut runs = RunsState::new(repo(), RunSubject::Pull(PrNumber(7)));
    runs.want(&wish(&pipeline, 'a'), at(0));
    runs.settle(at(0));
    let run = runs.runs_mut().next().expect("a run");
    for job in 0..jobs.len() {
        run.start_begins(job, at(0));
        run.started(job, Handle(job.to_string()), Report::default(), at(0));
    }
    runs
}

fn failed(runs: &mut RunsState, job: usize, second: i64) {
    ended(runs, job, Failure, second);
}

/// Its latest attempt ends.
fn ended(runs: &mut RunsState, job: usize, conclusion: Conclusion, second: i64) {
    let report = Report {
        status: Some(BuildStatus::Ended(conclusion)),
        ..Report::default()
    };
    let run = runs.runs_mut().next().expect("a run");
    let attempt = run.jobs[job].attempt;
    assert!(run.reported(job, attempt, report, at(second)));
}

#[test]
fn the_end_of_a_job_is_told_once_and_what_is_stopped_with_its_run_in_one_line() {
    let mut runs = running(&["build (amd64)", "lint", "test"]);
    let mut ends = Ends::of(&runs);
    assert_eq!(ends.news(&runs, &[]), [""; 0]);
    failed(&mut runs, 0, 180);
    assert_eq!(ends.news(&runs, &[]), ["build (amd64): failed after 3 min"]);
    runs.settle(at(190));
    assert_eq!(ends.news(&runs, &[]), [""; 0]);
    assert_eq!(
        Ends::of(&runs).news(&runs, &[]),
        [""; 0],
        "it was told before"
    );
    runs.withdraw("the pull request was closed", at(200));
    assert_eq!(
        ends.news(&runs, &[]),
        ["stopped 2 jobs of backends run 1: the pull request was closed"]
    );
}

#[test]
fn of_very_many_ends_at_once_the_first_are_told_one_by_one() {
    let names: Vec<String> = (0..60).map(|n| format!("job-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut runs = running(&names);
    let mut ends = Ends::of(&runs);
    let run = runs.runs_mut().next().expect("a run");
    run.cancel("cancelled by maya", at(5));
    let news = ends.news(&runs, &[]);
    assert_eq!(news.len(), 51);
    assert_eq!(news[0], "job-0: cancelled by maya");
    assert_eq!(news[50], "10 more jobs ended as well");
}

#[test]
fn what_has_ended_is_not_told_again_because_its_pipeline_has_another_name() {
    let mut runs = running(&["build", "lint"]);
    failed(&mut runs, 0, 180);
    let mut ends = Ends::of(&runs);
    let mut renamed = with_jobs(&["build", "lint"]);
    renamed.name = "systems".to_owned();
    runs.follow_configuration(&[&renamed], at(190));
    assert!(runs.lines.contains_key("systems"));
    assert_eq!(ends.news(&runs, &[]), [""; 0]);
    failed(&mut runs, 1, 240);
    assert_eq!(ends.news(&runs, &[]), ["lint: failed after 4 min"]);
}

#[test]
fn an_end_after_which_a_job_is_started_again_by_itself_is_told() {
    let mut runs = running(&["build", "lint"]);
    let mut ends = Ends::of(&runs);
    ended(&mut runs, 0, StartupFailure, 180);
    runs.settle(at(180));
    assert_eq!(
        ends.news(&runs, &[]),
        ["build: could not start after 3 min (attempt 1)"]
    );
    let run = runs.runs_mut().next().expect("a run");
    run.start_begins(0, at(190));
    run.started(0, Handle("again".to_owned()), Report::default(), at(190));
    assert_eq!(ends.news(&runs, &[]), [""; 0]);
    ended(&mut runs, 0, Stale, 250);
    runs.settle(at(250));
    assert_eq!(
        ends.news(&runs, &[]),
        ["build: never ended after 1 min"],
        "it has no retry left"
    );
    // What was told when it ended is not told again when somebody asks for it once more.
    failed(&mut runs, 1, 300);
    assert_eq!(ends.news(&runs, &[]), ["lint: failed after 5 min"]);
    runs.retest();
    runs.settle(at(310));
    assert_eq!(ends.news(&runs, &[]), [""; 0]);
    assert_eq!(
        Ends::of(&runs).news(&runs, &[]),
        [""; 0],
        "it was told before"
    );
}

#[test]
fn what_ends_with_a_run_that_is_not_kept_is_told() {
    let mut watching = with_jobs(&["build", "lint"]);
    for job in &mut watching.jobs {
        job.backend = Pipeline::implied().jobs.remove(0).backend;
    }
    let mut runs = RunsState::new(repo(), RunSubject::Pull(PrNumber(7)));
    runs.want(&wish(&watching, 'a'), at(0));
    runs.settle(at(0));
    let mut ends = Ends::of(&runs);
    runs.want(&wish(&watching, 'b'), at(60));
    let gone = runs.settle(at(60));
    assert_eq!(heads(&runs), [('b', false, true)]);
    let replaced = "stopped 2 jobs of backends run 1: run 2 for bbbbbbbbb took its place";
    assert_eq!(ends.news(&runs, &gone), [replaced]);
    assert_eq!(ends.news(&runs, &[]), [""; 0]);
}
