//! The documented API: trigger, list, show, cancel, retry.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State as Extract};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::state::{API_TOKEN, PROJECT, PROJECT_ID, TRIGGER_TOKEN};
use super::{GitLab, show};

/// Answers requests until it is aborted.
pub(super) async fn serve(gitlab: GitLab, listener: TcpListener) {
    const PIPELINE: &str = "/api/v4/projects/{project}/pipelines/{pipeline}";
    let router = Router::new()
        .route("/api/v4/projects/{project}/trigger/pipeline", post(trigger))
        .route("/api/v4/projects/{project}/pipelines", get(list))
        .route(PIPELINE, get(pipeline))
        .route(&format!("{PIPELINE}/variables"), get(variables))
        .route(&format!("{PIPELINE}/cancel"), post(cancel))
        .route(&format!("{PIPELINE}/retry"), post(retry))
        .fallback(|| async { refusal(404, "404 Not Found") })
        .layer(from_fn_with_state(gitlab.clone(), up))
        .with_state(gitlab);
    // `axum::serve` only ends when it is dropped; its error type is a formality.
    let _ = axum::serve(listener, router).await;
}

/// Nothing is answered while it is down.
async fn up(Extract(gitlab): Extract<GitLab>, request: Request, next: Next) -> Response {
    if gitlab.look(|state| state.down) {
        return (StatusCode::SERVICE_UNAVAILABLE, "GitLab is not responding").into_response();
    }
    next.run(request).await
}

fn reply(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(body)).into_response()
}

/// Status and body of an answer that says no.
type Refused = (u16, Value);

fn refused(status: u16, message: &str) -> Refused {
    (status, json!({ "message": message }))
}

fn refusal(status: u16, message: &str) -> Response {
    let (status, body) = refused(status, message);
    reply(status, body)
}

/// The project by id, or by path, which arrives decoded.
fn is_ours(project: &str) -> bool {
    project == PROJECT_ID.to_string() || project.eq_ignore_ascii_case(PROJECT)
}

/// What a trigger said, in the query, a form or JSON.
#[derive(Default)]
struct Asked {
    token: Option<String>,
    reference: Option<String>,
    variables: BTreeMap<String, String>,
}

impl Asked {
    fn take(&mut self, form: &[u8]) {
        for (name, value) in form_urlencoded::parse(form).into_owned() {
            let key = name
                .strip_prefix("variables[")
                .and_then(|rest| rest.strip_suffix(']'));
            match (name.as_str(), key) {
                ("token", _) => self.token = Some(value),
                ("ref", _) => self.reference = Some(value),
                (_, Some(key)) => {
                    self.variables.insert(key.to_owned(), value);
                }
                _ => {}
            }
        }
    }

    /// `None` if the variables are no map of texts.
    fn take_json(&mut self, body: &Value) -> Option<()> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        self.token = text("token").or(self.token.take());
        self.reference = text("ref").or(self.reference.take());
        match body.get("variables") {
            None | Some(Value::Null) => {}
            Some(variables) => {
                for (key, value) in variables.as_object()? {
                    let value = value.as_str()?.to_owned();
                    self.variables.insert(key.clone(), value);
                }
            }
        }
        Some(())
    }
}

async fn trigger(
    Extract(gitlab): Extract<GitLab>,
    Path(project): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut asked = Asked::default();
    asked.take(uri.query().unwrap_or_default().as_bytes());
    let kind = headers.get(header::CONTENT_TYPE);
    let is_json = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    if is_json {
        let Ok(body) = serde_json::from_slice(&body) else {
            return reply(
                400,
                json!({ "error": "The provided params contain invalid JSON" }),
            );
        };
        if asked.take_json(&body).is_none() {
            let why = "400 Bad request - variables needs to be a map of key-valued strings";
            return refusal(400, why);
        }
    } else {
        asked.take(&body);
    }
    let missing = |name: &str| reply(400, json!({ "error": format!("{name} is missing") }));
    let Some(reference) = asked.reference else {
        return missing("ref");
    };
    let Some(token) = asked.token else {
        return missing("token");
    };
    if !is_ours(&project) || token != TRIGGER_TOKEN {
        return refusal(404, "404 Not Found");
    }
    gitlab.edit(|state| {
        let Some(id) = state.trigger(&reference, asked.variables) else {
            return reply(
                400,
                json!({ "message": { "base": ["Reference not found"] } }),
            );
        };
        let shown = state
            .pipelines
            .get(&id)
            .map(|one| show::pipeline(state, one));
        state.run_out(id);
        if std::mem::take(&mut state.breaking) {
            state.down = true;
            return (StatusCode::BAD_GATEWAY, "<html>Bad Gateway</html>").into_response();
        }
        reply(201, json!(shown))
    })
}

/// Checks the token and finds the pipeline.
fn admitted(
    gitlab: &GitLab,
    headers: &HeaderMap,
    (project, pipeline): &(String, String),
) -> Result<u64, Refused> {
    may_read(headers, project)?;
    let id = pipeline
        .parse()
        .map_err(|_| (400, json!({ "error": "pipeline_id is invalid" })))?;
    if gitlab.look(|state| state.pipelines.contains_key(&id)) {
        Ok(id)
    } else {
        Err(refused(404, "404 Not found"))
    }
}

fn may_read(headers: &HeaderMap, project: &str) -> Result<(), Refused> {
    let own = headers
        .get("private-token")
        .and_then(|token| token.to_str().ok());
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if own.or(bearer) != Some(API_TOKEN) {
        return Err(refused(401, "401 Unauthorized"));
    }
    if !is_ours(project) {
        return Err(refused(404, "404 Project Not Found"));
    }
    Ok(())
}

/// Answers with what is made of the pipeline, or with why it is not.
fn for_pipeline(
    gitlab: &GitLab,
    headers: &HeaderMap,
    place: &(String, String),
    answer: impl FnOnce(u64) -> Response,
) -> Response {
    match admitted(gitlab, headers, place) {
        Ok(id) => answer(id),
        Err((status, body)) => reply(status, body),
    }
}

fn shown(gitlab: &GitLab, status: u16, id: u64) -> Response {
    let body = gitlab.look(|state| {
        state
            .pipelines
            .get(&id)
            .map(|one| show::pipeline(state, one))
    });
    reply(status, json!(body))
}

async fn pipeline(
    Extract(gitlab): Extract<GitLab>,
    Path(place): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    for_pipeline(&gitlab, &headers, &place, |id| shown(&gitlab, 200, id))
}

/// "List project pipelines", as far as it is needed to find one: by id, newest first, in pages.
async fn list(
    Extract(gitlab): Extract<GitLab>,
    Path(project): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Err((status, body)) = may_read(&headers, &project) {
        return reply(status, body);
    }
    let query: BTreeMap<String, String> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let number = |name: &str, or: usize| match query.get(name) {
        Some(text) => text.parse().ok().filter(|number| *number > 0),
        None => Some(or),
    };
    let since = match query.get("updated_after").map(|text| text.parse()) {
        Some(Err(_)) => return reply(400, json!({ "error": "updated_after is invalid" })),
        Some(Ok(since)) => since,
        None => DateTime::<Utc>::MIN_UTC,
    };
    let (Some(page), Some(per_page)) = (number("page", 1), number("per_page", 20)) else {
        return reply(400, json!({ "error": "page is invalid" }));
    };
    let per_page = per_page.min(100);
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    gitlab.look(|state| {
        let mut found: Vec<_> = state
            .pipelines
            .values()
            .filter(|one| is("source", "trigger") && is("ref", &one.reference))
            .filter(|one| is("status", &one.status) && one.updated_at > since)
            .collect();
        if is("sort", "desc") {
            found.reverse();
        }
        let page = found.into_iter().skip((page - 1) * per_page).take(per_page);
        let shown: Vec<Value> = page.map(|one| show::row(state, one)).collect();
        reply(200, json!(shown))
    })
}

/// "Get variables used in a pipeline".
async fn variables(
    Extract(gitlab): Extract<GitLab>,
    Path(place): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    for_pipeline(&gitlab, &headers, &place, |id| {
        let shown = gitlab.look(|state| state.pipelines.get(&id).map(show::variables));
        reply(200, json!(shown))
    })
}

/// 200 whatever the state of the pipeline.
async fn cancel(
    Extract(gitlab): Extract<GitLab>,
    Path(place): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    for_pipeline(&gitlab, &headers, &place, |id| {
        gitlab.edit(|state| state.cancel(id));
        shown(&gitlab, 200, id)
    })
}

async fn retry(
    Extract(gitlab): Extract<GitLab>,
    Path(place): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    for_pipeline(&gitlab, &headers, &place, |id| {
        gitlab.edit(|state| state.retry(id));
        shown(&gitlab, 201, id)
    })
}
