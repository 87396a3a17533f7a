//! Jobs that are pipelines of a GitLab project.

use super::{
    Connection, Connections, GitLabConnection, Pattern, SERVICE_TOKEN, WEBHOOK_TOKEN, add_http,
    eager, finish, gate_becomes, gate_shows, kiln, paced, report, service::Service, town,
};
use crate::support::Town;
use drawbridge::sandbox::{GitLab, NewPr, PipelineView};
use serde_json::json;

const FIRE: &str = "fire: {connection: kiln, inputs: {CLAY: red}}";

async fn gitlab() -> GitLab {
    GitLab::start().await.expect("it starts")
}

/// GitLab's webhook goes to the app, with this token.
fn hooks(gitlab: &GitLab, town: &Town, token: &str) {
    let address = town.playground.app().address();
    gitlab.hooks_to(&format!("http://{address}/api/gitlab/webhooks"), token);
}

#[track_caller]
fn only(gitlab: &GitLab) -> PipelineView {
    let mut all = gitlab.pipelines();
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// Its pipeline goes on, GitLab tells the app, and the app has asked.
async fn goes_on(gitlab: &GitLab, town: &Town, status: &str) {
    let newest = gitlab.pipelines().pop().expect("a pipeline");
    gitlab.set_status(newest.id, status);
    gitlab.hooks_settled().await;
    town.settle().await;
}

fn secrets(gitlab: &GitLab) -> [String; 2] {
    [gitlab.trigger_token(), gitlab.api_token()]
}

async fn ends(gitlab: GitLab, town: Town) {
    let [trigger, api] = secrets(&gitlab);
    finish(town, &[&trigger, &api, WEBHOOK_TOKEN, SERVICE_TOKEN]).await;
    gitlab.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_is_triggered_with_its_variables_and_followed_by_webhook() {
    let gitlab = gitlab().await;
    let mut town = town(kiln(&gitlab, true), FIRE).await;
    hooks(&gitlab, &town, WEBHOOK_TOKEN);
    let pr = town.mirrored_pr().await;
    let pipeline = only(&gitlab);
    let of = |name: &str| pipeline.variables[name].clone();
    assert_eq!(
        (of("CLAY"), of("DRAWBRIDGE_SHA")),
        ("red".to_owned(), town.head(pr))
    );
    assert_eq!(
        (of("DRAWBRIDGE_PR"), pipeline.reference.as_str()),
        (pr.to_string(), "main")
    );
    town.gate(pr)
        .is("in_progress")
        .says(&format!("GitLab pipeline {}", pipeline.id))
        .says(&format!("/acme/engine/-/pipelines/{}>)", pipeline.id));
    goes_on(&gitlab, &town, "running").await;
    town.gate(pr).is("in_progress").says("🏃");
    goes_on(&gitlab, &town, "success").await;
    town.gate(pr).is("success").says("1 job passed");
    assert!(gitlab.hooks().iter().all(|hook| hook.status == Some(202)));
    ends(gitlab, town).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_with_a_wrong_token_is_refused_and_nothing_is_asked() {
    let gitlab = gitlab().await;
    let mut town = town(kiln(&gitlab, true), FIRE).await;
    let pr = town.mirrored_pr().await;
    for token in ["", "wrong", &gitlab.trigger_token()] {
        hooks(&gitlab, &town, token);
        goes_on(&gitlab, &town, "running").await;
        goes_on(&gitlab, &town, "pending").await;
    }
    assert!(gitlab.hooks().iter().all(|hook| hook.status == Some(401)));
    town.gate(pr).is("in_progress").does_not_say("🏃");
    // What the webhook says is not believed either: GitLab is asked.
    hooks(&gitlab, &town, WEBHOOK_TOKEN);
    goes_on(&gitlab, &town, "failed").await;
    town.gate(pr).is("failure");
    ends(gitlab, town).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_whose_webhooks_are_lost_is_asked_for() {
    let gitlab = gitlab().await;
    let mut town = paced(kiln(&gitlab, true), eager(), FIRE).await;
    let pr = town.github().open_pr(NewPr::by("mel"));
    gitlab
        .wait_until("it is triggered", |g| !g.pipelines().is_empty())
        .await;
    let id = only(&gitlab).id;
    gitlab.set_status(id, "running");
    gate_shows(&town, &town.head(pr), "in_progress", "🏃").await;
    gitlab.set_status(id, "success");
    gate_becomes(&town, &town.head(pr), "success").await;
    town.mirrored(pr);
    ends(gitlab, town).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_optional_pipeline_that_fails_is_shown_and_blocks_nothing() {
    let (gitlab, service) = (gitlab().await, Service::start().await);
    let mut connections = kiln(&gitlab, true);
    add_http(&mut connections, "bakery", &service.url, None);
    let jobs = "fire: {connection: kiln, required: false}\nbake: {connection: bakery}";
    let mut town = town(connections, jobs).await;
    hooks(&gitlab, &town, WEBHOOK_TOKEN);
    let pr = town.mirrored_pr().await;
    goes_on(&gitlab, &town, "failed").await;
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for bake")
        .says("_(optional)_");
    let token = service.start_of("bake").token().to_owned();
    report(
        &town,
        &token,
        json!({ "status": "completed", "conclusion": "success" }),
    )
    .await;
    town.gate(pr)
        .is("success")
        .says("❌")
        .says(&format!("GitLab pipeline {}", only(&gitlab).id));
    ends(gitlab, town).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_cancels_the_pipeline_of_the_old_head() {
    let gitlab = gitlab().await;
    let mut town = town(kiln(&gitlab, false), FIRE).await;
    let pr = town.mirrored_pr().await;
    gitlab.set_status(only(&gitlab).id, "running");
    town.push(pr).await;
    town.mirrored(pr);
    let statuses: Vec<_> = gitlab.pipelines().into_iter().map(|p| p.status).collect();
    assert_eq!(statuses, ["canceled", "created"]);
    town.gate(pr).is("in_progress");
    town.close(pr).await;
    assert_eq!(gitlab.pipelines()[1].status, "canceled");
    ends(gitlab, town).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retest_retries_the_pipeline_itself() {
    let gitlab = gitlab().await;
    let mut town = town(kiln(&gitlab, true), FIRE).await;
    hooks(&gitlab, &town, WEBHOOK_TOKEN);
    let pr = town.mirrored_pr().await;
    goes_on(&gitlab, &town, "running").await;
    goes_on(&gitlab, &town, "failed").await;
    town.gate(pr).is("failure");
    let comment = town.comment(pr, "vera", "/retest").await;
    town.acknowledged(pr, comment);
    assert_eq!(only(&gitlab).attempt, 2);
    town.gate(pr).is("in_progress").says("attempt 2");
    goes_on(&gitlab, &town, "success").await;
    town.gate(pr).is("success");
    // One that passed has nothing to retry: it is triggered anew.
    let comment = town.comment(pr, "vera", "/retest fire").await;
    town.acknowledged(pr, comment);
    assert_eq!(gitlab.pipelines().len(), 2);
    goes_on(&gitlab, &town, "success").await;
    town.gate(pr).is("success").says("attempt 3");
    ends(gitlab, town).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_token_that_gitlab_does_not_know_fails_the_job_and_the_gate_says_so() {
    let gitlab = gitlab().await;
    let mut connections = Connections::default();
    let connection = GitLabConnection {
        url: gitlab.url(),
        project: gitlab.project(),
        reference: "main".to_owned(),
        trigger_token: "not-the-trigger-token".into(),
        api_token: gitlab.api_token().into(),
        webhook_token: None,
    };
    let who = Pattern::parse("acme/*").expect("a pattern");
    connections.add("kiln".to_owned(), Connection::GitLab(connection), vec![who]);
    let mut town = town(connections, FIRE).await;
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .is("failure")
        .says("fire: kiln answered 404 while starting the pipeline")
        .says("could not be started");
    finish(town, &["not-the-trigger-token", &gitlab.api_token()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gitlab_that_is_down_is_waited_for() {
    let gitlab = gitlab().await;
    let mut town = paced(kiln(&gitlab, false), eager(), FIRE).await;
    gitlab.set_down(true);
    let pr = town.github().open_pr(NewPr::by("mel"));
    let head = town.head(pr);
    let words = "kiln answered 503 while";
    gate_shows(&town, &head, "in_progress", words).await;
    assert!(gitlab.pipelines().is_empty());
    gitlab.set_down(false);
    gitlab
        .wait_until("it is triggered", |g| !g.pipelines().is_empty())
        .await;
    gitlab.set_status(only(&gitlab).id, "running");
    gate_shows(&town, &head, "in_progress", "🏃").await;
    gitlab.set_down(true);
    gate_shows(&town, &head, "in_progress", words).await;
    gitlab.set_down(false);
    gitlab.set_status(only(&gitlab).id, "success");
    gate_becomes(&town, &head, "success").await;
    town.gate(pr).does_not_say("503");
    town.mirrored(pr);
    ends(gitlab, town).await;
}
