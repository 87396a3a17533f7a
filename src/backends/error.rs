//! What can go wrong with a backend, told apart by what the caller has to do next.

use crate::github::GitHubError;
use std::time::Duration;

/// Why a backend could not be used. The texts are sentences for people, bounded, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// It may work later, without anybody doing anything. What was asked may have been done.
    #[error("{message}")]
    Transient {
        /// What happened.
        message: String,
        /// How long the backend wants to be left alone, if it said so.
        retry_after: Option<Duration>,
    },
    /// GitHub was not asked, as its limits allow no more just now: nothing was done.
    #[error("{message}")]
    NotAsked {
        /// What is waited for.
        message: String,
        /// How long.
        retry_after: Duration,
    },
    /// What was started builds another commit than it should, and was told to stop.
    #[error("{message}")]
    Elsewhere {
        /// Why.
        message: String,
    },
    /// It won't work until somebody mends something. What was asked was not done.
    #[error("{message}")]
    Refused {
        /// What is wrong, and what to mend.
        message: String,
    },
}

impl BackendError {
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
        }
    }

    pub(super) fn transient(message: impl Into<String>) -> Self {
        Self::Transient {
            message: message.into(),
            retry_after: None,
        }
    }
}

impl From<GitHubError> for BackendError {
    fn from(error: GitHubError) -> Self {
        let message = error.to_string();
        match error {
            GitHubError::Transient { retry_after, .. } => Self::Transient {
                message,
                retry_after,
            },
            GitHubError::Resting { retry_after, .. } => Self::NotAsked {
                message,
                retry_after,
            },
            // Nothing works until the owner or the operator has ended this, and no job is to blame for it.
            GitHubError::Suspended | GitHubError::Unauthorized { .. } => Self::transient(message),
            _ => Self::Refused { message },
        }
    }
}
