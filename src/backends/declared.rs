//! What the files of workflows declare, kept: a run may start many jobs by one file, and at a commit it never changes.

use crate::domain::ids::{RepoId, Sha};
use crate::github::{GitHubError, Repository, WorkflowFile};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// So many are kept; the oldest make room.
const KEPT: usize = 256;
/// One that declares more than this, in bytes, is read each time.
const LARGEST: usize = 16 << 10;
/// What a name takes besides its text.
const OF_A_NAME: usize = 64;

/// A file at a commit of a repository.
type Place = (RepoId, String, Sha);

/// Read once, by whoever comes first; the others wait for it.
type Reading = Arc<OnceCell<Arc<WorkflowFile>>>;

/// What was read.
#[derive(Default)]
pub(super) struct Declared(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    files: HashMap<Place, Reading>,
    /// The same places, oldest first.
    order: VecDeque<Place>,
}

/// Why there is nothing to keep.
enum Nothing {
    NoFile,
    Failed(GitHubError),
}

impl Declared {
    /// What `.github/workflows/{file}` declares at a commit; `None`: there is no such file now, which is asked again each time.
    pub(super) async fn at(
        &self,
        repository: &Repository,
        file: &str,
        sha: &Sha,
    ) -> Result<Option<Arc<WorkflowFile>>, GitHubError> {
        let place = (repository.id(), file.to_owned(), sha.clone());
        let reading = self.reading(&place);
        let read = async || match repository.workflow_inputs(file, sha).await {
            Ok(Some(file)) => Ok(Arc::new(file)),
            Ok(None) => Err(Nothing::NoFile),
            Err(error) => Err(Nothing::Failed(error)),
        };
        match reading.get_or_try_init(read).await {
            Ok(file) => {
                if size(file) > LARGEST {
                    self.forget(&place);
                }
                Ok(Some(file.clone()))
            }
            Err(Nothing::NoFile) => Ok(None),
            Err(Nothing::Failed(error)) => Err(error),
        }
    }

    fn reading(&self, place: &Place) -> Reading {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.files.get(place) {
            return known.clone();
        }
        if kept.order.len() >= KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.files.remove(&oldest);
        }
        kept.order.push_back(place.clone());
        kept.files.entry(place.clone()).or_default().clone()
    }

    fn forget(&self, place: &Place) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.files.remove(place);
        kept.order.retain(|other| other != place);
    }
}

fn size(file: &WorkflowFile) -> usize {
    let names = file.inputs.iter().map(|name| name.len() + OF_A_NAME);
    names.sum::<usize>() + file.run_name.as_ref().map_or(0, String::len)
}
