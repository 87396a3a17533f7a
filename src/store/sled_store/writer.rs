//! One thread that writes records and deliveries: sled lets only one write at a time, and whoever waits for a turn there costs more
//! than the writing. What has to be on disk is handed on to the flusher from here.

use super::StoreError;
use super::flusher::Waits;
use super::group::Piece;
use super::holder::Holder;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So many are written together at most: nobody waits for more.
const TOGETHER: usize = 64;

/// The least time from the beginning of one transaction to that of the next where several wrote together last: what comes meanwhile
/// shares it. One alone waits for nobody.
const BETWEEN: Duration = Duration::from_millis(2);

/// Writes what it is given, in order; its thread ends when it is dropped, once all of it is written.
#[derive(Debug)]
pub(super) struct Writer {
    /// Taken away on drop, which is how the thread learns of the end.
    queue: Option<mpsc::Sender<Piece>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(holder: Arc<Holder>, flushes: Waits) -> std::io::Result<Self> {
        let (queue, pieces) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("drawbridge-write".into())
            .spawn(move || serve(&pieces, &holder, &flushes))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Has it written. What is dropped, with its answer, was given after the thread had ended.
    pub fn give(&self, piece: Piece) {
        if let Some(queue) = &self.queue {
            let _ = queue.send(piece);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // It catches what panics in it.
            let _ = thread.join();
        }
    }
}

/// The thread: writes together what waits.
fn serve(queue: &mpsc::Receiver<Piece>, holder: &Holder, flushes: &Waits) {
    let mut shared_at: Option<Instant> = None;
    while let Ok(first) = queue.recv() {
        if let Some(left) = shared_at.and_then(|at| BETWEEN.checked_sub(at.elapsed())) {
            std::thread::sleep(left);
        }
        let began = Instant::now();
        let mut together = Vec::new();
        for piece in std::iter::once(first).chain(queue.try_iter().take(TOGETHER - 1)) {
            if piece.stands_alone() {
                write(std::mem::take(&mut together), holder, flushes);
                write(vec![piece], holder, flushes);
            } else {
                together.push(piece);
            }
        }
        shared_at = (together.len() > 1).then_some(began);
        write(together, holder, flushes);
    }
}

fn write(pieces: Vec<Piece>, holder: &Holder, flushes: &Waits) {
    if pieces.is_empty() {
        return;
    }
    match holder.disk("writing a change") {
        Ok(disk) => {
            let together = || disk.write_together(pieces, flushes);
            // Whoever waited for an answer learns that there is none.
            if catch_unwind(AssertUnwindSafe(together)).is_err() {
                disk.recent.clear();
            }
        }
        Err(StoreError { doing, cause }) => {
            for piece in pieces {
                let cause = cause.clone();
                piece.was_not_written(StoreError { doing, cause });
            }
        }
    }
}
