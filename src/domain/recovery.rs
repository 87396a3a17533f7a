//! What GitHub shows, compared with what is kept: whom that concerns. A delivery that was lost shows up here as a
//! difference, and nothing is woken where nothing differs.

use super::ids::{PrNumber, Sha};
use super::pull::{Mirror, PullState};
use super::trust::PullView;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// An open pull request as GitHub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Still a draft.
    pub draft: bool,
    /// The head.
    pub head: Sha,
    /// The branch it wants to be merged into.
    pub base: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
}

/// What GitHub shows of a repository.
#[derive(Debug, Default)]
pub struct Sight {
    /// The open pull requests.
    pub open: BTreeMap<PrNumber, Shown>,
    /// Whether these are all; otherwise one that is not there may be open all the same.
    pub all_listed: bool,
    /// Where the mirrors are.
    pub mirrors: BTreeMap<PrNumber, Sha>,
    /// Whether these are all.
    pub all_mirrors: bool,
}

/// How the comparison is made.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Whether labels decide anything here.
    pub labels: bool,
    /// When data was lost whose traces were not read again yet.
    pub lost_at: Option<DateTime<Utc>>,
}

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// Pull requests to be looked at again.
    pub pulls: BTreeSet<PrNumber>,
    /// Mirrors that are not where they are believed and wanted to be: where they are, `None`: gone.
    pub mirrors: BTreeMap<PrNumber, Option<Sha>>,
    /// Branches named like mirrors, of pull requests nothing is known of that are not open.
    pub strangers: BTreeSet<PrNumber>,
}

/// Compares the pull requests that are kept of a repository with what GitHub shows of it.
pub fn compare(kept: &[PullState], sight: &Sight, rule: Rule) -> Differences {
    let mut differences = Differences::default();
    let known: BTreeMap<PrNumber, &PullState> =
        kept.iter().map(|state| (state.number, state)).collect();
    for (number, shown) in &sight.open {
        let same = known
            .get(number)
            .is_some_and(|state| is_being_tried(state) || is_as_shown(state, shown, rule));
        if !same {
            differences.pulls.insert(*number);
        }
    }
    for state in kept.iter().filter(|state| !is_being_tried(state)) {
        let believed_open = state.view.as_ref().is_some_and(|view| view.open);
        if sight.all_listed && believed_open && !sight.open.contains_key(&state.number) {
            differences.pulls.insert(state.number);
        }
        let there = sight.mirrors.get(&state.number);
        if (there.is_some() || sight.all_mirrors) && mirror_differs(state, there) {
            differences.mirrors.insert(state.number, there.cloned());
        }
    }
    for number in sight.mirrors.keys() {
        if sight.all_listed && !known.contains_key(number) && !sight.open.contains_key(number) {
            differences.strangers.insert(*number);
        }
    }
    differences
}

/// Something keeps failing: it is tried again when its turn comes, and not sooner for having been found out.
fn is_being_tried(state: &PullState) -> bool {
    state.failures > 0
}

fn is_as_shown(state: &PullState, shown: &Shown, rule: Rule) -> bool {
    let recalled = rule.lost_at.is_none() || state.recalled == rule.lost_at;
    let same = |view: &PullView| {
        view.open
            && view.head == shown.head
            && view.draft == shown.draft
            && view.base == shown.base
            && state.verdict.is_some()
            && (!rule.labels || view.labels == shown.labels)
    };
    recalled && state.view.as_ref().is_some_and(same)
}

/// A mirror of which nothing is wanted is left as it is. One that is believed to be where it is, is wanted elsewhere: its pull
/// request's task knows, and either works on it or may not move it.
fn mirror_differs(state: &PullState, there: Option<&Sha>) -> bool {
    let there = there.map_or(Mirror::Absent, |sha| Mirror::At(sha.clone()));
    state.wanted_mirror != Mirror::Unknown
        && there != state.wanted_mirror
        && there != state.observed_mirror
}

#[cfg(test)]
#[path = "recovery/tests.rs"]
mod tests;
