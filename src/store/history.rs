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
    /// The deliveries that led to it, the newest last; of many the newest. None: it was time for it.
    pub deliveries: Vec<DeliveryId>,
    /// What happened, in one sentence.
    pub what: String,
}

/// A line as this or an earlier version wrote it.
#[derive(Deserialize)]
struct Stored {
    subject: Subject,
    at: DateTime<Utc>,
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
        Self {
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
    fn a_line_of_an_earlier_version_names_the_delivery_that_it_has_named() {
        let mut line = json!({
            "subject": {"repository": 1},
            "at": "2026-01-02T03:04:05Z",
            "delivery": "a",
            "what": "moved",
        });
        let read = |line: &serde_json::Value| serde_json::from_value::<HistoryEntry>(line.clone());
        let named = read(&line).unwrap();
        assert_eq!(ids(&named), ["a"]);
        line["delivery"] = json!(null);
        assert_eq!(ids(&read(&line).unwrap()), [""; 0]);
        let again = serde_json::to_value(&named).unwrap();
        assert_eq!(read(&again).unwrap(), named);
    }
}
