//! The only room that speaks GitHub: deliveries are checked and decoded into events here, and everything asked of or
//! done on GitHub goes through here.
//!
//! GitHub's JSON, headers and status codes enter; only the domain's types and [`GitHubError`] leave. Nothing is decided
//! and nothing is retried here, but for two mendings that nobody else can do: a token that GitHub no longer accepts is
//! replaced once, and a clock that is wrong is corrected by GitHub's. Secrets stay in [`secrecy::SecretString`]: they
//! are in no error, no log and no `Debug`. An answer that is not GitHub's own (an intermediary's page, a list cut off)
//! is an error, never a fact.

mod api;
mod app_info;
mod ask;
mod auth;
mod classify;
mod client;
mod counted;
pub mod decode;
mod error;
mod etag;
mod http;
mod key;
mod list;
mod pace;
mod registration;
mod repository;
mod routes;
mod signature;
#[cfg(test)]
mod tests;
mod tokens;
mod transport;
mod wire;

pub use api::{
    Attempt, Attempts, CommitCheck, Covered, Dispatched, EditOutcome, ExchangeError, FileEntry,
    Granted, Hook, Installation, Installed, Listed, NewCheck, NewPull, Permission, Proposal, Put,
    RefOutcome, Remaining, RequiredCheck, RerunOutcome, Shown, SignInApp, Sought, StatusState,
    UserToken, WorkflowFile, WorkflowRun,
};
pub use app_info::{AppInfo, AppOwner};
pub use client::{ClientOptions, GitHub};
pub use decode::{
    DecodeError, Decoded, Everyday, Identity, decode, everyday, repository_in, too_old,
};
pub use error::GitHubError;
pub use key::{AppKey, KeyError};
pub use list::Listing;
pub use pace::{Begun, BudgetLeft, Limits, Priority, RequestKind};
pub use registration::{Registered, exchange_manifest_code};
pub use repository::Repository;
pub use signature::{BadSignature, NoSecret, WebhookSecrets};
pub use transport::{Wire, site_of};
