//! GitHub Actions in a test's hands: what was dispatched, and how it goes on.

use crate::sandbox::model::checks::Annotation;
use crate::sandbox::{DispatchView, Sandbox};

impl Sandbox {
    /// Every run that a `workflow_dispatch` started, in any repository, oldest first.
    pub fn dispatched_runs(&self) -> Vec<DispatchView> {
        self.look(|hub| {
            let dispatched = hub
                .runs
                .values()
                .filter_map(|run| run.dispatch.as_ref().map(|dispatch| (run, dispatch)));
            dispatched
                .map(|(run, dispatch)| DispatchView {
                    run_id: run.id,
                    repo: hub.full_name(run.repo),
                    workflow: file_name(&dispatch.path).to_owned(),
                    reference: dispatch.reference.clone(),
                    sha: run.head_sha.clone(),
                    inputs: dispatch.inputs.clone(),
                    title: dispatch.title.clone(),
                    status: run.status.clone(),
                    conclusion: run.conclusion.clone(),
                    attempt: run.attempt,
                })
                .collect()
        })
    }

    /// Whether a dispatch may answer 200 with the run's id. `false` is an older server, which answers 204.
    pub fn set_run_details(&self, details: bool) {
        self.edit(|hub| hub.dispatching.details = details);
    }

    /// While held, dispatched runs (and their re-runs) stay queued until [`Sandbox::begin_run`]. Ending it begins nothing by
    /// itself.
    pub fn hold_runs(&self, hold: bool) {
        self.edit(|hub| hub.dispatching.held = hold);
    }

    /// A runner takes a dispatched run that is queued; sends `workflow_job` and `workflow_run` `in_progress`.
    pub fn begin_run(&self, run: u64) {
        self.edit(|hub| hub.take_up(run))
            .unwrap_or_else(|why| panic!("can't begin run {run}: {why}"));
    }

    /// A step of a run's job prints `::notice title=TITLE::MESSAGE`.
    pub fn annotate_run(&self, run: u64, title: &str, message: &str) {
        let annotation = Annotation {
            path: ".github".to_owned(),
            start_line: 1,
            end_line: 1,
            level: "notice".to_owned(),
            title: Some(title.to_owned()),
            message: message.to_owned(),
        };
        self.edit(|hub| hub.annotate(run, annotation))
            .unwrap_or_else(|why| panic!("can't annotate run {run}: {why}"));
    }

    /// With a conclusion, dispatched runs end with it as soon as they begin; with `None` they wait for
    /// [`Sandbox::finish_run`].
    pub fn set_auto_finish(&self, conclusion: Option<&str>) {
        self.edit(|hub| hub.dispatching.finish = conclusion.map(str::to_owned));
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
