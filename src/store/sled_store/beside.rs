//! Reading everything once while the state is already in use: a large one that was closed as it should be (`closed`).
//!
//! Damage that is found then is the end of this process: it takes nothing in any more, and the next start, which finds no note
//! that the state was closed, reads everything first, sets it aside and restores the newest snapshot. To exchange it under
//! those who work with it would not do: places in the inbox would be given twice.
//!
//! Where a write meets it first, the state is given up, read in full to be opened anew, and found damaged by that (`holder`).

use super::StoreError;
use super::disk::Disk;
use super::flusher::Waits;
use super::holder::Holder;
use super::records::failed;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

/// A thread that reads, as long as it is kept.
#[derive(Debug)]
pub(super) struct Beside {
    /// Not held: who opens it anew wants it alone.
    disk: Weak<Disk>,
    thread: Option<JoinHandle<()>>,
}

impl Beside {
    /// Begins to read. Its thread holds on to `flushes` until it has ended.
    pub fn start(holder: Arc<Holder>, flushes: Waits) -> Result<Self, StoreError> {
        const DOING: &str = "verifying the store";
        let disk = holder.disk(DOING)?;
        let weak = Arc::downgrade(&disk);
        let thread = std::thread::Builder::new()
            .name("drawbridge-verify".into())
            .spawn(move || {
                // sled is known to panic on some damaged files.
                let found = catch_unwind(AssertUnwindSafe(|| disk.verify_once()));
                let found = found.unwrap_or_else(|_| Err(failed(DOING)("sled panicked")));
                match found {
                    _ if disk.is_leaving() => {}
                    Ok(()) => tracing::info!("the state was read once more, and is sound"),
                    Err(error) if disk.probe().is_ok() => holder.found_damaged(&error.cause),
                    // Where nothing can be written nothing may be readable either.
                    Err(error) => {
                        tracing::warn!(%error, "the state could not be read to its end");
                        flushes.suspect();
                    }
                }
            })
            .map_err(failed(DOING))?;
        Ok(Self {
            disk: weak,
            thread: Some(thread),
        })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(disk) = self.disk.upgrade() {
            disk.leave();
        }
        if let Some(thread) = self.thread.take() {
            // A panic in there is damage, and was told as such.
            let _ = thread.join();
        }
    }
}
