//! The life of a pull request.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refs::{NO_COMMIT, RefMove};
use crate::sandbox::model::issues::{Issue, Merged, Pull};
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::people::build::{NewCommit, NewPr, Origin};
use crate::sandbox::show;

/// A pull request from a branch of the repository itself, as it is.
pub(crate) struct FromBranch {
    pub(crate) head: String,
    pub(crate) base: String,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) by: u64,
}

impl Hub {
    /// Sends a `pull_request` webhook for the pull request as it is now.
    pub(super) fn emit_pull(
        &mut self,
        repo: u64,
        number: u64,
        action: &str,
        by: u64,
        extra: Value,
    ) -> Deed<()> {
        let mut body =
            json!({ "number": number, "pull_request": show::pull::full(self, repo, number)? });
        if let (Value::Object(body), Value::Object(extra)) = (&mut body, extra) {
            body.extend(extra);
        }
        self.emit("pull_request", Some(action), Some(repo), by, body);
        Ok(())
    }

    pub(crate) fn new_issue(&mut self, repo: u64, title: &str, by: u64, pull: Option<Pull>) -> u64 {
        let (id, now) = (self.id(), self.tick());
        let row = self.repo_mut(repo);
        let number = row.next_number;
        row.next_number += 1;
        let issue = Issue {
            id,
            number,
            title: title.to_owned(),
            body: None,
            user: by,
            open: true,
            labels: Vec::new(),
            created_at: now,
            updated_at: now,
            closed_at: None,
            pull,
        };
        row.issues.insert(number, issue);
        number
    }

    pub(crate) fn open_pr(&mut self, repo: u64, new: &NewPr) -> Deed<u64> {
        let author = self.ensure_user(&new.author);
        let base = self.repo(repo).branch(&new.base).cloned();
        let base = base.ok_or_else(|| Refused::new(format!("there is no branch {}", new.base)))?;
        let head_repo = match new.from {
            Origin::Fork => self.ensure_fork(repo, author),
            Origin::Branch => repo,
        };
        let head = match new.same_head_as {
            Some(other) => self.pull(repo, other)?.1.head.clone(),
            None if new.commits.is_empty() => {
                self.stack(head_repo, &base, &[NewCommit::signed_by(&new.author)])
            }
            None => self.stack(head_repo, &base, &new.commits),
        };
        let id = self.id();
        let head_branch = new
            .head_branch
            .clone()
            .unwrap_or_else(|| format!("patch-{id}"));
        let full = format!("refs/heads/{head_branch}");
        self.move_ref(RefMove {
            repo: head_repo,
            full: &full,
            to: Some(&head),
            by: author,
        })?;
        let base_branch = new.base.clone();
        let pull = Pull {
            id,
            head_repo,
            head_branch,
            head: head.clone(),
            base_branch,
            base,
            draft: new.draft,
            merged: None,
        };
        let number = self.new_issue(repo, &new.title, author, Some(pull));
        self.issue_mut(repo, number)?.body = new.body.clone();
        self.repo_mut(repo)
            .refs
            .insert(format!("refs/pull/{number}/head"), head);
        self.emit_pull(repo, number, "opened", author, json!({}))?;
        Ok(number)
    }

    pub(crate) fn open_from_branch(&mut self, repo: u64, new: FromBranch) -> Deed<u64> {
        let tip = |name: &str| {
            let tip = self.repo(repo).branch(name).cloned();
            tip.ok_or_else(|| Refused::new(format!("there is no branch {name}")))
        };
        let (head, base) = (tip(&new.head)?, tip(&new.base)?);
        let pull = Pull {
            id: self.id(),
            head_repo: repo,
            head_branch: new.head,
            head: head.clone(),
            base_branch: new.base,
            base,
            draft: false,
            merged: None,
        };
        let number = self.new_issue(repo, &new.title, new.by, Some(pull));
        self.issue_mut(repo, number)?.body = new.body;
        self.repo_mut(repo)
            .refs
            .insert(format!("refs/pull/{number}/head"), head);
        self.emit_pull(repo, number, "opened", new.by, json!({}))?;
        Ok(number)
    }

    /// Commits one after the other on `base`; the last one's id.
    fn stack(&mut self, repo: u64, base: &str, commits: &[NewCommit]) -> String {
        commits.iter().fold(base.to_owned(), |parent, commit| {
            self.commit(repo, Some(&parent), commit)
        })
    }

    /// New commits on the head branch, by its author; with `force` they replace what was there.
    pub(crate) fn push_pr(
        &mut self,
        repo: u64,
        number: u64,
        commits: &[NewCommit],
        force: bool,
        by: Option<&str>,
    ) -> Deed<String> {
        let (issue, pull) = self.pull(repo, number)?;
        let (author, pull) = (issue.user, pull.clone());
        let author = by.map_or(author, |login| self.ensure_user(login));
        let head_branch_now = self.repo(pull.head_repo).branch(&pull.head_branch).cloned();
        let start = if force {
            pull.base.clone()
        } else {
            head_branch_now.unwrap_or(pull.head)
        };
        let own = [NewCommit::signed_by(&self.user(author).login)];
        let head = self.stack(
            pull.head_repo,
            &start,
            if commits.is_empty() { &own } else { commits },
        );
        let full = format!("refs/heads/{}", pull.head_branch);
        self.move_ref(RefMove {
            repo: pull.head_repo,
            full: &full,
            to: Some(&head),
            by: author,
        })?;
        Ok(head)
    }

    /// Follows a branch that moved with the open pull requests whose head it is.
    pub(crate) fn synchronize(&mut self, head_repo: u64, branch: &str, sha: &str, by: u64) {
        for (repo, number) in self.pulls_from(head_repo, branch) {
            let base = self
                .pull(repo, number)
                .ok()
                .and_then(|(_, pull)| self.repo(repo).branch(&pull.base_branch).cloned());
            let now = self.tick();
            let Ok(issue) = self.issue_mut(repo, number) else {
                continue;
            };
            issue.updated_at = now;
            let Some(pull) = issue.pull.as_mut() else {
                continue;
            };
            let before = std::mem::replace(&mut pull.head, sha.to_owned());
            if let Some(base) = base {
                pull.base = base;
            }
            self.repo_mut(repo)
                .refs
                .insert(format!("refs/pull/{number}/head"), sha.to_owned());
            // The pull request was just found, so showing it can't fail.
            let _ = self.emit_pull(
                repo,
                number,
                "synchronize",
                by,
                json!({ "before": before, "after": sha }),
            );
        }
    }

    /// Open pull requests whose head is this branch, as (repository, number).
    fn pulls_from(&self, head_repo: u64, branch: &str) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        for repo in self.repos.values() {
            for issue in repo.issues.values().filter(|issue| issue.open) {
                if issue
                    .pull
                    .as_ref()
                    .is_some_and(|p| p.head_repo == head_repo && p.head_branch == branch)
                {
                    found.push((repo.id, issue.number));
                }
            }
        }
        found
    }

    /// A deleted head branch closes its pull requests.
    pub(crate) fn close_orphans(&mut self, head_repo: u64, branch: &str, by: u64) {
        for (repo, number) in self.pulls_from(head_repo, branch) {
            let _ = self.set_open(repo, number, false, by);
        }
    }

    pub(crate) fn set_open(&mut self, repo: u64, number: u64, open: bool, by: u64) -> Deed<()> {
        let (issue, pull) = self.pull(repo, number)?;
        if issue.open == open {
            return Err(Refused::new(format!(
                "number {number} is {} already",
                if open { "open" } else { "closed" }
            )));
        }
        if pull.merged.is_some() {
            return Err(Refused::new(format!("number {number} was merged")));
        }
        // What was pushed while it was closed is seen on reopening.
        let head = self.repo(pull.head_repo).branch(&pull.head_branch).cloned();
        let now = self.tick();
        let issue = self.issue_mut(repo, number)?;
        issue.open = open;
        issue.updated_at = now;
        issue.closed_at = (!open).then_some(now);
        if let (true, Some(pull), Some(head)) = (open, issue.pull.as_mut(), head) {
            pull.head = head.clone();
            self.repo_mut(repo)
                .refs
                .insert(format!("refs/pull/{number}/head"), head);
        }
        self.emit_pull(
            repo,
            number,
            if open { "reopened" } else { "closed" },
            by,
            json!({}),
        )
    }

    pub(crate) fn set_draft(&mut self, repo: u64, number: u64, draft: bool, by: u64) -> Deed<()> {
        self.touch(repo, number)?;
        self.pull_mut(repo, number)?.draft = draft;
        let action = if draft {
            "converted_to_draft"
        } else {
            "ready_for_review"
        };
        self.emit_pull(repo, number, action, by, json!({}))
    }

    pub(crate) fn change_base(&mut self, repo: u64, number: u64, base: &str, by: u64) -> Deed<()> {
        let sha = self.repo(repo).branch(base).cloned();
        let sha = sha.ok_or_else(|| Refused::new(format!("there is no branch {base}")))?;
        self.touch(repo, number)?;
        let pull = self.pull_mut(repo, number)?;
        let old_branch = std::mem::replace(&mut pull.base_branch, base.to_owned());
        let old_sha = std::mem::replace(&mut pull.base, sha);
        let changes =
            json!({ "base": { "ref": { "from": old_branch }, "sha": { "from": old_sha } } });
        self.emit_pull(repo, number, "edited", by, json!({ "changes": changes }))
    }

    pub(crate) fn edit_title(&mut self, repo: u64, number: u64, title: &str, by: u64) -> Deed<()> {
        self.touch(repo, number)?;
        let old = std::mem::replace(&mut self.issue_mut(repo, number)?.title, title.to_owned());
        self.emit_pull(
            repo,
            number,
            "edited",
            by,
            json!({ "changes": { "title": { "from": old } } }),
        )
    }

    pub(crate) fn merge_pr(&mut self, repo: u64, number: u64, by: u64) -> Deed<String> {
        let (issue, pull) = self.pull(repo, number)?;
        if !issue.open {
            return Err(Refused::new(format!("number {number} is closed already")));
        }
        let (title, pull) = (issue.title.clone(), pull.clone());
        let base = self
            .repo(repo)
            .branch(&pull.base_branch)
            .cloned()
            .unwrap_or_else(|| NO_COMMIT.into());
        let message = format!("Merge pull request #{number}\n\n{title}");
        let commit = self.merge_commit(repo, &base, &pull.head, by, message)?;
        self.merged_as(repo, number, &commit, by)?;
        Ok(commit)
    }

    /// Closes a pull request as merged and moves its base branch to the commit that did it.
    pub(super) fn merged_as(&mut self, repo: u64, number: u64, commit: &str, by: u64) -> Deed<()> {
        let now = self.tick();
        let issue = self.issue_mut(repo, number)?;
        issue.open = false;
        issue.closed_at = Some(now);
        issue.updated_at = now;
        let pull = self.pull_mut(repo, number)?;
        pull.merged = Some(Merged {
            at: now,
            by,
            commit: commit.to_owned(),
        });
        let full = format!("refs/heads/{}", pull.base_branch);
        self.move_ref(RefMove {
            repo,
            full: &full,
            to: Some(commit),
            by,
        })?;
        self.emit_pull(repo, number, "closed", by, json!({}))
    }

    pub(super) fn touch(&mut self, repo: u64, number: u64) -> Deed<DateTime<Utc>> {
        let now = self.tick();
        self.issue_mut(repo, number)?.updated_at = now;
        Ok(now)
    }
}
