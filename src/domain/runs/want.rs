//! From what is wanted to runs.

use super::{Line, RunsState};
use crate::domain::pipeline::{Concurrency, Pipeline};
use crate::domain::run::{Run, Scene};
use chrono::{DateTime, Utc};

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
            && run.scene.trigger == wish.scene.trigger
        {
            run.revise(&wish.scene);
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

    /// Draws all conclusions from what is known; afterwards the jobs say what is to be done.
    pub fn settle(&mut self, now: DateTime<Utc>) {
        let builds = &self.builds;
        for line in self.lines.values_mut() {
            for run in &mut line.runs {
                if run.counts() && builds.sha.as_ref() == Some(&run.scene.sha) {
                    run.observed(&builds.list, builds.confirmed, now);
                }
                run.advance(now);
            }
            line.tidy(now);
        }
        self.lines
            .retain(|_, line| !line.runs.is_empty() || line.ticked.is_some() || line.newest > 0);
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

    /// Drops what is over and replaced, and lets the next run begin once the one before it is over.
    fn tidy(&mut self, now: DateTime<Utc>) {
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
        let current = self.current().map(|run| run.number);
        // The one before it is kept so that how it ended is still said at its commit.
        let counting = self.runs.iter().filter(|run| run.counts() && !run.queued);
        let before = counting
            .map(|run| run.number)
            .rfind(|number| Some(*number) != current);
        self.runs.retain(|run| {
            let speaks = Some(run.number) == current || Some(run.number) == before;
            !run.is_over() || (run.counts() && (run.queued || speaks))
        });
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
