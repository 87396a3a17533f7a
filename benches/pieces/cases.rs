//! The steps, each on the same input every time.

use super::pulls;
use chrono::{DateTime, Utc};
use drawbridge::domain::event::Event;
use drawbridge::domain::gate::{combine, gates_of_pull};
use drawbridge::domain::ids::{DeliveryId, PrNumber, PullKey, RepoId, Subject};
use drawbridge::domain::pull::{PullState, decide, plan};
use drawbridge::github::{Decoded, Identity, WebhookSecrets, decode, everyday};
use drawbridge::store::{Delivery, SledStore, Store as _};
use hmac::{Hmac, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;
use std::hint::black_box;

pub type Step = Box<dyn FnMut()>;

/// A step, and what is needed before it can be taken for the first time.
pub struct Piece {
    pub name: &'static str,
    pub prepare: fn() -> Step,
    /// Whether it takes as many instructions each time; what waits for other threads does not.
    pub steady: bool,
}

pub const PIECES: &[Piece] = &[
    Piece {
        name: "verify and decode",
        prepare: verify_and_decode,
        steady: true,
    },
    Piece {
        name: "glance",
        prepare: glance,
        steady: true,
    },
    Piece {
        name: "accept",
        prepare: accept,
        steady: false,
    },
    Piece {
        name: "decide",
        prepare: decide_about_a_member,
        steady: true,
    },
    Piece {
        name: "decide with reasons",
        prepare: decide_about_a_stranger,
        steady: true,
    },
    Piece {
        name: "plan",
        prepare: plan_a_mirror,
        steady: true,
    },
    Piece {
        name: "aggregate",
        prepare: aggregate,
        steady: true,
    },
    Piece {
        name: "render",
        prepare: render,
        steady: true,
    },
];

/// `pull_request` `synchronize`, as GitHub sends it: 25 kB.
const PAYLOAD: &[u8] = include_bytes!("pull_request.json");
const SECRET: &str = "the secret of the pieces";

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000)
}

fn event() -> Event {
    let me = Identity {
        app_id: 7,
        slug: "drawbridge".to_owned(),
    };
    match decode("pull_request", PAYLOAD, &me, now()) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("the payload means {other:?}"),
    }
}

fn verify_and_decode() -> Step {
    let secrets = WebhookSecrets::new(vec![SecretString::from(SECRET)]).expect("a secret");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(PAYLOAD);
    let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    Box::new(move || {
        let verified = secrets.verify(Some(black_box(header.as_bytes())), black_box(PAYLOAD));
        verified.expect("it is signed");
        black_box(event());
    })
}

/// Sees what a delivery of a repository tells in which nothing is done.
fn glance() -> Step {
    Box::new(|| {
        let told = everyday(black_box("pull_request"), black_box(PAYLOAD));
        black_box(told.expect("it is an everyday one"));
    })
}

/// Makes a delivery durable: one at a time, so each waits for a flush of its own.
fn accept() -> Step {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    let dir = tempfile::tempdir().expect("a directory");
    let store = SledStore::open(dir.path(), now()).expect("a store");
    let event = event();
    let key = PullKey {
        repo: RepoId(1),
        number: PrNumber(7),
    };
    let mut number = 0_u64;
    Box::new(move || {
        number += 1;
        let delivery = Delivery {
            id: DeliveryId::parse(&format!("00000000-0000-4000-8000-{number:012}")).expect("an id"),
            received_at: now(),
            event_name: "pull_request".to_owned(),
            entries: vec![(Subject::Pull(key), event.clone())],
            note: String::new(),
        };
        let accepted = runtime.block_on(store.accept(delivery));
        black_box(accepted.expect("the disk takes it"));
        // The store is deleted after its files are.
        let _ = &dir;
    })
}

fn decide_about_a_member() -> Step {
    let findings = pulls::findings(pulls::Author::Member);
    let state = pulls::state();
    Box::new(move || {
        let mut state = state.clone();
        black_box(decide(black_box(&mut state), black_box(&findings)));
    })
}

fn decide_about_a_stranger() -> Step {
    let findings = pulls::findings(pulls::Author::Stranger);
    let state = pulls::state();
    Box::new(move || {
        let mut state = state.clone();
        black_box(decide(black_box(&mut state), black_box(&findings)));
    })
}

fn decided(author: pulls::Author) -> PullState {
    let mut state = pulls::state();
    decide(&mut state, &pulls::findings(author));
    state
}

fn plan_a_mirror() -> Step {
    let state = decided(pulls::Author::Member);
    Box::new(move || {
        let next = plan(black_box(&state));
        assert!(!next.is_empty());
        black_box(next);
    })
}

/// Joins what four pull requests with the same head have to say.
fn aggregate() -> Step {
    let states = [
        decided(pulls::Author::Member),
        decided(pulls::Author::Stranger),
        decided(pulls::Author::Member),
        decided(pulls::Author::Stranger),
    ];
    Box::new(move || {
        let voices = black_box(&states)
            .iter()
            .enumerate()
            .map(|(number, state)| {
                let gates = gates_of_pull(state, None);
                (format!("#{number}"), gates)
            });
        black_box(combine(voices.collect()));
    })
}

/// Writes what a stranger's gate says, commit by commit.
fn render() -> Step {
    let state = decided(pulls::Author::Stranger);
    Box::new(move || {
        black_box(drawbridge::domain::text::summary(black_box(&state)));
    })
}
