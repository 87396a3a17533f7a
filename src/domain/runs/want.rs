//! From what is wanted to runs.

use super::{Line, RunsState};
use crate::domain::ids::Sha;
use crate::domain::pipeline::{Concurrency, Pipeline};
use crate::domain::run::{Run, Scene};
use chrono::{DateTime, Utc};

/// So many runs of a pipeline that have ended are kept.
const KEPT: usize = 3;

/// That a pipeline is to run.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Which.
    pub pipeline: &'a Pipeline,
    /// For what.
    pub scene: Scene,
    /// Whether it runs although it already ran for this commit.
    pub repeat: Repeat,
}

/// Whether a wish for a commit that has a run begins another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// No: the run that is there follows the wish.
    No,
    /// Yes: a command, a tick.
    Yes,
}

impl RunsState {
    /// Sees to it that there is a run as wished; whether it is a new one.
    pub fn want(&mut self, wish: &Wish<'_>, now: DateTime<Utc>) -> bool {
        let line = self.lines.entry(wish.pipeline.name.clone()).or_default();
        let newest = line.runs.iter_mut().rev().find(|run| run.counts());
        if let Some(run) = newest
            && wish.repeat == Repeat::No
            && run.scene.sha == wish.scene.sha
            && takes_over(run, wish.pipeline)
        {
            // One that a command began is as good: it keeps what the command said.
            if run.scene.trigger == wish.scene.trigger {
                run.revise(&wish.scene);
            }
            return false;
        }
        line.begin(wish, now);
        true
    }

    /// Pipelines of other names than these are not configured any more: their runs are cancelled. One that was only renamed goes on
    /// under its new name.
    pub fn follow_configuration(&mut self, pipelines: &[&Pipeline], now: DateTime<Utc>) {
        let gone: Vec<String> = self
            .lines
            .keys()
            .filter(|name| !pipelines.iter().any(|pipeline| pipeline.name == **name))
            .cloned()
            .collect();
        for old in gone {
            let Some(mut line) = self.lines.remove(&old) else {
                continue;
            };
            let renamed = pipelines.iter().find(|pipeline| {
                !self.lines.contains_key(&pipeline.name)
                    && line.current().is_some_and(|run| is_of(run, pipeline))
            });
            let name = match renamed {
                Some(pipeline) => {
                    for run in &mut line.runs {
                        run.pipeline = pipeline.name.clone();
                    }
                    line.former_name = Some(old);
                    pipeline.name.clone()
                }
                None => {
                    for run in &mut line.runs {
                        run.supersede("its pipeline is not configured any more".to_owned(), now);
                    }
                    old
                }
            };
            self.lines.insert(name, line);
        }
    }

    /// None of its runs is wanted any more.
    pub fn withdraw(&mut self, why: &str, now: DateTime<Utc>) {
        for run in self.runs_mut().filter(|run| run.counts()) {
            run.supersede(why.to_owned(), now);
        }
    }

    /// GitHub says that there is no branch of this merge group.
    pub fn group_is_gone(&mut self, now: DateTime<Utc>) {
        if let Some(told) = &mut self.told {
            told.gone = true;
        }
        self.withdraw("the merge group is gone", now);
    }

    /// What a branch that is at this commit now is compared with: what it was built at before, otherwise what was told. What has
    /// a run stays compared with the same: a push may be told of again, also one from long before.
    pub fn pushed_onto(&self, sha: &Sha) -> Option<Sha> {
        let of_commit = |run: &&Run| run.counts() && run.scene.sha == *sha;
        if let Some(run) = self.runs().find(of_commit) {
            return run.scene.base_sha.clone();
        }
        let built = self.builds.last().map(|builds| &builds.sha);
        match (built.filter(|built| *built != sha), &self.told) {
            (Some(built), _) => Some(built.clone()),
            (None, Some(told)) if told.sha == *sha => told.before.clone(),
            (None, _) => None,
        }
    }

    /// Runs for this commit do not count any more.
    pub(super) fn withdraw_at(&mut self, sha: &Sha, why: &str, now: DateTime<Utc>) {
        let of_commit = |run: &&mut Run| run.counts() && run.scene.sha == *sha;
        for run in self.runs_mut().filter(of_commit) {
            run.supersede(why.to_owned(), now);
        }
    }

    /// Draws all conclusions from what is known; afterwards the jobs say what is to be done. The runs that are not kept any
    /// longer, as they have ended.
    pub fn settle(&mut self, now: DateTime<Utc>) -> Vec<Run> {
        let mut gone = Vec::new();
        for line in self.lines.values_mut() {
            for run in &mut line.runs {
                let builds = self
                    .builds
                    .iter()
                    .find(|builds| builds.sha == run.scene.sha);
                if run.counts()
                    && let Some(builds) = builds
                {
                    run.observed(&builds.list, builds.confirmed, now);
                }
                run.advance(now);
            }
            gone.append(&mut line.tidy(now));
        }
        self.tidy_builds();
        self.lines
            .retain(|_, line| !line.runs.is_empty() || line.ticked.is_some() || line.newest > 0);
        gone
    }
}

impl Line {
    fn begin(&mut self, wish: &Wish<'_>, now: DateTime<Utc>) {
        self.newest += 1;
        let mut new = Run::begin(self.newest, wish.pipeline, wish.scene.clone(), now);
        let by = format!(
            "run {} for {} took its place",
            new.number,
            new.scene.sha.short()
        );
        let waits = new.concurrency == Concurrency::Queue;
        for older in self.runs.iter_mut().filter(|run| run.counts()) {
            if !waits || older.queued {
                older.supersede(by.clone(), now);
            } else if !older.is_over() {
                new.queued = true;
            }
        }
        self.runs.push(new);
    }

    /// Drops what is over and replaced, and lets the next run begin once the one before it is over. What it dropped.
    fn tidy(&mut self, now: DateTime<Utc>) -> Vec<Run> {
        let under_way = self
            .runs
            .iter()
            .any(|run| run.counts() && !run.queued && !run.is_over());
        if !under_way
            && let Some(next) = self.runs.iter_mut().find(|run| run.queued && run.counts())
        {
            next.queued = false;
            next.advance(now);
        }
        // What has ended stays while its gates may still have to be written.
        let kept: Vec<u64> = self.shown().take(KEPT).map(|run| run.number).collect();
        let stays = |run: &Run| {
            !run.is_over() || (run.counts() && (run.queued || kept.contains(&run.number)))
        };
        let gone;
        (self.runs, gone) = std::mem::take(&mut self.runs).into_iter().partition(stays);
        gone
    }
}

/// Whether a run is one of a pipeline as it is configured now, but for its name.
fn is_of(run: &Run, pipeline: &Pipeline) -> bool {
    run.gates == pipeline.gates
        && run.jobs.len() == pipeline.jobs.len()
        && run
            .jobs
            .iter()
            .zip(&pipeline.jobs)
            .all(|(job, spec)| job.spec == *spec)
}

/// Whether a run can go on for a pipeline as it is configured now: its jobs stay what they are, and its gates follow the
/// configuration as far as they speak of these jobs.
fn takes_over(run: &mut Run, pipeline: &Pipeline) -> bool {
    let has = |name: &String| run.jobs.iter().any(|job| job.spec.name == *name);
    let mut named = pipeline
        .gates
        .iter()
        .flat_map(|gate| gate.jobs.iter().flatten());
    if run.implied != pipeline.implied || !named.all(has) {
        return false;
    }
    run.gates.clone_from(&pipeline.gates);
    run.publish = pipeline.publish;
    true
}
