//! The merge queue, required checks, and dispatches to repositories.

use crate::sandbox::deeds::Leaving;
use crate::sandbox::model::queue::RequiredCheck;
use crate::sandbox::{MergeGroupView, RepositoryDispatchView, Sandbox};

impl Sandbox {
    /// Somebody puts a pull request into the merge queue of its base branch, behind those that wait there; sends
    /// `pull_request` `enqueued`, `push` for the group's new branch, and `merge_group` `checks_requested`.
    pub fn enqueue(&self, pr: u64, by: &str) -> MergeGroupView {
        let joined = self.edit(|hub| {
            let by = hub.ensure_user(by);
            hub.join_queue(hub.main, pr, by)
        });
        let group = joined.unwrap_or_else(|why| panic!("can't enqueue #{pr}: {why}"));
        MergeGroupView {
            pr: group.number,
            head_ref: format!("refs/heads/{}", group.branch),
            head_sha: group.head_sha,
            base_ref: format!("refs/heads/{}", group.base_branch),
            base_sha: group.base_sha,
        }
    }

    /// Somebody takes a pull request out of the queue; its branch goes, and `merge_group` is `destroyed` as `dequeued`.
    pub fn dequeue(&self, pr: u64, by: &str) {
        self.leave(pr, Leaving::Dequeued, by);
    }

    /// The queue gives a pull request up, as when its checks failed: `merge_group` is `destroyed` as `invalidated`.
    pub fn merge_group_invalidated(&self, pr: u64) {
        self.leave(pr, Leaving::Invalidated, "github-merge-queue[bot]");
    }

    /// The queue merges its first pull request: its base branch moves to the group's commit, it closes as merged, and
    /// `merge_group` is `destroyed` as `merged`. Says the commit.
    pub fn merge_group_finished(&self, pr: u64) -> String {
        self.leave(pr, Leaving::Merged, "github-merge-queue[bot]")
    }

    fn leave(&self, pr: u64, why: Leaving, by: &str) -> String {
        let left = self.edit(|hub| {
            let by = hub.ensure_user(by);
            hub.leave_queue(hub.main, pr, why, by)
        });
        left.unwrap_or_else(|why| panic!("#{pr} can't leave the queue: {why}"))
    }

    /// Has a ruleset restrict who may create, move and delete branches whose names begin so; none ends that. Nothing is sent, and
    /// the app is on its bypass list.
    pub fn restrict_branches(&self, prefixes: &[&str]) {
        let prefixes = prefixes.iter().map(|one| (*one).to_owned()).collect();
        self.edit(|hub| hub.restricted = prefixes);
    }

    /// Makes a branch require these status checks, by a ruleset: name, and the only app whose result counts. An empty list
    /// ends it. Nothing is sent.
    pub fn require_checks(&self, branch: &str, checks: &[(&str, Option<u64>)]) {
        let required = checks.iter().map(|(context, app)| RequiredCheck {
            context: (*context).to_owned(),
            app: *app,
        });
        let required: Vec<_> = required.collect();
        self.edit(|hub| hub.required.insert((hub.main, branch.to_owned()), required));
    }

    /// Every `repository_dispatch` that was accepted, for any repository of the installation, oldest first.
    pub fn repository_dispatches(&self) -> Vec<RepositoryDispatchView> {
        self.look(|hub| {
            let all = hub.repository_dispatches.iter();
            all.map(|dispatch| RepositoryDispatchView {
                repo: hub.full_name(dispatch.repo),
                event_type: dispatch.event_type.clone(),
                client_payload: dispatch.client_payload.clone(),
            })
            .collect()
        })
    }
}
