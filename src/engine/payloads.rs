//! What deliveries said, for people to look at: which of it is kept. However a delivery came, it comes through here, once it was
//! taken in for the first time or set aside.
//!
//! Secrets are taken out before anything is written. That may change what a payload means (a comment with something in it that looks
//! like a secret): so where something was taken out it is decoded both ways, and it is noted whether both say the same. Only then can it be taken in again. What means
//! nothing both ways says nothing about that: a later version may read more of it, so nothing may have been taken out of it at all.

use super::{Engine, Raw};
use crate::domain::ids::{DeliveryId, RepoId};
use crate::domain::masked::masked;
use crate::github::{Decoded, Identity, decode, repository_in};
use crate::store::{Found, Kept};

/// A longer payload is not kept.
pub const LONGEST_KEPT: usize = 1 << 20;

/// What everybody with a right in a repository may know, of what the app asks to hear of. All else is for operators, whatever an owner has
/// ticked on the app's page: who belongs to what, advisories, alerts of secrets that were found.
const OF_A_REPOSITORY: [&str; 9] = [
    "check_run",
    "check_suite",
    "issue_comment",
    "merge_group",
    "pull_request",
    "push",
    "repository",
    "status",
    "workflow_run",
];

/// What was around a payload.
#[derive(Debug, Clone, Default)]
pub struct Wrapping {
    /// What GitHub wrote on it, without anything that proves something.
    pub headers: Vec<(String, String)>,
    /// By which algorithm it was signed; `None`: it was read from GitHub's list.
    pub signed: Option<String>,
}

impl Engine {
    /// Keeps a delivery for people to look at, soon and beside the way of deliveries. `aside`: why it could not be decoded.
    pub fn keep_payload(
        &self,
        me: &Identity,
        raw: Raw<'_>,
        wrapping: Wrapping,
        aside: Option<String>,
    ) {
        let Some(payloads) = &self.shared.payloads else {
            return;
        };
        let headers = wrapping.headers.into_iter();
        let mut kept = Kept {
            delivery: raw.id.clone(),
            event_name: raw.event_name.to_owned(),
            at: raw.at,
            headers: headers
                .map(|(name, value)| (name, masked(&value)))
                .collect(),
            signed: wrapping.signed,
            repository: None,
            bytes: raw.payload.len() as u64,
            payload: None,
            means_the_same: false,
            // It may quote what could not be read.
            aside: aside.map(|why| masked(&why)),
        };
        let enough = if raw.payload.len() > LONGEST_KEPT {
            kept.repository = tells_of(&raw);
            payloads.keep(1, move || kept)
        } else {
            let (payload, me) = (raw.payload.to_vec(), me.clone());
            payloads.keep(payload.len(), move || with_payload(kept, &payload, &me))
        };
        if !enough {
            let delivery = raw.id;
            tracing::debug!(%delivery, "a payload is not kept: too many come at once");
        }
    }

    /// What is kept of a delivery.
    pub async fn payload_of(&self, delivery: &DeliveryId) -> Found {
        match &self.shared.payloads {
            Some(payloads) => payloads.find(delivery).await,
            None => Found::Nothing,
        }
    }

    /// Whether payloads are kept at all.
    pub fn keeps_payloads(&self) -> bool {
        self.shared.payloads.is_some()
    }
}

fn with_payload(mut kept: Kept, payload: &[u8], me: &Identity) -> Kept {
    let raw = Raw {
        id: &kept.delivery,
        event_name: &kept.event_name,
        payload,
        at: kept.at,
    };
    let text = String::from_utf8_lossy(payload);
    let shown = masked(&text);
    let again = Raw {
        payload: shown.as_bytes(),
        ..raw
    };
    let means = |raw: Raw<'_>| match decode(raw.event_name, raw.payload, me, raw.at) {
        Ok(Decoded::Event(event)) => Some(event),
        _ => None,
    };
    let whole = shown.as_bytes() == payload;
    kept.means_the_same = whole || means(raw).is_some_and(|meaning| means(again) == Some(meaning));
    kept.repository = tells_of(&raw);
    kept.payload = Some(shown);
    kept
}

/// The repository that a delivery tells of, if that is all it does.
fn tells_of(raw: &Raw<'_>) -> Option<RepoId> {
    match OF_A_REPOSITORY.contains(&raw.event_name) {
        true => repository_in(raw.payload),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(event: &str, payload: &str) -> Kept {
        let me = Identity {
            app_id: 1,
            slug: "drawbridge".to_owned(),
        };
        let kept = Kept {
            delivery: DeliveryId::parse("one").unwrap(),
            event_name: event.to_owned(),
            at: chrono::DateTime::UNIX_EPOCH,
            headers: Vec::new(),
            signed: None,
            repository: None,
            bytes: 0,
            payload: None,
            means_the_same: false,
            aside: None,
        };
        with_payload(kept, payload.as_bytes(), &me)
    }

    #[test]
    fn readers_of_a_repository_see_what_the_app_hears_of_and_operators_all_else() {
        let payload = r#"{"action": "x", "repository": {"id": 7}}"#;
        for (event, of) in [
            ("push", Some(RepoId(7))),
            ("issue_comment", Some(RepoId(7))),
            ("workflow_run", Some(RepoId(7))),
            ("workflow_job", None),
            ("member", None),
            ("team_add", None),
            ("installation_repositories", None),
            ("repository_advisory", None),
            ("dependabot_alert", None),
            ("secret_scanning_alert", None),
            ("", None),
        ] {
            assert_eq!(kept(event, payload).repository, of, "{event}");
        }
    }

    #[test]
    fn what_means_nothing_is_taken_in_again_only_if_nothing_was_taken_out_of_it() {
        for (payload, same) in [
            (r#"{"a": "some text"}"#, true),
            (r#"{"a": "ghp_0123456789"}"#, false),
            (r#"{"token": 17}"#, false),
        ] {
            assert_eq!(kept("watch", payload).means_the_same, same, "{payload}");
        }
    }
}
