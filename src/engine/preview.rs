//! Finds out which heads change the configuration of their repository, so that their pull requests show what it would do.
//!
//! Files are listed at once only where trust or a job asks for them. Any other head is looked at once, and only after it has
//! stood for a while: most are no news to us, and many are replaced soon. Two commits are compared, so that the answer belongs to this
//! head whatever was pushed meanwhile. Nothing is decided by it; the pull request's own task looks at the files again.

use super::configuration::configures;
use super::{Engine, note_failure};
use crate::domain::gate::{Configures, HeadState};
use crate::domain::ids::{Sha, Subject};
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::trust::Listing;
use crate::github::GitHubError;
use chrono::{DateTime, TimeDelta, Utc};

/// What came of a look, or when it is time for it.
#[derive(Default)]
pub(super) struct Look {
    pub(super) at: Option<DateTime<Utc>>,
    /// The pull requests that have to look at their files.
    pub(super) concerned: Vec<Subject>,
}

impl Engine {
    /// Looks at a head that carries the gates of these pull requests, if it is time to.
    pub(super) async fn look_for_configuration(
        &self,
        head: &mut HeadState,
        repository: Option<&RepoState>,
        pulls: &[PullState],
    ) -> Look {
        let mut look = Look::default();
        let Some(repository) = repository.filter(|known| known.enabled().is_some()) else {
            return look;
        };
        let was_not_looked_at = |pull: &&PullState| {
            let looked_at = pull.proposal.as_ref().map(|known| &known.sha);
            pull.open_head() == Some(&head.sha) && looked_at != Some(&head.sha)
        };
        let pulls: Vec<&PullState> = pulls.iter().filter(was_not_looked_at).collect();
        if pulls.is_empty() {
            return look;
        }
        let now = self.now();
        let wait = TimeDelta::from_std(self.shared.pace.preview).unwrap_or(TimeDelta::minutes(2));
        let at = match head.configures {
            Configures::Unknown => now + wait,
            Configures::LooksAt(at) => at,
            Configures::Perhaps | Configures::No => return look,
        };
        head.configures = Configures::LooksAt(at);
        if at <= now {
            let bases = pulls
                .iter()
                .filter_map(|pull| pull.view.as_ref()?.base_sha.as_ref());
            head.configures = match self.compare_with(repository, bases, &head.sha).await {
                Ok(true) => {
                    look.concerned = pulls.iter().map(|pull| Subject::Pull(pull.key())).collect();
                    Configures::Perhaps
                }
                Ok(false) => Configures::No,
                Err(error) => {
                    note_failure(&error, "can't compare a head with its base");
                    match error.is_transient() {
                        true => Configures::LooksAt(self.retry_after(&error, 3)),
                        false => Configures::No,
                    }
                }
            };
        }
        if let Configures::LooksAt(at) = head.configures {
            look.at = Some(at);
        }
        look
    }

    /// Whether a head changes the configuration as seen from one of these bases, or may.
    async fn compare_with<'a>(
        &self,
        repository: &RepoState,
        bases: impl Iterator<Item = &'a Sha>,
        head: &Sha,
    ) -> Result<bool, GitHubError> {
        let github = self.shared.github.of(&repository.repo).for_housekeeping();
        for base in bases {
            let may = match github.compare_files(base, head).await? {
                Listing::Complete(files) => configures(repository, &files),
                Listing::TooLong(_) | Listing::NotNeeded => true,
            };
            if may {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
