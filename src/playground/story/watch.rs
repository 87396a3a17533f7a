//! Jobs in the hands of the story: what their runners do, and what can be watched and read off the gate.

use super::board::Board;
use super::{Story, branch};
use crate::domain::gate::GATE_NAME;
use crate::sandbox::DispatchView;
use std::time::Duration;

/// So long each change of the table is left for people to see, on a terminal.
const FRAME: Duration = Duration::from_millis(150);

impl Story<'_> {
    /// Waits until all is quiet and shows the gate meanwhile: on a terminal every change, elsewhere what came of it.
    pub(super) async fn watch(&mut self, pull: u64) {
        let playground = self.playground;
        let mut changed = playground.github.changed();
        let quiet = playground.settle();
        tokio::pin!(quiet);
        while self.narrator.redraws() {
            tokio::select! {
                () = &mut quiet => break,
                _ = changed.changed() => self.show(pull).await,
            }
        }
        if !self.narrator.redraws() {
            quiet.await;
        }
        self.show(pull).await;
    }

    /// Shows the gate as it stands, and on a terminal gives people the time to see it.
    pub(super) async fn show(&mut self, pull: u64) {
        let board = self.board(pull);
        let news = board.is_some_and(|board| self.narrator.board(&board));
        if news && self.narrator.redraws() {
            tokio::time::sleep(FRAME).await;
        }
    }

    /// A runner takes up a job's workflow run.
    pub(super) async fn begin(&mut self, pull: u64, job: &str) {
        self.show(pull).await;
        if let Some(run) = self.run_of(pull, job, "queued") {
            self.playground.github.begin_run(run);
        }
        self.watch(pull).await;
    }

    /// A job's workflow run ends.
    pub(super) async fn finish(&mut self, pull: u64, job: &str, conclusion: &str) {
        self.show(pull).await;
        if let Some(run) = self.run_of(pull, job, "in_progress") {
            self.playground.github.finish_run(run, conclusion);
        }
        self.watch(pull).await;
    }

    /// The workflow run that the gate links a job to; that there is none in this state is an expectation that failed.
    fn run_of(&mut self, pull: u64, job: &str, status: &str) -> Option<u64> {
        let run = self.board(pull).and_then(|board| board.job(job)?.run);
        let dispatched = self.dispatched(pull);
        let found = dispatched.iter().find(|one| Some(one.run_id) == run);
        if found.is_some_and(|one| one.status == status) {
            return run;
        }
        let what = format!("{GATE_NAME} links {job} to a workflow run that is {status}");
        self.narrator.check(&what, false, &format!("{found:?}"));
        None
    }

    pub(super) fn dispatched(&self, pull: u64) -> Vec<DispatchView> {
        let head = self.playground.github.head(pull);
        let all = self.playground.github.dispatched_runs().into_iter();
        let here = |run: &DispatchView| run.reference == branch(pull) && run.sha == head;
        all.filter(here).collect()
    }

    /// Which workflows were started for the head until now, with their inputs.
    pub(super) fn started_are(&mut self, pull: u64, what: &str, expected: &[&str]) {
        let mut started: Vec<String> = self
            .dispatched(pull)
            .iter()
            .map(|run| {
                let inputs = run.inputs.values().map(String::as_str);
                let words = [run.workflow.as_str()].into_iter().chain(inputs);
                words.collect::<Vec<_>>().join(" ")
            })
            .collect();
        started.sort();
        let seen = match started.as_slice() {
            [] => "no workflow run".to_owned(),
            some => some.join(", "),
        };
        self.narrator
            .check(&format!("{what} ({seen})"), started == expected, &seen);
    }

    /// What should be read off the gate now.
    pub(super) fn expect(&mut self, pull: u64, what: &str, holds: impl Fn(&Board) -> bool) {
        let board = self.board(pull);
        let seen = board.as_ref().map_or_else(
            || "no check".to_owned(),
            |board| {
                let rows = board.jobs.iter();
                let rows = rows.map(|row| format!("; {}: {} {}", row.job, row.state, row.why));
                board.headline() + &rows.collect::<String>()
            },
        );
        let holds = board.is_some_and(|board| holds(&board));
        self.narrator.check(what, holds, &seen);
    }
}
