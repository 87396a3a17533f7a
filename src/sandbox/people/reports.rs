//! Checks, their buttons, and builds.

use globset::{Glob, GlobSetBuilder};

use crate::sandbox::deeds::{CheckChange, Start};
use crate::sandbox::model::access::Grants;
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::{NewCheck, Sandbox};

/// The commit meant by a pull request's number or a name.
fn commit_of(hub: &Hub, pr_or_sha: &str) -> Deed<String> {
    if let Ok(number) = pr_or_sha.trim_start_matches('#').parse::<u64>()
        && let Ok((_, pull)) = hub.pull(hub.main, number)
    {
        return Ok(pull.head.clone());
    }
    hub.resolve(hub.main, pr_or_sha)
        .ok_or_else(|| Refused::new(format!("there is no commit {pr_or_sha}")))
}

impl Sandbox {
    /// Somebody presses a button on a check of the app; sends `check_run` `requested_action`. The first argument is a pull
    /// request's number (its head is meant) or a commit.
    pub fn click(&self, pr_or_sha: impl ToString, check: &str, identifier: &str, by: &str) {
        self.press_button(&pr_or_sha.to_string(), check, Some(identifier), by);
    }

    /// Somebody presses *Re-run* on a check of the app; sends `check_run` `rerequested`.
    pub fn rerequest_check(&self, check: &str, pr_or_sha: impl ToString, by: &str) {
        self.press_button(&pr_or_sha.to_string(), check, None, by);
    }

    fn press_button(&self, pr_or_sha: &str, check: &str, identifier: Option<&str>, by: &str) {
        let done = self.edit(|hub| {
            let by = hub.ensure_user(by);
            let sha = commit_of(hub, pr_or_sha)?;
            let id = hub.our_check(hub.main, &sha, check)?;
            hub.press(id, identifier, by)
        });
        done.unwrap_or_else(|why| {
            panic!("can't press a button of {check:?} on {pr_or_sha}: {why}")
        });
    }

    /// The workflows that a push to a building branch starts; one named `build` at first.
    pub fn set_workflows(&self, names: &[&str]) {
        self.edit(|hub| hub.workflows = names.iter().map(|name| (*name).to_owned()).collect());
    }

    /// The branches whose pushes start workflows, as globs; `pull-request/*` at first.
    pub fn set_build_branches(&self, globs: &[&str]) {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(Glob::new(glob).unwrap_or_else(|why| panic!("{glob:?} is no glob: {why}")));
        }
        let set = set
            .build()
            .unwrap_or_else(|why| panic!("{globs:?} are no globs: {why}"));
        self.edit(|hub| hub.build_branches = set);
    }

    /// Starts one more workflow run on a branch of the repository, as a push to it would. Says the run.
    pub fn start_build(&self, branch: &str, workflow: &str) -> u64 {
        let run = self.edit(|hub| {
            let sha = commit_of(hub, &format!("refs/heads/{branch}"))?;
            let (repo, actor) = (hub.main, hub.our_app().bot);
            hub.start_run(Start {
                repo,
                head_repo: repo,
                branch,
                sha: &sha,
                name: workflow,
                event: "push",
                actor,
                dispatch: None,
            })
        });
        run.unwrap_or_else(|why| panic!("can't start {workflow:?} on {branch}: {why}"))
    }

    /// Starts a run that a fork's own `pull_request` event would: same commit, another branch. Says the run.
    pub fn start_foreign_run(&self, sha: &str, head_branch: &str, name: &str) -> u64 {
        let run = self.edit(|hub| {
            let repo = hub.main;
            let fork = hub
                .repos
                .values()
                .find(|fork| fork.fork_of == Some(repo))
                .map_or(repo, |fork| fork.id);
            let actor = hub.repo(fork).owner;
            let event = "pull_request";
            hub.start_run(Start {
                repo,
                head_repo: fork,
                branch: head_branch,
                sha,
                name,
                event,
                actor,
                dispatch: None,
            })
        });
        run.unwrap_or_else(|why| panic!("can't start {name:?} on {head_branch}: {why}"))
    }

    /// Ends the newest open run of a workflow on a branch: check, suite and run; sends their `completed`.
    pub fn finish_build(&self, branch: &str, workflow: &str, conclusion: &str) {
        let done = self.edit(|hub| {
            let run = hub.open_run(hub.main, branch, workflow)?;
            hub.end_run(run, conclusion)
        });
        done.unwrap_or_else(|why| panic!("can't finish {workflow:?} on {branch}: {why}"));
    }

    /// Ends one run by its id.
    pub fn finish_run(&self, run: u64, conclusion: &str) {
        self.edit(|hub| hub.end_run(run, conclusion))
            .unwrap_or_else(|why| panic!("can't finish run {run}: {why}"));
    }

    /// Starts another attempt of a completed run.
    pub fn rerun(&self, run: u64) {
        self.edit(|hub| hub.rerun(run))
            .unwrap_or_else(|why| panic!("can't run {run} again: {why}"));
    }

    /// Another app reports a check run in a suite of its own; sends `check_run`, and `check_suite` when it is completed. Says
    /// the check run.
    pub fn report_check(&self, new: NewCheck) -> u64 {
        let made = self.edit(|hub| {
            let repo = hub.main;
            let known = hub
                .apps
                .values()
                .find(|app| app.slug == new.app)
                .map(|app| app.id);
            let app = known.unwrap_or_else(|| {
                let id = hub.id();
                hub.add_app(id, &new.app, Grants::new(), &[]);
                id
            });
            let suite = hub.own_suite(repo, app, &new.sha, new.head_branch.as_deref());
            let change = CheckChange {
                name: Some(new.name),
                status: Some(new.status),
                conclusion: new.conclusion,
                ..Default::default()
            };
            hub.new_check(suite, change)
        });
        made.unwrap_or_else(|why| panic!("can't report a check: {why}"))
    }

    /// Completes a check run that [`Sandbox::report_check`] began.
    pub fn complete_check(&self, check: u64, conclusion: &str) {
        let change = CheckChange {
            conclusion: Some(conclusion.to_owned()),
            ..Default::default()
        };
        self.edit(|hub| hub.change_check(check, change))
            .unwrap_or_else(|why| panic!("can't complete the check: {why}"));
    }
}
