//! What is done again and again while the server runs.

use crate::clock::Clock;
use crate::engine::Engine;
use crate::settings::Keep;
use crate::store::{Payloads, Retention, SledStore, Store};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often what is no longer needed is forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(6 * 3600);

/// How often the journal of deliveries is written.
const JOURNAL: Duration = Duration::from_secs(2);

/// Forgets what is no longer needed, again and again.
pub(super) async fn keep_house(
    store: Arc<dyn Store>,
    payloads: Option<Payloads>,
    clock: Arc<dyn Clock>,
    retention: Retention,
) {
    let mut ticks = tokio::time::interval(HOUSEKEEPING);
    loop {
        ticks.tick().await;
        match store.prune(clock.now(), retention).await {
            Ok(forgotten) => tracing::debug!(forgotten, "forgot what is no longer needed"),
            Err(error) => tracing::error!(%error, "can't forget what is no longer needed"),
        }
        if let Some(payloads) = &payloads {
            payloads.forget(clock.now() - retention.history).await;
        }
    }
}

/// Writes the journal of deliveries, again and again.
pub(super) async fn write_journal(disk: Arc<SledStore>) {
    let mut ticks = tokio::time::interval(JOURNAL);
    loop {
        ticks.tick().await;
        if let Err(error) = disk.write_journal().await {
            tracing::warn!(%error, "can't keep the journal of deliveries");
        }
    }
}

/// Takes snapshots, as often as the settings say.
pub(super) async fn take_snapshots(disk: Arc<SledStore>, clock: Arc<dyn Clock>, keep: Keep) {
    loop {
        tokio::time::sleep(keep.snapshot_every).await;
        take_snapshot(&disk, clock.now(), &keep).await;
    }
}

/// Takes one now, if anything changed.
pub(super) async fn take_snapshot(disk: &SledStore, now: DateTime<Utc>, keep: &Keep) {
    match disk.snapshot(now, keep.snapshots).await {
        Ok(Some(taken)) => tracing::info!(
            file = %taken.path.display(),
            bytes = taken.bytes,
            paused_ms = taken.paused.as_millis(),
            "took a snapshot"
        ),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "can't take a snapshot; those from before stay"),
    }
}

/// After the disk could not be written to, what was not on it yet is lost, and what led to it is taken up again.
pub(super) async fn resume(mut reopened: watch::Receiver<u64>, engine: Engine) {
    while reopened.changed().await.is_ok() {
        if let Err(error) = engine.resume().await {
            tracing::error!(%error, "can't take up what was left");
        }
    }
}

/// Asks GitHub who we are until it has answered, so that the log says at once whether the credentials are right.
pub(super) async fn learn_identity(engine: Engine) {
    let mut wait = Duration::from_secs(1);
    loop {
        match engine.ask_identity().await {
            Ok(me) => {
                tracing::info!(
                    app = me.slug,
                    id = me.app_id,
                    "GitHub accepts the app's credentials"
                );
                return;
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "can't ask GitHub who the app is; trying again");
            }
            Err(error) => {
                tracing::error!(%error, "check APP_ID and PRIVATE_KEY: nothing works until they are right");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(60));
    }
}
