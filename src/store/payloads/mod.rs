//! What deliveries said, for people to look at: files beside the database, whose memory would grow with every byte.
//!
//! Nothing hangs on them. They are written by a thread of their own after a delivery was answered; where too many come at once, or the
//! disk takes nothing, payloads are left out. They take no more room than the operator gives them: the oldest go first. What may enter
//! was verified, and has no secrets in it any more: it is written as it comes. What was changed on the disk is not given out.

mod segments;

#[cfg(test)]
mod tests;

use crate::domain::ids::{DeliveryId, RepoId};
use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;
use segments::Segments;
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// So many bytes of payloads wait to be written at most.
const WAITING: usize = 16 << 20;
/// So many payloads.
const MOST_WAITING: usize = 1_000;
/// So many are read at a time: who looks never takes the places of what comes.
const READ_AT_ONCE: usize = 4;
/// So long somebody who looks waits for what is written before.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is kept of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// `X-GitHub-Delivery`.
    pub delivery: DeliveryId,
    /// `X-GitHub-Event`.
    pub event_name: String,
    /// When GitHub first wanted to hand it over.
    pub at: DateTime<Utc>,
    /// What GitHub wrote around it, without anything that proves something.
    pub headers: Vec<(String, String)>,
    /// By which algorithm it was signed; `None`: it was read from GitHub's list.
    pub signed: Option<String>,
    /// The one repository that it tells of; `None`: it tells of more, or nobody knows of what.
    pub repository: Option<RepoId>,
    /// So many bytes it had.
    pub bytes: u64,
    /// The JSON, with secrets taken out; `None`: it was too long to be kept.
    pub payload: Option<String>,
    /// Whether what was taken out changes nothing of what it means.
    pub means_the_same: bool,
    /// Why it could not be decoded, if it could not.
    pub aside: Option<String>,
}

/// What is found of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// This.
    Kept(Box<Kept>),
    /// Something that is not what was written.
    Damaged,
    /// Nothing.
    Nothing,
    /// It can't be said now: too much is to be written before.
    NotNow,
}

/// The payloads. Clones share everything.
#[derive(Clone)]
pub struct Payloads {
    to: mpsc::Sender<Told>,
    room: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    /// Whether it was said that nobody writes any more.
    said: Arc<AtomicBool>,
}

/// What the thread is told.
enum Told {
    Keep(Box<dyn FnOnce() -> Kept + Send>, OwnedSemaphorePermit),
    /// Its place is taken for as long as it waits here, also when whoever asked has gone away.
    Read(DeliveryId, oneshot::Sender<Found>, OwnedSemaphorePermit),
    Forget(DateTime<Utc>),
    Settled(oneshot::Sender<()>),
}

impl Payloads {
    /// Those in this directory, which take at most `limit` bytes; `None`: none are to be kept, and those that were are gone. The key
    /// proves that they were written by us. Returns at once: the files are looked at meanwhile.
    pub fn open(dir: PathBuf, key: Zeroizing<[u8; 32]>, limit: u64) -> Option<Self> {
        let (to, told) = mpsc::channel(MOST_WAITING);
        let work = move || keep_and_read(Segments::open(dir, key, limit), told);
        let thread = std::thread::Builder::new().name("payloads".to_owned());
        if let Err(error) = thread.spawn(work) {
            tracing::warn!(%error, "can't keep payloads: no thread could be started");
            return None;
        }
        (limit > 0).then(|| Self {
            to,
            room: Arc::new(Semaphore::new(WAITING)),
            readers: Arc::new(Semaphore::new(READ_AT_ONCE)),
            said: Arc::default(),
        })
    }

    /// Keeps what `make` makes of a payload of so many bytes, soon and elsewhere; `false`: too much waits already. What was kept of a
    /// delivery stays.
    pub fn keep(&self, bytes: usize, make: impl FnOnce() -> Kept + Send + 'static) -> bool {
        let Ok(bytes) = u32::try_from(bytes.max(1)) else {
            return false;
        };
        let Ok(room) = self.room.clone().try_acquire_many_owned(bytes) else {
            return false;
        };
        match self.to.try_send(Told::Keep(Box::new(make), room)) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Closed(_)) => {
                if !self.said.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "payloads of deliveries are not kept any more until the next start: their thread has ended"
                    );
                }
                false
            }
        }
    }

    /// What is kept of a delivery.
    pub async fn find(&self, delivery: &DeliveryId) -> Found {
        let found = tokio::time::timeout(PATIENCE, self.ask_for(delivery));
        found.await.unwrap_or(Found::NotNow)
    }

    async fn ask_for(&self, delivery: &DeliveryId) -> Found {
        let Ok(place) = self.readers.clone().acquire_owned().await else {
            return Found::Nothing;
        };
        let (answer, found) = oneshot::channel();
        let read = Told::Read(delivery.clone(), answer, place);
        match self.to.send(read).await {
            Ok(()) => found.await.unwrap_or(Found::Nothing),
            Err(_) => Found::Nothing,
        }
    }

    /// Forgets what came before that time, as far as nothing later is in the same file.
    pub async fn forget(&self, before: DateTime<Utc>) {
        // Whoever writes nothing any more forgets nothing either; that was said.
        drop(self.to.send(Told::Forget(before)).await);
    }

    /// Returns once everything that waits is written.
    pub async fn settled(&self) {
        let (answer, settled) = oneshot::channel();
        if self.to.send(Told::Settled(answer)).await.is_ok() {
            // Without an answer there is nobody to write anything.
            let _ = settled.await;
        }
    }
}

/// Does what is told, until nobody can tell anything any more.
fn keep_and_read(mut segments: Segments, mut told: mpsc::Receiver<Told>) {
    let mut failing = false;
    while let Some(told) = told.blocking_recv() {
        match told {
            Told::Keep(make, room) => {
                // A mistake of ours about one payload takes no other with it.
                let made = catch_unwind(AssertUnwindSafe(make));
                let Ok(kept) = made else {
                    tracing::error!(
                        "a payload is not kept: making it ready failed; please report this"
                    );
                    continue;
                };
                let written = segments.add(&kept);
                drop(room);
                match written {
                    Ok(()) => failing = false,
                    Err(error) if !failing => {
                        tracing::warn!(%error, "can't keep payloads of deliveries for people to look at; trying with the next ones");
                        failing = true;
                    }
                    Err(_) => {}
                }
            }
            // Whoever asked may have gone away.
            Told::Read(_, answer, _) if answer.is_closed() => {}
            Told::Read(delivery, answer, place) => {
                drop(answer.send(segments.find(&delivery)));
                drop(place);
            }
            Told::Forget(before) => {
                if let Err(error) = segments.forget(before) {
                    tracing::warn!(%error, "can't forget old payloads of deliveries; trying again in some hours");
                }
            }
            Told::Settled(answer) => drop(answer.send(())),
        }
    }
}
