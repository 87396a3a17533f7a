//! A server that answers as it is told and remembers what it was asked.

use crate::clock::{Clock, SystemClock};
use crate::domain::ids::{InstallationId, OwnerKind, Repo, RepoId, RepoName, Sha, UserId};
use crate::github::client::{ClientOptions, GitHub};
use crate::github::http::Timeouts;
use crate::github::key::AppKey;
use crate::github::pace::Limits;
use crate::github::tests::key;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `GET /repos/…?…`
    pub line: String,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// An answer to be given; `None` never comes.
pub type Reply = Option<(u16, Vec<(&'static str, String)>, String)>;

pub fn json_reply(status: u16, body: Value) -> Reply {
    Some((
        status,
        vec![("content-type", "application/json".into())],
        body.to_string(),
    ))
}

/// A refusal, in GitHub's words.
pub fn refused(status: u16, message: &str) -> Reply {
    json_reply(status, json!({ "message": message }))
}

pub fn empty(status: u16) -> Reply {
    Some((status, vec![], String::new()))
}

/// Who the app is.
pub fn app() -> Reply {
    json_reply(
        200,
        json!({ "id": 7, "slug": "drawbridge", "name": "Drawbridge", "permissions": { "checks": "write" }, "events": ["push"] }),
    )
}

pub fn with_header(reply: Reply, name: &'static str, value: impl Into<String>) -> Reply {
    reply.map(|(status, mut headers, body)| {
        headers.push((name, value.into()));
        (status, headers, body)
    })
}

pub fn html(status: u16) -> Reply {
    Some((
        status,
        vec![("content-type", "text/html".into())],
        "<html>Unicorn!</html>".into(),
    ))
}

pub struct Server {
    pub url: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers with `reply`, which also gets the number of the request (from 0) among those of the same line.
    pub async fn start(reply: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::<Seen>::new()));
        let (reply, all) = (Arc::new(reply), seen.clone());
        let app = axum::Router::new().fallback(move |request: Request| {
            let (reply, all) = (reply.clone(), all.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let line = format!("{} {}", parts.method, parts.uri);
                let body = serde_json::from_slice(&body).unwrap_or_default();
                let now = Seen {
                    line,
                    headers: parts.headers,
                    body,
                };
                let nth = {
                    let mut all = all.lock().unwrap();
                    let nth = all.iter().filter(|seen| seen.line == now.line).count();
                    all.push(now.clone());
                    nth
                };
                let Some((status, headers, body)) = reply(&now, nth) else {
                    return std::future::pending().await;
                };
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
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

    /// Like [`Self::start`], with tokens for everybody: the nth is `secret-n`.
    pub async fn with_tokens(
        reply: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |seen, nth| {
            if seen.line == TOKENS {
                token(nth)
            } else {
                reply(seen, nth)
            }
        })
        .await
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    pub fn github(&self) -> GitHub {
        self.github_at(Arc::new(SystemClock))
    }

    pub fn github_at(&self, clock: Arc<dyn Clock>) -> GitHub {
        // Only a defect takes that long; a busy machine may take seconds.
        self.github_waiting(Duration::from_secs(60), clock)
    }

    /// One that gives up soon, for those who wait for just that.
    pub fn github_in_a_hurry(&self) -> GitHub {
        self.github_waiting(Duration::from_secs(1), Arc::new(SystemClock))
    }

    fn github_waiting(&self, read: Duration, clock: Arc<dyn Clock>) -> GitHub {
        let key = AppKey::parse(&key::pkcs1()).unwrap();
        let options = ClientOptions {
            api_url: self.url.clone(),
            app_id: "7".into(),
            key,
            clock,
            limits: Limits::default(),
            metrics: crate::telemetry::Metrics::default(),
        };
        let timeouts = Timeouts {
            connect: Duration::from_secs(5),
            read,
        };
        GitHub::with_timeouts(options, timeouts).unwrap()
    }
}

pub const TOKENS: &str = "POST /app/installations/9/access_tokens";

pub fn token(nth: usize) -> Reply {
    let expires_at = chrono::Utc::now() + chrono::Duration::hours(1);
    json_reply(
        201,
        json!({ "token": format!("secret-{nth}"), "expires_at": expires_at, "permissions": {} }),
    )
}

pub fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
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
