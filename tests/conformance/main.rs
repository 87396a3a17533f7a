//! The app and the stand-in GitHub against GitHub's own word: its OpenAPI description and the payloads it publishes.
//!
//! Both come from npm into `target/npm/`. Where npm is missing or can't reach its registry, these tests print why they
//! are skipped; with `DRAWBRIDGE_REQUIRE_NPM=1` they fail instead.

mod client;
mod direct;
mod fan_out;
mod manifest;
mod npm;
mod openapi;
mod payloads;
mod rest;
#[path = "../sandbox_support/mod.rs"]
mod sandbox_support;
mod scenario;

use drawbridge::playground::Playground;
use std::time::Duration;

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until nothing is left to do.
async fn settle(playground: &Playground) {
    tokio::time::timeout(PATIENCE, playground.settle())
        .await
        .expect("the app comes to rest");
}
