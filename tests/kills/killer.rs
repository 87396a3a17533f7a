//! Kills the server at random moments, and has GitHub fail at random requests.

use super::server::Server;
use drawbridge::sandbox::{Fault, FaultKind, Sandbox};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A server that has GitHub hear nothing for so long waits for something that may come late: a new start looks at once.
const QUIET: Duration = Duration::from_millis(1500);
/// Longer than one start takes on a busy machine, and shorter than anybody else waits.
const START: Duration = Duration::from_secs(120);

/// What happened.
pub struct Counted {
    pub kills: u64,
    /// Kills while GitHub was handling a write, which it did all the same.
    pub in_writes: u64,
    pub faults: u64,
}

/// A server's end.
enum Moment {
    /// When it has said so many lines: while it starts, or soon after.
    Line(usize),
    /// When this many requests have come to GitHub; the last one is handled after its death.
    Request(u64),
    /// The same, counting only what changes something.
    Write(u64),
}

/// Kills the server until it was killed often enough, and leaves a living one.
pub async fn kill(
    github: Sandbox,
    server: Arc<Server>,
    enough: Arc<AtomicBool>,
    (seed, kills): (u64, u64),
) -> Counted {
    let mut rng = StdRng::seed_from_u64(seed);
    let in_writes = Arc::new(AtomicU64::new(0));
    let life = Life::default();
    let mut counted = Counted {
        kills: 0,
        in_writes: 0,
        faults: 0,
    };
    while counted.kills < kills {
        let unmet = github.unmet_faults() as u64;
        counted.faults = counted.faults.saturating_sub(unmet);
        github.clear_faults();
        for _ in 0..rng.gen_range(0..5) {
            github.fault(fault(&mut rng));
            counted.faults += 1;
        }
        let moment = match rng.gen_range(0..10) {
            0..2 => Moment::Line(rng.gen_range(0..12)),
            2..5 => Moment::Request(rng.gen_range(1..30)),
            _ => Moment::Write(rng.gen_range(1..6)),
        };
        let dead = Arc::new(Notify::new());
        let lines = match moment {
            Moment::Line(lines) => Some(lines),
            Moment::Request(count) => {
                let what = ("*", "*", count);
                arm(&github, &server, what, &life.last_moment(&dead, None));
                None
            }
            Moment::Write(count) => {
                for method in ["POST", "PATCH", "DELETE"] {
                    let at = (method, "/repos/*", count);
                    arm(
                        &github,
                        &server,
                        at,
                        &life.last_moment(&dead, Some(&in_writes)),
                    );
                }
                None
            }
        };
        tokio::select! {
            () = dead.notified() => {}
            () = whole_life(&github, &server, lines) => {}
            () = server.ends_by_itself() => {}
        }
        server.kill();
        server.never_ended_by_itself();
        counted.kills += 1;
        // What the dead one had asked may just be handled, and is not to end the next one.
        life.is_over();
        server.start();
    }
    github.clear_faults();
    counted.in_writes = in_writes.load(Ordering::SeqCst);
    enough.store(true, Ordering::SeqCst);
    counted
}

/// Returns when the server has said so many lines, or when GitHub hears nothing more of one that listens: what was to be its end does
/// not come.
async fn whole_life(github: &Sandbox, server: &Server, lines: Option<usize>) {
    let said = async {
        match lines {
            Some(lines) => server.says(lines).await,
            None => std::future::pending().await,
        }
    };
    let quiet = async {
        let up = tokio::time::timeout(START, server.listens()).await;
        assert!(up.is_ok(), "it hangs while it starts");
        let mut changed = github.changed();
        while tokio::time::timeout(QUIET, changed.changed()).await.is_ok() {}
    };
    tokio::select! {
        () = said => {}
        () = quiet => {}
    }
}

/// The number of the present life: a callback of an earlier one, which may just be running, must not end a later one.
#[derive(Clone, Default)]
struct Life(Arc<Mutex<u64>>);

/// What the last callback of a life needs.
#[derive(Clone)]
struct LastMoment {
    life: Life,
    number: u64,
    dead: Arc<Notify>,
    in_writes: Option<Arc<AtomicU64>>,
}

impl Life {
    fn is_over(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn last_moment(&self, dead: &Arc<Notify>, in_writes: Option<&Arc<AtomicU64>>) -> LastMoment {
        LastMoment {
            life: self.clone(),
            number: *self.0.lock().unwrap_or_else(PoisonError::into_inner),
            dead: dead.clone(),
            in_writes: in_writes.cloned(),
        }
    }
}

impl LastMoment {
    fn comes(&self, server: &Server) {
        let present = self.life.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *present == self.number && server.kill() {
            if let Some(in_writes) = &self.in_writes {
                in_writes.fetch_add(1, Ordering::SeqCst);
            }
            self.dead.notify_one();
        }
    }
}

/// Kills the server when the `count`th request of this kind from now on has come, before it is handled.
fn arm(
    github: &Sandbox,
    server: &Arc<Server>,
    (method, glob, count): (&'static str, &'static str, u64),
    last: &LastMoment,
) {
    let (server, last) = (server.clone(), last.clone());
    let once = move |github: &Sandbox| match count {
        0 | 1 => last.comes(&server),
        _ => arm(github, &server, (method, glob, count - 1), &last),
    };
    github.on_request(method, glob, Box::new(once));
}

fn fault(rng: &mut StdRng) -> Fault {
    let kinds = [
        FaultKind::Status(500),
        FaultKind::Html(502),
        FaultKind::DropConnection,
        FaultKind::AnswerLost,
        FaultKind::HalfAnswer,
        FaultKind::WrongJson,
        FaultKind::SecondaryLimit {
            retry_after: Some(1),
        },
    ];
    let method = ["GET", "POST", "PATCH", "*", "*"][rng.gen_range(0..5)];
    let kind = kinds[rng.gen_range(0..kinds.len())].clone();
    Fault::once(method, "/repos/*", kind)
}
