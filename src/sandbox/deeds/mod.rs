//! What can happen on this GitHub. Each deed is a method of [`Hub`](super::model::Hub) that changes the state and queues
//! the webhooks GitHub would send for it; REST handlers, tests and the `/_sandbox` routes all go through these.

mod account;
mod builds;
mod checks;
mod commits;
mod dispatch;
mod emit;
mod labels;
mod pulls;
mod queue;
mod refs;
mod setup;
mod statuses;
mod talk;

pub(crate) use builds::Start;
pub(crate) use checks::CheckChange;
pub(crate) use dispatch::Ask;
pub(crate) use pulls::FromBranch;
pub(crate) use queue::Leaving;
pub(crate) use refs::RefMove;
pub(crate) use setup::{Founding, found};
pub(crate) use statuses::NewStatus;
pub(crate) use talk::Reacted;
