//! Commit statuses, as other systems report them.

use crate::sandbox::deeds::NewStatus;
use crate::sandbox::{Sandbox, StatusView};

impl Sandbox {
    /// Somebody reports a commit status (`error`, `failure`, `pending`, `success`); sends `status`. Says its id.
    pub fn report_status(
        &self,
        sha: &str,
        context: &str,
        state: &str,
        by: &str,
        target_url: Option<&str>,
        description: Option<&str>,
    ) -> u64 {
        let made = self.edit(|hub| {
            let new = NewStatus {
                repo: hub.main,
                sha: sha.to_owned(),
                state: state.to_owned(),
                context: context.to_owned(),
                description: description.map(str::to_owned),
                target_url: target_url.map(str::to_owned),
                by: hub.ensure_user(by),
            };
            hub.add_status(new)
        });
        made.unwrap_or_else(|why| panic!("can't report {context:?} on {sha}: {why}"))
    }

    /// Every status ever reported on a commit of the repository, oldest first.
    pub fn statuses(&self, sha: &str) -> Vec<StatusView> {
        self.look(|hub| {
            let mut all: Vec<StatusView> = hub
                .statuses_of(hub.main, sha)
                .map(|status| StatusView {
                    id: status.id,
                    context: status.context.clone(),
                    state: status.state.clone(),
                    description: status.description.clone(),
                    target_url: status.target_url.clone(),
                    creator: hub.user(status.creator).login.clone(),
                })
                .collect();
            all.reverse();
            all
        })
    }
}
