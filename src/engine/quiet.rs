//! Repositories in which nothing is done, and what is not kept of them: an organisation installs the app everywhere and enables it in
//! a few repositories, and all the others tell it of every push, comment and build.
//!
//! Whoever reads a repository's configuration notes here whether there is anything to do ([`Engine::configuration`], which one does at
//! a time). What such a repository tells all day long (`github::everyday`) is answered without a write. Nothing is missed by that: what
//! is told after news of the repository was made durable waits until the configuration was read again; and once somebody reads that it
//! is enabled, GitHub is asked for all that is open there (`follow`), before and after a crash. What was let pass had happened on
//! GitHub before it was told, so before that question. What is
//! read of a configuration is believed for an hour, should the push that changes it never be heard of: so long what would have it read
//! passes, and the next one after that has it read again.

use super::configuration::is_believed;
use super::{Engine, Raw};
use crate::domain::ids::{Repo, RepoId, Subject};
use crate::domain::repository::RepoState;
use crate::domain::text;
use crate::github::{Everyday, everyday};
use crate::store::StoreError;
use crate::store::lists::Arrival;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How many are remembered; the deliveries of others are made durable and looked at, as all are at first.
const MOST: usize = 100_000;
/// Of what a quiet repository tells, one delivery in so long is shown to people.
const SHOWN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The quiet repositories.
#[derive(Default)]
pub(super) struct Quiet(RwLock<HashMap<RepoId, Silence>>);

struct Silence {
    /// As GitHub named it: what names it otherwise is news.
    repo: Repo,
    since: DateTime<Utc>,
    /// When the last delivery was shown, in milliseconds.
    shown_at: AtomicI64,
}

impl Silence {
    /// Whether it is some time since one was shown; from now on it is not.
    fn shows(&self, now: DateTime<Utc>) -> bool {
        let before = self.shown_at.load(Ordering::Relaxed);
        let now = now.timestamp_millis();
        let rests = (0..SHOWN_EVERY.num_milliseconds()).contains(&now.saturating_sub(before));
        let set = || {
            self.shown_at
                .compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed)
        };
        !rests && set().is_ok()
    }
}

/// Whether something is kept of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// It has to be made durable.
    No,
    /// It means nothing where it comes from.
    Passes {
        /// Whether people are shown that it came.
        shown: bool,
    },
}

impl Quiet {
    fn passes(&self, told: &Everyday, now: DateTime<Utc>) -> Passing {
        let quiet = self.read();
        let silence = quiet.get(&told.repo.id);
        let silence = silence.filter(|silence| silence.repo == told.repo);
        match silence.filter(|silence| !told.leads_to_reading || is_believed(silence.since, now)) {
            Some(silence) => Passing::Passes {
                shown: silence.shows(now),
            },
            None => Passing::No,
        }
    }

    fn is_known(&self, repo: &Repo) -> bool {
        let quiet = self.read();
        quiet.get(&repo.id).is_some_and(|one| one.repo == *repo)
    }

    /// Nothing is to be done there, as was read `since`; unless there is news, which has to be asked while nobody else notes or
    /// forgets anything.
    fn note(&self, repo: &Repo, since: DateTime<Utc>, has_news: impl FnOnce() -> bool) {
        let mut quiet = self.write();
        if has_news() {
            quiet.remove(&repo.id);
        } else if let Some(silence) = quiet.get_mut(&repo.id) {
            silence.since = since;
            silence.repo = repo.clone();
        } else if quiet.len() < MOST {
            let silence = Silence {
                repo: repo.clone(),
                since,
                shown_at: AtomicI64::new(i64::MIN),
            };
            quiet.insert(repo.id, silence);
        }
    }

    /// Whatever it tells is made durable.
    pub(super) fn forget(&self, repo: RepoId) {
        if self.read().contains_key(&repo) {
            self.write().remove(&repo);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<RepoId, Silence>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<RepoId, Silence>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Whether nothing has to be kept of a delivery, because it tells what happens every day of a repository that is not enabled. One
    /// that is shown to people stands in the journal.
    pub fn lets_pass(&self, raw: Raw<'_>) -> Passing {
        let Some(told) = everyday(raw.event_name, raw.payload) else {
            return Passing::No;
        };
        let passing = self.passes(&told);
        if passing == (Passing::Passes { shown: true }) {
            let repo = told.repo;
            self.store().passes_by(Arrival {
                delivery: raw.id.clone(),
                at: raw.at,
                event_name: raw.event_name.to_owned(),
                what: text::not_enabled_there(&repo.name),
                subjects: Vec::new(),
                about: Some(repo.id),
            });
        }
        passing
    }

    /// Whether something of this has to be kept.
    pub fn passes(&self, told: &Everyday) -> Passing {
        self.shared.quiet.passes(told, self.now())
    }

    /// Which repositories were quiet when the process before this one ended. They may not be any more; whoever finds out says so.
    pub(super) async fn recall_quiet(self) {
        let known = match self.store().repos().await {
            Ok(known) => known,
            Err(error) => return tracing::debug!(%error, "can't tell which repositories are quiet"),
        };
        for id in known.iter().map(|known| known.repo.id) {
            if self.shared.given_up.is_cancelled() {
                return;
            }
            let lock = self.present(id);
            let _there = lock.read().await;
            let _one_at_a_time = self.reading(id).await;
            let noted = match self.store().repo(id).await {
                Ok(Some(state)) => self.note_quiet(&state).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = noted {
                tracing::debug!(%error, "can't tell whether a repository is quiet");
            }
        }
    }

    /// A delivery that was made durable may change what is to be done somewhere.
    pub(super) fn hear_of(&self, subjects: &[Subject]) {
        for subject in subjects {
            if let Subject::Repository(repo) = subject
                && self.shared.schedule.has_news(subject)
            {
                self.shared.quiet.forget(*repo);
            }
        }
    }

    /// Notes whether there is anything to do in a repository whose configuration was read; the asker is the only one to read it.
    pub(super) async fn note_quiet(&self, state: &RepoState) -> Result<(), StoreError> {
        let (repo, quiet) = (&state.repo, &self.shared.quiet);
        let nothing = !state.concerns_us() && state.followed;
        let Some(since) = state.checked_at.filter(|_| nothing) else {
            quiet.forget(repo.id);
            return Ok(());
        };
        // Where something was enabled once, builds of ours may still run.
        if quiet.is_known(repo) || !self.store().has_any_runs(repo.id).await? {
            let subject = Subject::Repository(repo.id);
            quiet.note(repo, since, || self.shared.schedule.has_news(&subject));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{InstallationId, OwnerKind, RepoName, UserId};

    fn repo(name: &str) -> Repo {
        Repo {
            id: RepoId(1),
            installation: InstallationId(2),
            name: RepoName::parse(name).unwrap(),
            owner: UserId(3),
            owner_kind: OwnerKind::Organisation,
            default_branch: "main".to_owned(),
        }
    }

    fn told(leads_to_reading: bool) -> Everyday {
        Everyday {
            repo: repo("acme/engine"),
            leads_to_reading,
        }
    }

    #[test]
    fn what_was_read_an_hour_ago_lets_no_pull_request_pass() {
        let quiet = Quiet::default();
        let believed = TimeDelta::hours(1);
        let now = DateTime::UNIX_EPOCH + believed;
        let passes = |told: &Everyday, at: DateTime<Utc>| quiet.passes(told, at) != Passing::No;
        assert!(!passes(&told(true), now), "nothing is known");
        quiet.note(&repo("acme/engine"), now, || false);
        for (later, pulls) in [
            (TimeDelta::zero(), true),
            (believed - TimeDelta::seconds(1), true),
            (believed, false),
            (-TimeDelta::seconds(1), false),
        ] {
            assert_eq!(passes(&told(true), now + later), pulls, "{later}");
            assert!(passes(&told(false), now + later), "{later}");
        }
        quiet.forget(RepoId(1));
        assert!(!passes(&told(true), now) && !passes(&told(false), now));
    }

    #[test]
    fn what_is_named_otherwise_is_news() {
        let (quiet, now) = (Quiet::default(), DateTime::UNIX_EPOCH);
        quiet.note(&repo("acme/engine"), now, || false);
        let change: [fn(&mut Repo); 4] = [
            |repo| repo.name = RepoName::parse("acme/motor").unwrap(),
            |repo| repo.installation = InstallationId(9),
            |repo| repo.owner = UserId(9),
            |repo| repo.default_branch = "trunk".to_owned(),
        ];
        for change in change {
            let mut other = told(false);
            change(&mut other.repo);
            assert_eq!(quiet.passes(&other, now), Passing::No, "{other:?}");
            // Once it was read under that name it is quiet under it.
            quiet.note(&other.repo, now, || false);
            assert_ne!(quiet.passes(&other, now), Passing::No);
            quiet.note(&repo("acme/engine"), now, || false);
        }
    }

    #[test]
    fn where_there_is_news_it_is_not_quiet() {
        let (quiet, now) = (Quiet::default(), DateTime::UNIX_EPOCH);
        let passes = || quiet.passes(&told(true), now) != Passing::No;
        for news in [false, true, true] {
            quiet.note(&repo("acme/engine"), now, || news);
            assert_eq!(passes(), !news);
        }
    }

    #[test]
    fn one_a_minute_is_shown() {
        let (quiet, now) = (Quiet::default(), DateTime::UNIX_EPOCH);
        quiet.note(&repo("acme/engine"), now, || false);
        let shown = |seconds: i64| {
            let at = now + TimeDelta::seconds(seconds);
            quiet.passes(&told(true), at) == (Passing::Passes { shown: true })
        };
        let told = [0, 1, 59, 60, 61, 119, 120, 30].map(shown);
        assert_eq!(told, [true, false, false, true, false, false, true, true]);
    }
}
