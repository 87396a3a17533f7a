//! Writes one gate of a commit.

use super::Engine;
use super::head::Wanted;
use crate::domain::gate::{Gate, GateStatus, HeadState};
use crate::domain::ids::{CheckRunId, Sha};
use crate::domain::pipeline::Publish;
use crate::domain::pull::GateName;
use crate::github::{GitHubError, NewCheck, Repository, StatusState};
use crate::store::{Change, HistoryEntry, Record, StoreError};

impl Engine {
    /// Writes what a gate says. An error of GitHub's is an answer like another; the other kind is the store's.
    pub(super) async fn publish(
        &self,
        head: &mut HeadState,
        (name, gate): (&GateName, &Gate),
        wanted: &Wanted,
        (on_disk, history): (&mut HeadState, &mut Vec<HistoryEntry>),
    ) -> Result<Result<(), GitHubError>, StoreError> {
        let github = self.shared.github.of(&head.repo);
        if name.publish == Publish::Status {
            let state = match gate.status {
                GateStatus::Queued | GateStatus::InProgress => StatusState::Pending,
                GateStatus::Completed(conclusion) if conclusion.passes() => StatusState::Success,
                GateStatus::Completed(_) => StatusState::Failure,
            };
            // Nothing else leads on from a status, so what failed comes first.
            let page = match (
                gate.link.as_ref().or(wanted.page.as_ref()),
                wanted.pulls.first(),
            ) {
                (Some(page), _) => page.clone(),
                (None, Some(pull)) => github.pull_page(pull.number),
                (None, None) => github.commit_page(&head.sha),
            };
            self.keep_what_led_to(gate).await?;
            return Ok(github
                .create_status(&head.sha, &name.name, state, &gate.title, Some(&page))
                .await);
        }
        let sha = head.sha.clone();
        let published = head.gate(name);
        if published.check_run.is_none() && published.look_first {
            match self.find_gate(&github, &sha, &name.name).await {
                Ok(found) => published.check_run = found,
                Err(error) => return Ok(Err(error)),
            }
        }
        if let Some(id) = published.check_run {
            self.keep_what_led_to(gate).await?;
            return Ok(github.update_check(id, gate, wanted.page.as_deref()).await);
        }
        // After a crash or a lost answer the check run may be there: from now on it is looked for first.
        let looked_first = std::mem::replace(&mut published.look_first, true);
        let announced = Change {
            records: vec![Record::Head(Box::new(head.clone()))],
            history: std::mem::take(history),
            ..Change::default()
        };
        self.store().commit(announced).await?;
        self.store().flush().await?;
        on_disk.clone_from(head);
        let new = NewCheck {
            name: &name.name,
            sha: &sha,
            external_id: sha.as_str(),
            details_url: wanted.page.as_deref(),
            gate,
        };
        Ok(match github.create_check(&new).await {
            Ok(id) => {
                head.gate(name).check_run = Some(id);
                Ok(())
            }
            Err(error) => {
                if error.was_not_asked() {
                    head.gate(name).look_first = looked_first;
                }
                Err(error)
            }
        })
    }

    /// Whoever has seen how a gate ended counts on it: a process that starts after a crash must not know less and say again that
    /// it goes on.
    async fn keep_what_led_to(&self, gate: &Gate) -> Result<(), StoreError> {
        match gate.status {
            GateStatus::Completed(_) => self.store().flush().await,
            GateStatus::Queued | GateStatus::InProgress => Ok(()),
        }
    }

    async fn find_gate(
        &self,
        github: &Repository,
        sha: &Sha,
        name: &str,
    ) -> Result<Option<CheckRunId>, GitHubError> {
        let me = self.identity().await?;
        github.find_check(sha, name, me.app_id).await
    }
}
