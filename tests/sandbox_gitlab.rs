//! The stand-in GitLab: its documented API, and its webhooks. GitLab publishes no description of its API as a package, so
//! that the fields its documentation shows are listed here.

mod sandbox_support;

use std::collections::BTreeMap;

use drawbridge::sandbox::GitLab;
use reqwest::{Method, Response};
use sandbox_support::Ear;
use serde_json::{Value, json};

/// "Get a single pipeline" and "Trigger a pipeline with a token" show these.
const FIELDS: [&str; 21] = [
    "before_sha",
    "committed_at",
    "coverage",
    "created_at",
    "detailed_status",
    "duration",
    "finished_at",
    "id",
    "iid",
    "project_id",
    "queued_duration",
    "ref",
    "sha",
    "source",
    "started_at",
    "status",
    "tag",
    "updated_at",
    "user",
    "web_url",
    "yaml_errors",
];

/// "Pipeline events" shows these in `object_attributes`.
const HOOK_FIELDS: [&str; 17] = [
    "before_sha",
    "created_at",
    "detailed_status",
    "duration",
    "finished_at",
    "id",
    "iid",
    "name",
    "queued_duration",
    "ref",
    "sha",
    "source",
    "stages",
    "status",
    "tag",
    "variables",
    "url",
];

fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(
            value.get(field).is_some(),
            "{field} is missing in {value:#}"
        );
    }
}

struct Client {
    gitlab: GitLab,
    http: reqwest::Client,
}

impl Client {
    async fn start() -> Self {
        Self {
            gitlab: GitLab::start().await.expect("it starts"),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn trigger(&self, body: Value) -> Response {
        let url = format!(
            "{}/api/v4/projects/acme%2Fengine/trigger/pipeline",
            self.gitlab.url()
        );
        self.http.post(url).json(&body).send().await.unwrap()
    }

    async fn on(&self, method: Method, path: &str, token: &str) -> Response {
        let project = self.gitlab.project_id();
        let url = format!(
            "{}/api/v4/projects/{project}/pipelines{}{path}",
            self.gitlab.url(),
            if path.starts_with('?') { "" } else { "/" }
        );
        let request = self
            .http
            .request(method, url)
            .header("private-token", token);
        request.send().await.unwrap()
    }
}

#[tokio::test]
async fn a_pipeline_is_triggered_by_form_or_json() {
    let client = Client::start().await;
    let token = client.gitlab.trigger_token();
    let path = format!(
        "{}/api/v4/projects/{}/trigger/pipeline",
        client.gitlab.url(),
        client.gitlab.project_id()
    );
    let form = format!("token={token}&ref=main&variables%5BARCH%5D=amd64&variables[SHA]=a%2Bb");
    let request = client
        .http
        .post(path)
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let shown: Value = answer.json().await.unwrap();
    has(&shown, &FIELDS);
    assert_eq!(
        (&shown["status"], &shown["source"], &shown["ref"]),
        (&json!("created"), &json!("trigger"), &json!("main"))
    );
    let variables = json!({ "ARCH": "arm64" });
    let answer = client
        .trigger(json!({ "token": token, "ref": "main", "variables": variables }))
        .await;
    assert_eq!(answer.status(), 201);
    let seen: Vec<_> = client
        .gitlab
        .pipelines()
        .into_iter()
        .map(|one| one.variables)
        .collect();
    let pairs = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
        list.iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    assert_eq!(
        seen,
        [
            pairs(&[("ARCH", "amd64"), ("SHA", "a+b")]),
            pairs(&[("ARCH", "arm64")])
        ]
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_trigger_is_said_as_gitlab_says_it() {
    let client = Client::start().await;
    let token = client.gitlab.trigger_token();
    for (body, status, expected) in [
        (
            json!({ "token": "x", "ref": "main" }),
            404,
            json!({ "message": "404 Not Found" }),
        ),
        (
            json!({ "token": token, "ref": "no" }),
            400,
            json!({ "message": { "base": ["Reference not found"] } }),
        ),
        (
            json!({ "token": token }),
            400,
            json!({ "error": "ref is missing" }),
        ),
        (
            json!({ "token": token, "ref": "main", "variables": { "A": 1 } }),
            400,
            json!({ "message": "400 Bad request - variables needs to be a map of key-valued strings" }),
        ),
    ] {
        let answer = client.trigger(body).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.json::<Value>().await.unwrap(), expected);
    }
    client.gitlab.set_down(true);
    assert_eq!(
        client
            .trigger(json!({ "token": token, "ref": "main" }))
            .await
            .status(),
        503
    );
    assert!(client.gitlab.pipelines().is_empty());
    client.gitlab.set_down(false);
    client.gitlab.set_branch("pull-request/7", &"a".repeat(40));
    let answer = client
        .trigger(json!({ "token": token, "ref": "pull-request/7" }))
        .await;
    assert_eq!(answer.json::<Value>().await.unwrap()["sha"], "a".repeat(40));
    client.gitlab.shutdown().await;
}

#[tokio::test]
async fn a_pipeline_is_watched_cancelled_and_retried_with_the_api_token_only() {
    let client = Client::start().await;
    let (trigger, api) = (client.gitlab.trigger_token(), client.gitlab.api_token());
    client
        .trigger(json!({ "token": trigger, "ref": "main" }))
        .await;
    let id = client.gitlab.pipelines()[0].id;
    let one = id.to_string();
    assert_eq!(client.on(Method::GET, &one, &trigger).await.status(), 401);
    assert_eq!(client.on(Method::GET, "1", &api).await.status(), 404);
    client.gitlab.set_status(id, "running");
    let shown: Value = client
        .on(Method::GET, &one, &api)
        .await
        .json()
        .await
        .unwrap();
    has(&shown, &FIELDS);
    assert_eq!(shown["status"], "running");
    let cancelled = client
        .on(Method::POST, &format!("{one}/cancel"), &api)
        .await;
    assert_eq!(cancelled.status(), 200);
    assert_eq!(
        cancelled.json::<Value>().await.unwrap()["status"],
        "canceled"
    );
    let retried = client.on(Method::POST, &format!("{one}/retry"), &api).await;
    assert_eq!(retried.status(), 201);
    let shown: Value = retried.json().await.unwrap();
    assert_eq!(
        (&shown["id"], &shown["status"]),
        (&json!(id), &json!("pending"))
    );
    assert_eq!(client.gitlab.pipelines()[0].attempt, 2);
}

#[tokio::test]
async fn every_change_is_told_to_the_hook_with_its_token() {
    let (client, ear) = (Client::start().await, Ear::open().await);
    client.gitlab.hooks_to(&ear.url, "the hook's secret");
    let body = json!({ "token": client.gitlab.trigger_token(), "ref": "main", "variables": { "JOB": "j1" } });
    client.trigger(body.clone()).await;
    let id = client.gitlab.pipelines()[0].id;
    for status in ["pending", "running", "running", "failed"] {
        client.gitlab.set_status(id, status);
    }
    client.gitlab.hooks_settled().await;
    let heard = ear.heard.lock().unwrap().clone();
    let bodies: Vec<Value> = heard
        .iter()
        .map(|(_, body)| serde_json::from_slice(body).unwrap())
        .collect();
    let statuses: Vec<_> = bodies
        .iter()
        .map(|body| &body["object_attributes"]["status"])
        .collect();
    assert_eq!(statuses, ["pending", "running", "failed"]);
    let (headers, last) = (&heard[2].0, &bodies[2]);
    assert_eq!(headers["x-gitlab-event"], "Pipeline Hook");
    assert_eq!(headers["x-gitlab-token"], "the hook's secret");
    assert_eq!(
        (
            &last["object_kind"],
            &last["project"]["path_with_namespace"]
        ),
        (&json!("pipeline"), &json!("acme/engine"))
    );
    has(&last["object_attributes"], &HOOK_FIELDS);
    has(
        &last["project"],
        &[
            "id",
            "name",
            "web_url",
            "path_with_namespace",
            "default_branch",
        ],
    );
    assert_eq!(
        last["object_attributes"]["variables"],
        json!([{ "key": "JOB", "value": "j1" }])
    );
    assert!(
        last["object_attributes"]["finished_at"]
            .as_str()
            .unwrap()
            .ends_with(" UTC")
    );

    client.gitlab.set_auto_finish(Some("success"));
    client.trigger(body).await;
    client.gitlab.hooks_settled().await;
    assert_eq!(client.gitlab.hooks().len(), 6);
    assert_eq!(
        client.gitlab.hooks()[5].payload["object_attributes"]["detailed_status"],
        "passed"
    );
}

#[tokio::test]
async fn pipelines_are_listed_and_show_their_variables() {
    let client = Client::start().await;
    let (trigger, api) = (client.gitlab.trigger_token(), client.gitlab.api_token());
    client.gitlab.set_branch("other", &"a".repeat(40));
    for reference in ["main", "other", "main"] {
        let variables = json!({ "REF": reference });
        let body = json!({ "token": trigger, "ref": reference, "variables": variables });
        client.trigger(body).await;
    }
    let ids: Vec<u64> = client.gitlab.pipelines().iter().map(|p| p.id).collect();
    let query = |rest: &str| format!("?source=trigger&order_by=id&sort=desc&{rest}");
    for (rest, expected) in [
        (
            "ref=main&updated_after=2020-01-01T00%3A00%3A00Z",
            vec![ids[2], ids[0]],
        ),
        ("ref=main&updated_after=2999-01-01T00%3A00%3A00Z", vec![]),
        ("per_page=2&page=1", vec![ids[2], ids[1]]),
        ("per_page=2&page=2", vec![ids[0]]),
        ("per_page=2&page=3", vec![]),
    ] {
        let answer = client.on(Method::GET, &query(rest), &api).await;
        let listed: Vec<Value> = answer.json().await.unwrap();
        let listed: Vec<u64> = listed.iter().map(|p| p["id"].as_u64().unwrap()).collect();
        assert_eq!(listed, expected, "{rest}");
    }
    assert_eq!(
        client.on(Method::GET, &query(""), &trigger).await.status(),
        401
    );
    let wrong = client
        .on(Method::GET, &query("updated_after=soon"), &api)
        .await;
    assert_eq!(wrong.status(), 400);
    let path = format!("{}/variables", ids[1]);
    let shown: Value = client
        .on(Method::GET, &path, &api)
        .await
        .json()
        .await
        .unwrap();
    let expected = json!([{ "key": "REF", "variable_type": "env_var", "value": "other" }]);
    assert_eq!(shown, expected);
    client.gitlab.break_down_at_next_trigger();
    let lost = client
        .trigger(json!({ "token": trigger, "ref": "main" }))
        .await;
    assert_eq!(
        (lost.status().as_u16(), client.gitlab.pipelines().len()),
        (502, 4)
    );
    assert_eq!(client.on(Method::GET, &path, &api).await.status(), 503);
}
