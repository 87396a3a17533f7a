//! The one clock. Everything that needs the time gets it from here, so that tests and simulations can set it.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that can be put forward: it runs as the machine's does, ahead of it.
#[derive(Debug, Clone, Default)]
pub struct AheadClock {
    ahead: Arc<Mutex<TimeDelta>>,
}

impl AheadClock {
    /// Puts it forward. Who sleeps until a time learns of it with the next thing that happens.
    pub fn advance(&self, by: TimeDelta) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for AheadClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
