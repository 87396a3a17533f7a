//! The wire to the model: slow, lossy, and the place where the process dies between a deed and the note of it.

use crate::fate::{Fate, Outcome};
use crate::hub::Hub;
use crate::rest::{Asked, answer};
use async_trait::async_trait;
use bytes::Bytes;
use drawbridge::clock::Clock;
use drawbridge::github::Wire;
use http::{Request, Response};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a request is on its way at most, and its answer.
const SLOW_MS: u64 = 60;

/// GitHub and the way to it.
#[derive(Clone)]
pub struct Line {
    hub: Arc<Mutex<Hub>>,
    fate: Fate,
}

impl Line {
    pub fn new(hub: Hub, fate: &Fate) -> Self {
        Self {
            hub: Arc::new(Mutex::new(hub)),
            fate: fate.clone(),
        }
    }

    pub fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Wire for Line {
    async fn carry(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        self.fate.passes().await;
        self.fate.dawdles(SLOW_MS).await;
        let outcome = self.fate.outcome();
        self.judge_move(&request, outcome == Outcome::Answered);
        match outcome {
            Outcome::Refused(status) => return Ok(page(status)),
            Outcome::Dropped => return Err("the connection to GitHub was lost".to_owned()),
            Outcome::Answered | Outcome::AnswerLost => {}
        }
        self.fate.passes().await;
        let now = self.fate.now();
        tracing::debug!(%now, method = %request.method(), path = request.uri().path(), ?outcome, "GitHub is asked");
        let response = self.follow(&request);
        self.fate.passes().await;
        self.fate.dawdles(SLOW_MS).await;
        match outcome {
            Outcome::AnswerLost => Err("the connection to GitHub was lost".to_owned()),
            _ => Ok(response),
        }
    }
}

impl Line {
    /// A mirror that could not be moved is moved only after another look.
    fn judge_move(&self, request: &Request<Bytes>, answered: bool) {
        let path = request.uri().path();
        let parts: Vec<&str> = path.split('/').skip(4).collect();
        let body: Value = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        let mut hub = self.hub();
        match (request.method().as_str(), &parts[..]) {
            ("GET", ["pulls", number] | ["pulls", number, "commits"]) if answered => {
                hub.not_moved.retain(|other| other.to_string() != *number);
            }
            ("POST", ["git", "refs"]) | ("PATCH", ["git", "refs", "heads", "pull-request", _]) => {
                let named = body["ref"].as_str().unwrap_or(path);
                let number = named.rsplit('/').next().and_then(|last| last.parse().ok());
                let number = number.expect("only mirrors are moved");
                if hub.not_moved.contains(&number) {
                    let wrong = format!("the mirror of #{number} was moved without another look");
                    hub.wrong.push(wrong);
                }
                if !answered {
                    hub.not_moved.insert(number);
                }
            }
            _ => {}
        }
    }

    fn follow(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let query = request.uri().query().unwrap_or_default();
        let asked = Asked {
            method: request.method().as_str(),
            path: request.uri().path(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            body: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
            now: self.fate.now(),
        };
        let mut hub = self.hub();
        hub.requests += 1;
        let (status, body) = answer(&mut hub, &asked);
        drop(hub);
        let body = match body {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status.try_into().expect("a status");
        response
    }
}

/// What a proxy shows while GitHub is down.
fn page(status: u16) -> Response<Bytes> {
    let mut response = Response::new("<html>GitHub is down</html>".into());
    *response.status_mut() = status.try_into().expect("a status");
    response
}
