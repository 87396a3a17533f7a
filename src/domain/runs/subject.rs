//! What has runs, as it is named: by GitHub, and in addresses.

use crate::domain::ids::{PrNumber, RunSubject};

/// What the names of a merge queue's branches begin with.
pub const MERGE_QUEUE: &str = "gh-readonly-queue/";

impl RunSubject {
    /// What kind it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pull(_) => "pull",
            Self::MergeGroup(_) => "merge_group",
            Self::Branch(_) => "branch",
            Self::Schedule => "schedule",
        }
    }

    /// Its branch, where it has one of its own.
    pub fn branch(&self) -> Option<&str> {
        match self {
            Self::MergeGroup(branch) | Self::Branch(branch) => Some(branch),
            Self::Pull(_) | Self::Schedule => None,
        }
    }

    /// The one of that kind, with that branch where the kind has one; of a pull request nobody asks in this way.
    pub fn with_branch(kind: &str, branch: &str) -> Option<Self> {
        // As its key in the store has none either.
        let is_name = !branch.is_empty() && !branch.contains('\0');
        match kind {
            "merge_group" if is_name => Some(Self::MergeGroup(branch.to_owned())),
            "branch" if is_name => Some(Self::Branch(branch.to_owned())),
            "schedule" if branch.is_empty() => Some(Self::Schedule),
            _ => None,
        }
    }

    /// The pull request that is merged last by a group, as GitHub names its branch: `gh-readonly-queue/main/pr-7-…`.
    pub fn queued_pull(&self) -> Option<PrNumber> {
        let Self::MergeGroup(branch) = self else {
            return None;
        };
        let (_, last) = branch.strip_prefix(MERGE_QUEUE)?.rsplit_once('/')?;
        let (number, _) = last.strip_prefix("pr-")?.split_once('-')?;
        number.parse().ok().map(PrNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_group_names_its_pull_request() {
        let group = |branch: &str| RunSubject::MergeGroup(branch.to_owned()).queued_pull();
        let sha = "a".repeat(40);
        for base in ["main", "release/1.x", "pr-9-x"] {
            let branch = format!("gh-readonly-queue/{base}/pr-7-{sha}");
            assert_eq!(group(&branch), Some(PrNumber(7)), "{branch}");
            assert_eq!(RunSubject::Branch(branch).queued_pull(), None);
        }
        for odd in [
            "main/pr-7-a",
            "gh-readonly-queue/pr-7-a",
            "gh-readonly-queue/main/7",
            "gh-readonly-queue/main/pr-x-a",
        ] {
            assert_eq!(group(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_has_runs_is_found_again_by_its_kind_and_branch() {
        for subject in [
            RunSubject::MergeGroup("gh-readonly-queue/main/pr-7-a".to_owned()),
            RunSubject::Branch("release/1.x".to_owned()),
            RunSubject::Schedule,
        ] {
            let branch = subject.branch().unwrap_or_default();
            let found = RunSubject::with_branch(subject.kind(), branch);
            assert_eq!(found, Some(subject.clone()));
        }
        for (kind, branch) in [
            ("branch", ""),
            ("branch", "a\0b"),
            ("schedule", "x"),
            ("pull", "7"),
            ("", "main"),
        ] {
            assert_eq!(
                RunSubject::with_branch(kind, branch),
                None,
                "{kind} {branch:?}"
            );
        }
    }
}
