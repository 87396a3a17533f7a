//! A delivery that was kept is taken in again, because somebody asks for it.
//!
//! It is what GitHub sent, whole as far as it means anything, and proven to be what was written here: nobody gets anything in that GitHub
//! did not send. It goes the way of every delivery under an id of its own, so all that holds for repetitions holds for it: a comment is
//! obeyed once and not when it is older than a week, and what else it says is a hint that GitHub is asked about. The press of a button
//! on GitHub has no number by which a second one is known, so it is not taken in again. GitHub's own *Redeliver* would bring the id that is known,
//! and nothing would come of it.
//!
//! Whoever asks needs the right to write in the repository. That is asked of GitHub at once, before anything is done: where it can't be
//! asked within seconds, nothing is. Only that they have none is believed for as long as elsewhere.

use super::{Engine, Raw, Read, route};
use crate::domain::event::{Account, Event};
use crate::domain::ids::{DeliveryId, Repo};
use crate::domain::text;
use crate::github::{GitHubError, too_old};
use crate::store::{Change, EntryKind, HistoryEntry, Kept, StoreError};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// So long a press of the button waits for GitHub to say whether they may.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a delivery is not taken in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAgain {
    /// What is kept of it is not enough, or would do nothing; why.
    Can(String),
    /// Whoever asks has not the right.
    May(String),
    /// It can't be found out whether they have, or it can't be written.
    Now(String),
}

impl From<StoreError> for NotAgain {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "can't take a delivery in again");
        Self::Now(text::again_not_written())
    }
}

impl Kept {
    /// Why it can't be taken in again, whoever asks; `None`: it can.
    pub fn lacks(&self) -> Option<String> {
        match &self.payload {
            None => Some(text::again_without_payload()),
            Some(_) if !self.means_the_same => Some(text::again_without_secrets()),
            Some(_) if self.repository.is_none() => Some(text::again_of_more()),
            Some(_) => None,
        }
    }
}

impl Engine {
    /// Takes it in again under this id, which is done once.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn take_in_again(
        &self,
        kept: &Kept,
        by: &Account,
        id: DeliveryId,
    ) -> Result<(), NotAgain> {
        if let Some(why) = kept.lacks() {
            return Err(NotAgain::Can(why));
        }
        let repo = self.repo_of(kept).await?;
        self.may_write_now(&repo, by).await?;
        if self.store().has_accepted(&id).await? {
            return Ok(());
        }
        let me = self.identity().await.map_err(can_not_ask)?;
        let payload = kept.payload.as_deref().unwrap_or_default();
        // What GitHub does not date is as old as it was when it came.
        let raw = Raw {
            id: &id,
            event_name: &kept.event_name,
            payload: payload.as_bytes(),
            at: kept.at,
        };
        let received = match self.read(&me, raw) {
            Read::Delivery(received) => *received,
            Read::Undecodable(aside) | Read::NotJson(aside) => {
                return Err(NotAgain::Can(text::again_unreadable(&aside.reason)));
            }
        };
        let Some(event) = &received.event else {
            return Err(NotAgain::Can(text::again_for_nothing(&received.note)));
        };
        if let Some(why) = moved_on(event, self.now()) {
            return Err(NotAgain::Can(why));
        }
        // What is decoded is what counts.
        if event.repo().map(|of| of.id) != Some(repo.id) {
            return Err(NotAgain::Can(text::again_of_more()));
        }
        if let Some(why) = self.is_let_be(event).await.map_err(can_not_ask)? {
            return Err(NotAgain::Can(text::again_for_nothing(why)));
        }
        let subjects = route::subjects(event, self.store()).await?;
        let asked = |subject| HistoryEntry {
            subject,
            at: received.received_at,
            kind: EntryKind::Decision,
            deliveries: vec![id.clone()],
            what: text::asked_again(by, &kept.delivery, &kept.event_name),
        };
        // Before anything comes of it: whatever happens then, it is known who asked.
        let asked = Change {
            history: subjects.into_iter().map(asked).collect(),
            ..Change::default()
        };
        self.store().commit(asked).await?;
        tracing::info!(delivery = %kept.delivery, again = %id, by = by.login, "taking a delivery in again");
        self.take_in(received).await?;
        Ok(())
    }

    async fn repo_of(&self, kept: &Kept) -> Result<Repo, NotAgain> {
        let known = match kept.repository {
            Some(id) => self.store().repo(id).await?,
            None => None,
        };
        let known = known.map(|known| known.repo);
        known.ok_or_else(|| NotAgain::Can(text::again_unknown_repository()))
    }

    /// Nobody has the right because they had it before. Who has none is refused without a question, for as long as that is believed.
    async fn may_write_now(&self, repo: &Repo, by: &Account) -> Result<(), NotAgain> {
        let people = &self.shared.people;
        if people.is_known_to_write(repo, by, self.now()) != Some(false) {
            people.forget_right(repo, by);
        }
        let asking = people.may_write(&self.shared.github, repo, by, self.now());
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(NotAgain::May(text::again_not_allowed(&by.login))),
            Ok(Err(error)) => Err(can_not_ask(error)),
            Err(_) => Err(NotAgain::Now(text::again_not_asked())),
        }
    }
}

/// Why what was good when it came is none today.
fn moved_on(event: &Event, now: DateTime<Utc>) -> Option<String> {
    match event {
        Event::Comment { created_at, .. } => too_old(*created_at, now).map(text::again_for_nothing),
        Event::GatePressed { .. } => Some(text::again_press_again()),
        _ => None,
    }
}

fn can_not_ask(error: GitHubError) -> NotAgain {
    super::note_failure(&error, "can't ask who may take a delivery in again");
    NotAgain::Now(text::again_not_asked())
}
