//! GitHub Actions: workflow runs that a push starts, and how they end.

use serde_json::json;

use super::checks::CheckChange;
use crate::sandbox::ACTIONS_APP_ID;
use crate::sandbox::model::checks::{Annotation, Dispatch, Run};
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::show;

/// Where a run comes from.
pub(crate) struct Start<'a> {
    pub(crate) repo: u64,
    pub(crate) head_repo: u64,
    pub(crate) branch: &'a str,
    pub(crate) sha: &'a str,
    pub(crate) name: &'a str,
    pub(crate) event: &'a str,
    pub(crate) actor: u64,
    pub(crate) dispatch: Option<Dispatch>,
}

impl Hub {
    /// Starts every configured workflow if the branch is one that builds.
    pub(crate) fn start_builds(&mut self, repo: u64, branch: &str, sha: &str, by: u64) {
        if !self.build_branches.is_match(branch) {
            return;
        }
        for name in self.workflows.clone() {
            let start = Start {
                repo,
                head_repo: repo,
                branch,
                sha,
                name: &name,
                event: "push",
                actor: by,
                dispatch: None,
            };
            // Can only fail for a suite that is not there, and this makes its own.
            let _ = self.start_run(start);
        }
    }

    /// A workflow run with its suite and the check run of its one job, queued and then in progress.
    pub(crate) fn start_run(&mut self, start: Start<'_>) -> Deed<u64> {
        let Start {
            repo,
            head_repo,
            branch,
            sha,
            name,
            event,
            actor,
            dispatch,
        } = start;
        let suite = self.own_suite(repo, ACTIONS_APP_ID, sha, Some(branch));
        let id = self.id();
        let now = self.tick();
        let mut run = Run {
            id,
            repo,
            head_repo,
            name: name.to_owned(),
            number: 1,
            attempt: 1,
            event: event.to_owned(),
            head_branch: branch.to_owned(),
            head_sha: sha.to_owned(),
            status: "queued".into(),
            conclusion: None,
            suite,
            check: 0,
            actor,
            dispatch,
            started_at: now,
            created_at: now,
            updated_at: now,
        };
        let path = run.path();
        let earlier = |other: &&Run| other.repo == repo && other.path() == path;
        run.number += self.runs.values().filter(earlier).count() as u64;
        self.runs.insert(id, run);
        self.begin(id)?;
        Ok(id)
    }

    /// Queued, then in progress, with a fresh check run for the job.
    fn begin(&mut self, id: u64) -> Deed<()> {
        if self.run(id)?.dispatch.is_some() {
            return self.queue(id);
        }
        self.set_run(id, "queued", None)?;
        self.emit_run(id, "requested");
        let run = self.run(id)?;
        let (suite, name) = (run.suite, run.name.clone());
        let details_url = Some(format!(
            "{}/{}/actions/runs/{id}",
            self.base,
            self.full_name(run.repo)
        ));
        let status = Some("in_progress".to_owned());
        let check = self.new_check(
            suite,
            CheckChange {
                name: Some(name),
                status,
                details_url,
                ..Default::default()
            },
        )?;
        if let Some(run) = self.runs.get_mut(&id) {
            run.check = check;
        }
        self.set_run(id, "in_progress", None)?;
        self.emit_run(id, "in_progress");
        Ok(())
    }

    pub(super) fn run(&self, id: u64) -> Deed<&Run> {
        self.runs
            .get(&id)
            .ok_or_else(|| Refused::new(format!("there is no workflow run {id}")))
    }

    pub(super) fn set_run(&mut self, id: u64, status: &str, conclusion: Option<&str>) -> Deed<()> {
        let now = self.tick();
        let run = self
            .runs
            .get_mut(&id)
            .ok_or_else(|| Refused::new(format!("there is no workflow run {id}")))?;
        run.status = status.to_owned();
        run.conclusion = conclusion.map(str::to_owned);
        run.updated_at = now;
        Ok(())
    }

    pub(super) fn emit_run(&mut self, id: u64, action: &str) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let (repo, actor) = (run.repo, run.actor);
        let body = json!({
            "workflow": show::run::workflow(self, run),
            "workflow_run": show::run::run(self, run),
        });
        self.emit("workflow_run", Some(action), Some(repo), actor, body);
    }

    /// Ends a run: its check, then its suite, then the run itself.
    pub(crate) fn end_run(&mut self, id: u64, conclusion: &str) -> Deed<()> {
        let run = self.run(id)?;
        if run.status == "completed" {
            return Err(Refused::new(format!(
                "workflow run {id} is completed already"
            )));
        }
        let (check, dispatched) = (run.check, run.dispatch.is_some());
        self.set_run(id, "completed", Some(conclusion))?;
        self.change_check(
            check,
            CheckChange {
                conclusion: Some(conclusion.to_owned()),
                ..Default::default()
            },
        )?;
        if dispatched {
            self.emit_job(id, "completed");
        }
        self.emit_run(id, "completed");
        Ok(())
    }

    /// Another attempt of a completed run.
    pub(crate) fn rerun(&mut self, id: u64) -> Deed<()> {
        if self.run(id)?.status != "completed" {
            return Err(Refused::new("This workflow is already running"));
        }
        let now = self.tick();
        if let Some(run) = self.runs.get_mut(&id) {
            run.attempt += 1;
            run.started_at = now;
        }
        self.begin(id)
    }

    /// Adds a remark to the job of a run.
    pub(crate) fn annotate(&mut self, run: u64, annotation: Annotation) -> Deed<()> {
        let check = self.run(run)?.check;
        let check = self.checks.get_mut(&check);
        let check = check.ok_or_else(|| Refused::new("its job has not been taken up"))?;
        check.output.annotations.push(annotation);
        Ok(())
    }

    /// The newest run of a workflow on a branch that has not ended.
    pub(crate) fn open_run(&self, repo: u64, branch: &str, workflow: &str) -> Deed<u64> {
        let wanted = |run: &&Run| {
            run.repo == repo
                && run.head_branch == branch
                && run.name == workflow
                && run.status != "completed"
        };
        let found = self.runs.values().rfind(wanted).map(|run| run.id);
        found.ok_or_else(|| {
            Refused::new(format!("no run of {workflow:?} is under way on {branch:?}"))
        })
    }
}
