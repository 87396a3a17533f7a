//! The pages' routes. Each asks for a [`Seer`], reads a view and writes it.

use super::access::Seer;
use super::refusal::Refusal;
use super::views::{ConfigAsked, DeliveriesAsked, Part, PullsAsked, RunsAsked};
use super::{Dashboard, acting, again, assets, events, pages, sign_in, views, with_github};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;

/// The largest form: a configuration has at most 256 KiB, and is longer as a form.
pub(super) const LARGEST_FORM: usize = 1024 * 1024;
const LARGEST: &str = "256 KiB of configuration";
/// No form of ours has more fields.
const MOST_FIELDS: usize = 32;

type Shown = Result<Html<String>, Refusal>;
pub(super) type Asked<T> = Result<Query<T>, QueryRejection>;
pub(super) type At<T> = Result<Path<T>, PathRejection>;

pub(super) fn routes() -> Router<Arc<Dashboard>> {
    Router::new()
        .route("/", get(overview))
        .route("/vetting", get(vetting))
        .route("/running", get(running))
        .route("/r/{owner}/{repo}", get(repository))
        .route("/r/{owner}/{repo}/runs", get(runs))
        .route("/r/{owner}/{repo}/runs/{kind}", get(runs_of))
        .route("/r/{owner}/{repo}/pull/{number}", get(pull))
        .route("/badge/{owner}/{repo}/{file}", get(badge))
        .route("/deliveries", get(deliveries))
        .route("/deliveries/{id}", get(delivery))
        .route("/commands", get(commands))
        .route("/config", get(config).post(plan))
        .route("/events", get(events::events))
        .route("/sign-in/github", get(with_github::begin))
        .route(with_github::CALLBACK, get(with_github::callback))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/assets/{file}", get(assets::file))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .merge(small_forms())
        .merge(deeds())
}

/// What anybody may send, however little of them is known.
fn small_forms() -> Router<Arc<Dashboard>> {
    Router::new()
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .layer(DefaultBodyLimit::max(sign_in::LARGEST_FORM))
}

fn deeds() -> Router<Arc<Dashboard>> {
    Router::new()
        .route("/r/{owner}/{repo}/pull/{number}/{deed}", post(acting::act))
        .route("/deliveries/{id}/again", post(again::take_in))
        .layer(DefaultBodyLimit::max(acting::LARGEST_FORM))
}

/// What an address asks for, if it can be understood.
pub(super) fn query<T>(asked: Asked<T>) -> Result<T, Refusal> {
    let Query(asked) = asked.map_err(|error| Refusal::Bad(error.body_text()))?;
    Ok(asked)
}

/// An address that is none of ours leads nowhere.
pub(super) fn at<T>(path: At<T>) -> Result<T, Refusal> {
    let Path(path) = path.map_err(|_| Refusal::NotFound)?;
    Ok(path)
}

async fn overview(seer: Seer, asked: Asked<Part>) -> Shown {
    let view = views::overview(&seer, &query(asked)?).await?;
    Ok(Html(pages::overview::page(&seer, &view)))
}

async fn vetting(seer: Seer, asked: Asked<Part>) -> Shown {
    let list = views::vetting(&seer, &query(asked)?).await?;
    Ok(Html(pages::overview::vetting_page(&seer, &list)))
}

async fn running(seer: Seer, asked: Asked<Part>) -> Shown {
    let list = views::running(&seer, &query(asked)?).await?;
    Ok(Html(pages::overview::running_page(&seer, &list)))
}

async fn repository(seer: Seer, path: At<(String, String)>, asked: Asked<PullsAsked>) -> Shown {
    let (owner, repo) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    let asked = query(asked)?;
    let view = views::repository(&seer, &visible, &asked).await?;
    Ok(Html(pages::repository::page(&seer, &view, &asked)))
}

async fn runs(seer: Seer, path: At<(String, String)>, asked: Asked<Part>) -> Shown {
    let (owner, repo) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    let list = views::runs(&visible, &query(asked)?).await?;
    let name = visible.row.name.to_string();
    Ok(Html(pages::runs::list_page(&seer, &name, &list)))
}

async fn runs_of(seer: Seer, path: At<(String, String, String)>, asked: Asked<RunsAsked>) -> Shown {
    let (owner, repo, kind) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    let view = views::runs_of(&seer, &visible, &kind, &query(asked)?).await?;
    Ok(Html(pages::runs::page(&seer, &view)))
}

/// What was asked for on the page, a moment ago.
#[derive(Default, Deserialize)]
struct JustAsked {
    asked: Option<String>,
}

async fn pull(seer: Seer, path: At<(String, String, u64)>, asked: Asked<JustAsked>) -> Shown {
    let (owner, repo, number) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    let view = views::pull(&seer, &visible, number).await?;
    let asked = query(asked)?.asked;
    Ok(Html(pages::pull::page(&seer, &view, asked.as_deref())))
}

/// Of which branch a badge tells.
#[derive(Default, Deserialize)]
struct BadgeAsked {
    branch: Option<String>,
}

async fn badge(
    seer: Seer,
    path: At<(String, String, String)>,
    asked: Asked<BadgeAsked>,
) -> Result<Response, Refusal> {
    let (owner, repo, file) = at(path)?;
    let pipeline = file.strip_suffix(".svg").ok_or(Refusal::NotFound)?;
    let visible = seer.repository(&owner, &repo).await?;
    let branch = query(asked)?.branch;
    let stage = views::badge(&visible, branch.as_deref(), pipeline).await?;
    let picture = pages::badge::picture(pipeline, stage);
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8"),
        (header::CACHE_CONTROL, "private, max-age=60"),
    ];
    Ok((headers, picture).into_response())
}

async fn deliveries(seer: Seer, asked: Asked<DeliveriesAsked>) -> Shown {
    let asked = query(asked)?;
    let view = views::deliveries(&seer, &asked).await?;
    Ok(Html(pages::deliveries::page(&seer, &view, &asked)))
}

/// As what a delivery was taken in again, a moment ago.
#[derive(Default, Deserialize)]
struct JustTaken {
    again: Option<String>,
}

async fn delivery(seer: Seer, path: At<String>, asked: Asked<JustTaken>) -> Shown {
    let view = views::delivery(&seer, &at(path)?).await?;
    let again = query(asked)?.again;
    let again = again.filter(|id| id.starts_with(again::AGAIN));
    Ok(Html(pages::delivery::page(&seer, &view, again.as_deref())))
}

async fn commands(seer: Seer) -> Shown {
    Ok(Html(pages::commands::page(&seer, &views::commands())))
}

async fn config(seer: Seer) -> Shown {
    Ok(Html(pages::config::page(&seer, None, None)))
}

async fn plan(seer: Seer, _here: sign_in::FromHere, body: Result<Bytes, BytesRejection>) -> Shown {
    let asked: ConfigAsked = form(body, LARGEST)?;
    let plan = views::plan(&seer.dashboard, asked.clone()).await?;
    Ok(Html(pages::config::page(&seer, Some(&asked), Some(&plan))))
}

/// What a form says.
pub(super) fn form<T: for<'a> Deserialize<'a>>(
    body: Result<Bytes, BytesRejection>,
    largest: &'static str,
) -> Result<T, Refusal> {
    let body = body.map_err(|_| Refusal::TooLarge(largest))?;
    let fields = form_urlencoded::parse(&body).into_owned();
    let said: std::collections::BTreeMap<String, String> = fields.take(MOST_FIELDS).collect();
    let said = serde_json::to_value(said).and_then(serde_json::from_value);
    said.map_err(|error| Refusal::Bad(format!("The form can't be read: {error}.")))
}
