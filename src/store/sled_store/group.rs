//! What is written together: all that waits, in one transaction. sled writes to the file twice for each transaction, and wakes
//! its threads each time, however little there is to write.

use super::change::Prepared;
use super::disk::Disk;
use super::flusher::Waits;
use super::inbox::NewDelivery;
use super::records::failed;
use super::{Accepted, StoreError};
use crate::domain::ids::{PullKey, RepoId, Sha};
use sled::Tree;
use sled::transaction::{ConflictableTransactionResult, TransactionalTree};
use tokio::sync::oneshot;

const DOING: &str = "writing a change";

/// The trees as a transaction sees them.
pub(super) struct Trees<'a> {
    pub meta: &'a TransactionalTree,
    pub pulls: &'a TransactionalTree,
    pub by_head: &'a TransactionalTree,
    pub by_author: &'a TransactionalTree,
    pub heads: &'a TransactionalTree,
    pub repos: &'a TransactionalTree,
    pub runs: &'a TransactionalTree,
    pub runs_at: &'a TransactionalTree,
    pub due: &'a TransactionalTree,
    pub history: &'a TransactionalTree,
    pub history_next: &'a TransactionalTree,
    pub marks: &'a TransactionalTree,
    pub lists: &'a TransactionalTree,
    pub inbox: &'a TransactionalTree,
    pub seen: &'a TransactionalTree,
}

/// Who waits for it to be written, or told why it was not.
type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// Something to write; each is applied wholly or not at all.
pub(super) enum Piece {
    /// Answered once it is on disk.
    Delivery(NewDelivery, Answer<Accepted>),
    /// Answered once it is applied.
    Change(Prepared, Answer<()>),
}

/// What was written of a piece.
enum Written {
    /// The place of the first entry; `None`: the id was seen before.
    Delivery(Option<u64>),
    /// The records that could not be decoded and were replaced.
    Change(Vec<PullKey>),
}

impl Piece {
    /// Whether it takes transactions of its own.
    pub fn stands_alone(&self) -> bool {
        matches!(self, Self::Change(change, _) if change.forgets())
    }

    fn gates(&self) -> Vec<(RepoId, Sha)> {
        match self {
            Self::Delivery(..) => Vec::new(),
            Self::Change(change, _) => change.gates(),
        }
    }

    fn write(
        &self,
        disk: &Disk,
        trees: &Trees<'_>,
    ) -> ConflictableTransactionResult<Written, StoreError> {
        Ok(match self {
            Self::Delivery(delivery, _) => Written::Delivery(delivery.write(disk, trees)?),
            Self::Change(change, _) => Written::Change(change.write(disk, trees)?),
        })
    }

    fn was_written(self, written: Written, disk: &Disk, flushes: &Waits) {
        match (self, written) {
            (Self::Delivery(delivery, answer), Written::Delivery(first)) => {
                let accepted = delivery.accepted(first);
                // A duplicate waits for the disk, too: the first copy may not be there yet, and this answer says that it is. Should the
                // flush fail, no later one succeeds until the database was opened anew; then the id and the entries are either
                // both found (`pending`) or both lost, and GitHub, which got no 2xx, can be asked for the delivery again.
                flushes.then(disk.epoch, move |flushed| {
                    let _ = answer.send(flushed.map(|()| accepted).map_err(failed(DOING)));
                });
            }
            (Self::Change(change, answer), Written::Change(unreadable)) => {
                change.was_applied(unreadable, disk);
                let _ = answer.send(Ok(()));
            }
            _ => {}
        }
    }

    pub fn was_not_written(self, why: StoreError) {
        // Whoever does not wait any more looks again at what there is.
        match self {
            Self::Delivery(_, answer) => drop(answer.send(Err(why))),
            Self::Change(_, answer) => drop(answer.send(Err(why))),
        }
    }
}

impl Disk {
    /// Writes these in one transaction; should one of them fail, each in one of its own.
    pub fn write_together(&self, mut pieces: Vec<Piece>, flushes: &Waits) {
        if let [piece] = &pieces[..]
            && piece.stands_alone()
            && let Some(Piece::Change(change, answer)) = pieces.pop()
        {
            return drop(answer.send(self.commit_prepared(change)));
        }
        let shared = self.shared();
        let written = self.transaction(DOING, |trees| {
            let written = pieces.iter().map(|piece| piece.write(self, trees));
            written.collect::<ConflictableTransactionResult<Vec<_>, _>>()
        });
        let why = match written {
            Ok(written) => {
                let gates: Vec<_> = pieces.iter().flat_map(Piece::gates).collect();
                for (piece, written) in pieces.into_iter().zip(written) {
                    piece.was_written(written, self, flushes);
                }
                for at in gates {
                    self.recent.warm(&at, self);
                }
                return;
            }
            Err(why) => why,
        };
        self.recent.clear();
        drop(shared);
        if pieces.len() > 1 && self.torn.get().is_none() {
            for piece in pieces {
                self.write_together(vec![piece], flushes);
            }
            return;
        }
        for piece in pieces {
            let (doing, cause) = (why.doing, why.cause.clone());
            piece.was_not_written(StoreError { doing, cause });
        }
    }

    /// Has `write` write wholly, or not at all. It may be called again, and what it returned the last time is true.
    pub fn transaction<T>(
        &self,
        doing: &'static str,
        write: impl Fn(&Trees<'_>) -> ConflictableTransactionResult<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.whole(doing, &self.in_order()[..], |views| {
            let mut views = views.iter();
            let mut next = || views.next().expect("there is a view for each tree");
            write(&Trees {
                meta: next(),
                pulls: next(),
                by_head: next(),
                by_author: next(),
                heads: next(),
                repos: next(),
                runs: next(),
                runs_at: next(),
                due: next(),
                history: next(),
                history_next: next(),
                marks: next(),
                lists: next(),
                inbox: next(),
                seen: next(),
            })
        })
    }

    /// In this order they are applied. An entry leaves the inbox only after what was made of it is there, and an id counts as seen only
    /// after its entries are: what is cut off in between is done again.
    fn in_order(&self) -> [&Tree; 15] {
        [
            &self.meta,
            &self.pulls,
            &self.by_head,
            &self.by_author,
            &self.heads,
            &self.repos,
            &self.runs,
            &self.runs_at,
            &self.due,
            &self.history,
            &self.history_next,
            &self.marks,
            &self.lists,
            &self.inbox,
            &self.seen,
        ]
    }
}
