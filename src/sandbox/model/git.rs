//! Commits and how they relate: one object store for the whole fork network.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// All files of a commit: path to content.
pub(crate) type Tree = BTreeMap<String, Arc<str>>;

/// Who wrote or committed: the text in the commit, and the account GitHub finds for the e-mail.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) account: Option<u64>,
}

/// A commit.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    /// The repository at the root of the fork network whose objects these are.
    pub(crate) network: u64,
    pub(crate) tree: Arc<Tree>,
    pub(crate) parents: Vec<String>,
    pub(crate) message: String,
    pub(crate) author: Person,
    pub(crate) committer: Person,
    pub(crate) verified: bool,
    pub(crate) reason: String,
    pub(crate) renamed: Vec<(String, String)>,
    pub(crate) date: DateTime<Utc>,
}

/// How one path differs between two trees.
#[derive(Debug, Clone)]
pub(crate) struct FileChange {
    pub(crate) path: String,
    pub(crate) previous: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) additions: usize,
    pub(crate) deletions: usize,
    pub(crate) blob: String,
}

/// Forty hex digits for some content. Git's own hash is not needed, only its look and that it is never the same twice.
pub(crate) fn object_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..20])
}

/// The id of a file's content.
pub(crate) fn blob_id(content: &str) -> String {
    object_id(&["blob", content])
}

/// The object store.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    commits: HashMap<String, Commit>,
}

impl Objects {
    pub(crate) fn add(&mut self, commit: Commit) {
        self.commits.insert(commit.sha.clone(), commit);
    }

    pub(crate) fn get(&self, sha: &str) -> Option<&Commit> {
        self.commits.get(sha)
    }

    /// The only commit of `network` whose id starts with `prefix` (at least seven digits, as GitHub asks).
    pub(crate) fn find(&self, network: u64, prefix: &str) -> Option<&Commit> {
        if prefix.len() < 7 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut found = self
            .commits
            .values()
            .filter(|c| c.network == network && c.sha.starts_with(prefix));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// Every commit that `sha` stands on, itself included.
    pub(crate) fn ancestry(&self, sha: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut queue = VecDeque::from([sha.to_owned()]);
        while let Some(next) = queue.pop_front() {
            if let Some(commit) = self.commits.get(&next)
                && seen.insert(next)
            {
                queue.extend(commit.parents.iter().cloned());
            }
        }
        seen
    }

    pub(crate) fn is_ancestor(&self, older: &str, newer: &str) -> bool {
        self.ancestry(newer).contains(older)
    }

    /// The nearest common ancestor.
    pub(crate) fn merge_base(&self, a: &str, b: &str) -> Option<&Commit> {
        let of_a = self.ancestry(a);
        let mut seen = BTreeSet::new();
        let mut queue = VecDeque::from([b.to_owned()]);
        while let Some(next) = queue.pop_front() {
            if of_a.contains(&next) {
                return self.get(&next);
            }
            if let Some(commit) = self.commits.get(&next)
                && seen.insert(next)
            {
                queue.extend(commit.parents.iter().cloned());
            }
        }
        None
    }

    /// What is in `head` and not in `base`, oldest first.
    pub(crate) fn between(&self, base: &str, head: &str) -> Vec<&Commit> {
        let old = self.ancestry(base);
        let mut new: Vec<&Commit> = self
            .ancestry(head)
            .iter()
            .filter(|sha| !old.contains(*sha))
            .filter_map(|sha| self.get(sha))
            .collect();
        new.sort_by_key(|commit| commit.date);
        new
    }

    /// What changed from the merge base of `base` and `head` to `head`, by path: a pull request's files.
    pub(crate) fn changes(&self, base: &str, head: &str) -> Vec<FileChange> {
        let empty = Tree::new();
        let from = self
            .merge_base(base, head)
            .map_or(&empty, |c| c.tree.as_ref());
        let to = self.get(head).map_or(&empty, |c| c.tree.as_ref());
        let renames: Vec<(String, String)> = self
            .between(base, head)
            .iter()
            .flat_map(|commit| commit.renamed.clone())
            .collect();
        diff(from, to, &renames)
    }

    /// What a commit changed against its first parent.
    pub(crate) fn changes_of(&self, commit: &Commit) -> Vec<FileChange> {
        let empty = Tree::new();
        let parent = commit.parents.first().and_then(|sha| self.get(sha));
        diff(
            parent.map_or(&empty, |c| c.tree.as_ref()),
            commit.tree.as_ref(),
            &commit.renamed,
        )
    }
}

/// The differences between two trees; a recorded rename joins its removed and its added path.
fn diff(from: &Tree, to: &Tree, renames: &[(String, String)]) -> Vec<FileChange> {
    let mut moved_away = BTreeSet::new();
    let mut changes = BTreeMap::new();
    for (path, content) in to {
        let previous = renames
            .iter()
            .find(|(old, new)| {
                new == path
                    && from.contains_key(old)
                    && !to.contains_key(old)
                    && !from.contains_key(new)
            })
            .map(|(old, _)| old.clone());
        let (before, status) = match (&previous, from.get(path)) {
            (Some(old), _) => (from.get(old), "renamed"),
            (None, Some(same)) if same == content => continue,
            (None, Some(old)) => (Some(old), "modified"),
            (None, None) => (None, "added"),
        };
        let (additions, deletions) = lines(before.map_or("", |c| c), content);
        moved_away.extend(previous.clone());
        let blob = blob_id(content);
        changes.insert(
            path.clone(),
            FileChange {
                path: path.clone(),
                previous,
                status,
                additions,
                deletions,
                blob,
            },
        );
    }
    for (path, content) in from
        .iter()
        .filter(|(path, _)| !to.contains_key(*path) && !moved_away.contains(*path))
    {
        let deletions = content.lines().count();
        let blob = blob_id(content);
        let change = FileChange {
            path: path.clone(),
            previous: None,
            status: "removed",
            additions: 0,
            deletions,
            blob,
        };
        changes.insert(path.clone(), change);
    }
    changes.into_values().collect()
}

/// Lines added and removed, order aside.
fn lines(before: &str, after: &str) -> (usize, usize) {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for line in before.lines() {
        *left.entry(line).or_default() += 1;
    }
    let mut added = 0;
    for line in after.lines() {
        match left.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            _ => added += 1,
        }
    }
    (added, left.values().sum())
}
