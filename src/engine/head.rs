//! Publishes the gate of one commit: what all open pull requests with this head have to say, joined.

use super::Engine;
use crate::domain::gate::{GATE_NAME, Gate, HeadState, combine};
use crate::domain::ids::{CheckRunId, RepoId, Sha, Subject};
use crate::domain::pull::PullState;
use crate::github::{GitHubError, NewCheck, Repository};
use crate::store::{Change, Record, StoreError};
use chrono::{DateTime, Utc};

impl Engine {
    pub(super) async fn process_head(&self, repo: RepoId, sha: &Sha) -> Result<(), StoreError> {
        let subject = Subject::Head(repo, sha.clone());
        let began = self.now();
        let pulls = self.store().pulls_at(repo, sha).await?;
        let gates = pulls
            .iter()
            .filter_map(|state| Some((state.number, state.gate.clone()?.gate)))
            .collect();
        let known = self.store().head(repo, sha).await?;
        let (Some(gate), Some(first)) = (combine(gates), pulls.first()) else {
            return self.done(subject, began, None).await;
        };
        let Some(_permit) = self.permit(first.repo.installation).await else {
            return Ok(());
        };
        let mut head = known.unwrap_or_else(|| self.new_head(first, sha, &pulls));
        head.repo = first.repo.clone();
        if head.published.as_ref() == Some(&gate) {
            return self.done(subject, began, None).await;
        }
        match self.publish(&mut head, &gate).await {
            Ok(Ok(())) => {
                head.published = Some(gate);
                head.attempts = 0;
                self.done(subject, began, Some(head)).await
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "can't publish a gate");
                head.attempts = head.attempts.saturating_add(1);
                let at = self.retry_after(&error, head.attempts);
                self.commit(Change {
                    records: vec![Record::Head(Box::new(head))],
                    due: vec![(subject, Some(at))],
                    began: Some(began),
                    ..Change::default()
                })
                .await
            }
            Err(error) => Err(error),
        }
    }

    /// A commit that became a head while we were listening can't carry a gate of ours yet.
    fn new_head(&self, first: &PullState, sha: &Sha, pulls: &[PullState]) -> HeadState {
        let born = self.store().born_at();
        let seen = pulls
            .iter()
            .flat_map(|state| &state.heads)
            .filter(|head| head.sha == *sha && head.announced);
        HeadState {
            repo: first.repo.clone(),
            sha: sha.clone(),
            check_run: None,
            look_first: seen
                .map(|head| head.since)
                .min()
                .is_none_or(|since| since <= born),
            published: None,
            attempts: 0,
        }
    }

    async fn publish(
        &self,
        head: &mut HeadState,
        gate: &Gate,
    ) -> Result<Result<(), GitHubError>, StoreError> {
        let github = self.shared.github.of(&head.repo);
        if head.check_run.is_none() && head.look_first {
            match self.find_gate(&github, &head.sha).await {
                Ok(found) => head.check_run = found,
                Err(error) => return Ok(Err(error)),
            }
        }
        if let Some(id) = head.check_run {
            return Ok(github.update_check(id, gate).await);
        }
        // After a crash or a lost answer the check run may be there: from now on it is looked for first.
        head.look_first = true;
        let announced = Change {
            records: vec![Record::Head(Box::new(head.clone()))],
            ..Change::default()
        };
        self.store().commit(announced).await?;
        self.store().flush().await?;
        let new = NewCheck {
            name: GATE_NAME,
            sha: &head.sha,
            external_id: head.sha.as_str(),
            details_url: None,
            gate,
        };
        Ok(match github.create_check(&new).await {
            Ok(id) => {
                head.check_run = Some(id);
                Ok(())
            }
            Err(error) => Err(error),
        })
    }

    async fn find_gate(
        &self,
        github: &Repository,
        sha: &Sha,
    ) -> Result<Option<CheckRunId>, GitHubError> {
        let app = self.shared.github.app().await?;
        github.find_check(sha, GATE_NAME, app.id).await
    }

    async fn done(
        &self,
        subject: Subject,
        began: DateTime<Utc>,
        head: Option<HeadState>,
    ) -> Result<(), StoreError> {
        let change = Change {
            records: head
                .map(|head| Record::Head(Box::new(head)))
                .into_iter()
                .collect(),
            due: vec![(subject, None)],
            began: Some(began),
            ..Change::default()
        };
        self.store().commit(change).await
    }
}
