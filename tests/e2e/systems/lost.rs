//! News that never comes is asked for.

use super::{
    Connections, SERVICE_TOKEN, add_http, eager, finish, gate_becomes, gate_shows, paced,
    service::Service,
};
use crate::support::Town;
use drawbridge::engine::Pace;
use drawbridge::playground::Setup;
use drawbridge::sandbox::NewPr;
use serde_json::json;
use std::time::Duration;

/// Found by its title, where GitHub's answer was lost.
pub const WORKFLOW: &str = "\
name: Build
run-name: Build (${{ inputs.drawbridge_id }})
on:
  workflow_dispatch:
    inputs:
      drawbridge_id: {type: string, default: ''}
jobs:
  build: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}
";

pub const BUILD: &str = "build: {workflow: build.yml}";

/// The workflow is on the default branch, and so in every head that is made from now on.
pub async fn has_workflow(town: &Town) {
    town.write(".github/workflows/build.yml", WORKFLOW).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_run_whose_end_is_not_delivered_is_asked_for() {
    let mut town = paced(Connections::default(), eager(), BUILD).await;
    has_workflow(&town).await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    gate_shows(&town, &head, "in_progress", "🏃").await;
    let run = town.github().dispatched_runs().remove(0).run_id;
    town.github().deliveries_settled().await;
    town.github().hold_deliveries(true);
    town.github().finish_run(run, "success");
    for delivery in town.github().held() {
        town.github().drop_delivery(&delivery.guid);
    }
    town.loses_deliveries();
    gate_becomes(&town, &head, "success").await;
    town.github().hold_deliveries(false);
    town.mirrored(pr);
    finish(town, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_whose_end_is_not_delivered_is_asked_for() {
    let pace = Pace {
        poll: Duration::from_millis(50),
        ..Setup::default().pace
    };
    let mut town = paced(Connections::default(), pace, "seen: {check: build}").await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    gate_shows(&town, &head, "in_progress", "🏃").await;
    town.github().deliveries_settled().await;
    town.github().hold_deliveries(true);
    town.github()
        .finish_build(&crate::support::mirror(pr), "build", "success");
    for delivery in town.github().held() {
        town.github().drop_delivery(&delivery.guid);
    }
    town.loses_deliveries();
    gate_becomes(&town, &head, "success").await;
    town.github().hold_deliveries(false);
    town.mirrored(pr);
    finish(town, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_with_a_status_address_is_asked_how_a_job_stands() {
    let service = Service::start().await;
    let mut connections = Connections::default();
    let status = format!("{}/{{id}}", service.url);
    add_http(&mut connections, "bakery", &service.url, Some(status));
    let mut town = paced(connections, eager(), "bake: {connection: bakery}").await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    service
        .wait_until("it is started", |s| !s.starts("bake").is_empty())
        .await;
    let id = service.start_of("bake").key;
    service.stands(&id, json!({ "status": "in_progress", "title": "rising" }));
    gate_shows(&town, &head, "in_progress", "rising").await;
    let end = json!({ "status": "completed", "conclusion": "success", "title": "done" });
    service.stands(&id, end);
    gate_becomes(&town, &head, "success").await;
    town.mirrored(pr);
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_its_service_has_forgotten_ends_with_that_reason() {
    let service = Service::start().await;
    service.forgets();
    let mut connections = Connections::default();
    let status = format!("{}/{{id}}", service.url);
    add_http(&mut connections, "bakery", &service.url, Some(status));
    let mut town = paced(connections, eager(), "bake: {connection: bakery}").await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    gate_becomes(&town, &head, "failure").await;
    town.gate(pr)
        .says("bakery answered 404 while telling how the job stands: no such loaf")
        .says("lost by its backend");
    assert!(service.asked() >= 8, "{}", service.asked());
    town.mirrored(pr);
    finish(town, &[SERVICE_TOKEN]).await;
}
