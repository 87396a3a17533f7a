//! Which repositories GitHub shows to everybody, as the last survey found. A repository of which it is not known counts as
//! private, and any news of it makes it so until it was asked again: old news can't open what is closed now. So does time: what
//! GitHub could not be asked for an hour may have been closed without our hearing of it.

use super::Engine;
use crate::domain::event::{Event, RepositoryChange};
use crate::domain::ids::{InstallationId, RepoId};
use crate::github::Covered;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So long an answer of GitHub's is good. It is asked every five minutes, and of very many installations not of all at once.
const GOOD_FOR: TimeDelta = TimeDelta::hours(1);

/// The public repositories.
#[derive(Default)]
pub(super) struct Openness(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By the installation that covers them.
    public: HashMap<InstallationId, Listed>,
    /// How much news there was.
    news: u64,
}

struct Listed {
    /// When GitHub was asked.
    at: DateTime<Utc>,
    repos: BTreeSet<RepoId>,
}

impl Listed {
    fn is_good(&self, now: DateTime<Utc>) -> bool {
        // A clock that was put back says nothing.
        (TimeDelta::zero()..GOOD_FOR).contains(&(now - self.at))
    }
}

/// How much news there was before GitHub was asked, and when that was.
#[derive(Clone, Copy)]
pub(super) struct Before(u64, DateTime<Utc>);

impl Openness {
    /// GitHub is about to be asked.
    pub(super) fn asking(&self, now: DateTime<Utc>) -> Before {
        Before(self.lock().news, now)
    }

    /// GitHub says that these are all that an installation covers. If there was news meanwhile it may not know of it yet.
    pub(super) fn listed(&self, before: Before, id: InstallationId, covered: &[Covered]) {
        let mut known = self.lock();
        if known.news == before.0 {
            let public = covered.iter().filter(|one| one.public);
            let listed = Listed {
                at: before.1,
                repos: public.map(|one| one.repo.id).collect(),
            };
            known.public.insert(id, listed);
        }
    }

    /// What an event says may have closed something.
    pub(super) fn news(&self, event: &Event) {
        let mut known = self.lock();
        match event {
            Event::RepositoryChanged { change, .. }
                if *change == RepositoryChange::Configuration =>
            {
                return;
            }
            Event::RepositoryChanged { repo, .. } => {
                for listed in known.public.values_mut() {
                    listed.repos.remove(&repo.id);
                }
            }
            Event::InstallationChanged { installation, .. } => {
                known.public.remove(installation);
            }
            _ => return,
        }
        known.news += 1;
    }

    /// Those that GitHub shows to everybody, as far as is known.
    fn of(&self, now: DateTime<Utc>) -> BTreeSet<RepoId> {
        let known = self.lock();
        let good = known.public.values().filter(|listed| listed.is_good(now));
        good.flat_map(|listed| &listed.repos).copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// The repositories that GitHub shows to everybody, as far as is known.
    pub fn public_repos(&self) -> Arc<BTreeSet<RepoId>> {
        Arc::new(self.shared.openness.of(self.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{OwnerKind, Repo, RepoName, UserId};

    fn covered(id: u64, public: bool) -> Covered {
        Covered {
            repo: Repo {
                id: RepoId(id),
                installation: InstallationId(1),
                name: RepoName::parse("acme/engine").unwrap(),
                owner: UserId(1),
                owner_kind: OwnerKind::Organisation,
                default_branch: "main".to_owned(),
            },
            archived: false,
            public,
        }
    }

    #[test]
    fn what_github_said_an_hour_ago_or_before_news_of_it_makes_nothing_public() {
        let (openness, now) = (Openness::default(), DateTime::UNIX_EPOCH + GOOD_FOR);
        let all = [covered(1, true), covered(2, false), covered(3, true)];
        let public = |at| {
            openness
                .of(at)
                .into_iter()
                .map(|id| id.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(public(now), [0; 0], "nothing is known");
        let asked = openness.asking(now);
        openness.listed(asked, InstallationId(1), &all);
        assert_eq!(public(now), [1, 3]);
        for (later, expected) in [
            (GOOD_FOR - TimeDelta::seconds(1), &[1, 3][..]),
            (GOOD_FOR, &[]),
            (-TimeDelta::seconds(1), &[]),
        ] {
            assert_eq!(public(now + later), expected, "{later}");
        }
        let asked = openness.asking(now);
        openness.news(&Event::RepositoryChanged {
            repo: all[0].repo.clone(),
            change: RepositoryChange::Identity,
        });
        assert_eq!(public(now), [3]);
        openness.listed(asked, InstallationId(1), &all);
        assert_eq!(public(now), [3], "GitHub may not have known of it yet");
        let asked = openness.asking(now);
        openness.listed(asked, InstallationId(1), &all);
        assert_eq!(public(now), [1, 3]);
    }
}
