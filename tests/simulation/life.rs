//! One story: what happens, one thing after the other, through as many lives of the process as it takes.

use crate::check::check;
use crate::fate::Fate;
use crate::hub::{Hub, MEL, SAM, VERA};
use crate::store::Memory;
use crate::wire::Line;
use chrono::{DateTime, TimeDelta};
use drawbridge::backends::{BackendOptions, Backends, Connections, JobTokens};
use drawbridge::clock::Clock;
use drawbridge::domain::event::{Conclusion, Event};
use drawbridge::domain::ids::DeliveryId;
use drawbridge::engine::{Engine, Pace, Parts, Passing, Received};
use drawbridge::github::{AppKey, ClientOptions, Everyday, GitHub, Limits};
use drawbridge::telemetry::Metrics;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Small, as it only has to sign what the model does not look at.
static KEY: LazyLock<AppKey> = LazyLock::new(|| {
    use rsa::pkcs1::EncodeRsaPrivateKey as _;
    let key = rsa::RsaPrivateKey::new(&mut StdRng::seed_from_u64(1), 512).expect("a key");
    let pem = key.to_pkcs1_pem(rsa::pkcs1::LineEnding::LF).expect("PEM");
    AppKey::parse(&pem).expect("a key")
});

const JOBS: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build: {workflow: jobs.yml, inputs: {job: build}}
      test: {workflow: jobs.yml, inputs: {job: test}, needs: build}
      preview: {workflow: jobs.yml, inputs: {job: preview}, labels: preview}
";
const PUSHES: &str = "enabled: true\n";

/// How many deliveries may be overtaken by a later one.
const DISORDER: usize = 6;

/// What happened in a story.
#[derive(Debug, Default, Clone)]
pub struct Told {
    pub deeds: u64,
    pub deliveries: u64,
    pub doubled: u64,
    pub lost: u64,
    /// Of those, how many are never sent again: the comparison with GitHub has to find what they told.
    pub gone: u64,
    /// Nothing was kept of so many, as the repository was not enabled.
    pub passed: u64,
    /// Whether the app has heard that it is enabled.
    enabled: bool,
    pub crashes: u64,
    pub requests: u64,
}

impl Told {
    pub fn add(&mut self, other: &Self) {
        self.deeds += other.deeds;
        self.deliveries += other.deliveries;
        self.doubled += other.doubled;
        self.lost += other.lost;
        self.gone += other.gone;
        self.passed += other.passed;
        self.crashes += other.crashes;
        self.requests += other.requests;
    }
}

/// GitHub's outbox.
#[derive(Default)]
struct Post {
    waiting: Vec<(u64, Event)>,
    /// On their way, not answered yet.
    flying: BTreeMap<u64, Event>,
    lost: Vec<(u64, Event)>,
}

#[derive(Clone)]
struct World {
    /// Whether the app is not enabled at first. Then there are no rounds of comparing: what was let pass has to be found without.
    enabled_later: bool,
    limits: Limits,
    line: Line,
    fate: Fate,
    store: Arc<Memory>,
    post: Arc<Mutex<Post>>,
    told: Arc<Mutex<Told>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the story of a seed.
///
/// # Errors
/// What is wrong in the end, or was in between.
pub fn tell(seed: u64) -> Result<Told, String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let born = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
    let fate = Fate::new(rng.r#gen(), born + TimeDelta::seconds(10));
    let config = if rng.gen_bool(0.5) { JOBS } else { PUSHES };
    let mut hub = Hub::new(config);
    let enabled_later = rng.gen_ratio(1, 4);
    if enabled_later {
        hub.later = Some(std::mem::take(&mut hub.config));
    }
    let world = World {
        enabled_later,
        limits: limits(seed),
        line: Line::new(hub, &fate),
        store: Arc::new(Memory::new(&fate, born)),
        fate,
        post: Arc::default(),
        told: Arc::default(),
    };
    let mut crashes = rng.gen_range(0..4);
    let mut steps = rng.gen_range(15..60);
    loop {
        let left = (crashes > 0).then(|| rng.gen_range(0..200));
        if world.lives(&mut rng, &mut steps, left) {
            break;
        }
        crashes -= 1;
        lock(&world.told).crashes += 1;
        tracing::debug!(now = %world.fate.now(), "crash");
        world.store.crash(&mut rng);
        let mut post = lock(&world.post);
        let flying = std::mem::take(&mut post.flying);
        post.waiting.extend(flying);
    }
    check(&world.line.hub(), &[])?;
    // Another start finds nothing that it would change.
    world.lives(&mut rng, &mut steps, None);
    let left = world.store.left(world.fate.now());
    let mut told = lock(&world.told).clone();
    told.requests = world.line.hub().requests;
    check(&world.line.hub(), &left).map(|()| told)
}

/// In every third story GitHub's limits are so narrow that most has to wait for its turn.
fn limits(seed: u64) -> Limits {
    match seed % 3 {
        0 => Limits {
            points: 40,
            creations: 2,
            ..Limits::default()
        },
        _ => Limits::default(),
    }
}

impl World {
    /// One life of the process; whether it came to its end in peace.
    fn lives(&self, rng: &mut StdRng, steps: &mut u32, left: Option<u32>) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            self.fate.lives(left);
            let done = tokio::select! {
                biased;
                () = self.fate.death() => false,
                () = self.live(rng, steps) => true,
            };
            self.fate.ends();
            done
        })
    }

    async fn live(&self, rng: &mut StdRng, steps: &mut u32) {
        let engine = self.engine(rng.r#gen()).await;
        while *steps > 0 {
            *steps -= 1;
            if rng.gen_bool(0.6) {
                self.deliver_one(&engine, rng);
            } else {
                self.deed(rng);
                lock(&self.told).deeds += 1;
            }
            let pause = match rng.gen_range(0..4) {
                0 => 0,
                1 => rng.gen_range(0..100),
                2 => rng.gen_range(0..1_000),
                _ => rng.gen_range(0..10_000),
            };
            self.fate.goes_on(Duration::from_millis(pause)).await;
        }
        self.line.hub().enable(self.fate.now());
        self.fate.calms_down();
        self.settle(&engine, rng).await;
    }

    async fn engine(&self, seed: u64) -> Engine {
        let clock: Arc<dyn Clock> = Arc::new(self.fate.clone());
        let metrics = Metrics::default();
        let options = ClientOptions {
            api_url: "https://api.github.example".to_owned(),
            app_id: crate::hub::APP.to_string(),
            key: KEY.clone(),
            clock: clock.clone(),
            limits: self.limits.clone(),
            metrics: metrics.clone(),
        };
        let github = GitHub::over(options, Arc::new(self.line.clone())).expect("an address");
        let backends = Backends::new(BackendOptions {
            github: github.clone(),
            connections: Connections::default(),
            tokens: JobTokens::new(&KEY),
            public_url: None,
            clock: clock.clone(),
        });
        let backends = Arc::new(backends.expect("root certificates"));
        let mut pace = Pace {
            seed: Some(seed),
            ..Pace::default()
        };
        if self.enabled_later {
            pace.recover = Duration::from_secs(1_000_000);
        }
        let store = self.store.clone();
        let started = Engine::start(Parts {
            store,
            github,
            backends,
            clock,
            pace,
            metrics,
            pages: None,
            payloads: None,
        })
        .await;
        started.expect("the store can be read")
    }

    /// Whatever is under way comes, what was lost is sent again or found, what runs ends, until nothing happens any more.
    async fn settle(&self, engine: &Engine, rng: &mut StdRng) {
        loop {
            let mut moved = false;
            loop {
                let lost = std::mem::take(&mut lock(&self.post).lost);
                lock(&self.post).waiting.extend(lost);
                if !self.deliver_one(engine, rng) {
                    break;
                }
                moved = true;
                self.fate.goes_on(Duration::from_millis(50)).await;
            }
            engine.idle().await;
            // Retries after many failures, and looks at what runs, come late; time limits of jobs come later.
            self.fate.goes_on(Duration::from_secs(25 * 60)).await;
            engine.idle().await;
            let now = self.fate.now();
            let mut hub = self.line.hub();
            for at in 0..hub.runs.len() {
                if hub.runs[at].conclusion.is_none() {
                    hub.end(at, conclusion(rng), now);
                    moved = true;
                }
            }
            if !moved && hub.outgoing.is_empty() && lock(&self.post).flying.is_empty() {
                return;
            }
        }
    }

    /// Sends one of the deliveries that wait; whether there was one.
    fn deliver_one(&self, engine: &Engine, rng: &mut StdRng) -> bool {
        let mut post = lock(&self.post);
        post.waiting.append(&mut self.line.hub().outgoing);
        if post.waiting.is_empty() {
            return false;
        }
        let at = rng.gen_range(0..post.waiting.len().min(DISORDER));
        let (id, event) = post.waiting.remove(at);
        let mut told = lock(&self.told);
        match rng.gen_range(0..20) {
            0 => {
                told.lost += 1;
                let shows = matches!(event, Event::Pull { .. } | Event::MirrorPushed { .. });
                match shows && !self.enabled_later && rng.gen_bool(0.5) {
                    true => told.gone += 1,
                    false => post.lost.push((id, event)),
                }
                return true;
            }
            1..3 => {
                told.doubled += 1;
                post.waiting.push((id, event.clone()));
            }
            _ => {}
        }
        told.deliveries += 1;
        post.flying.insert(id, event.clone());
        tracing::debug!(now = %self.fate.now(), id, ?event, "delivered");
        tokio::spawn(self.clone().send(engine.clone(), id, event));
        true
    }

    async fn send(self, engine: Engine, id: u64, event: Event) {
        if everyday(&event).is_some_and(|told| engine.passes(&told) != Passing::No) {
            lock(&self.told).passed += 1;
            lock(&self.post).flying.remove(&id);
            return;
        }
        let received = Received {
            id: DeliveryId::parse(&format!("delivery-{id}")).expect("an id"),
            received_at: self.fate.now(),
            event_name: "event".to_owned(),
            event: Some(event.clone()),
            note: String::new(),
        };
        let enables = matches!(event, Event::BranchPushed { .. });
        let accepted = engine.accept(received).await;
        lock(&self.told).enabled |= enables && accepted.is_ok();
        let mut post = lock(&self.post);
        post.flying.remove(&id);
        if accepted.is_err() {
            post.waiting.push((id, event));
        }
    }

    /// Somebody does something.
    fn deed(&self, rng: &mut StdRng) {
        let now = self.fate.now();
        let mut hub = self.line.hub();
        let pulls = hub.pulls.len() as u64;
        if pulls == 0 || (pulls < 3 && rng.gen_ratio(1, 6)) {
            let author = [MEL, SAM][rng.gen_range(0..2)];
            hub.open(author, rng.gen_bool(0.8), now);
            return;
        }
        if hub.later.is_some() && rng.gen_ratio(1, 8) {
            hub.enable(now);
            return;
        }
        let number = rng.gen_range(1..=pulls);
        let pull = &hub.pulls[&number];
        let (author, open) = (pull.author, pull.open);
        let head = pull.head().to_owned();
        let earlier = pull.heads[rng.gen_range(0..pull.heads.len())].clone();
        match rng.gen_range(0..20) {
            0..4 => {
                let by = if rng.gen_bool(0.8) { author } else { SAM };
                let (verified, replace) = (rng.gen_bool(0.8), rng.gen_bool(0.3));
                hub.push(number, (by, verified), replace, now);
            }
            // What is said or pressed before the app has heard that it is enabled stays without an answer.
            4..12 if self.enabled_later && !lock(&self.told).enabled => hub.label(number, now),
            4..11 => {
                let who = [VERA, VERA, VERA, MEL, SAM][rng.gen_range(0..5)];
                let line = match rng.gen_range(0..10) {
                    0..4 => format!("/ok to test {head}"),
                    4 => format!("/ok to test {}", &head[..10]),
                    5 => format!("/ok to test {earlier}"),
                    6 => "/retest".to_owned(),
                    7 => "/sync".to_owned(),
                    8 => "/status".to_owned(),
                    _ => "/help".to_owned(),
                };
                hub.comment(number, who, &line, now);
            }
            11 => hub.press(number, [VERA, SAM][rng.gen_range(0..2)], now),
            12 => hub.turn(number, !open, now),
            13 => hub.label(number, now),
            // A branch that the app never made is none of its business.
            14 if hub.refs.contains_key(&format!("pull-request/{number}")) => {
                let to = rng.gen_bool(0.5).then_some(earlier.as_str());
                hub.put(&format!("pull-request/{number}"), to, "maya", now);
            }
            _ => {
                let open: Vec<usize> = (0..hub.runs.len())
                    .filter(|at| hub.runs[*at].conclusion.is_none())
                    .collect();
                if !open.is_empty() {
                    hub.end(open[rng.gen_range(0..open.len())], conclusion(rng), now);
                }
            }
        }
    }
}

/// What the app would find at a glance in the delivery of an event.
fn everyday(event: &Event) -> Option<Everyday> {
    let leads_to_reading = matches!(event, Event::Pull { .. } | Event::Comment { .. });
    let repo = match event {
        Event::Pull { repo, .. } | Event::Comment { repo, .. } => repo,
        Event::BuildChanged { repo, .. } => repo,
        _ => return None,
    };
    Some(Everyday {
        repo: repo.clone(),
        leads_to_reading,
    })
}

fn conclusion(rng: &mut StdRng) -> Conclusion {
    match rng.gen_bool(0.7) {
        true => Conclusion::Success,
        false => Conclusion::Failure,
    }
}
