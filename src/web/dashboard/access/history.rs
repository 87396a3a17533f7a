//! What happened and because of which deliveries, by whoever may see it.

use super::reading::of_pull;
use super::{Seer, Visible};
use crate::domain::ids::{DeliveryId, PullKey, RunSubject, Subject};
use crate::store::lists::Arrival;
use crate::store::{HistoryEntry, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// Of so many whom a delivery was given to the history is looked at.
const OF: usize = 10;
/// So many deliveries that did not come for a pull request are looked up for the history of it.
const OTHERS: usize = 100;

impl Seer {
    /// What was done because of a delivery that may be seen, by those it was given to and by who follows them.
    pub async fn done_for(&self, arrival: &Arrival) -> Result<Vec<HistoryEntry>, StoreError> {
        let mut subjects = BTreeSet::new();
        for subject in arrival.subjects.iter().take(OF) {
            match pull_of(subject) {
                Some(key) => subjects.extend(of_pull(key)),
                None => subjects.extend([subject.clone()]),
            }
        }
        let subjects = subjects.into_iter().collect();
        self.shelf().done_for(arrival, subjects).await
    }
}

impl Visible {
    /// What happened to a pull request, the newest first. Each line names those of its deliveries that may be seen, as `known` ones
    /// may.
    pub async fn history(
        &self,
        number: u64,
        known: &[Arrival],
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let mut lines = Vec::new();
        for subject in of_pull(self.key(number)) {
            lines.extend(self.shelf().history(&subject, limit).await?);
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.at));
        lines.truncate(limit);
        let known = known.iter().map(|arrival| (arrival.delivery.clone(), true));
        let mut seen: BTreeMap<DeliveryId, bool> = known.collect();
        let most = seen.len() + OTHERS;
        for line in &mut lines {
            for id in &line.deliveries {
                if !seen.contains_key(id) && seen.len() < most {
                    seen.insert(id.clone(), self.tells_of_one(id).await?);
                }
            }
            line.deliveries.retain(|id| seen.get(id) == Some(&true));
        }
        Ok(lines)
    }

    /// Whether it may be known that the delivery of that name came.
    async fn tells_of_one(&self, delivery: &DeliveryId) -> Result<bool, StoreError> {
        let arrival = self.shelf().arrival(delivery).await?;
        Ok(arrival.is_some_and(|arrival| self.tells_of(&arrival)))
    }
}

fn pull_of(subject: &Subject) -> Option<PullKey> {
    match subject {
        Subject::Pull(key) => Some(*key),
        Subject::Runs(repo, RunSubject::Pull(number)) => Some(PullKey {
            repo: *repo,
            number: *number,
        }),
        _ => None,
    }
}
