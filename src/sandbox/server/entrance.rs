//! The one entrance: reads a request, lets faults have it, checks who asks, calls the route, writes down what happened.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use chrono::{Timelike, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::Reply;
use super::auth::{Who, identify};
use super::call::Call;
use super::misbehave::{drop_connection, half, html, refuse};
use super::routes::{self, Needs};
use super::{app, control, limits};
use crate::sandbox::faults::FaultKind;
use crate::sandbox::model::Hub;
use crate::sandbox::wire::Shears;
use crate::sandbox::{Exchange, Sandbox};

/// More than any request of the app has.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// A request that has been read.
pub(crate) struct Asked {
    pub(crate) method: String,
    /// As it came, with query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    pub(super) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Answers one request.
pub(crate) async fn handle(
    State(sandbox): State<Sandbox>,
    ConnectInfo(shears): ConnectInfo<Shears>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |both| both.as_str())
        .to_owned();
    let Ok(bytes) = to_bytes(body, BODY_LIMIT).await else {
        return finish(Reply::error(413, "Payload too large"));
    };
    let asked = Asked {
        method: head.method.to_string(),
        target,
        headers: head.headers,
        bytes,
    };
    if asked.path().starts_with("/_sandbox") {
        return finish(control::handle(&sandbox, &asked));
    }
    if let Some(reply) = super::browsed(&sandbox, &asked) {
        return finish(reply);
    }
    let _under_way = limits::UnderWay::begin(&sandbox);
    let route = sandbox
        .look(|hub| routes::find(&asked.method, &in_repos(hub, asked.path())))
        .map(|(route, _)| route.template);
    let fault = spring_traps(&sandbox, &asked, route.unwrap_or_default());
    match fault {
        None => finish(perform(&sandbox, &asked, Kept::Yes)),
        Some(FaultKind::Delay(time)) => {
            tokio::time::sleep(time).await;
            finish(perform(&sandbox, &asked, Kept::Yes))
        }
        Some(FaultKind::Hang) => {
            let mut released = sandbox.inner.released.subscribe();
            // Who waits for it to hang can see that it does.
            sandbox.tell();
            // Fails only when the sandbox is gone, and then nobody waits for the answer.
            let _ = released.changed().await;
            finish(perform(&sandbox, &asked, Kept::Yes))
        }
        Some(FaultKind::AnswerLost) => {
            perform(&sandbox, &asked, Kept::Lost);
            drop_connection(&shears)
        }
        Some(FaultKind::HalfAnswer) => half(perform(&sandbox, &asked, Kept::Lost)),
        Some(FaultKind::WrongJson) => {
            let reply = perform(&sandbox, &asked, Kept::Lost);
            finish(Reply {
                body: Some(json!({ "unexpected": [1, "two", null] })),
                ..reply
            })
        }
        Some(FaultKind::DropConnection) => {
            note(&sandbox, &asked, route, 0, None);
            drop_connection(&shears)
        }
        Some(FaultKind::Html(status)) => {
            note(&sandbox, &asked, route, status, None);
            html(status)
        }
        Some(refusal) => {
            let reply = refuse(&refusal, route.and_then(|_| needs(&sandbox, &asked)));
            note(&sandbox, &asked, route, reply.status, reply.body.clone());
            finish(reply)
        }
    }
}

/// Runs the callbacks for a request and takes its fault.
fn spring_traps(sandbox: &Sandbox, asked: &Asked, route: &str) -> Option<FaultKind> {
    let traps = || {
        sandbox
            .inner
            .traps
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    };
    let hooks = traps().take_hooks(&asked.method, route, asked.path());
    for once in hooks {
        once(sandbox);
    }
    traps().take_fault(&asked.method, route, asked.path())
}

fn needs(sandbox: &Sandbox, asked: &Asked) -> Option<Needs> {
    sandbox
        .look(|hub| routes::find(&asked.method, &in_repos(hub, asked.path())))
        .map(|(route, _)| route.needs)
}

/// Whether the client gets the answer that was made for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    Lost,
}

/// Does what is asked and writes the exchange down.
fn perform(sandbox: &Sandbox, asked: &Asked, kept: Kept) -> Reply {
    let key = &sandbox.inner.public_key;
    sandbox.edit(|hub| {
        let path = in_repos(hub, asked.path());
        let found = routes::find(&asked.method, &path);
        let route = found
            .as_ref()
            .map_or("", |(route, _)| route.template)
            .to_owned();
        let who = identify(hub, key, asked.header(header::AUTHORIZATION));
        let name = who.as_ref().ok().and_then(Who::name);
        let salt = who
            .as_ref()
            .map_or(String::new(), |who| who.salt().to_owned());
        let reply = match (who, found) {
            (Err(refused), _) => refused,
            (Ok(_), None) => Reply::not_found(),
            (Ok(who), Some((route, params))) => match limits::within(hub, &asked.method, &who) {
                Ok(()) => admit(hub, asked, who, route, params),
                Err(limited) => limited,
            },
        };
        let reply = counted(hub, revalidated(asked, &salt, reply));
        hub.exchanges.push(Exchange {
            method: asked.method.clone(),
            path: asked.target.clone(),
            route,
            request_body: serde_json::from_slice(&asked.bytes).ok(),
            status: if kept == Kept::Yes { reply.status } else { 0 },
            response_body: reply.body.clone().filter(|_| kept == Kept::Yes),
            authenticated_as: name,
            faulty: kept == Kept::Lost,
        });
        reply
    })
}

/// `/repositories/{id}/…` is the same as `/repos/{owner}/{repo}/…`.
fn in_repos(hub: &Hub, path: &str) -> String {
    let by_id = path.strip_prefix("/repositories/").and_then(|rest| {
        let (id, rest) = rest
            .split_once('/')
            .map_or((rest, String::new()), |(id, rest)| (id, format!("/{rest}")));
        let id = id.parse().ok().filter(|id| hub.repos.contains_key(id))?;
        Some(format!("/repos/{}{rest}", hub.full_name(id)))
    });
    by_id.unwrap_or_else(|| path.to_owned())
}

/// Checks credentials, repository and permission, then calls the route.
fn admit(
    hub: &mut Hub,
    asked: &Asked,
    who: Who,
    route: &'static routes::Route,
    params: std::collections::HashMap<&'static str, String>,
) -> Reply {
    let mut repo = 0;
    if let (Some(owner), Some(name)) = (params.get("owner"), params.get("repo")) {
        match hub.repo_named(owner, name) {
            None => return Reply::not_found(),
            Some((id, true)) => return moved(hub, asked, id),
            Some((id, false)) => repo = id,
        }
    }
    if let Err(refused) = permitted(hub, route, &who, repo) {
        return refused;
    }
    let body = if asked.bytes.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(&asked.bytes) {
            Ok(body) => body,
            Err(_) => return Reply::error(400, "Problems parsing JSON"),
        }
    };
    let query = form_urlencoded::parse(asked.query().as_bytes())
        .into_owned()
        .collect();
    let target = asked.target.clone();
    let mut call = Call {
        hub,
        who,
        params,
        query,
        body,
        repo,
        asked: target,
    };
    let reply = (route.answer)(&mut call).unwrap_or_else(|refused| refused);
    match routes::accepted(route.needs) {
        Some(accepted) => reply.header("x-accepted-github-permissions", accepted),
        None => reply,
    }
}

fn permitted(hub: &Hub, route: &routes::Route, who: &Who, repo: u64) -> Result<(), Reply> {
    match (route.needs, who) {
        (Needs::Nothing, _) | (Needs::App, Who::App) | (Needs::User, Who::User { .. }) => Ok(()),
        (Needs::User, _) => Err(Reply::error(401, "Requires authentication")),
        (Needs::Any(_), Who::User { .. }) => Err(Reply::not_accessible()),
        (Needs::App, _) => Err(Reply::error(401, "A JSON web token could not be decoded")),
        (Needs::Any(_), Who::Nobody) => Err(Reply::error(401, "Requires authentication")),
        (Needs::Any(_), Who::App) => Err(Reply::error(401, "Bad credentials")),
        (
            Needs::Any(list),
            Who::Installation {
                grants,
                repositories,
                ..
            },
        ) => {
            if repo != 0 && hub.repo(repo).archived && route.method != "GET" {
                return Err(Reply::error(
                    403,
                    "Repository was archived so is read-only.",
                ));
            }
            if repo != 0 && !repositories.contains(&repo) {
                // What everybody may read an installation may read too; the rest it can't even see.
                return match (hub.repo(repo).private, route.method) {
                    (false, "GET") => Ok(()),
                    (false, _) => Err(Reply::not_accessible()),
                    (true, _) => Err(Reply::not_found()),
                };
            }
            let enough = |(name, level): &(&str, _)| {
                grants.get(*name).is_some_and(|granted| granted >= level)
            };
            if list.is_empty() || list.iter().any(enough) {
                return Ok(());
            }
            let accepted = routes::accepted(route.needs).unwrap_or_default();
            Err(Reply::not_accessible().header("x-accepted-github-permissions", accepted))
        }
    }
}

/// A renamed repository's old name leads to its id.
fn moved(hub: &Hub, asked: &Asked, id: u64) -> Reply {
    let rest = asked
        .target
        .splitn(5, '/')
        .nth(4)
        .map(|rest| format!("/{rest}"))
        .unwrap_or_default();
    let url = format!("{}/repositories/{id}{rest}", hub.base);
    let mut reply = Reply::error(301, "Moved Permanently").header("location", url.clone());
    if let Some(body) = &mut reply.body {
        body["url"] = json!(url);
    }
    reply
}

/// Adds an ETag to a successful GET, or answers 304 to who has it already. ETags differ per token.
fn revalidated(asked: &Asked, salt: &str, reply: Reply) -> Reply {
    if asked.method != "GET" || reply.status != 200 {
        return reply;
    }
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(
        reply
            .body
            .as_ref()
            .map(Value::to_string)
            .unwrap_or_default(),
    );
    let etag = format!("W/\"{}\"", hex::encode(hash.finalize()));
    let known = asked
        .header(header::IF_NONE_MATCH)
        .is_some_and(|known| known.split(',').any(|one| one.trim() == etag));
    let reply = if known {
        Reply {
            status: 304,
            body: None,
            ..reply
        }
    } else {
        reply
    };
    reply.header("etag", etag)
}

/// Counts a request against the hour, unless it was answered 304, and says how many are left.
fn counted(hub: &mut Hub, reply: Reply) -> Reply {
    if reply.status != 304 {
        hub.requests_used += 1;
    }
    let rate = app::rate(hub);
    let number = |field: &str| rate[field].to_string();
    reply
        .header("x-ratelimit-limit", number("limit"))
        .header("x-ratelimit-remaining", number("remaining"))
        .header("x-ratelimit-used", number("used"))
        .header("x-ratelimit-reset", number("reset"))
        .header("x-ratelimit-resource", "core")
        .header(
            "x-github-request-id",
            format!("5A4D:{:X}", Utc::now().nanosecond()),
        )
        .header("x-github-media-type", "github.v3; format=json")
}

/// Writes down an exchange that a fault answered.
fn note(
    sandbox: &Sandbox,
    asked: &Asked,
    route: Option<&str>,
    status: u16,
    response_body: Option<Value>,
) {
    sandbox.edit(|hub| {
        hub.exchanges.push(Exchange {
            method: asked.method.clone(),
            path: asked.target.clone(),
            route: route.unwrap_or_default().to_owned(),
            request_body: serde_json::from_slice(&asked.bytes).ok(),
            status,
            response_body,
            authenticated_as: None,
            faulty: true,
        });
    });
}

/// An answer as HTTP.
fn finish(reply: Reply) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = match &reply.body {
        // A page says itself what it is.
        Some(Value::String(page)) => Body::from(page.clone()),
        Some(body) => {
            response = response.header("content-type", "application/json; charset=utf-8");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    response
        .body(body)
        .unwrap_or_else(|_| Response::new(Body::empty()))
}
