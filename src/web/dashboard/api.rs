//! The same as JSON, under `/api/v1`, described by `/api/openapi.json`. Routes and description are made of one list, so that
//! neither can be forgotten.

use super::Dashboard;
use super::access::Seer;
use super::refusal::Refusal;
use super::site::{Asked, At, LARGEST_FORM, at, query};
use super::views::{
    self, CommandsView, ConfigAsked, DeliveriesAsked, DeliveriesView, DeliveryPageView, Listed,
    OverviewView, Part, PlanView, PullItem, PullView, PullsAsked, RepoView, RepositoryView,
    RunningView, RunsAsked, RunsItem, RunsView, VettingView,
};
use axum::Json;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::JsonRejection;
use axum::routing::get;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Drawbridge",
        description = "What Drawbridge knows about pull requests, their runs and its own health. Everything is only read.\n\n\
            Send a token of the setting DASHBOARD_TOKEN as `Authorization: Bearer …`. Repositories that may not be seen answer as \
            if they were not there. Lists come in parts: `next` of one is `after` of the next.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(Mistaken)),
    security((), ("token" = [])),
    modifiers(&Secured)
)]
struct Description;

/// How every refusal reads.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct Mistaken {
    /// What is the matter.
    error: String,
    /// What to do about it.
    remedy: String,
}

struct Secured;

impl utoipa::Modify for Secured {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

fn described() -> OpenApiRouter<Arc<Dashboard>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(overview))
        .routes(routes!(vetting))
        .routes(routes!(running))
        .routes(routes!(repositories))
        .routes(routes!(repository))
        .routes(routes!(pulls))
        .routes(routes!(pull))
        .routes(routes!(runs))
        .routes(routes!(runs_of))
        .routes(routes!(deliveries))
        .routes(routes!(delivery))
        .routes(routes!(commands))
        .routes(routes!(plan))
}

pub(super) fn routes() -> Router<Arc<Dashboard>> {
    let (routes, _) = described().split_for_parts();
    routes
        .route("/api/openapi.json", get(openapi))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
}

/// The description.
pub fn document() -> utoipa::openapi::OpenApi {
    described().split_for_parts().1
}

/// It tells nothing about anybody, so everybody may read it.
async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

type Shown<T> = Result<Json<T>, Refusal>;

/// What runs, what waits, and whether the server is well.
#[utoipa::path(get, path = "/api/v1/overview", params(Part), responses((status = 200, body = OverviewView), (status = 401, body = Mistaken)))]
async fn overview(seer: Seer, asked: Asked<Part>) -> Shown<OverviewView> {
    Ok(Json(views::overview(&seer, &query(asked)?).await?))
}

/// The open pull requests that wait for a vetter, the one that waits the longest first.
#[utoipa::path(get, path = "/api/v1/vetting", params(Part), responses((status = 200, body = Listed<VettingView>), (status = 401, body = Mistaken)))]
async fn vetting(seer: Seer, asked: Asked<Part>) -> Shown<Listed<VettingView>> {
    Ok(Json(views::vetting(&seer, &query(asked)?).await?))
}

/// What has runs that are not over.
#[utoipa::path(get, path = "/api/v1/running", params(Part), responses((status = 200, body = Listed<RunningView>), (status = 401, body = Mistaken)))]
async fn running(seer: Seer, asked: Asked<Part>) -> Shown<Listed<RunningView>> {
    Ok(Json(views::running(&seer, &query(asked)?).await?))
}

/// The repositories, by name.
#[utoipa::path(get, path = "/api/v1/repositories", params(Part), responses((status = 200, body = Listed<RepoView>), (status = 401, body = Mistaken)))]
async fn repositories(seer: Seer, asked: Asked<Part>) -> Shown<Listed<RepoView>> {
    Ok(Json(views::repositories(&seer, &query(asked)?).await?))
}

/// A repository with the first of its open pull requests and of its runs.
#[utoipa::path(get, path = "/api/v1/repositories/{owner}/{repo}",
    params(("owner" = String, Path, description = "Its owner"), ("repo" = String, Path, description = "Its name"), PullsAsked),
    responses((status = 200, body = RepositoryView), (status = 401, body = Mistaken), (status = 404, body = Mistaken)))]
async fn repository(
    seer: Seer,
    path: At<(String, String)>,
    asked: Asked<PullsAsked>,
) -> Shown<RepositoryView> {
    let (owner, repo) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    Ok(Json(
        views::repository(&seer, &visible, &query(asked)?).await?,
    ))
}

/// A repository's open pull requests, the newest first.
#[utoipa::path(get, path = "/api/v1/repositories/{owner}/{repo}/pulls",
    params(("owner" = String, Path, description = "Its owner"), ("repo" = String, Path, description = "Its name"), PullsAsked),
    responses((status = 200, body = Listed<PullItem>), (status = 400, body = Mistaken), (status = 401, body = Mistaken), (status = 404, body = Mistaken)))]
async fn pulls(
    seer: Seer,
    path: At<(String, String)>,
    asked: Asked<PullsAsked>,
) -> Shown<Listed<PullItem>> {
    let (owner, repo) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    Ok(Json(views::pulls(&visible, &query(asked)?).await?))
}

/// A pull request: what it needs next, and everything that led there.
#[utoipa::path(get, path = "/api/v1/repositories/{owner}/{repo}/pulls/{number}",
    params(("owner" = String, Path, description = "Its owner"), ("repo" = String, Path, description = "Its name"), ("number" = u64, Path, description = "The pull request's number")),
    responses((status = 200, body = PullView), (status = 401, body = Mistaken), (status = 404, body = Mistaken)))]
async fn pull(seer: Seer, path: At<(String, String, u64)>) -> Shown<PullView> {
    let (owner, repo, number) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    Ok(Json(views::pull(&seer, &visible, number).await?))
}

/// The runs of a repository's merge groups, branches and schedules, the latest first.
#[utoipa::path(get, path = "/api/v1/repositories/{owner}/{repo}/runs",
    params(("owner" = String, Path, description = "Its owner"), ("repo" = String, Path, description = "Its name"), Part),
    responses((status = 200, body = Listed<RunsItem>), (status = 401, body = Mistaken), (status = 404, body = Mistaken)))]
async fn runs(
    seer: Seer,
    path: At<(String, String)>,
    asked: Asked<Part>,
) -> Shown<Listed<RunsItem>> {
    let (owner, repo) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    Ok(Json(views::runs(&visible, &query(asked)?).await?))
}

/// The runs of one merge group, branch or of the schedule: their jobs, and how each stands.
#[utoipa::path(get, path = "/api/v1/repositories/{owner}/{repo}/runs/{kind}",
    params(("owner" = String, Path, description = "Its owner"), ("repo" = String, Path, description = "Its name"), ("kind" = String, Path, description = "`merge_group`, `branch` or `schedule`"), RunsAsked),
    responses((status = 200, body = RunsView), (status = 401, body = Mistaken), (status = 404, body = Mistaken)))]
async fn runs_of(
    seer: Seer,
    path: At<(String, String, String)>,
    asked: Asked<RunsAsked>,
) -> Shown<RunsView> {
    let (owner, repo, kind) = at(path)?;
    let visible = seer.repository(&owner, &repo).await?;
    let asked = query(asked)?;
    let view = views::runs_of(&seer, &visible, &kind, &asked).await?;
    Ok(Json(view))
}

/// The deliveries that came, and what became of them.
#[utoipa::path(get, path = "/api/v1/deliveries", params(DeliveriesAsked), responses((status = 200, body = DeliveriesView), (status = 401, body = Mistaken)))]
async fn deliveries(seer: Seer, asked: Asked<DeliveriesAsked>) -> Shown<DeliveriesView> {
    Ok(Json(views::deliveries(&seer, &query(asked)?).await?))
}

/// A delivery: what it said, and what became of it.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", params(("id" = String, Path, description = "`X-GitHub-Delivery`")),
    responses((status = 200, body = DeliveryPageView), (status = 401, body = Mistaken), (status = 404, body = Mistaken)))]
async fn delivery(seer: Seer, path: At<String>) -> Shown<DeliveryPageView> {
    Ok(Json(views::delivery(&seer, &at(path)?).await?))
}

/// The commands that people write in comments.
#[utoipa::path(get, path = "/api/v1/commands", responses((status = 200, body = CommandsView), (status = 401, body = Mistaken)))]
async fn commands(_seer: Seer) -> Json<CommandsView> {
    Json(views::commands())
}

/// Whether a configuration is sound, and what it would run. Nothing of it is kept.
#[utoipa::path(post, path = "/api/v1/config", request_body = ConfigAsked, responses((status = 200, body = PlanView), (status = 400, body = Mistaken), (status = 401, body = Mistaken), (status = 413, body = Mistaken)))]
async fn plan(seer: Seer, asked: Result<Json<ConfigAsked>, JsonRejection>) -> Shown<PlanView> {
    let Json(asked) = asked.map_err(|error| match error.status().as_u16() {
        413 => Refusal::TooLarge("256 KiB of configuration"),
        _ => Refusal::Bad(error.body_text()),
    })?;
    Ok(Json(views::plan(&seer.dashboard, asked).await?))
}
