//! How much room the store takes, and how far its snapshots go.

use super::{SledStore, StoreError, lock, snapshots};
use crate::telemetry::Flushes;
use chrono::{DateTime, NaiveDateTime, Utc};
use std::path::Path;

/// What there is on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnDisk {
    /// How many bytes the state has.
    pub bytes: u64,
    /// How many bytes may still be written where it is; `None`: a temporary store's.
    pub free: Option<u64>,
    /// How many snapshots there are.
    pub snapshots: usize,
    /// The time up to which they hold everything: while there is none, when the store was made. `None`: a temporary store's.
    pub saved_until: Option<DateTime<Utc>>,
}

impl SledStore {
    /// What is counted of its flushes.
    pub fn flushes(&self) -> &Flushes {
        &self.flushes
    }

    /// What there is on disk.
    ///
    /// # Errors
    /// The directory can't be read.
    pub async fn on_disk_now(&self) -> Result<OnDisk, StoreError> {
        const DOING: &str = "looking how much room the state takes";
        let dir = self.snapshots.clone();
        let known = *lock(&self.saved_until);
        self.run(DOING, move |disk| {
            let bytes = disk.db.size_on_disk().map_err(super::failed(DOING))?;
            let Some(dir) = dir else {
                return Ok(OnDisk {
                    bytes,
                    ..OnDisk::default()
                });
            };
            let listed = snapshots::list(&dir)?;
            let newest = listed.first().and_then(|path| taken_at(path));
            Ok(OnDisk {
                bytes,
                free: dir.parent().and_then(free_bytes),
                snapshots: listed.len(),
                saved_until: Some(known.or(newest).unwrap_or(disk.born_at)),
            })
        })
        .await
    }
}

/// What its owner may still write there.
fn free_bytes(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// When a snapshot was taken, by its name.
fn taken_at(path: &Path) -> Option<DateTime<Utc>> {
    let name = path.file_name()?.to_str()?.strip_prefix("state-")?;
    let (time, _) = name.split_once('Z')?;
    let time = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%S%3f").ok()?;
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_room_it_takes_and_how_far_its_snapshots_go_are_known_also_after_a_start() {
        let dir = tempfile::tempdir().unwrap();
        let now = DateTime::from_timestamp_millis(1_767_323_045_678).unwrap();
        let open = || SledStore::open(dir.path(), now).unwrap();
        let store = open();
        let empty = store.on_disk_now().await.unwrap();
        // Until now nothing was lost without one.
        assert_eq!((empty.snapshots, empty.saved_until), (0, Some(now)));
        assert!(empty.bytes > 0 && empty.free.is_some_and(|free| free > 0));
        store.snapshot(now, 3).await.unwrap();
        // Nothing changed since, so that one holds everything until now.
        let later = now + chrono::TimeDelta::hours(1);
        store.snapshot(later, 3).await.unwrap();
        let saved = store.on_disk_now().await.unwrap();
        assert_eq!((saved.snapshots, saved.saved_until), (1, Some(later)));
        store.close().await.unwrap();
        let again = open().on_disk_now().await.unwrap();
        assert_eq!((again.snapshots, again.saved_until), (1, Some(now)));
    }
}
