//! Pull requests and what is said on them.

use crate::sandbox::model::{Deed, Hub};
use crate::sandbox::{NewCommit, NewPr, Sandbox};

/// Ends a test whose author asked for something impossible.
fn must<T>(what: &str, pr: u64, outcome: Deed<T>) -> T {
    outcome.unwrap_or_else(|why| panic!("can't {what} #{pr}: {why}"))
}

impl Sandbox {
    /// Opens a pull request and says its number; sends `pull_request` `opened`.
    pub fn open_pr(&self, new: NewPr) -> u64 {
        self.edit(|hub| hub.open_pr(hub.main, &new))
            .unwrap_or_else(|why| panic!("can't open a pull request: {why}"))
    }

    /// Opens a pull request in another repository of the owner.
    pub fn open_pr_in(&self, repo_id: u64, new: NewPr) -> u64 {
        self.edit(|hub| hub.open_pr(repo_id, &new))
            .unwrap_or_else(|why| panic!("can't open a pull request: {why}"))
    }

    /// The author pushes commits (one signed commit if there are none); sends `synchronize` if the pull request is open.
    /// Says the new head.
    pub fn push(&self, pr: u64, commits: Vec<NewCommit>) -> String {
        must(
            "push to",
            pr,
            self.edit(|hub| hub.push_pr(hub.main, pr, &commits, false, None)),
        )
    }

    /// Somebody else with rights to the head branch pushes commits.
    pub fn push_as(&self, pr: u64, commits: Vec<NewCommit>, by: &str) -> String {
        must(
            "push to",
            pr,
            self.edit(|hub| hub.push_pr(hub.main, pr, &commits, false, Some(by))),
        )
    }

    /// The author replaces what was there: the commits start from the base again. Says the new head.
    pub fn force_push(&self, pr: u64, commits: Vec<NewCommit>) -> String {
        must(
            "force-push to",
            pr,
            self.edit(|hub| hub.push_pr(hub.main, pr, &commits, true, None)),
        )
    }

    fn on_pr<T>(
        &self,
        what: &str,
        pr: u64,
        by: &str,
        deed: impl FnOnce(&mut Hub, u64, u64) -> Deed<T>,
    ) -> T {
        let outcome = self.edit(|hub| {
            let by = hub.ensure_user(by);
            deed(hub, hub.main, by)
        });
        must(what, pr, outcome)
    }

    /// Somebody comments on a pull request or issue; sends `issue_comment` `created`. Says the comment's id.
    pub fn comment(&self, pr: u64, by: &str, body: &str) -> u64 {
        self.on_pr("comment on", pr, by, |hub, repo, by| {
            hub.add_comment(repo, pr, by, None, body)
        })
    }

    /// Somebody edits a comment; sends `issue_comment` `edited`.
    pub fn edit_comment(&self, comment: u64, by: &str, body: &str) {
        self.on_pr("edit comment", comment, by, |hub, _, by| {
            hub.edit_comment(comment, by, body)
        });
    }

    /// Somebody deletes a comment; sends `issue_comment` `deleted`.
    pub fn delete_comment(&self, comment: u64, by: &str) {
        self.on_pr("delete comment", comment, by, |hub, _, by| {
            hub.delete_comment(comment, by)
        });
    }

    /// Opens an issue that is no pull request, and says its number; no webhook.
    pub fn open_issue(&self, by: &str, title: &str) -> u64 {
        self.edit(|hub| {
            let by = hub.ensure_user(by);
            hub.new_issue(hub.main, title, by, None)
        })
    }

    /// Somebody comments on a new issue that is no pull request; sends `issue_comment`. Says (issue, comment).
    pub fn issue_comment_on_plain_issue(&self, by: &str, body: &str) -> (u64, u64) {
        let issue = self.open_issue(by, "Something else");
        (issue, self.comment(issue, by, body))
    }

    /// Somebody with write closes a pull request; sends `closed`.
    pub fn close_pr(&self, pr: u64, by: &str) {
        self.on_pr("close", pr, by, |hub, repo, by| {
            hub.set_open(repo, pr, false, by)
        });
    }

    /// Somebody reopens a pull request; sends `reopened`, with whatever its branch has become.
    pub fn reopen_pr(&self, pr: u64, by: &str) {
        self.on_pr("reopen", pr, by, |hub, repo, by| {
            hub.set_open(repo, pr, true, by)
        });
    }

    /// Makes a pull request a draft or ready; sends `converted_to_draft` or `ready_for_review`.
    pub fn set_draft(&self, pr: u64, draft: bool, by: &str) {
        self.on_pr("change", pr, by, |hub, repo, by| {
            hub.set_draft(repo, pr, draft, by)
        });
    }

    /// Sends a pull request to another branch; sends `edited` with `changes.base`.
    pub fn change_base(&self, pr: u64, base: &str, by: &str) {
        self.on_pr("retarget", pr, by, |hub, repo, by| {
            hub.change_base(repo, pr, base, by)
        });
    }

    /// Changes the title; sends `edited` with `changes.title`.
    pub fn edit_title(&self, pr: u64, title: &str, by: &str) {
        self.on_pr("rename", pr, by, |hub, repo, by| {
            hub.edit_title(repo, pr, title, by)
        });
    }

    /// Merges; sends `push` to the base and `closed` with `merged`. Says the merge commit.
    pub fn merge_pr(&self, pr: u64, by: &str) -> String {
        self.on_pr("merge", pr, by, |hub, repo, by| hub.merge_pr(repo, pr, by))
    }

    /// Adds a label; sends `labeled`.
    pub fn add_label(&self, pr: u64, label: &str, by: &str) {
        self.on_pr("label", pr, by, |hub, repo, by| {
            hub.add_label(repo, pr, label, by)
        });
    }

    /// Takes a label off; sends `unlabeled`.
    pub fn remove_label(&self, pr: u64, label: &str, by: &str) {
        self.on_pr("unlabel", pr, by, |hub, repo, by| {
            hub.remove_label(repo, pr, label, by)
        });
    }
}
