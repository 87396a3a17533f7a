//! Check suites and check runs.

use serde_json::json;

use crate::sandbox::model::checks::{Button, CheckRun, Output, Suite};
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::show;

/// What a create or an update says about a check run; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct CheckChange {
    pub(crate) name: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) conclusion: Option<String>,
    pub(crate) details_url: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) output: Option<Output>,
    pub(crate) actions: Option<Vec<Button>>,
}

impl Hub {
    fn new_suite(
        &mut self,
        repo: u64,
        app: u64,
        sha: &str,
        branch: Option<&str>,
        before: Option<&str>,
    ) -> u64 {
        let (id, now) = (self.id(), self.tick());
        let suite = Suite {
            id,
            repo,
            app,
            head_sha: sha.to_owned(),
            head_branch: branch.map(str::to_owned),
            before: before.map(str::to_owned),
            created_at: now,
            updated_at: now,
        };
        self.suites.insert(id, suite);
        id
    }

    /// GitHub opens a suite for the app with every push, and asks it to start.
    pub(crate) fn open_push_suite(
        &mut self,
        repo: u64,
        branch: &str,
        before: Option<&str>,
        sha: &str,
    ) {
        if !self.installation.repositories.contains(&repo)
            || !self.our_app().grants.contains_key("checks")
        {
            return;
        }
        let app = self.app;
        if self.suite_of(repo, app, sha).is_some() {
            return;
        }
        let suite = self.new_suite(repo, app, sha, Some(branch), before);
        self.emit_suite(suite, "requested");
    }

    fn suite_of(&self, repo: u64, app: u64, sha: &str) -> Option<u64> {
        self.suites
            .values()
            .find(|s| s.repo == repo && s.app == app && s.head_sha == sha)
            .map(|s| s.id)
    }

    /// The suite of an app for a commit. GitHub names a branch of the repository whose head it is, or none for a fork's.
    pub(crate) fn ensure_suite(&mut self, repo: u64, app: u64, sha: &str) -> u64 {
        self.suite_of(repo, app, sha).unwrap_or_else(|| {
            let branch = self.repo(repo).refs.iter().find_map(|(full, at)| {
                full.strip_prefix("refs/heads/")
                    .filter(|_| at == sha)
                    .map(str::to_owned)
            });
            self.new_suite(repo, app, sha, branch.as_deref(), None)
        })
    }

    /// The suite for one workflow run or one report: never shared.
    pub(crate) fn own_suite(
        &mut self,
        repo: u64,
        app: u64,
        sha: &str,
        branch: Option<&str>,
    ) -> u64 {
        self.new_suite(repo, app, sha, branch, None)
    }

    pub(crate) fn emit_suite(&mut self, suite: u64, action: &str) {
        let Some(row) = self.suites.get(&suite) else {
            return;
        };
        let (repo, app) = (row.repo, row.app);
        let body = json!({ "check_suite": show::check::suite(self, row) });
        let actor = self.apps.get(&app).map_or(self.owner, |app| app.bot);
        self.emit("check_suite", Some(action), Some(repo), actor, body);
    }

    pub(crate) fn emit_check(
        &mut self,
        check: u64,
        action: &str,
        actor: u64,
        identifier: Option<&str>,
    ) {
        let Some(row) = self.checks.get(&check) else {
            return;
        };
        let repo = row.repo;
        let mut body = json!({ "check_run": show::check::run(self, row) });
        if let Some(identifier) = identifier {
            body["requested_action"] = json!({ "identifier": identifier });
        }
        self.emit("check_run", Some(action), Some(repo), actor, body);
    }

    /// A new check run in a suite.
    pub(crate) fn new_check(&mut self, suite: u64, change: CheckChange) -> Deed<u64> {
        let id = self.id();
        let now = self.tick();
        let row = self
            .suites
            .get(&suite)
            .ok_or_else(|| Refused::new("there is no such suite"))?;
        let check = CheckRun {
            id,
            repo: row.repo,
            suite,
            app: row.app,
            head_sha: row.head_sha.clone(),
            name: change.name.clone().unwrap_or_default(),
            status: "queued".into(),
            conclusion: None,
            details_url: None,
            external_id: String::new(),
            output: Output::default(),
            actions: Vec::new(),
            started_at: Some(now),
            completed_at: None,
        };
        let actor = self.apps.get(&check.app).map_or(self.owner, |app| app.bot);
        self.checks.insert(id, check);
        self.apply(id, change)?;
        self.emit_check(id, "created", actor, None);
        self.emit_if_completed(id, suite, actor);
        Ok(id)
    }

    /// Changes a check run.
    pub(crate) fn change_check(&mut self, id: u64, change: CheckChange) -> Deed<()> {
        let (suite, app, before) = {
            let check = self
                .checks
                .get(&id)
                .ok_or_else(|| Refused::new("there is no such check run"))?;
            (check.suite, check.app, check.status.clone())
        };
        self.apply(id, change)?;
        let actor = self.apps.get(&app).map_or(self.owner, |app| app.bot);
        if before != "completed" {
            self.emit_if_completed(id, suite, actor);
        }
        Ok(())
    }

    fn emit_if_completed(&mut self, id: u64, suite: u64, actor: u64) {
        if self
            .checks
            .get(&id)
            .is_some_and(|check| check.status == "completed")
        {
            self.emit_check(id, "completed", actor, None);
            let done = self
                .checks
                .values()
                .filter(|c| c.suite == suite)
                .all(|c| c.status == "completed");
            if done {
                self.emit_suite(suite, "completed");
            }
        }
    }

    /// GitHub's rules for the state of a check: a conclusion completes it, and leaving `completed` forgets the conclusion.
    fn apply(&mut self, id: u64, change: CheckChange) -> Deed<()> {
        let now = self.tick();
        let check = self
            .checks
            .get_mut(&id)
            .ok_or_else(|| Refused::new("there is no such check run"))?;
        if let Some(name) = change.name {
            check.name = name;
        }
        if let Some(url) = change.details_url {
            check.details_url = Some(url);
        }
        if let Some(external) = change.external_id {
            check.external_id = external;
        }
        if let Some(output) = change.output {
            check.output = output;
        }
        if let Some(actions) = change.actions {
            check.actions = actions;
        }
        match (change.status.as_deref(), change.conclusion) {
            (_, Some(conclusion)) => {
                check.status = "completed".into();
                check.conclusion = Some(conclusion);
                check.completed_at = Some(now);
            }
            (Some(status), None) => {
                check.status = status.to_owned();
                check.conclusion = None;
                check.completed_at = None;
            }
            (None, None) => {}
        }
        let suite = check.suite;
        if let Some(suite) = self.suites.get_mut(&suite) {
            suite.updated_at = now;
        }
        Ok(())
    }

    /// Somebody presses a button, or *Re-run* with no identifier. GitHub tells only the app that made the check.
    pub(crate) fn press(&mut self, check: u64, identifier: Option<&str>, by: u64) -> Deed<()> {
        let row = self
            .checks
            .get(&check)
            .ok_or_else(|| Refused::new("there is no such check run"))?;
        if row.app != self.app {
            return Err(Refused::new(
                "the check belongs to another app, which would hear of it",
            ));
        }
        if let Some(wanted) = identifier
            && !row.actions.iter().any(|button| button.identifier == wanted)
        {
            return Err(Refused::new(format!(
                "the check {:?} has no button {wanted:?}",
                row.name
            )));
        }
        self.tick();
        self.emit_check(
            check,
            if identifier.is_some() {
                "requested_action"
            } else {
                "rerequested"
            },
            by,
            identifier,
        );
        Ok(())
    }

    /// The newest check run of our app with that name on a commit.
    pub(crate) fn our_check(&self, repo: u64, sha: &str, name: &str) -> Deed<u64> {
        let ours = |c: &&CheckRun| {
            c.repo == repo && c.app == self.app && c.head_sha == sha && c.name == name
        };
        let found = self.checks.values().rfind(ours).map(|check| check.id);
        found.ok_or_else(|| Refused::new(format!("the app has no check {name:?} on {sha}")))
    }
}
