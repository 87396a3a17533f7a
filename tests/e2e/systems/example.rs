//! The example service of the documentation, really run, executes the jobs of a pipeline.

use super::{SERVICE_TOKEN, bakery, finish, gate_becomes, gate_shows, town};
use crate::support::Town;
use drawbridge::domain::ids::{PrNumber, RepoId, RunSubject};
use drawbridge::domain::run::Job;
use drawbridge::sandbox::NewPr;
use drawbridge::store::{SledStore, Store as _};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use tokio::net::TcpSocket;

/// `docs/examples/http-service.py` with one shell script for all jobs.
pub struct Example {
    process: Child,
    pub url: String,
}

impl Example {
    pub fn start(port: u16, script: &str) -> Self {
        let mut process = Command::new("python3")
            .arg("docs/examples/http-service.py")
            .args(["--port", &port.to_string(), "sh", "-c", script])
            .env("TOKEN", SERVICE_TOKEN)
            .env("NO_PROXY", "127.0.0.1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 is needed to run the example of the documentation");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let first = lines.next().expect("a line").expect("a text");
        let url = first.strip_prefix("listening on ").expect("an address");
        let url = url.to_owned();
        // What it goes on to print has to be read, or it would stand still.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { process, url }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const JOBS: &str = "\
bake: {connection: bakery, inputs: {FLOUR: rye}}
eat: {connection: bakery, needs: bake, inputs: {LOAF: '${{ needs.bake.outputs.loaf }}'}}";

/// What the store keeps of a job; the app has stopped.
async fn kept(town: &Town, pr: u64, name: &str) -> Job {
    let dir = town.playground.data_dir();
    let store = SledStore::open(dir, chrono::Utc::now()).expect("the store opens");
    let repo = RepoId(town.github().repo_id());
    let runs = store.runs(repo, &RunSubject::Pull(PrNumber(pr))).await;
    let runs = runs.expect("it is read").expect("there are runs");
    let mut jobs = runs.runs().flat_map(|run| run.jobs.clone());
    let job = jobs.find(|job| job.spec.name == name).expect("the job");
    store.close().await.expect("it closes");
    job
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_the_example_service_runs_and_hands_its_output_to_the_next() {
    let oven = tempfile::tempdir().expect("a directory");
    let ready = oven.path().join("ready").display().to_string();
    let script = format!(
        "until [ -e {ready} ]; do sleep 0.05; done; echo output loaf=\"$INPUT_FLOUR-$SHA\"; echo \"on the table: $INPUT_LOAF\""
    );
    let service = Example::start(0, &script);
    let mut town = town(bakery(&service.url), JOBS).await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    gate_shows(&town, &head, "in_progress", "Running on ").await;
    town.gate(pr).says("Waiting for bake").says("needs `bake`");
    town.mirrored(pr);
    std::fs::write(&ready, "").expect("it is written");
    gate_becomes(&town, &head, "success").await;
    town.gate(pr)
        .says("2 jobs passed")
        .says("Exit code 0")
        .says(&format!("> on the table: rye-{head}"))
        .says("j0 --> j1");
    town.settle().await;
    town.playground.stop_app().await.expect("it stops");
    let bake = kept(&town, pr, "bake").await;
    assert_eq!(bake.report.outputs["loaf"], format!("rye-{head}"));
    assert!(bake.report.metrics.contains_key("seconds"));
    town.playground.start_app().await.expect("it starts again");
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_there_fails_the_gate_and_what_needs_it_does_not_run() {
    let service = Example::start(0, "exit 3");
    let mut town = town(bakery(&service.url), JOBS).await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    gate_becomes(&town, &town.head(pr), "failure").await;
    town.mirrored(pr);
    town.gate(pr)
        .says("bake: failed")
        .says("Exit code 3")
        .says("`bake` did not pass");
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_not_there_is_waited_for_and_nobody_else_is_held_up() {
    // Nobody listens there, and nobody else is given the port, until the service takes it.
    let kept = TcpSocket::new_v4().expect("a socket");
    kept.set_reuseaddr(true).expect("it can be shared");
    kept.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let port = kept.local_addr().expect("an address").port();
    let url = format!("http://127.0.0.1:{port}");
    let mut town = town(bakery(&url), "bake: {connection: bakery, labels: bread}").await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    town.github().add_label(pr, "bread", "vera");
    let words = "bakery can't be reached while taking the job";
    gate_shows(&town, &head, "in_progress", words).await;
    town.gate(pr)
        .says("Waiting for bake (bakery can't be reached");
    // Meanwhile somebody else's pull request goes its way.
    let other = town.github().open_pr(NewPr::by("mel"));
    gate_becomes(&town, &town.head(other), "success").await;
    town.gate_of(&head).is("in_progress");
    let _service = Example::start(port, "true");
    gate_becomes(&town, &head, "success").await;
    town.gate(pr).does_not_say("can't be reached");
    town.mirrored(pr);
    town.mirrored(other);
    finish(town, &[SERVICE_TOKEN]).await;
}
