//! A stand-in GitHub on loopback, for trying the app and for testing it.
//!
//! One [`Sandbox`] is one small GitHub: an app with its private key, an installation on one owner, repositories with
//! forks, pull requests, comments, checks, workflow runs, and a webhook sender. It speaks the part of GitHub's REST API
//! that Drawbridge uses, checks every credential and every permission as GitHub would, and sends signed deliveries.
//!
//! | folder | what lives there |
//! |---|---|
//! | `model/` | what this GitHub remembers: users, commits, refs, pull requests, checks, deliveries |
//! | `deeds/` | what can happen, as methods of `model::Hub`: a push, a comment, a finished build; each queues its webhooks |
//! | `show/` | how each thing looks in JSON, the same for REST answers and webhook payloads |
//! | `server/` | HTTP: routes, credentials, permissions, paging, ETags, faults |
//! | `people/` | the Rust face of all that: what a test or the `sandbox` command does and sees |
//! | `gitlab/` | a stand-in GitLab of its own, [`GitLab`], for builds that run there |
//!
//! It promises: shapes that validate against GitHub's OpenAPI description; stamps that strictly increase; a condition to
//! wait for instead of a sleep ([`Sandbox::wait_until`]). It must not know anything of the app's own rooms: what it
//! answers has to be GitHub's doing, never the app's idea of GitHub.

mod clock;
mod deeds;
mod deliver;
mod faults;
mod gitlab;
mod model;
mod people;
mod running;
mod server;
mod show;
mod tasks;
mod wire;

pub use faults::{Fault, FaultKind};
pub use gitlab::{GitLab, HookView, PipelineView};
pub use model::access::{Permission, Visibility};
pub use people::build::{NewCheck, NewCommit, NewPr, Origin};
pub use people::views::{
    ActionView, CheckRunView, CommentView, Delivery, DispatchView, Exchange, MergeGroupView,
    PullView, RepositoryDispatchView, RouteView, RunView, StatusView,
};
pub use running::{Options, OwnerKind, Sandbox};

/// The numeric id of GitHub's `web-flow` account, which commits what people do in the web interface.
pub const WEB_FLOW_ID: u64 = 19_864_447;
/// The app id of GitHub Actions.
pub const ACTIONS_APP_ID: u64 = 15_368;
