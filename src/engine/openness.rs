//! Which repositories GitHub shows to everybody, as the last survey found. A repository of which it is not known counts as
//! private, and any news of it makes it so until it was asked again: old news can't open what is closed now.

use super::Engine;
use crate::domain::event::{Event, RepositoryChange};
use crate::domain::ids::{InstallationId, RepoId};
use crate::github::Covered;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The public repositories.
#[derive(Default)]
pub(super) struct Openness(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By the installation that covers them.
    public: HashMap<InstallationId, BTreeSet<RepoId>>,
    /// How much news there was.
    news: u64,
}

/// How much news there was before GitHub was asked.
#[derive(Clone, Copy)]
pub(super) struct Before(u64);

impl Openness {
    /// GitHub is about to be asked.
    pub(super) fn asking(&self) -> Before {
        Before(self.lock().news)
    }

    /// GitHub says that these are all that an installation covers. If there was news meanwhile it may not know of it yet.
    pub(super) fn listed(&self, before: Before, id: InstallationId, covered: &[Covered]) {
        let mut known = self.lock();
        if known.news == before.0 {
            let public = covered.iter().filter(|one| one.public);
            let public = public.map(|one| one.repo.id).collect();
            known.public.insert(id, public);
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
                for public in known.public.values_mut() {
                    public.remove(&repo.id);
                }
            }
            Event::InstallationChanged { installation, .. } => {
                known.public.remove(installation);
            }
            _ => return,
        }
        known.news += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// The repositories that GitHub shows to everybody, as far as is known.
    pub fn public_repos(&self) -> Arc<BTreeSet<RepoId>> {
        let known = self.shared.openness.lock();
        Arc::new(known.public.values().flatten().copied().collect())
    }
}
