//! The merge queue: groups are built, checked, and merged or given up.

use serde_json::json;

use super::refs::RefMove;
use crate::sandbox::model::queue::Group;
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::show;

/// The account that moves the queue's branches.
const QUEUE_BOT: &str = "github-merge-queue[bot]";

/// Why a pull request leaves the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    Merged,
    /// Its checks failed, or what was before it changed.
    Invalidated,
    /// Somebody took it out.
    Dequeued,
}

impl Hub {
    /// Puts a pull request at the end of its base branch's queue: `pull_request` `enqueued`, the group's branch with its
    /// `push`, then `merge_group` `checks_requested`.
    pub(crate) fn join_queue(&mut self, repo: u64, number: u64, by: u64) -> Deed<Group> {
        let (issue, pull) = self.pull(repo, number)?;
        if !issue.open || pull.draft {
            return Err(Refused::new(format!("number {number} can't be merged")));
        }
        if self
            .groups
            .iter()
            .any(|g| g.repo == repo && g.number == number)
        {
            return Err(Refused::new(format!(
                "number {number} is in the queue already"
            )));
        }
        let (title, pull) = (issue.title.clone(), pull.clone());
        let base_branch = pull.base_branch;
        let here = |group: &&Group| group.repo == repo && group.base_branch == base_branch;
        // It stands on what is before it in the queue, as if that were merged already.
        let before = self.groups.iter().rfind(here).map(|g| g.head_sha.clone());
        let base_sha = before.or_else(|| self.repo(repo).branch(&base_branch).cloned());
        let base_sha =
            base_sha.ok_or_else(|| Refused::new(format!("there is no branch {base_branch}")))?;
        let message = format!("Merge pull request #{number}\n\n{title}");
        let head_sha = self.merge_commit(repo, &base_sha, &pull.head, by, message)?;
        let branch = format!("gh-readonly-queue/{base_branch}/pr-{number}-{base_sha}");
        let group = Group {
            repo,
            number,
            base_branch,
            base_sha,
            head_sha,
            branch,
        };
        self.groups.push(group.clone());
        self.emit_pull(repo, number, "enqueued", by, json!({}))?;
        let bot = self.ensure_user(QUEUE_BOT);
        self.move_queue_branch(&group, Some(&group.head_sha), bot)?;
        self.emit_group(&group, "checks_requested", None, bot);
        Ok(group)
    }

    /// Takes a pull request out of the queue. A merged one moves its base branch to the group's commit and closes; in any
    /// case the group's branch is deleted and `merge_group` `destroyed` says why.
    pub(crate) fn leave_queue(
        &mut self,
        repo: u64,
        number: u64,
        why: Leaving,
        by: u64,
    ) -> Deed<String> {
        let mine = |group: &Group| group.repo == repo && group.number == number;
        let index = self.groups.iter().position(mine);
        let index =
            index.ok_or_else(|| Refused::new(format!("number {number} is not in the queue")))?;
        let base = &self.groups[index].base_branch;
        let same_queue = |group: &Group| group.repo == repo && group.base_branch == *base;
        let first = self.groups.iter().position(same_queue);
        if why == Leaving::Merged && first != Some(index) {
            return Err(Refused::new(format!(
                "number {number} is not the first of the queue"
            )));
        }
        let group = self.groups.remove(index);
        let (reason, removal) = match why {
            Leaving::Merged => ("merged", "MERGE"),
            Leaving::Invalidated => ("invalidated", "CI_FAILURE"),
            Leaving::Dequeued => ("dequeued", "MANUAL"),
        };
        let bot = self.ensure_user(QUEUE_BOT);
        self.emit_pull(repo, number, "dequeued", by, json!({ "reason": removal }))?;
        if why == Leaving::Merged {
            self.merged_as(repo, number, &group.head_sha, bot)?;
        }
        self.emit_group(&group, "destroyed", Some(reason), bot);
        self.move_queue_branch(&group, None, bot)?;
        Ok(group.head_sha)
    }

    fn move_queue_branch(&mut self, group: &Group, to: Option<&str>, by: u64) -> Deed<()> {
        let (repo, full) = (group.repo, format!("refs/heads/{}", group.branch));
        let full = full.as_str();
        self.move_ref(RefMove { repo, full, to, by })
    }

    fn emit_group(&mut self, group: &Group, action: &str, reason: Option<&str>, by: u64) {
        let head = self.objects.get(&group.head_sha);
        let mut body = json!({
            "merge_group": {
                "head_sha": group.head_sha,
                "head_ref": format!("refs/heads/{}", group.branch),
                "base_sha": group.base_sha,
                "base_ref": format!("refs/heads/{}", group.base_branch),
                "head_commit": head.map(show::commit::simple),
            },
        });
        if let Some(reason) = reason {
            body["reason"] = json!(reason);
        }
        self.emit("merge_group", Some(action), Some(group.repo), by, body);
    }
}
