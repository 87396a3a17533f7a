//! Files and branches.

use crate::sandbox::deeds::RefMove;
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::{NewCommit, Sandbox};

/// Commits to a repository's default branch.
fn commit_to_default(hub: &mut Hub, repo: &str, new: &NewCommit, by: &str) -> Deed<String> {
    let owner = hub.user(hub.owner).login.clone();
    let (repo, _) = hub
        .repo_named(&owner, repo)
        .ok_or_else(|| Refused::new(format!("there is no repository {repo}")))?;
    let branch = hub.repo(repo).default_branch.clone();
    let full = format!("refs/heads/{branch}");
    let parent = hub.repo(repo).refs.get(&full).cloned();
    let sha = hub.commit(repo, parent.as_deref(), new);
    let by = hub.ensure_user(by);
    hub.move_ref(RefMove {
        repo,
        full: &full,
        to: Some(&sha),
        by,
    })?;
    Ok(sha)
}

impl Sandbox {
    /// Commits a file to the default branch of a repository of the owner; sends `push`. Says the commit.
    pub fn write_file(&self, repo: &str, path: &str, content: &str, by: &str) -> String {
        let new = NewCommit::signed_by(by)
            .file(path, content)
            .message(&format!("Write {path}"));
        self.edit(|hub| commit_to_default(hub, repo, &new, by))
            .unwrap_or_else(|why| panic!("can't write {path}: {why}"))
    }

    /// Deletes a file on the default branch; sends `push`. Says the commit.
    pub fn delete_file(&self, repo: &str, path: &str, by: &str) -> String {
        let new = NewCommit::signed_by(by)
            .without(path)
            .message(&format!("Delete {path}"));
        self.edit(|hub| commit_to_default(hub, repo, &new, by))
            .unwrap_or_else(|why| panic!("can't delete {path}: {why}"))
    }

    /// The repository is as if nobody had ever pushed to it; no webhook.
    pub fn empty_repo(&self) {
        self.edit(|hub| {
            let main = hub.main;
            hub.repo_mut(main).refs.clear();
        });
    }

    /// What a file says at the tip of a branch.
    pub fn file_on(&self, branch: &str, path: &str) -> Option<String> {
        self.look(|hub| {
            let sha = hub.repo(hub.main).branch(branch).cloned()?;
            let content = hub.objects.get(&sha)?.tree.get(path)?;
            Some(content.to_string())
        })
    }

    /// Adds a commit that no ref points to, on top of the default branch: something to push later.
    pub fn loose_commit(&self, new: NewCommit) -> String {
        self.edit(|hub| {
            let main = hub.main;
            let parent = hub
                .repo(main)
                .branch(&hub.repo(main).default_branch)
                .cloned();
            hub.commit(main, parent.as_deref(), &new)
        })
    }

    /// Somebody commits on top of a branch of the repository; sends `push`. Says the commit.
    pub fn push_to_branch(&self, branch: &str, new: NewCommit, by: &str) -> String {
        let done = self.edit(|hub| {
            let (repo, by) = (hub.main, hub.ensure_user(by));
            let full = format!("refs/heads/{branch}");
            let parent = hub.repo(repo).refs.get(&full).cloned();
            let parent = parent.ok_or_else(|| Refused::new("there is no such branch"))?;
            let sha = hub.commit(repo, Some(&parent), &new);
            let (full, to) = (full.as_str(), Some(sha.as_str()));
            hub.move_ref(RefMove { repo, full, to, by })?;
            Ok::<_, Refused>(sha)
        });
        done.unwrap_or_else(|why| panic!("can't push to {branch}: {why}"))
    }

    /// Somebody makes a branch or forces it to a commit, for instance a mirror; sends `push`.
    pub fn push_branch(&self, branch: &str, sha: &str, by: &str) {
        let done = self.edit(|hub| {
            let (repo, by) = (hub.main, hub.ensure_user(by));
            let full = format!("refs/heads/{branch}");
            hub.move_ref(RefMove {
                repo,
                full: &full,
                to: Some(sha),
                by,
            })
        });
        done.unwrap_or_else(|why| panic!("can't push {branch}: {why}"));
    }

    /// Somebody deletes a branch; sends `push` with `deleted`, and closes pull requests from it.
    pub fn delete_branch(&self, branch: &str, by: &str) {
        let done = self.edit(|hub| {
            let (repo, by) = (hub.main, hub.ensure_user(by));
            let full = format!("refs/heads/{branch}");
            if !hub.repo(repo).refs.contains_key(&full) {
                return Err(Refused::new("there is no such branch"));
            }
            hub.move_ref(RefMove {
                repo,
                full: &full,
                to: None,
                by,
            })
        });
        done.unwrap_or_else(|why| panic!("can't delete {branch}: {why}"));
    }
}
