//! What a test or the `sandbox` command does and sees: methods of [`Sandbox`](super::Sandbox), named as people would say
//! it. They are synchronous; the webhooks they cause are sent by a task of their own. Where a deed is impossible (no such
//! pull request, no such build) they panic with the reason, because that is a mistake in the test.

mod actions;
pub(crate) mod build;
mod code;
mod deliveries;
mod limits;
mod members;
mod observe;
mod prs;
mod queue;
mod reports;
mod sign_in;
mod statuses;
pub(crate) mod views;
