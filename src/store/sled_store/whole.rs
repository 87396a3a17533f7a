//! Writing to several trees wholly or not at all.
//!
//! sled applies a transaction once what makes it has come to its end. Where it fails then (a page that has to be read for it is
//! damaged, say), what was applied until then stays in memory, and sled writes it to disk with whatever it writes next, also
//! while it is closed. Such a database is *torn*: nothing more is written to it or said to be on disk, which has the flusher exchange
//! it. What reaches the disk all the same does no harm, by the order in which the trees are applied (`Disk::in_order`).

use super::StoreError;
use super::disk::Disk;
use super::records::failed;
use sled::transaction::{ConflictableTransactionResult, TransactionError, Transactional};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Disk {
    /// Has `write` write to these trees wholly, or not at all. It may be called again, and what it returned the last time is true.
    pub fn whole<V, T>(
        &self,
        doing: &'static str,
        trees: &(impl Transactional<StoreError, View = V> + ?Sized),
        write: impl Fn(&V) -> ConflictableTransactionResult<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.still_whole().map_err(failed(doing))?;
        let came_to_end = Cell::new(false);
        let transaction = || {
            trees.transaction(|views| {
                came_to_end.set(false);
                let written = write(views)?;
                came_to_end.set(true);
                Ok(written)
            })
        };
        // sled is known to panic.
        let why = match catch_unwind(AssertUnwindSafe(transaction)) {
            Ok(Ok(written)) => return Ok(written),
            Ok(Err(TransactionError::Abort(error))) => error,
            Ok(Err(TransactionError::Storage(error))) => failed(doing)(error),
            Err(_) => failed(doing)("sled panicked; see the log"),
        };
        if came_to_end.get() {
            // Whoever was first has told the cause.
            let _ = self.torn.set(why.cause.clone());
        }
        Err(why)
    }

    /// Why it is torn, if it is.
    pub fn still_whole(&self) -> Result<(), &str> {
        self.torn.get().map_or(Ok(()), |why| Err(why))
    }
}
