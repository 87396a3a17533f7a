//! The built program is killed with SIGKILL a hundred times and more in a stream of deliveries over many pull requests,
//! while GitHub fails, loses answers, and repeats and reorders deliveries. In the end everything on GitHub is as in a run
//! without kills and faults, each thing exactly once.
//!
//! `DRAWBRIDGE_SEED` sets what is chosen at random (the moments of the kills, the faults, the order of the deliveries),
//! `DRAWBRIDGE_KILLS` how many kills there are. How far the program gets between two of them also depends on the machine.

mod killer;
mod picture;
mod postman;
mod server;
mod stories;

use drawbridge::domain::ids::Subject;
use drawbridge::sandbox::{Options, Permission, Sandbox, Visibility};
use drawbridge::store::{SledStore, Store};
use picture::Picture;
use server::Server;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use stories::{Story, Tale};
use tempfile::TempDir;
use tokio::task::JoinSet;

const CONFIG: &str = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build: {workflow: jobs.yml, inputs: {job: build}}
      test: {workflow: jobs.yml, inputs: {job: test}, needs: build}
      preview: {workflow: jobs.yml, inputs: {job: preview}, labels: preview}
      seen: {check: Lint}
";

/// Its runs are found by their title where GitHub's answer to a dispatch was lost.
const WORKFLOW: &str = "\
name: Jobs
run-name: Jobs (${{ inputs.drawbridge_id }})
on:
  workflow_dispatch:
    inputs:
      job: {type: string}
      drawbridge_id: {type: string, default: ''}
jobs:
  go: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}
";

/// How often each story is told at the same time.
const LANES: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_change_nothing_of_what_comes_out_in_the_end() {
    let seed = number("DRAWBRIDGE_SEED").unwrap_or_else(rand::random);
    let kills = number("DRAWBRIDGE_KILLS").unwrap_or(100);
    println!("DRAWBRIDGE_SEED={seed} DRAWBRIDGE_KILLS={kills} cargo test --test kills");
    let expected = undisturbed().await;
    let began = Instant::now();
    let town = Town::start().await;
    let enough = Arc::new(AtomicBool::new(false));
    let postmen = postman::go_round(&town.github, &town.server, seed);
    let mut killer = tokio::spawn(killer::kill(
        town.github.clone(),
        town.server.clone(),
        enough.clone(),
        (seed, kills),
    ));
    let mut lanes = JoinSet::new();
    for story in Story::ALL
        .into_iter()
        .cycle()
        .take(LANES * Story::ALL.len())
    {
        let (github, enough) = (town.github.clone(), enough.clone());
        lanes.spawn(async move {
            let mut told = Vec::new();
            while told.is_empty() || !enough.load(Ordering::SeqCst) {
                told.push((story, Tale::tell(&github, story).await));
            }
            told
        });
    }
    let (mut tales, mut counted) = (Vec::new(), None);
    while !lanes.is_empty() || counted.is_none() {
        let ended = tokio::select! {
            Some(told) = lanes.join_next() => told.map(|told| tales.extend(told)),
            killed = &mut killer, if counted.is_none() => killed.map(|killed| counted = Some(killed)),
        };
        if let Err(broken) = ended {
            let said = town.server.said();
            panic!("{broken}; seed {seed}; the server said:\n{said}");
        }
    }
    let counted = counted.expect("the killer has ended");
    let redelivered = postmen.until_all_is_delivered().await;
    town.comes_to_rest().await;
    println!(
        "{} kills ({} of them in the middle of a write), {} faults, {} pull requests, {} deliveries, {redelivered} of them sent again, {} s",
        counted.kills,
        counted.in_writes,
        counted.faults,
        tales.len(),
        town.github.deliveries().len(),
        began.elapsed().as_secs()
    );
    assert!(counted.kills >= kills, "{} kills", counted.kills);
    let mut ids = BTreeMap::new();
    for run in town.github.dispatched_runs() {
        let id = run.inputs.get("drawbridge_id").cloned().unwrap_or_default();
        let other = ids.insert(id, run.run_id);
        assert_eq!(other, None, "seed {seed}: dispatched twice: {run:#?}");
    }
    for (story, tale) in tales {
        let is = Picture::of(&town.github, &tale, story);
        let should_be = &expected[&story];
        let what = format!("seed {seed}: {story:?}, #{}", tale.pr);
        assert_eq!(is, *should_be, "{what}:\n{}", town.told_of(&tale));
    }
}

/// What each story leaves behind where nothing goes wrong.
async fn undisturbed() -> BTreeMap<Story, Picture> {
    let town = Town::start().await;
    let postmen = postman::go_round_well(&town.github, &town.server);
    let mut tales = Vec::new();
    for story in Story::ALL {
        tales.push((story, Tale::tell(&town.github, story).await));
    }
    postmen.until_all_is_delivered().await;
    town.comes_to_rest().await;
    let picture = |(story, tale)| (story, Picture::of(&town.github, &tale, story));
    tales.into_iter().map(picture).collect()
}

/// `acme/engine` with its people, and the program that serves it.
struct Town {
    github: Sandbox,
    server: Arc<Server>,
    data: TempDir,
}

impl Town {
    async fn start() -> Self {
        let github = Sandbox::start(Options::default())
            .await
            .expect("the stand-in starts");
        github.hold_deliveries(true);
        github.set_workflows(&[]);
        github.add_org_member("mel", Visibility::Private);
        github.set_permission("vera", Permission::Write);
        let workflow = ".github/workflows/jobs.yml";
        github.write_file("engine", workflow, WORKFLOW, "maya");
        github.write_file("engine", ".github/drawbridge.yaml", CONFIG, "maya");
        let data = TempDir::new().expect("a directory");
        let server = Arc::new(Server::new(&github, data.path()));
        server.start();
        server.listens().await;
        Self {
            github,
            server,
            data,
        }
    }

    /// Waits until the program, which is killed no more, has done all it has to: what it keeps says so.
    async fn comes_to_rest(&self) {
        for _ in 0..300 {
            self.server.stop().await;
            if at_rest(self.data.path()).await {
                return;
            }
            self.server.start();
            self.server.listens().await;
            self.works().await;
        }
        panic!("it has work for ever; it said:\n{}", self.server.said());
    }

    /// What the server said of a pull request, and what it wrote at its heads.
    fn told_of(&self, tale: &Tale) -> String {
        let pull = format!("PR #{} ", tale.pr);
        let heads = tale.heads.iter().map(|head| &head[..9]);
        let names: Vec<&str> = heads.chain([pull.as_str()]).collect();
        let mut told = self.server.said_of(&names);
        let checks = tale
            .heads
            .iter()
            .flat_map(|head| self.github.check_runs(head));
        let ids = checks.map(|check| format!("/check-runs/{}", check.id));
        let about: Vec<String> = tale.heads.iter().cloned().chain(ids).collect();
        for asked in self.github.exchanges() {
            let body = asked.request_body.as_ref().map(ToString::to_string);
            let body = body.unwrap_or_default();
            let of =
                |what: &String| body.contains(what.as_str()) || asked.path.contains(what.as_str());
            if about.iter().any(of) {
                let (method, path, status) = (&asked.method, &asked.path, asked.status);
                let fault = if asked.faulty { " (a fault)" } else { "" };
                let _ = write!(told, "\n{method} {path} {status}{fault}: {body}");
            }
        }
        told
    }

    /// Gives it the time of a few requests, or of none if it makes none.
    async fn works(&self) {
        let mut changed = self.github.changed();
        for _ in 0..20 {
            let change =
                tokio::time::timeout(std::time::Duration::from_millis(500), changed.changed());
            if change.await.is_err() {
                return;
            }
        }
    }
}

/// Whether nothing is left in the inbox, and nothing is due but looks at what runs.
async fn at_rest(data: &Path) -> bool {
    let (dir, now) = (data.join("state"), chrono::Utc::now());
    let store = tokio::task::spawn_blocking(move || SledStore::open(&dir, now))
        .await
        .expect("no panic")
        .expect("the store is sound after all");
    let mut rests = store.pending().await.expect("readable").is_empty();
    for (subject, at) in store.due().await.expect("readable") {
        rests &=
            at - now > chrono::TimeDelta::minutes(1) && !is_tried_again(&store, &subject).await;
    }
    store.close().await.expect("written");
    rests
}

/// Whether something failed, which may be tried again much later.
async fn is_tried_again(store: &SledStore, subject: &Subject) -> bool {
    match subject {
        Subject::Pull(key) => {
            let pull = store.pull(*key).await.expect("readable");
            pull.is_some_and(|pull| pull.failures > 0)
        }
        Subject::Head(repo, sha) => {
            let head = store.head(*repo, sha).await.expect("readable");
            head.is_some_and(|head| head.attempts > 0)
        }
        Subject::Runs(repo, subject) => {
            let runs = store.runs(*repo, subject).await.expect("readable");
            runs.is_some_and(|runs| runs.failures > 0)
        }
        _ => false,
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}
