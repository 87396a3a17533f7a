//! What a stand-in does beside the test, and its end.

use std::sync::{Mutex, PoisonError};

use tokio::task::JoinHandle;

/// Tasks of a stand-in: none until it has started, none any more once it was stopped.
#[derive(Default)]
pub(crate) struct Tasks(Mutex<Vec<JoinHandle<()>>>);

impl Tasks {
    /// Keeps what was started.
    pub(crate) fn keep(&self, tasks: Vec<JoinHandle<()>>) {
        self.swap(tasks);
    }

    /// Stops all, does what lets them end, and waits until they have.
    pub(crate) async fn stop(&self, meanwhile: impl FnOnce()) {
        let tasks = self.swap(Vec::new());
        for task in &tasks {
            task.abort();
        }
        meanwhile();
        for task in tasks {
            // The only error is the cancellation that was just asked for.
            let _ = task.await;
        }
    }

    fn swap(&self, tasks: Vec<JoinHandle<()>>) -> Vec<JoinHandle<()>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *kept, tasks)
    }
}
