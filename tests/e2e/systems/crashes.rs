//! Answers that are lost after the deed, and crashes between the deed and the note of it: every job is started exactly
//! once.

use super::lost::{BUILD, has_workflow};
use super::service::{Mood, Service};
use super::{Connections, SERVICE_TOKEN, bakery, finish, kiln, report, town};
use crate::support::Town;
use drawbridge::sandbox::{DispatchView, FaultKind, GitLab, NewPr};
use serde_json::json;

const DISPATCH: &str = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";
const RUNS_OF: &str = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs";
const RERUN: &str = "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs";

#[track_caller]
fn only(town: &Town) -> DispatchView {
    let mut all = town.github().dispatched_runs();
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

async fn ends(town: &Town, run: u64, conclusion: &str) {
    town.github().finish_run(run, conclusion);
    town.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispatch_whose_answer_is_lost_starts_one_workflow_run() {
    let mut town = town(Connections::default(), BUILD).await;
    has_workflow(&town).await;
    for kind in [
        FaultKind::AnswerLost,
        FaultKind::HalfAnswer,
        FaultKind::WrongJson,
    ] {
        let before = town.github().dispatched_runs().len();
        town.fault("POST", DISPATCH, kind.clone());
        let pr = town.mirrored_pr().await;
        let runs = town.github().dispatched_runs();
        assert_eq!(runs.len(), before + 1, "{kind:?}: {runs:#?}");
        ends(&town, runs[before].run_id, "success").await;
        town.gate(pr).is("success");
    }
    finish(town, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispatch_that_was_not_done_is_done_once() {
    let mut town = town(Connections::default(), BUILD).await;
    has_workflow(&town).await;
    town.fault("POST", DISPATCH, FaultKind::DropConnection);
    let pr = town.mirrored_pr().await;
    ends(&town, only(&town).run_id, "success").await;
    town.gate(pr).is("success");
    finish(town, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_the_workflow_run_is_found_by_its_title() {
    let mut town = town(Connections::default(), BUILD).await;
    has_workflow(&town).await;
    // The answer is lost, and nothing more is learnt until the app is stopped.
    town.fault("POST", DISPATCH, FaultKind::AnswerLost);
    town.faults(100_000, "GET", RUNS_OF, FaultKind::DropConnection);
    let pr = town.github().open_pr(NewPr::by("mel"));
    town.github()
        .wait_until("it is looked for", |g| {
            g.exchanges().iter().any(|e| e.route == RUNS_OF)
        })
        .await;
    town.playground.stop_app().await.expect("it stops");
    let run = only(&town).run_id;
    // Meanwhile it ends, and nobody hears of it.
    town.github().deliver_nowhere();
    town.github().finish_run(run, "success");
    town.loses_deliveries();
    town.github().clear_faults();
    town.playground.start_app().await.expect("it starts again");
    town.settle().await;
    assert_eq!(only(&town).run_id, run);
    town.gate(pr).is("success");
    town.mirrored(pr);
    finish(town, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rerun_whose_answer_is_lost_runs_once_more_and_not_twice() {
    let mut town = town(Connections::default(), BUILD).await;
    has_workflow(&town).await;
    let pr = town.mirrored_pr().await;
    let run = only(&town).run_id;
    ends(&town, run, "failure").await;
    town.gate(pr).is("failure");
    town.fault("POST", RERUN, FaultKind::AnswerLost);
    let comment = town.comment(pr, "vera", "/retest").await;
    town.acknowledged(pr, comment);
    assert_eq!((only(&town).run_id, only(&town).attempt), (run, 2));
    town.gate(pr).is("in_progress").says("attempt 2");
    // What is delivered late of the first attempt does not end the second one.
    let late = town.delivery("workflow_run", "completed").payload;
    town.github().send_event("workflow_run", late);
    town.settle().await;
    town.gate(pr).is("in_progress");
    ends(&town, run, "success").await;
    town.gate(pr).is("success");
    finish(town, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_jobs_of_one_workflow_each_find_their_own_run_where_github_names_none() {
    let jobs = "one: {workflow: build.yml}\ntwo: {workflow: build.yml}";
    let mut town = town(Connections::default(), jobs).await;
    has_workflow(&town).await;
    town.github().set_run_details(false);
    let pr = town.mirrored_pr().await;
    let runs = town.github().dispatched_runs();
    assert_eq!(runs.len(), 2, "{runs:#?}");
    ends(&town, runs[1].run_id, "success").await;
    town.gate(pr).is("in_progress");
    ends(&town, runs[0].run_id, "failure").await;
    town.gate(pr).is("failure").says("✅").says("❌");
    finish(town, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_whose_answers_are_lost_has_one_job_also_after_a_crash() {
    let service = Service::start().await;
    service.is(Mood::Lossy);
    let mut town = town(bakery(&service.url), "bake: {connection: bakery}").await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    service
        .wait_until("it was posted twice", |s| s.posts().len() >= 2)
        .await;
    // What GitHub tells while it is stopped goes astray.
    town.loses_deliveries();
    town.playground.stop_app().await.expect("it stops");
    service.is(Mood::Well);
    let before = service.posts().len();
    town.playground.start_app().await.expect("it starts again");
    town.settle().await;
    assert_eq!(service.posts().len(), before + 1);
    assert_eq!(service.starts("bake").len(), 1, "{:#?}", service.posts());
    // The token of any of the posts counts.
    let first = service.posts().remove(0);
    report(
        &town,
        first.token(),
        json!({ "status": "completed", "conclusion": "success" }),
    )
    .await;
    town.gate(pr).is("success");
    town.mirrored(pr);
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gitlab_pipeline_whose_answer_is_lost_is_found_by_its_variables_also_after_a_crash() {
    for crash in [false, true] {
        let gitlab = GitLab::start().await.expect("it starts");
        let mut town = town(kiln(&gitlab, false), "fire: {connection: kiln}").await;
        gitlab.break_down_at_next_trigger();
        let pr = town.github().open_pr(NewPr::by("mel"));
        gitlab
            .wait_until("it is triggered", |g| !g.pipelines().is_empty())
            .await;
        // No webhook tells of it: the pipeline has ended before anybody can ask how it stands.
        gitlab.set_status(gitlab.pipelines()[0].id, "success");
        if crash {
            town.loses_deliveries();
            town.playground.stop_app().await.expect("it stops");
            gitlab.set_down(false);
            town.playground.start_app().await.expect("it starts again");
        }
        gitlab.set_down(false);
        town.settle().await;
        assert_eq!(gitlab.pipelines().len(), 1, "{:#?}", gitlab.pipelines());
        town.gate(pr).is("success");
        town.mirrored(pr);
        finish(town, &[&gitlab.trigger_token(), &gitlab.api_token()]).await;
        gitlab.shutdown().await;
    }
}
