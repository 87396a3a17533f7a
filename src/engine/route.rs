//! Which subjects an event concerns.

use crate::domain::event::{
    BuildId, Button, Event, InstallationChange, MergeGroupChange, PullChange, RepositoryChange,
    Thread,
};
use crate::domain::ids::{PrNumber, PullKey, Repo, RepoId, RunSubject, Subject};
use crate::domain::init::asks_for_it;
use crate::domain::pipeline::Pipeline;
use crate::domain::pull::mirrored_number;
use crate::domain::runs::{MERGE_QUEUE, anchored_by};
use crate::store::{Store, StoreError};

/// The subjects that take in `event`; none if it concerns nothing that is known.
pub(super) async fn subjects(event: &Event, store: &dyn Store) -> Result<Vec<Subject>, StoreError> {
    let pull = |repo: RepoId, number: PrNumber| Subject::Pull(PullKey { repo, number });
    Ok(match event {
        Event::Pull {
            repo,
            change: PullChange::Labels,
            ..
        } if !asks_for_labels(repo.id, store).await? => Vec::new(),
        Event::Pull { repo, hint, .. } => vec![pull(repo.id, hint.number)],
        Event::Comment {
            repo,
            number,
            thread,
            lines,
            ..
        } => {
            let mut subjects = Vec::new();
            if *thread == Thread::Pull && !lines.iter().all(asks_for_it) {
                subjects.push(pull(repo.id, *number));
            }
            if lines.iter().any(asks_for_it) {
                subjects.push(Subject::Repository(repo.id));
            }
            subjects
        }
        Event::Dashboard { repo, number, .. } => vec![pull(repo.id, *number)],
        // A branch or a build without a pull request that we know is somebody else's business.
        Event::MirrorPushed { repo, number, .. } => {
            let key = PullKey {
                repo: repo.id,
                number: *number,
            };
            match store.pull(key).await? {
                Some(_) => vec![Subject::Pull(key)],
                None => Vec::new(),
            }
        }
        Event::BuildChanged {
            repo,
            branch,
            sha,
            build,
        } => {
            let mut subjects = match branch {
                Some(branch) => with_runs(repo.id, of_branch(repo, branch), store).await?,
                None => Vec::new(),
            };
            if matches!(build.id, BuildId::CheckRun(_) | BuildId::Status(_)) {
                let pulls = store.pulls_at(repo.id, sha).await?;
                let waiting = pulls.iter().filter(|pull| pull.awaits(sha, &build.name));
                subjects.extend(waiting.map(|pull| Subject::Pull(pull.key())));
            }
            subjects
        }
        Event::BranchPushed {
            repo,
            branch,
            configuration,
            ..
        } => {
            let mut subjects = Vec::new();
            if *configuration {
                subjects.push(Subject::Repository(repo.id));
            }
            // A push that changes the configuration may be the first that a pipeline is for.
            if *configuration || concerns_push(repo, branch, store).await? {
                let runs = RunSubject::Branch(branch.clone());
                subjects.push(Subject::Runs(repo.id, runs));
            }
            subjects
        }
        Event::AnchorFound { repo, of, .. } => vec![Subject::Runs(repo.id, of.clone())],
        Event::MergeGroup {
            repo,
            branch,
            change,
            ..
        } => {
            let group = RunSubject::MergeGroup(branch.clone());
            match change {
                MergeGroupChange::Requested => vec![Subject::Runs(repo.id, group)],
                MergeGroupChange::Gone => with_runs(repo.id, vec![group], store).await?,
            }
        }
        Event::JobReported { job, .. } | Event::JobChanged { job } => {
            with_runs(job.repo, vec![job.subject.clone()], store).await?
        }
        Event::GatePressed {
            repo, sha, button, ..
        } => {
            let mut pulls = store.pulls_at(repo.id, sha).await?;
            if pulls.is_empty() && *button == Button::Approve {
                // It may have been opened again, and the news of that comes later.
                pulls = store.silent_pulls_at(repo.id, sha).await?;
            }
            let runs = store.runs_at(repo.id, sha).await?;
            let mut subjects: Vec<Subject> = pulls
                .iter()
                .map(|state| Subject::Pull(state.key()))
                .chain(
                    runs.into_iter()
                        .map(|runs| Subject::Runs(repo.id, runs.subject)),
                )
                .collect();
            if !subjects.is_empty() {
                subjects.push(Subject::Head(repo.id, sha.clone()));
            }
            subjects
        }
        // A repository is forgotten by nobody else.
        Event::RepositoryChanged {
            repo,
            change: RepositoryChange::Gone,
        } => vec![Subject::Installation(repo.installation)],
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

/// Whether a label may make a job run; yes if nothing is known.
pub(super) async fn asks_for_labels(repo: RepoId, store: &dyn Store) -> Result<bool, StoreError> {
    let known = store.repo(repo).await?;
    Ok(known.and_then(|known| known.good).is_none_or(|config| {
        let mut jobs = Pipeline::for_pulls(&config.pipelines).flat_map(|pipeline| &pipeline.jobs);
        jobs.any(|job| !job.labels.is_empty())
    }))
}

/// Whose builds those on a branch may be.
fn of_branch(repo: &Repo, branch: &str) -> Vec<RunSubject> {
    if let Some(number) = mirrored_number(branch) {
        return vec![RunSubject::Pull(number)];
    }
    if let Some(subject) = anchored_by(branch) {
        return vec![subject];
    }
    let mut subjects = vec![
        RunSubject::Branch(branch.to_owned()),
        RunSubject::MergeGroup(branch.to_owned()),
    ];
    if branch == repo.default_branch {
        subjects.push(RunSubject::Schedule);
    }
    subjects
}

/// Those that have runs.
async fn with_runs(
    repo: RepoId,
    candidates: Vec<RunSubject>,
    store: &dyn Store,
) -> Result<Vec<Subject>, StoreError> {
    let mut subjects = Vec::new();
    for subject in candidates {
        if store.has_runs(repo, &subject).await? {
            subjects.push(Subject::Runs(repo, subject));
        }
    }
    Ok(subjects)
}

/// Whether a push may start a pipeline: one is configured for it, one ran before, or nothing is known yet.
async fn concerns_push(repo: &Repo, branch: &str, store: &dyn Store) -> Result<bool, StoreError> {
    // Those of the merge queue are told of by `merge_group` deliveries.
    if branch.starts_with(MERGE_QUEUE) || anchored_by(branch).is_some() {
        return Ok(false);
    }
    let configured = match store.repo(repo.id).await? {
        None => true,
        Some(known) => known
            .enabled()
            .is_some_and(|config| config.pipelines.iter().any(|p| p.is_for_push(branch))),
    };
    let subject = RunSubject::Branch(branch.to_owned());
    Ok(configured || store.has_runs(repo.id, &subject).await?)
}
