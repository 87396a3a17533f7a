//! Each backend against a server of the kind it is made for, over real HTTP.

mod example;
mod github;
mod gitlab;
mod http;
mod token;

use super::*;
use crate::clock::Clock;
use crate::domain::ids::{InstallationId, OwnerKind, PrNumber, RepoId, RunSubject, Sha, UserId};
use crate::domain::run::{Changed, PullScene, TriggerKind};
use crate::github::{AppKey, ClientOptions, Limits};
use ::http::HeaderMap;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, LineEnding};
use serde_json::Value;
use std::sync::{LazyLock, Mutex};

static PEM: LazyLock<String> = LazyLock::new(|| {
    let key = RsaPrivateKey::new(&mut rand::thread_rng(), 2048).unwrap();
    key.to_pkcs1_pem(LineEnding::LF).unwrap().to_string()
});

pub fn app_key() -> AppKey {
    AppKey::parse(&PEM).unwrap()
}

/// A clock that stands still.
pub struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        noon()
    }
}

pub fn noon() -> DateTime<Utc> {
    "2026-03-04T12:00:00Z".parse().unwrap()
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `GET /…?…`
    pub line: String,
    pub headers: HeaderMap,
    pub text: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// An answer: status, a header, body.
pub type Reply = (u16, Option<(&'static str, &'static str)>, String);

pub fn reply(status: u16, body: impl ToString) -> Reply {
    (status, None, body.to_string())
}

/// A server that answers as it is told and remembers what it was asked.
pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::<Seen>::new()));
        let (answer, all) = (Arc::new(answer), seen.clone());
        let app = axum::Router::new().fallback(move |request: Request| {
            let (answer, all) = (answer.clone(), all.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let now = Seen {
                    line: format!("{} {}", parts.method, parts.uri),
                    headers: parts.headers,
                    text: String::from_utf8(body.to_vec()).unwrap(),
                };
                all.lock().unwrap().push(now.clone());
                let (status, header, body) = answer(&now);
                let mut response = Response::builder().status(status);
                if let Some((name, value)) = header {
                    response = response.header(name, value);
                }
                response.body(Body::from(body)).unwrap()
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

pub fn repo() -> Repo {
    Repo {
        id: RepoId(1),
        installation: InstallationId(9),
        name: RepoName::parse("acme/engine").unwrap(),
        owner: UserId(100),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".into(),
    }
}

pub fn job() -> JobRef {
    JobRef {
        repo: RepoId(1),
        subject: RunSubject::Pull(PrNumber(7)),
        pipeline: "backends".into(),
        run: 3,
        since: chrono::DateTime::UNIX_EPOCH,
        job: "bake (rye)".into(),
        attempt: 2,
    }
}

pub fn assignment(spec: BackendSpec) -> Assignment {
    Assignment {
        branch: "pull-request/7".into(),
        repo: repo(),
        scene: Scene {
            repository: repo().name,
            trigger: TriggerKind::PullRequest,
            sha: Sha::parse(&"a".repeat(40)).unwrap(),
            branch: "pull-request/7".into(),
            base_branch: "main".into(),
            base_sha: Some(Sha::parse(&"b".repeat(40)).unwrap()),
            merge_base: None,
            pull: Some(PullScene {
                number: 7,
                author: Some("sam".into()),
                author_trusted: false,
                labels: ["bread".to_owned()].into(),
            }),
            changed: Changed::Everything,
            args: String::new(),
        },
        job: job(),
        spec,
        inputs: BTreeMap::from([("FLOUR".to_owned(), "rye & more".to_owned())]),
        reference: None,
        started_at: noon(),
        deadline: Some(noon() + TimeDelta::hours(1)),
        known_runs: Vec::new(),
        has_rivals: false,
        wanted_outputs: BTreeSet::new(),
        observed: Vec::new(),
    }
}

pub fn connection(name: &str) -> BackendSpec {
    BackendSpec::Connection {
        name: name.into(),
        reference: None,
    }
}

/// All backends, with one connection `x` for all of acme's repositories.
pub fn backends(github_url: &str, x: Option<Connection>, public_url: Option<&str>) -> Backends {
    let mut connections = Connections::default();
    if let Some(x) = x {
        connections.add("x".into(), x, vec![Pattern::parse("acme/*").unwrap()]);
    }
    let pattern = |text| Pattern::parse(text).unwrap();
    connections.allow_dispatch(pattern("acme/engine"), vec![pattern("acme/deploy")]);
    let github = GitHub::new(ClientOptions {
        api_url: github_url.to_owned(),
        app_id: "7".into(),
        key: app_key(),
        clock: Arc::new(Noon),
        limits: Limits::default(),
        metrics: crate::telemetry::Metrics::default(),
    })
    .unwrap();
    Backends::new(BackendOptions {
        github,
        connections,
        tokens: JobTokens::new(&app_key()),
        public_url: public_url.map(str::to_owned),
        clock: Arc::new(Noon),
    })
    .unwrap()
}

pub fn refused(error: BackendError) -> String {
    match error {
        BackendError::Refused { message } => message,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn transient(error: BackendError) -> (String, Option<Duration>) {
    match error {
        BackendError::Transient {
            message,
            retry_after,
        } => (message, retry_after),
        other => panic!("not transient: {other:?}"),
    }
}
