//! Deliveries, however they came: what they mean is found out, and made durable.

use super::{Engine, cause, is_organisation_defaults};
use crate::domain::event::Event;
use crate::domain::ids::{DeliveryId, Subject};
use crate::github::{DecodeError, Decoded, Identity, decode};
use crate::store::{Accepted, Aside, StoreError};
use crate::telemetry::Found;
use chrono::{DateTime, Utc};

/// A delivery that is known to be GitHub's.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    /// `X-GitHub-Delivery`.
    pub id: &'a DeliveryId,
    /// `X-GitHub-Event`.
    pub event_name: &'a str,
    /// The JSON.
    pub payload: &'a [u8],
    /// When GitHub first wanted to hand it over; dates what GitHub does not date.
    pub at: DateTime<Utc>,
}

/// A verified delivery as the web room hands it over.
#[derive(Debug, Clone)]
pub struct Received {
    /// `X-GitHub-Delivery`.
    pub id: DeliveryId,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// `X-GitHub-Event`.
    pub event_name: String,
    /// What it means; `None`: nothing to us.
    pub event: Option<Event>,
    /// Why it means nothing, or empty.
    pub note: String,
}

/// A delivery that was read.
#[derive(Debug, Clone)]
pub enum Read {
    /// It means this.
    Delivery(Box<Received>),
    /// It can't be decoded as what it claims to be.
    Undecodable(Aside),
    /// It is not even JSON.
    NotJson(Aside),
}

/// What became of a delivery.
#[derive(Debug)]
pub enum Taken {
    /// It was decoded.
    In(Accepted),
    /// It could not be, and is kept for people to look at.
    Aside,
}

impl Engine {
    /// Finds out what a delivery means.
    pub fn read(&self, me: &Identity, raw: Raw<'_>) -> Read {
        let received_at = self.now();
        let aside = |reason: String| Aside {
            delivery: raw.id.clone(),
            received_at,
            event_name: raw.event_name.to_owned(),
            reason,
            payload: String::from_utf8_lossy(raw.payload).into_owned(),
        };
        let (event, note) = match decode(raw.event_name, raw.payload, me, raw.at) {
            Ok(Decoded::Event(event)) => {
                self.shared.openness.news(&event);
                (Some(event), String::new())
            }
            Ok(Decoded::Ignored(why)) => (None, why),
            Err(error @ DecodeError::NotJson(_)) => return Read::NotJson(aside(error.to_string())),
            Err(error) => return Read::Undecodable(aside(error.to_string())),
        };
        Read::Delivery(Box::new(Received {
            id: raw.id.clone(),
            received_at,
            event_name: raw.event_name.to_owned(),
            event,
            note,
        }))
    }

    /// Makes it durable. A task of its own: if whoever brought it goes away, it is taken in all the same.
    ///
    /// # Errors
    /// It could not be written; nothing was accepted then.
    pub async fn take_in(&self, received: Received) -> Result<Taken, StoreError> {
        let engine = self.clone();
        let accepting = async move { engine.accept(received).await };
        let accepting = tokio::spawn(tracing::Instrument::in_current_span(accepting));
        let accepted = accepting.await;
        let accepted = accepted.unwrap_or_else(|error| Err(StoreError::broken_off(error)))?;
        let fresh = matches!(accepted, Accepted::Fresh(_));
        if fresh && cause::at_work() == Some(Subject::Deliveries) {
            self.shared.metrics.work().found(Found::Delivery);
        }
        Ok(Taken::In(accepted))
    }

    /// Keeps what can't be decoded.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn set_aside(&self, aside: Aside) -> Result<Taken, StoreError> {
        let (delivery, event) = (&aside.delivery, &aside.event_name);
        tracing::warn!(%delivery, event, reason = aside.reason, "set a delivery aside");
        self.store().set_aside(aside).await?;
        Ok(Taken::Aside)
    }

    /// Drops cached answers that an event makes wrong, before anything is decided with them.
    pub(super) fn forget_outdated(&self, event: &Event) {
        match event {
            Event::PeopleChanged { installation, .. } => self.shared.people.forget(*installation),
            Event::InstallationChanged { installation, .. } => {
                self.shared.people.forget(*installation);
                self.shared.organisations.forget(*installation);
                self.shared.github.forget(*installation);
            }
            Event::RepositoryChanged { repo, .. } if is_organisation_defaults(repo) => {
                self.shared.organisations.forget(repo.installation);
            }
            _ => {}
        }
    }
}
