//! `/drawbridge init`: an administrator asks for a first configuration, and gets a pull request.

mod once;
mod refused;
mod story;
mod strangers;
mod workflows;

use crate::support::{CONFIG, Town};
use drawbridge::sandbox::PullView;

/// The command.
const INIT: &str = "/drawbridge init";
/// Where the suggestion is put.
const BRANCH: &str = "drawbridge-init";

/// A workflow that builds what is mirrored.
const LISTENS: &str = "\
name: Build
on:
  push:
    branches: ['pull-request/[0-9]+']
    paths: ['src/**', '!**/*.md']
jobs: {}
";

impl Town {
    /// Somebody asks on a new issue; issue and comment.
    async fn ask_on_an_issue(&self, by: &str) -> (u64, u64) {
        let asked = self.github().issue_comment_on_plain_issue(by, INIT);
        self.settle().await;
        asked
    }

    /// Sees that there is one pull request of the app's, with one commit on one branch.
    #[track_caller]
    fn proposal(&self) -> PullView {
        let mut ours = self.github().pulls();
        ours.retain(|pull| pull.author == "drawbridge[bot]");
        assert_eq!(ours.len(), 1, "one pull request of ours: {ours:#?}");
        let pull = ours.remove(0);
        let past = self.github().branch_history(&pull.branch);
        assert_eq!(past.len(), 2, "made, and one commit: {past:?}");
        let begun = |name: &&(String, String)| name.0.starts_with("drawbridge-init");
        let branches = self.github().branches();
        assert_eq!(branches.iter().filter(begun).count(), 1, "{branches:?}");
        pull
    }

    /// Sees that nothing was proposed and no branch made.
    #[track_caller]
    fn nothing_proposed(&self) {
        assert_eq!(self.github().branch(BRANCH), None);
        let pulls = self.github().pulls();
        assert!(
            pulls.iter().all(|pull| pull.author != "drawbridge[bot]"),
            "{pulls:#?}"
        );
    }

    /// The suggested file.
    #[track_caller]
    fn suggested(&self) -> String {
        let file = self.github().file_on(&self.proposal().branch, CONFIG);
        file.expect("the file is on the branch")
    }
}
