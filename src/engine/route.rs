//! Which subjects an event concerns.

use crate::domain::event::{BuildId, Event, InstallationChange, PullChange};
use crate::domain::ids::{PrNumber, PullKey, RepoId, Subject};
use crate::domain::pull::mirrored_number;
use crate::store::{Store, StoreError};

/// The subjects that take in `event`; none if it concerns nothing that is known.
pub(super) async fn subjects(event: &Event, store: &dyn Store) -> Result<Vec<Subject>, StoreError> {
    let pull = |repo: RepoId, number: PrNumber| Subject::Pull(PullKey { repo, number });
    Ok(match event {
        // Labels are conditions of jobs; trust and mirror do not depend on them.
        Event::Pull {
            change: PullChange::Labels,
            ..
        } => Vec::new(),
        Event::Pull { repo, hint, .. } => vec![pull(repo.id, hint.number)],
        Event::Comment { repo, number, .. } => vec![pull(repo.id, *number)],
        // A branch or a build without a pull request that we know is somebody else's business.
        Event::MirrorPushed { repo, number, .. } => known_pull(repo.id, *number, store).await?,
        Event::BuildChanged {
            repo,
            branch,
            build,
            ..
        } => {
            // A workflow run and a check suite speak for their check runs.
            let whole = matches!(build.id, BuildId::WorkflowRun(_) | BuildId::CheckSuite(_));
            match branch.as_deref().and_then(mirrored_number) {
                Some(number) if whole => known_pull(repo.id, number, store).await?,
                _ => Vec::new(),
            }
        }
        Event::BranchPushed {
            repo,
            configuration: true,
            ..
        } => vec![Subject::Repository(repo.id)],
        Event::BranchPushed { .. }
        | Event::MergeGroup { .. }
        | Event::JobReported { .. }
        | Event::JobChanged { .. } => Vec::new(),
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

async fn known_pull(
    repo: RepoId,
    number: PrNumber,
    store: &dyn Store,
) -> Result<Vec<Subject>, StoreError> {
    let key = PullKey { repo, number };
    Ok(match store.pull(key).await? {
        Some(_) => vec![Subject::Pull(key)],
        None => Vec::new(),
    })
}
