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
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// So many bytes of payloads wait to be written at most.
const WAITING: usize = 16 << 20;
/// So many payloads.
const MOST_WAITING: usize = 1_000;
/// So many are read at a time: who looks never takes the places of what comes.
const READ_AT_ONCE: usize = 4;

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
}

/// The payloads. Clones share everything.
#[derive(Clone)]
pub struct Payloads {
    to: mpsc::Sender<Told>,
    room: Arc<Semaphore>,
    readers: Arc<Semaphore>,
}

/// What the thread is told.
enum Told {
    Keep(Box<dyn FnOnce() -> Kept + Send>, OwnedSemaphorePermit),
    Read(DeliveryId, oneshot::Sender<Found>),
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
        self.to.try_send(Told::Keep(Box::new(make), room)).is_ok()
    }

    /// What is kept of a delivery.
    pub async fn find(&self, delivery: &DeliveryId) -> Found {
        let Ok(_place) = self.readers.acquire().await else {
            return Found::Nothing;
        };
        let (answer, found) = oneshot::channel();
        let asked = self.to.send(Told::Read(delivery.clone(), answer)).await;
        match asked {
            Ok(()) => found.await.unwrap_or(Found::Nothing),
            Err(_) => Found::Nothing,
        }
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
                let written = segments.add(&make());
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
            Told::Read(delivery, answer) => drop(answer.send(segments.find(&delivery))),
            Told::Settled(answer) => drop(answer.send(())),
        }
    }
}
