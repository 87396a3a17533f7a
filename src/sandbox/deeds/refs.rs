//! Moving refs, and everything that follows from a branch that moved.

use serde_json::json;

use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::show;

/// The id git writes where there is no commit.
pub(crate) const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// One ref going somewhere.
pub(crate) struct RefMove<'a> {
    pub(crate) repo: u64,
    /// With `refs/` in front.
    pub(crate) full: &'a str,
    /// `None` deletes.
    pub(crate) to: Option<&'a str>,
    pub(crate) by: u64,
}

impl Hub {
    /// Moves a ref, records where it was, sends `push`, synchronises pull requests and starts builds.
    pub(crate) fn move_ref(&mut self, step: RefMove<'_>) -> Deed<()> {
        let RefMove { repo, full, to, by } = step;
        if let Some(sha) = to
            && self
                .objects
                .get(sha)
                .is_none_or(|commit| commit.network != self.repo(repo).network())
        {
            return Err(Refused::new(format!("there is no commit {sha}")));
        }
        let now = self.tick();
        let row = self.repo_mut(repo);
        let before = match to {
            Some(sha) => row.refs.insert(full.to_owned(), sha.to_owned()),
            None => row.refs.remove(full),
        };
        row.updated_at = now;
        if before.as_deref() == to {
            return Ok(());
        }
        let Some(branch) = full.strip_prefix("refs/heads/") else {
            self.emit_push(repo, full, before.as_deref(), to, by);
            return Ok(());
        };
        row.past
            .entry(branch.to_owned())
            .or_default()
            .push(to.map(str::to_owned));
        self.emit_push(repo, full, before.as_deref(), to, by);
        if let Some(sha) = to {
            self.open_push_suite(repo, branch, before.as_deref(), sha);
            self.synchronize(repo, branch, sha, by);
            if self.installation.repositories.contains(&repo) {
                self.start_builds(repo, branch, sha, by);
            }
        } else {
            self.close_orphans(repo, branch, by);
        }
        Ok(())
    }

    fn emit_push(
        &mut self,
        repo: u64,
        full: &str,
        before: Option<&str>,
        after: Option<&str>,
        by: u64,
    ) {
        // A new branch's commits are those the default branch does not have.
        let main = self
            .repo(repo)
            .branch(&self.repo(repo).default_branch)
            .cloned();
        let from = before.map(str::to_owned).or(main).unwrap_or_default();
        let commits: Vec<_> = match after {
            Some(after) => {
                let new = self.objects.between(&from, after);
                // GitHub names at most 2048 commits in a push.
                new.iter()
                    .take(2048)
                    .map(|commit| show::commit::in_push(self, repo, commit))
                    .collect()
            }
            None => Vec::new(),
        };
        let head = after
            .and_then(|sha| self.objects.get(sha))
            .map(|commit| show::commit::in_push(self, repo, commit));
        let forced = match (before, after) {
            (Some(old), Some(new)) => !self.objects.is_ancestor(old, new),
            _ => false,
        };
        let (old, new) = (before.unwrap_or(NO_COMMIT), after.unwrap_or(NO_COMMIT));
        let who = self.user(by).login.clone();
        let body = json!({
            "ref": full,
            "before": old,
            "after": new,
            "created": before.is_none(),
            "deleted": after.is_none(),
            "forced": forced,
            "base_ref": null,
            "compare": format!("{}/{}/compare/{}...{}", self.base, self.full_name(repo), &old[..12], &new[..12]),
            "commits": commits,
            "head_commit": head,
            "pusher": { "name": who, "email": format!("{by}+{who}@users.noreply.github.com") },
        });
        self.emit("push", None, Some(repo), by, body);
    }
}
