//! How a run goes, told as tables and small stories; and what holds for all of them (`laws`).

mod attempts;
mod checks;
mod ends;
mod laws;
mod orders;
mod reports;
mod rules;

use super::*;
use crate::domain::event::Conclusion::*;
use crate::domain::ids::PrNumber;
use crate::domain::pipeline::{BackendSpec, IfAuthor, JobSpec, Pipeline, Template, Trigger, Value};
use chrono::TimeDelta;

/// Seconds after the beginning of time.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

/// A required job of a workflow with a time limit of 100 seconds.
fn job(name: &str, needs: &[&str]) -> JobSpec {
    JobSpec {
        name: name.into(),
        key: name.split(' ').next().unwrap().into(),
        matrix: BTreeMap::new(),
        needs: texts(needs),
        needs_any: false,
        changes: vec![],
        labels: vec![],
        branches: vec![],
        if_author: IfAuthor::Any,
        required: true,
        timeout: Some(100),
        retries: 0,
        inputs: BTreeMap::new(),
        backend: BackendSpec::Workflow("build.yml".into()),
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn pipeline(jobs: Vec<JobSpec>) -> Pipeline {
    Pipeline {
        name: "backends".into(),
        on: vec![Trigger::PullRequest],
        jobs,
        implied: false,
        ..Pipeline::implied()
    }
}

fn scene() -> Scene {
    Scene {
        repository: RepoName::parse("acme/engine").unwrap(),
        trigger: TriggerKind::PullRequest,
        sha: sha('a'),
        branch: "pull-request/7".into(),
        base_branch: "main".into(),
        base_sha: Some(sha('b')),
        merge_base: None,
        pull: Some(PullScene {
            number: 7,
            author: Some("alice".into()),
            author_trusted: true,
            labels: BTreeSet::new(),
        }),
        changed: Changed::Filters(BTreeSet::from(["core".to_owned()])),
        args: String::new(),
    }
}

/// A run that has begun.
fn run(jobs: Vec<JobSpec>) -> Run {
    begun(&pipeline(jobs))
}

fn begun(pipeline: &Pipeline) -> Run {
    let mut run = Run::begin(1, pipeline, scene(), at(0));
    run.advance(at(0));
    run
}

fn says(status: BuildStatus) -> Report {
    Report {
        status: Some(status),
        ..Report::default()
    }
}

/// Handles no two starts share.
fn handle(job: usize, attempt: u32) -> Handle {
    Handle((1_000 * (job + 1) + attempt as usize).to_string())
}

impl Run {
    /// The place of a job.
    fn place(&self, name: &str) -> usize {
        self.find(name)[0]
    }

    fn get(&self, name: &str) -> &Job {
        &self.jobs[self.place(name)]
    }

    /// Does on backends what is due; whatever it is succeeds.
    fn work(&mut self, now: DateTime<Utc>) {
        for step in self.steps(now) {
            match step {
                Step::Cancel { job } => self.cancelled(job),
                Step::Start { job, .. } => {
                    self.start_begins(job, now);
                    let handle = handle(job, self.jobs[job].attempt);
                    self.started(job, handle, says(BuildStatus::Queued), now);
                }
                Step::Observe { .. } => {}
            }
        }
        self.advance(now);
    }

    /// Stops what is to be stopped, starts what is to be started, and then the job ends so.
    fn ends(&mut self, name: &str, conclusion: Conclusion, now: DateTime<Utc>) {
        self.advance(now);
        self.work(now);
        self.work(now);
        let (job, attempt) = (self.place(name), self.get(name).attempt);
        let heard = self.reported(job, attempt, says(BuildStatus::Ended(conclusion)), now);
        assert!(heard, "{name} is {:?}", self.get(name).state);
        self.advance(now);
    }

    /// How all jobs stand, in one line each word.
    fn shown(&self) -> String {
        let words = self.jobs.iter().map(|job| match &job.state {
            JobState::Waiting => "waiting".to_owned(),
            JobState::Skipped(SkipReason::Need(name)) => format!("needs:{name}"),
            JobState::Skipped(reason) => format!("{reason:?}"),
            JobState::Starting { .. } => "starting".to_owned(),
            JobState::Active(status) => format!("{status:?}").to_lowercase(),
            JobState::Ended(conclusion) => conclusion.as_str().to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn stands(&self) -> Standing {
        self.standing(&self.gates[0])
    }
}

fn excuse() -> Excuse {
    Excuse {
        by: "vera".into(),
        reason: "flaky".into(),
        at: at(0),
    }
}
