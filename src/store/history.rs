//! A line of a subject's history.

use crate::domain::ids::{DeliveryId, Subject};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One line of a subject's history: what happened and what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct HistoryEntry {
    /// Whose history.
    pub subject: Subject,
    /// When.
    pub at: DateTime<Utc>,
    /// What it tells of.
    pub kind: EntryKind,
    /// The deliveries that led to it, the newest last; of many the newest. None: it was time for it.
    pub deliveries: Vec<DeliveryId>,
    /// What happened, in one sentence.
    pub what: String,
}

/// What a line of a history tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// What is wanted from now on, and why: a verdict, what somebody asked for.
    Decision,
    /// What we did, on GitHub or on a backend.
    Action,
    /// What came of it, or what stood in its way.
    Result,
}

impl EntryKind {
    /// In a word, as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Action => "action",
            Self::Result => "result",
        }
    }

    /// What lines of earlier versions mostly told of, which did not say it.
    fn of_old(subject: &Subject) -> Self {
        match subject {
            Subject::Runs(..) => Self::Action,
            _ => Self::Decision,
        }
    }
}

/// A line as this or an earlier version wrote it.
#[derive(Deserialize)]
struct Stored {
    subject: Subject,
    at: DateTime<Utc>,
    #[serde(default)]
    kind: Option<EntryKind>,
    #[serde(default)]
    deliveries: Vec<DeliveryId>,
    /// The only one that earlier versions named.
    #[serde(default)]
    delivery: Option<DeliveryId>,
    what: String,
}

impl From<Stored> for HistoryEntry {
    fn from(stored: Stored) -> Self {
        let mut deliveries = stored.deliveries;
        deliveries.extend(stored.delivery);
        let old = || EntryKind::of_old(&stored.subject);
        Self {
            kind: stored.kind.unwrap_or_else(old),
            subject: stored.subject,
            at: stored.at,
            deliveries,
            what: stored.what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ids(line: &HistoryEntry) -> Vec<&str> {
        line.deliveries.iter().map(DeliveryId::as_str).collect()
    }

    #[test]
    fn a_line_of_an_earlier_version_names_its_delivery_and_has_the_kind_of_its_subject() {
        let mut line = json!({
            "subject": {"repository": 1},
            "at": "2026-01-02T03:04:05Z",
            "delivery": "a",
            "what": "moved",
        });
        let read = |line: &serde_json::Value| serde_json::from_value::<HistoryEntry>(line.clone());
        let named = read(&line).unwrap();
        assert_eq!(ids(&named), ["a"]);
        assert_eq!(named.kind, EntryKind::Decision);
        line["delivery"] = json!(null);
        line["subject"] = json!({"runs": [1, {"pull": 2}]});
        let unnamed = read(&line).unwrap();
        assert_eq!(ids(&unnamed), [""; 0]);
        assert_eq!(unnamed.kind, EntryKind::Action);
        let mut result = named;
        result.kind = EntryKind::Result;
        let again = serde_json::to_value(&result).unwrap();
        assert_eq!(read(&again).unwrap(), result);
    }
}
