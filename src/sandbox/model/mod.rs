//! What the stand-in remembers. Plain data and plain look-ups: nothing here sends, waits or answers.

pub(crate) mod access;
pub(crate) mod checks;
pub(crate) mod git;
pub(crate) mod hub;
pub(crate) mod issues;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod queue;
pub(crate) mod repo;
pub(crate) mod status;
pub(crate) mod users;
pub(crate) mod workflow;

pub(crate) use hub::Hub;

/// Why a deed is refused, in words for the person who tried it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

impl Refused {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// The outcome of a deed.
pub(crate) type Deed<T> = Result<T, Refused>;
