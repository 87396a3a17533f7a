//! Brings GitHub's deliveries to the server: out of order, twice, not at all at first; what failed is sent again, as an
//! operator would on GitHub's page.

use super::server::Server;
use drawbridge::sandbox::Sandbox;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many deliver at the same time.
const POSTMEN: u64 = 3;
/// How many deliveries may be overtaken by a later one.
const DISORDER: usize = 8;
/// Longer than all that is left takes when the last kill is over. Only a defect takes as long.
const PATIENCE: Duration = Duration::from_secs(300);

/// Postmen on their round.
pub struct Round {
    post: Arc<Post>,
    tasks: JoinSet<()>,
}

struct Post {
    github: Sandbox,
    server: Arc<Server>,
    /// What was taken from the held ones, and those that have to be sent again.
    bags: Mutex<Bags>,
    /// Deliveries on the way.
    busy: watch::Sender<usize>,
    redelivered: AtomicUsize,
}

#[derive(Default)]
struct Bags {
    taken: BTreeSet<String>,
    failed: Vec<String>,
}

/// What is to be done with a delivery.
enum Task {
    Deliver(String),
    /// It is delivered once more although it was accepted.
    Twice(String),
    /// It is lost at first.
    Lose(String),
    Again(String),
}

/// Delivers in disorder.
pub fn go_round(github: &Sandbox, server: &Arc<Server>, seed: u64) -> Round {
    round(github, server, (0..POSTMEN).map(|n| Some(seed ^ (n + 1))))
}

/// Delivers one after the other.
pub fn go_round_well(github: &Sandbox, server: &Arc<Server>) -> Round {
    round(github, server, [None].into_iter())
}

fn round(
    github: &Sandbox,
    server: &Arc<Server>,
    seeds: impl Iterator<Item = Option<u64>>,
) -> Round {
    let post = Arc::new(Post {
        github: github.clone(),
        server: server.clone(),
        bags: Mutex::default(),
        busy: watch::Sender::new(0),
        redelivered: AtomicUsize::new(0),
    });
    let walks = seeds.map(|seed| post.clone().walk(seed.map(StdRng::seed_from_u64)));
    Round {
        tasks: walks.collect(),
        post,
    }
}

impl Round {
    /// Waits until nothing is left; says how many were sent again.
    pub async fn until_all_is_delivered(self) -> usize {
        let Self { post, mut tasks } = self;
        let mut busy = post.busy.subscribe();
        let nothing_left = async {
            loop {
                let left = post.left();
                if left == 0 && *busy.borrow_and_update() == 0 && post.left() == 0 {
                    return;
                }
                busy.changed().await.expect("the postmen live");
            }
        };
        tokio::select! {
            waited = tokio::time::timeout(PATIENCE, nothing_left) => {
                assert!(waited.is_ok(), "{} deliveries are left", post.left());
            }
            // They walk until they are told to stop.
            Some(ended) = tasks.join_next() => panic!("a postman ended: {ended:?}"),
        }
        post.redelivered.load(Ordering::SeqCst)
    }
}

impl Post {
    async fn walk(self: Arc<Self>, mut rng: Option<StdRng>) {
        let mut changed = self.github.changed();
        loop {
            self.server.listens().await;
            let Some(task) = self.next(rng.as_mut()) else {
                let _ = changed.changed().await;
                continue;
            };
            self.run(task).await;
            self.busy.send_modify(|busy| *busy -= 1);
        }
    }

    fn next(&self, rng: Option<&mut StdRng>) -> Option<Task> {
        let held: Vec<String> = self.github.held().into_iter().map(|d| d.guid).collect();
        let mut bags = self.bags.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting: Vec<String> = held
            .into_iter()
            .filter(|guid| !bags.taken.contains(guid))
            .collect();
        let task = match rng {
            None if !bags.failed.is_empty() => Task::Again(bags.failed.remove(0)),
            None if waiting.is_empty() => return None,
            None => Task::Deliver(waiting.swap_remove(0)),
            Some(rng) => {
                let again = waiting.is_empty() || rng.gen_ratio(1, 3);
                if again && !bags.failed.is_empty() {
                    let at = rng.gen_range(0..bags.failed.len());
                    Task::Again(bags.failed.swap_remove(at))
                } else if waiting.is_empty() {
                    return None;
                } else {
                    let guid = waiting.swap_remove(rng.gen_range(0..waiting.len().min(DISORDER)));
                    match rng.gen_range(0..20) {
                        0..2 => Task::Twice(guid),
                        2 => Task::Lose(guid),
                        _ => Task::Deliver(guid),
                    }
                }
            }
        };
        if let Task::Deliver(guid) | Task::Twice(guid) | Task::Lose(guid) = &task {
            bags.taken.insert(guid.clone());
        }
        self.busy.send_modify(|busy| *busy += 1);
        Some(task)
    }

    async fn run(&self, task: Task) {
        let (guid, status) = match task {
            Task::Deliver(guid) => (guid.clone(), self.github.deliver(&guid).await),
            Task::Twice(guid) => {
                self.github.deliver(&guid).await;
                (guid.clone(), self.again(&guid).await)
            }
            Task::Lose(guid) => {
                self.github.drop_delivery(&guid);
                (guid, 0)
            }
            Task::Again(guid) => (guid.clone(), self.again(&guid).await),
        };
        if status != 202 {
            let mut bags = self.bags.lock().unwrap_or_else(PoisonError::into_inner);
            bags.failed.push(guid);
        }
    }

    async fn again(&self, guid: &str) -> u16 {
        self.redelivered.fetch_add(1, Ordering::SeqCst);
        self.github.redeliver(guid).await
    }

    /// How many have not been accepted yet and are not on the way.
    fn left(&self) -> usize {
        let held = self.github.held();
        let bags = self.bags.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held
            .iter()
            .filter(|d| !bags.taken.contains(&d.guid))
            .count();
        held + bags.failed.len()
    }
}
