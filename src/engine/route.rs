//! Which subjects an event concerns.

use crate::domain::event::{Event, InstallationChange};
use crate::domain::ids::{PrNumber, PullKey, RepoId, Subject};
use crate::store::{Store, StoreError};

/// The subjects that take in `event`; none if it concerns nothing that is known.
pub(super) async fn subjects(event: &Event, store: &dyn Store) -> Result<Vec<Subject>, StoreError> {
    let pull = |repo: RepoId, number: PrNumber| Subject::Pull(PullKey { repo, number });
    Ok(match event {
        Event::Pull { repo, hint, .. } => vec![pull(repo.id, hint.number)],
        Event::Comment { repo, number, .. } => vec![pull(repo.id, *number)],
        // A branch or a build without a pull request that we know is somebody else's business.
        Event::MirrorPushed { repo, number, .. } | Event::BuildChanged { repo, number, .. } => {
            let key = PullKey {
                repo: repo.id,
                number: *number,
            };
            match store.pull(key).await? {
                Some(_) => vec![Subject::Pull(key)],
                None => Vec::new(),
            }
        }
        Event::GatePressed { repo, sha, .. } => {
            let pulls = store.pulls_at(repo.id, sha).await?;
            pulls
                .iter()
                .map(|state| Subject::Pull(state.key()))
                .collect()
        }
        Event::RepositoryChanged { repo, .. } => vec![Subject::Repository(repo.id)],
        Event::PeopleChanged { installation, .. } => vec![Subject::Installation(*installation)],
        Event::InstallationChanged {
            installation,
            change,
        } => match change {
            InstallationChange::Suspended => Vec::new(),
            _ => vec![Subject::Installation(*installation)],
        },
    })
}
