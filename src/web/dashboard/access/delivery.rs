//! One delivery, by whoever may see it. Its payload says more than that it came: it is shown to operators, and to those with a right of
//! their own in the one repository that it tells of. That GitHub shows the repository to everybody is not enough.

use super::{Person, Seer, Sees, Viewer, all_seen};
use crate::domain::ids::{DeliveryId, RepoId, Subject};
use crate::store::lists::Arrival;
use crate::store::{Aside, Found, Kept};
use crate::web::dashboard::refusal::Refusal;

/// So many of those that were set aside are known.
const ASIDES: usize = 1_000;

/// A delivery that may be seen.
pub(in crate::web::dashboard) struct SeenDelivery {
    /// As it came, where that is still known.
    pub arrival: Option<Arrival>,
    /// As it was set aside, for who sees everything.
    pub aside: Option<Aside>,
    /// What it said.
    pub said: Said,
}

/// What a delivery said.
pub(in crate::web::dashboard) enum Said {
    /// This.
    This(Box<Kept>),
    /// It is not what was written.
    Damaged,
    /// Nothing was kept, or not any more.
    NotKept,
    /// It can't be read now.
    NotNow,
    /// Not for this viewer to know.
    Hidden,
}

impl Seer {
    /// A delivery. Whether there is none or it may not be seen makes no difference to who asks.
    pub async fn delivery(&self, id: &DeliveryId) -> Result<SeenDelivery, Refusal> {
        let arrival = self.shelf().arrival(id).await?;
        if let Some(arrival) = &arrival
            && !all_seen(&self.among, arrival)
        {
            return Err(Refusal::NotFound);
        }
        let found = match self.may_be_shown(arrival.as_ref()) {
            true => Some(self.dashboard.engine.payload_of(id).await),
            false => None,
        };
        let aside = match &arrival {
            None => self.asides(ASIDES).await?,
            Some(_) => Vec::new(),
        };
        let aside = aside.into_iter().find(|aside| aside.delivery == *id);
        let kept = match &found {
            // What was set aside under this id later is another one.
            Some(Found::Kept(kept)) if arrival.is_none() || kept.aside.is_none() => Some(kept),
            _ => None,
        };
        let told = arrival.as_ref().is_some_and(|one| !one.subjects.is_empty());
        let of = kept.and_then(|kept| kept.repository);
        let entitled = of.is_some_and(|repo| self.has_right_in(repo));
        let there = arrival.is_some() || aside.is_some() || kept.is_some();
        let seen = self.sees_everything() || entitled || told;
        if !there && self.sees_everything() && found == Some(Found::NotNow) {
            return Err(Refusal::Unavailable);
        }
        if !there || !seen {
            return Err(Refusal::NotFound);
        }
        let shown = self.sees_everything() || entitled;
        let said = match (kept.cloned(), found) {
            (Some(kept), _) if shown => Said::This(kept),
            (Some(_), _) => Said::Hidden,
            (None, None) => Said::Hidden,
            (None, Some(Found::Damaged)) => Said::Damaged,
            (None, Some(Found::NotNow)) => Said::NotNow,
            (None, Some(_)) => Said::NotKept,
        };
        Ok(SeenDelivery {
            arrival,
            aside,
            said,
        })
    }

    /// Whether what a delivery said may be for this viewer, as far as is known without it: what certainly is not, is not read.
    fn may_be_shown(&self, arrival: Option<&Arrival>) -> bool {
        let subjects = arrival.map_or(&[][..], |arrival| &arrival.subjects);
        let mut repos = subjects.iter().filter_map(Subject::repository);
        match &self.viewer {
            Viewer::Person(Person {
                sees: Sees::Repositories(own),
                ..
            }) if !self.sees_everything() => {
                !own.is_empty() && (subjects.is_empty() || repos.any(|repo| own.contains(&repo)))
            }
            _ => self.sees_everything(),
        }
    }

    /// Whether whoever looks has more to do with a repository than everybody has.
    fn has_right_in(&self, repo: RepoId) -> bool {
        match &self.viewer {
            Viewer::Person(Person {
                sees: Sees::Repositories(own),
                ..
            }) => own.contains(&repo),
            _ => self.sees_everything(),
        }
    }
}
