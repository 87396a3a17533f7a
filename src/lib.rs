//! Drawbridge: a self-hosted GitHub App that mirrors trusted pull requests, so that CI with secrets and self-hosted
//! hardware can run on them, and tells everybody what each pull request is waiting for.
//!
//! Rooms, and who may use whom: `domain` (pure; uses none), `telemetry` (uses `domain`, and may be used by all that follow),
//! `github` (uses `domain`), `backends` (`domain`, `github`), `store` (`domain`), `engine` (`domain`, `github`, `backends`, `store`), `web` (`engine`, `github`, `backends`, `store`, `domain`),
//! `sandbox` (none), `setup` (`web`, `github`, `settings`), `doctor` (those and
//! `backends`, `store`). `app`, `settings` and `cli` wire them together; `tls` says which servers are trusted.

pub mod app;
pub mod backends;
pub mod cli;
pub mod clock;
pub mod doctor;
pub mod domain;
pub mod engine;
pub mod github;
pub mod playground;
pub mod sandbox;
pub mod settings;
pub mod setup;
pub mod store;
pub mod telemetry;
mod tls;
pub mod web;
