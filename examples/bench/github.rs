//! A stand-in GitHub for load: the sandbox's answers, learnt once and filled in for as many pull requests as one likes. What is asked for each
//! of them is answered at once from memory; everything else (the app, its tokens, the configuration, people) by the sandbox behind it.

mod answers;
mod calls;
mod limits;
mod pulls;

pub use calls::{Call, Step};
pub use limits::Limits;
pub use pulls::{Author, News, Pull, World};

use answers::Answers;
use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt as _;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Instant,
    pub call: Call,
    /// The pull request that it was about, if one can tell.
    pub pull: Option<Pull>,
    pub status: u16,
}

/// Clones are the same one.
#[derive(Clone)]
pub struct GitHub(Arc<Shared>);

struct Shared {
    world: World,
    answers: Answers,
    at: SocketAddr,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    seen: Vec<Seen>,
    /// Of which pull requests each [`Step`] was seen.
    done: [HashSet<Pull>; 3],
    mirrors: HashMap<Pull, String>,
    /// Whose the check runs and comments are, by their number from 1 on, and at which commit, if at one.
    made: Vec<(Option<Pull>, Option<String>)>,
    limits: Option<Limits>,
}

impl GitHub {
    /// Listens on a free port of this machine.
    pub async fn start(world: World, limits: Option<Limits>) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let github = Self(Arc::new(Shared {
            answers: Answers::of(&world)?,
            world,
            at: listener.local_addr()?,
            kept: Mutex::new(Kept {
                limits,
                ..Kept::default()
            }),
        }));
        let router = Router::new().fallback(answer).with_state(github.clone());
        let listener = listener.tap_io(|stream| {
            // Without it an answer may wait for the next packet.
            let _ = stream.set_nodelay(true);
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(github)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.at)
    }

    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// What was asked so far; from now on it begins anew.
    pub fn take_seen(&self) -> Vec<Seen> {
        let mut kept = self.kept();
        kept.done.iter_mut().for_each(HashSet::clear);
        std::mem::take(&mut kept.seen)
    }

    /// How many requests were refused because of a limit.
    pub fn refused(&self) -> usize {
        self.kept().limits.as_ref().map_or(0, Limits::refused)
    }

    /// How many mirrors are where their heads are.
    pub fn mirrored(&self) -> usize {
        let kept = self.kept();
        let world = &self.0.world;
        let right = |(pull, sha): &(&Pull, &String)| world.head(**pull) == **sha;
        kept.mirrors.iter().filter(right).count()
    }

    /// Returns once this step was seen of so many pull requests, since [`Self::take_seen`].
    pub async fn wait_for(&self, step: Step, pulls: usize) {
        while self.done(step) < pulls {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Of how many pull requests this step was seen, since [`Self::take_seen`].
    pub fn done(&self, step: Step) -> usize {
        self.kept().done[step as usize].len()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a call, and says whom it was about.
    async fn reply(&self, call: &Call, asked: &Asked<'_>) -> anyhow::Result<Reply> {
        let (world, answers) = (&self.0.world, &self.0.answers);
        let about = |pull| (Some(pull), StatusCode::OK);
        let reply = match call {
            Call::Read(pull) | Call::Commits(pull) | Call::Files(pull) | Call::Compare(pull) => {
                let text = answers.about(world, call, *pull, asked).await?;
                return Ok((about(*pull), Body::Text(text)));
            }
            Call::ReadMirror(pull) => match self.kept().mirrors.get(pull) {
                Some(sha) => (about(*pull), shown_ref(*pull, sha)),
                None => ((Some(*pull), StatusCode::NOT_FOUND), problem("Not Found")),
            },
            Call::CreateMirror(_) | Call::MoveMirror(_) => self.put_mirror(call, asked)?,
            Call::DeleteMirror(pull) => {
                self.kept().mirrors.remove(pull);
                ((Some(*pull), StatusCode::NO_CONTENT), Value::Null)
            }
            Call::CreateCheck(_) => {
                let sha = asked.text("head_sha")?;
                let made = self.made(world.pull_at(&sha), Some(sha));
                (
                    (self.whose(made), StatusCode::CREATED),
                    json!({ "id": made }),
                )
            }
            Call::WriteCheck(id) | Call::WriteComment(id) => {
                ((self.whose(*id), StatusCode::OK), json!({ "id": id }))
            }
            Call::Comment(pull) => {
                let made = self.made(Some(*pull), None);
                ((Some(*pull), StatusCode::CREATED), json!({ "id": made }))
            }
            Call::Comments(pull) => (about(*pull), json!([])),
            Call::ReportsAt(sha) => {
                let none = json!({ "total_count": 0, "check_runs": [], "check_suites": [] });
                ((world.pull_at(sha), StatusCode::OK), none)
            }
            Call::Runs(_) => {
                let none = json!({ "total_count": 0, "workflow_runs": [] });
                ((None, StatusCode::OK), none)
            }
            Call::OpenPulls(repo) => {
                let page = world.page(*repo, asked.page());
                let head = (None, StatusCode::OK);
                let full = page.as_array().is_some_and(|page| page.len() == 100);
                let mut answer = (StatusCode::OK, page.to_string()).into_response();
                if full {
                    let next = "<https://api.example/next>; rel=\"next\"";
                    let link = header::HeaderValue::from_static(next);
                    answer.headers_mut().insert(header::LINK, link);
                }
                return Ok((head, Body::Whole(answer)));
            }
            Call::Mirrors(repo) => ((None, StatusCode::OK), self.mirrors_of(*repo)),
            Call::Other(_) => {
                let answer = answers.pass_on(asked).await?;
                return Ok(((None, answer.status()), Body::Whole(answer)));
            }
        };
        let (head, value) = reply;
        Ok((head, Body::Text(value.to_string())))
    }

    fn put_mirror(&self, call: &Call, asked: &Asked<'_>) -> anyhow::Result<(Head, Value)> {
        let sha = asked.text("sha")?;
        let mut kept = self.kept();
        let (pull, status) = match call {
            Call::MoveMirror(pull) => (*pull, StatusCode::OK),
            Call::CreateMirror(repo) => {
                let name = asked.text("ref")?;
                let number = name.rsplit('/').next().and_then(|last| last.parse().ok());
                let number = number.with_context(|| format!("no mirror: {name}"))?;
                let pull = Pull {
                    repo: *repo,
                    number,
                };
                (pull, StatusCode::CREATED)
            }
            _ => anyhow::bail!("not about a mirror"),
        };
        let refusal = match (call, kept.mirrors.contains_key(&pull)) {
            (Call::MoveMirror(_), false) => Some("Reference does not exist"),
            (Call::CreateMirror(_), true) => Some("Reference already exists"),
            _ => None,
        };
        if let Some(why) = refusal {
            return Ok(((Some(pull), StatusCode::UNPROCESSABLE_ENTITY), problem(why)));
        }
        let shown = shown_ref(pull, &sha);
        kept.mirrors.insert(pull, sha);
        Ok(((Some(pull), status), shown))
    }

    fn mirrors_of(&self, repo: usize) -> Value {
        let kept = self.kept();
        let here = kept.mirrors.iter().filter(|(pull, _)| pull.repo == repo);
        here.map(|(pull, sha)| shown_ref(*pull, sha)).collect()
    }

    /// Keeps that a check run or comment was made; its number.
    fn made(&self, pull: Option<Pull>, at: Option<String>) -> usize {
        let mut kept = self.kept();
        kept.made.push((pull, at));
        kept.made.len()
    }

    /// Whose a check run or comment is. One at a head that was left is nobody's any more.
    fn whose(&self, made: usize) -> Option<Pull> {
        let kept = self.kept();
        let (pull, at) = kept.made.get(made.checked_sub(1)?)?;
        let stands = |pull: &Pull| at.as_ref().is_none_or(|at| self.0.world.head(*pull) == *at);
        pull.filter(stands)
    }
}

type Head = (Option<Pull>, StatusCode);
type Reply = (Head, Body);

enum Body {
    Text(String),
    /// With headers of its own.
    Whole(Response),
}

/// A request, taken apart.
pub struct Asked<'a> {
    request: &'a axum::http::request::Parts,
    /// Path and query below the API's base.
    path: &'a str,
    body: &'a Bytes,
}

impl Asked<'_> {
    fn text(&self, field: &str) -> anyhow::Result<String> {
        let body: Value = serde_json::from_slice(self.body)?;
        let text = body.get(field).and_then(Value::as_str);
        Ok(text.with_context(|| format!("no {field}"))?.to_owned())
    }

    /// The number of the page that is asked for, from 1 on.
    fn page(&self) -> usize {
        let (_, query) = self.path.split_once('?').unwrap_or_default();
        let mut parts = query.split('&').filter_map(|part| part.split_once('='));
        let page = parts.find(|(name, _)| *name == "page");
        page.and_then(|(_, page)| page.parse().ok()).unwrap_or(1)
    }
}

async fn answer(State(github): State<GitHub>, request: Request) -> Response {
    let at = Instant::now();
    let (request, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 1 << 20).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = request
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str());
    // As a GitHub Enterprise Server has it.
    let path = path.strip_prefix("/api/v3").unwrap_or(path);
    let call = Call::of(&github.0.world, &request.method, path);
    let limited = {
        let mut kept = github.kept();
        let limits = kept.limits.as_mut().filter(|_| !path.starts_with("/app"));
        limits.and_then(|limits| limits.take(&request.method, at))
    };
    let asked = Asked {
        request: &request,
        path,
        body: &body,
    };
    let (head, body) = match limited {
        Some(refusal) => ((None, refusal.status()), Body::Whole(refusal)),
        None => match github.reply(&call, &asked).await {
            Ok(reply) => reply,
            Err(error) => {
                eprintln!("{} {path}: {error:#}", request.method);
                let head = (None, StatusCode::INTERNAL_SERVER_ERROR);
                (head, Body::Text(problem(&error.to_string()).to_string()))
            }
        },
    };
    let mut kept = github.kept();
    if let (Some(step), Some(pull)) = (call.step(), head.0.filter(|_| head.1.is_success())) {
        kept.done[step as usize].insert(pull);
    }
    kept.seen.push(Seen {
        at,
        call,
        pull: head.0,
        status: head.1.as_u16(),
    });
    drop(kept);
    match body {
        Body::Whole(answer) => answer,
        Body::Text(text) => {
            let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
            (head.1, json, text).into_response()
        }
    }
}

fn shown_ref(pull: Pull, sha: &str) -> Value {
    json!({
        "ref": format!("refs/heads/pull-request/{}", pull.number),
        "object": { "sha": sha, "type": "commit" },
    })
}

fn problem(message: &str) -> Value {
    json!({ "message": message })
}
