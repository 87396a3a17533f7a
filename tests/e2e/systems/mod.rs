//! Pipelines whose jobs other systems execute, over real HTTP: services, GitLab, other repositories. They answer, fail,
//! go down, lie and lose what they were told, and the gate says how things stand.

mod crashes;
mod down;
mod elsewhere;
mod example;
mod forged;
mod gitlab;
mod limits;
mod lost;
mod refused;
pub mod service;

use crate::support::{CONFIG, Town};
use drawbridge::backends::{Connection, Connections, GitLabConnection, HttpConnection, Pattern};
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::{GitLab, Permission, Visibility};
use serde_json::Value;
use service::SERVICE_TOKEN;
use std::time::Duration;

/// What the secret of GitLab's webhook is, where it has one.
pub const WEBHOOK_TOKEN: &str = "the-secret-of-gitlabs-webhook";

/// The connection `bakery`: an HTTP service.
pub fn bakery(url: &str) -> Connections {
    let mut all = Connections::default();
    add_http(&mut all, "bakery", url, None);
    all
}

pub fn add_http(all: &mut Connections, name: &str, url: &str, status_url: Option<String>) {
    let connection = HttpConnection {
        url: url.to_owned(),
        token: Some(SERVICE_TOKEN.into()),
        status_url,
    };
    let who = Pattern::parse("acme/*").expect("a pattern");
    all.add(name.to_owned(), Connection::Http(connection), vec![who]);
}

/// The connection `kiln`: a project on a GitLab server.
pub fn kiln(gitlab: &GitLab, webhook: bool) -> Connections {
    let mut all = Connections::default();
    let connection = GitLabConnection {
        url: gitlab.url(),
        project: gitlab.project(),
        reference: "main".to_owned(),
        trigger_token: gitlab.trigger_token().into(),
        api_token: gitlab.api_token().into(),
        webhook_token: webhook.then(|| WEBHOOK_TOKEN.into()),
    };
    let who = Pattern::parse("acme/engine").expect("a pattern");
    all.add("kiln".to_owned(), Connection::GitLab(connection), vec![who]);
    all
}

/// A pace at which jobs are asked for all the time; such a town never comes to rest while they run.
pub fn eager() -> Pace {
    Pace {
        job_poll: Some(Duration::from_millis(50)),
        ..Setup::default().pace
    }
}

/// The usual people, and a pipeline for pull requests with these jobs.
pub async fn town(connections: Connections, jobs: &str) -> Town {
    paced(connections, Setup::default().pace, jobs).await
}

/// The same, at another pace.
pub async fn paced(connections: Connections, pace: Pace, jobs: &str) -> Town {
    let mut connections = connections;
    let pattern = |text| Pattern::parse(text).expect("a pattern");
    connections.allow_dispatch(pattern("acme/engine"), vec![pattern("acme/deploy")]);
    let town = Town::set_up(Setup {
        connections,
        pace,
        ..Setup::default()
    })
    .await;
    town.github().add_org_member("mel", Visibility::Private);
    town.github().set_permission("vera", Permission::Write);
    let jobs: String = jobs.lines().map(|line| format!("      {line}\n")).collect();
    let config =
        format!("enabled: true\npipelines:\n  backends:\n    on: pull_request\n    jobs:\n{jobs}");
    town.write(CONFIG, &config).await;
    town
}

/// Waits until the gate of a commit has this conclusion (or status).
pub async fn gate_becomes(town: &Town, sha: &str, expected: &str) {
    gate_shows(town, sha, expected, "").await;
}

/// Waits until the gate of a commit has this conclusion (or status) and these words.
pub async fn gate_shows(town: &Town, sha: &str, expected: &str, words: &str) {
    let what = format!("the gate of {sha} is {expected} and says {words:?}");
    let waited = tokio::time::timeout(
        Duration::from_secs(110),
        town.github().wait_until(&what, |github| {
            let Some(check) = github.check(sha, GATE_NAME) else {
                return false;
            };
            let is = check.conclusion.as_deref().unwrap_or(&check.status);
            let title = check.title.unwrap_or_default();
            let summary = check.summary.unwrap_or_default();
            is == expected && (title.contains(words) || summary.contains(words))
        }),
    );
    if waited.await.is_err() {
        panic!(
            "in vain until {what}; it says: {}",
            town.gate_of(sha).text()
        );
    }
}

/// Reports as a job does; status and text of the answer.
pub async fn report(town: &Town, token: &str, body: Value) -> (u16, String) {
    let answer = post_report(town, Some(token), &body.to_string()).await;
    town.settle().await;
    answer
}

/// Posts something to where jobs report.
pub async fn post_report(town: &Town, token: Option<&str>, body: &str) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build();
    let url = format!("http://{}/api/jobs/report", town.playground.app().address());
    let mut request = http.expect("a client").post(url).body(body.to_owned());
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = request.send().await.expect("an answer");
    (
        answer.status().as_u16(),
        answer.text().await.expect("a text"),
    )
}

/// Sees that nothing GitHub was told holds one of these secrets, then ends the story.
pub async fn finish(town: Town, secrets: &[&str]) {
    keeps_to_itself(&town, secrets);
    town.finish().await;
}

/// Sees that nothing GitHub was told holds one of these secrets.
pub fn keeps_to_itself(town: &Town, secrets: &[&str]) {
    for exchange in town.github().exchanges() {
        // A job in another repository is handed its token there, and nowhere else.
        if exchange.path.ends_with("/dispatches") {
            continue;
        }
        let told = exchange.request_body.map(|body| body.to_string());
        let told = format!("{} {}", exchange.path, told.unwrap_or_default());
        for secret in secrets {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        assert!(!told.contains("eyJ"), "a token in {told}");
    }
}
