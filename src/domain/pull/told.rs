//! When a delivery may stand in for asking GitHub how a pull request is.
//!
//! What it says was so when it was sent, and it may have been overtaken, held back or sent again by somebody. So it is taken at its word
//! only while it is young, newer than all that is known, and the only thing to be looked into; and never for the head,
//! which the list of commits tells (`engine::look`), nor for who is trusted: of that it only says who opened it, which never changes. What it may be wrong in then (a draft, a base, labels) its
//! successor is on its way to tell, and the comparison finds.

use super::{Mirror, PullState};
use crate::domain::event::{Event, PullChange, PullHint};
use crate::domain::trust::{MAX_LISTED_COMMITS, PullView};
use chrono::{DateTime, TimeDelta, Utc};

/// So old, by GitHub's clock and ours, it may be.
const YOUNG: TimeDelta = TimeDelta::minutes(5);
/// So far in the future: with a clock that is further behind an old one would look young.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

impl PullState {
    /// How the newest of the deliveries that wait shows the pull request; `None`: GitHub has to be asked.
    pub fn told<'a>(
        &self,
        events: impl IntoIterator<Item = &'a Event>,
        now: DateTime<Utc>,
    ) -> Option<PullView> {
        let mut hints = Vec::new();
        for event in events {
            match event {
                Event::Pull { change, hint, .. } => hints.push((change, hint)),
                // Somebody asks for something, or the mirror was moved.
                _ => return None,
            }
        }
        let (change, newest) = *hints.iter().max_by_key(|(_, hint)| hint.updated_at)?;
        let same_time = hints
            .iter()
            .filter(|(_, hint)| hint.updated_at == newest.updated_at);
        let is_young = (-AHEAD..=YOUNG).contains(&(now - newest.updated_at));
        if same_time.count() > 1 || !is_young || !self.requests.is_empty() {
            return None;
        }
        let is_news = match &self.view {
            Some(view) => !self.stale && view.updated_at < newest.updated_at,
            // What failed before may have been overtaken by its end.
            None => *change == PullChange::Opened && self.failures == 0,
        };
        let view = view(newest)?;
        let suffices = match change {
            PullChange::Opened | PullChange::Pushed => {
                view.open && view.commits <= MAX_LISTED_COMMITS
            }
            PullChange::Closed => !view.open && self.observed_mirror != Mirror::Unknown,
            PullChange::Labels | PullChange::Other => false,
        };
        (is_news && suffices).then_some(view)
    }
}

fn view(hint: &PullHint) -> Option<PullView> {
    let shows = hint.shows.as_deref()?.clone();
    Some(PullView {
        number: hint.number,
        open: shows.open,
        draft: shows.draft,
        title: shows.title,
        author: hint.author.clone(),
        head: hint.head.clone(),
        base: shows.base,
        base_sha: shows.base_sha,
        labels: shows.labels,
        commits: shows.commits,
        changed_files: shows.changed_files,
        updated_at: hint.updated_at,
        created_at: hint.created_at,
    })
}
