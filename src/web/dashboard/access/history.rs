//! What happened and because of which deliveries, by whoever may see it.

use super::reading::of_pull;
use super::{Seer, Visible};
use crate::domain::ids::{DeliveryId, PullKey, RunSubject, Subject};
use crate::domain::pull::PullState;
use crate::store::lists::Arrival;
use crate::store::{HistoryEntry, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// Of so many whom a delivery was given to the history is looked at.
const OF: usize = 10;
/// The gates of so many commits are told of, the newest.
const HEADS: usize = 10;
/// So many deliveries that did not come for a pull request are looked up for the history of it.
const OTHERS: usize = 100;

impl Seer {
    /// What was done because of a delivery that may be seen, by those it was given to and by who follows them.
    pub async fn done_for(&self, arrival: &Arrival) -> Result<Vec<HistoryEntry>, StoreError> {
        let mut subjects = BTreeSet::new();
        for subject in arrival.subjects.iter().take(OF) {
            subjects.extend(self.who_follows(subject).await?);
            subjects.insert(subject.clone());
        }
        let subjects = subjects.into_iter().collect();
        self.shelf().done_for(arrival, subjects).await
    }

    /// Who is woken by those who work on the same: a pull request, its runs and its heads; others' runs and their commits.
    async fn who_follows(&self, subject: &Subject) -> Result<Vec<Subject>, StoreError> {
        let key = match subject {
            Subject::Pull(key) => *key,
            Subject::Runs(repo, RunSubject::Pull(number)) => PullKey {
                repo: *repo,
                number: *number,
            },
            Subject::Runs(repo, of) => {
                let runs = self.shelf().runs(*repo, of).await?;
                let shas = runs.map(|runs| runs.shas()).unwrap_or_default();
                let heads = shas.into_iter().map(|sha| Subject::Head(*repo, sha));
                return Ok(heads.take(HEADS).collect());
            }
            _ => return Ok(Vec::new()),
        };
        let pull = self.shelf().pull(key).await?;
        let heads = pull.iter().flat_map(heads_of);
        Ok(of_pull(key).into_iter().chain(heads).collect())
    }
}

impl Visible {
    /// What happened to a pull request, the newest first. Each line names those of its deliveries that may be seen, as `known` ones
    /// may.
    pub async fn history(
        &self,
        pull: &PullState,
        known: &[Arrival],
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let mut lines = Vec::new();
        for subject in of_pull(pull.key()).into_iter().chain(heads_of(pull)) {
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

/// The commits at which the gates of a pull request stand and stood.
fn heads_of(pull: &PullState) -> impl Iterator<Item = Subject> {
    let newest = pull.heads.iter().rev().take(HEADS);
    newest.map(move |head| Subject::Head(pull.repo.id, head.sha.clone()))
}
