//! Where those pages of the dashboard are that are named elsewhere too: GitHub is told of them.

use super::ids::{PrNumber, RepoName, RunSubject};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The page of a repository.
pub fn repository(name: &RepoName) -> String {
    format!("/r/{name}")
}

/// The page with a repository's runs of pushes, schedules and merge groups.
pub fn runs(name: &RepoName) -> String {
    format!("{}/runs", repository(name))
}

/// The page with the runs for one of these. A branch's name stands in the query: it may have slashes, which would be no part of the
/// path, and which proxies change there.
pub fn runs_of(name: &RepoName, subject: &RunSubject) -> String {
    let page = format!("{}/{}", runs(name), subject.kind());
    match subject {
        RunSubject::Pull(number) => pull(name, *number),
        RunSubject::MergeGroup(branch) | RunSubject::Branch(branch) => {
            format!("{page}?name={}", encoded(branch))
        }
        RunSubject::Schedule => page,
    }
}

/// The page that tells more of a commit than its gates: of several pull requests the one that was opened first, which stays the same
/// whatever becomes of the others.
pub fn of_commit(
    name: &RepoName,
    pulls: impl Iterator<Item = PrNumber>,
    others: &[&RunSubject],
) -> String {
    match (pulls.min(), others) {
        (Some(number), _) => pull(name, number),
        (None, [only]) => runs_of(name, only),
        (None, _) => runs(name),
    }
}

/// A piece of a path or query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The picture that says how a pipeline stands on the default branch.
pub fn badge(name: &RepoName, pipeline: &str) -> String {
    format!("/badge/{name}/{}.svg", encoded(pipeline))
}

/// The page of a pull request.
pub fn pull(name: &RepoName, number: PrNumber) -> String {
    format!("{}/pull/{number}", repository(name))
}

/// The dashboard as people reach it from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages(String);

impl Pages {
    /// At this address, which has no slash at its end.
    pub fn at(address: String) -> Self {
        Self(address)
    }

    /// The whole address of a page.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_leads_to_its_pull_request_or_to_what_was_run_for_it() {
        let name = RepoName::parse("acme/engine").unwrap();
        let group = RunSubject::MergeGroup("gh-readonly-queue/main/pr-7-a".to_owned());
        let odd = RunSubject::Branch("a/b#c?d&e%f".to_owned());
        for (pulls, others, page) in [
            (&[9, 7][..], &[&group][..], "/pull/7"),
            (
                &[],
                &[&group],
                "/runs/merge_group?name=gh%2Dreadonly%2Dqueue%2Fmain%2Fpr%2D7%2Da",
            ),
            (&[], &[&odd], "/runs/branch?name=a%2Fb%23c%3Fd%26e%25f"),
            (&[], &[&RunSubject::Schedule], "/runs/schedule"),
            (&[], &[&group, &odd], "/runs"),
        ] {
            let pulls = pulls.iter().copied().map(PrNumber);
            assert_eq!(
                of_commit(&name, pulls, others),
                format!("/r/acme/engine{page}")
            );
        }
    }
}
