//! Labels of issues and pull requests.

use serde_json::json;

use crate::sandbox::model::{Deed, Hub};
use crate::sandbox::show;

impl Hub {
    /// Adds a label; one that is there already changes nothing.
    pub(crate) fn add_label(&mut self, repo: u64, number: u64, name: &str, by: u64) -> Deed<()> {
        if self.issue(repo, number)?.labels.iter().any(|l| l.1 == name) {
            return Ok(());
        }
        // A label is the repository's: the same one on two pull requests has one id.
        let all = self.repo(repo).issues.values();
        let known = all
            .flat_map(|issue| &issue.labels)
            .find(|label| label.1 == name)
            .map(|label| label.0);
        let id = known.unwrap_or_else(|| self.id());
        self.touch(repo, number)?;
        let labels = &mut self.issue_mut(repo, number)?.labels;
        labels.push((id, name.to_owned()));
        let label = show::pull::label(self, repo, id, name);
        self.emit_pull(repo, number, "labeled", by, json!({ "label": label }))
    }

    /// Takes a label off; one that is not there changes nothing.
    pub(crate) fn remove_label(&mut self, repo: u64, number: u64, name: &str, by: u64) -> Deed<()> {
        let labels = &mut self.issue_mut(repo, number)?.labels;
        let Some(index) = labels.iter().position(|label| label.1 == name) else {
            return Ok(());
        };
        let (id, _) = labels.remove(index);
        self.touch(repo, number)?;
        let label = show::pull::label(self, repo, id, name);
        self.emit_pull(repo, number, "unlabeled", by, json!({ "label": label }))
    }
}
