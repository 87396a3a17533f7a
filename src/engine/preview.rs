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
use std::time::Duration;

/// So long a comparison may take: a gate that changes meanwhile waits for it.
const LONGEST: Duration = Duration::from_secs(5);
/// A look that would hold up something else is made after this time.
const SOON: TimeDelta = TimeDelta::seconds(1);
/// After so many failures the pull request lists its files by itself.
const MOST_TRIES: u32 = 8;

fn took_too_long() -> GitHubError {
    GitHubError::Transient {
        doing: "comparing two commits".to_owned(),
        detail: "GitHub took too long".to_owned(),
        retry_after: None,
    }
}

/// What came of a look, or when it is time for it.
#[derive(Default)]
pub(super) struct Look {
    pub(super) at: Option<DateTime<Utc>>,
    /// The pull requests that have to look at their files.
    pub(super) concerned: Vec<Subject>,
}

impl Engine {
    /// Looks at a head that carries the gates of these pull requests, if it is time to, and where nothing else has to be done first:
    /// a gate does not wait for it.
    pub(super) async fn look_for_configuration(
        &self,
        head: &mut HeadState,
        repository: Option<&RepoState>,
        pulls: &[PullState],
        now_is_good: bool,
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
        if at <= now && now_is_good {
            let bases = pulls
                .iter()
                .map(|pull| pull.view.as_ref()?.base_sha.as_ref());
            let compared = self.compare_with(repository, bases, &head.sha);
            let compared = tokio::time::timeout(LONGEST, compared).await;
            head.configures = match compared.unwrap_or_else(|_| Err(took_too_long())) {
                Ok(true) => Configures::Perhaps,
                Ok(false) => Configures::No,
                Err(error @ GitHubError::Resting { .. }) => {
                    Configures::LooksAt(self.retry_after(&error, 1))
                }
                Err(error) => {
                    note_failure(&error, "can't compare a head with its base");
                    head.looks_failed += 1;
                    // No answer is no reason to say that it does not; in the end whoever opened it is not to wait for ever.
                    match head.looks_failed < MOST_TRIES {
                        true => Configures::LooksAt(self.retry_after(&error, head.looks_failed)),
                        false => Configures::Perhaps,
                    }
                }
            };
            if head.configures == Configures::Perhaps {
                look.concerned = pulls.iter().map(|pull| Subject::Pull(pull.key())).collect();
            }
        }
        if let Configures::LooksAt(at) = head.configures {
            look.at = Some(at.max(now + SOON));
        }
        look
    }

    /// Whether a head changes the configuration as seen from one of these bases, or may.
    async fn compare_with<'a>(
        &self,
        repository: &RepoState,
        bases: impl Iterator<Item = Option<&'a Sha>>,
        head: &Sha,
    ) -> Result<bool, GitHubError> {
        let github = self.shared.github.of(&repository.repo).for_housekeeping();
        for base in bases {
            let Some(base) = base else {
                return Ok(true);
            };
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
