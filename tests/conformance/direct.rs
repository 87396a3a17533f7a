//! Calls of what the stand-in offers and the app does not use yet, and of what it only uses when something is wrong.

use super::sandbox_support::Client;
use drawbridge::sandbox::{NewCheck, NewCommit, NewPr, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};

/// Makes them all.
pub async fn call(sandbox: &Sandbox) {
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let mut client = Client {
        sandbox: sandbox.clone(),
        http,
        token: String::new(),
    };
    client.token = client
        .new_token(
            json!({ "permissions": { "contents": "read" }, "repository_ids": [sandbox.repo_id()] }),
        )
        .await;
    app(&client).await;
    somebody(&client).await;
    client.token = client
        .new_token(json!({ "repositories": [sandbox.full_name().split('/').next_back()] }))
        .await;
    client.token = client.new_token(json!({})).await;
    lists(&client).await;
    refs(&client).await;
    proposals(&client).await;
    checks(&client).await;
    comments(&client).await;
    runs(&client).await;
    super::fan_out::call(&client).await;
}

fn repo(client: &Client) -> String {
    format!("/repos/{}", client.sandbox.full_name())
}

/// Asks, and expects one of these answers.
async fn ask(client: &Client, method: Method, path: &str, secret: &str, expected: &[u16]) {
    let answer = client
        .request(method, path, secret)
        .send()
        .await
        .expect("an answer");
    assert!(
        expected.contains(&answer.status().as_u16()),
        "{path}: {}",
        answer.status()
    );
}

async fn app(client: &Client) {
    let jwt = client.jwt(-30, 300);
    let id = client.sandbox.installation_id();
    let full = client.sandbox.full_name();
    for (path, status) in [
        ("/app".to_owned(), 200),
        ("/app/installations".to_owned(), 200),
        (format!("/app/installations/{id}"), 200),
        ("/app/installations/1".to_owned(), 404),
        (format!("/repos/{full}/installation"), 200),
        ("/app/hook/deliveries?per_page=2".to_owned(), 200),
        ("/app/hook/deliveries?cursor=nonsense".to_owned(), 422),
        ("/app/hook/config".to_owned(), 200),
        ("/rate_limit".to_owned(), 200),
        ("/users/maya".to_owned(), 200),
        ("/users/nobody-of-this-name".to_owned(), 404),
    ] {
        ask(client, Method::GET, &path, &jwt, &[status]).await;
    }
    ask(
        client,
        Method::GET,
        "/installation/repositories?per_page=1",
        &client.token,
        &[200],
    )
    .await;
    let all: Value = client
        .request(Method::GET, "/app/hook/deliveries?per_page=100", &jwt)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("a list");
    for delivery in all.as_array().expect("a list").iter().take(20) {
        ask(
            client,
            Method::GET,
            &format!("/app/hook/deliveries/{}", delivery["id"]),
            &jwt,
            &[200],
        )
        .await;
    }
    ask(
        client,
        Method::POST,
        &format!("/app/hook/deliveries/{}/attempts", all[0]["id"]),
        &jwt,
        &[202],
    )
    .await;
}

/// What the app asks in the name of somebody who has signed in.
async fn somebody(client: &Client) {
    let token = client.sandbox.token_of("maya");
    let id = client.sandbox.installation_id();
    for path in [
        "/user".to_owned(),
        "/user/installations?per_page=100&page=1".to_owned(),
        format!("/user/installations/{id}/repositories?per_page=100&page=1"),
    ] {
        ask(client, Method::GET, &path, &token, &[200]).await;
    }
}

async fn lists(client: &Client) {
    let repo = repo(client);
    for path in [
        "",
        "/pulls?state=all&sort=created&direction=asc&per_page=3",
        "/pulls?state=closed",
        "/pulls/1",
        "/pulls/1/commits",
        "/pulls/1/files",
        "/commits/main",
        "/commits/main/status",
        "/commits/main/check-runs?filter=all",
        "/commits/main/check-suites",
        "/contents/README.md",
        "/git/matching-refs/heads/ma",
        "/git/ref/heads/main",
        "/collaborators/maya/permission",
        "/actions/runs?per_page=2&status=completed",
    ] {
        ask(
            client,
            Method::GET,
            &format!("{repo}{path}"),
            &client.token,
            &[200],
        )
        .await;
    }
    for path in [
        "/pulls/999999",
        "/commits/0123456789012345678901234567890123456789",
        "/contents/nothing",
        "/git/ref/heads/nothing",
        "/check-runs/1",
        "/issues/comments/1",
        "/actions/runs/1",
    ] {
        ask(
            client,
            Method::GET,
            &format!("{repo}{path}"),
            &client.token,
            &[404, 422],
        )
        .await;
    }
    ask(
        client,
        Method::GET,
        "/repos/acme/nothing",
        &client.token,
        &[404],
    )
    .await;
    ask(
        client,
        Method::GET,
        "/orgs/acme/members/maya",
        &client.token,
        &[204],
    )
    .await;
    ask(
        client,
        Method::GET,
        "/orgs/acme/members/sam",
        &client.token,
        &[404],
    )
    .await;
}

async fn refs(client: &Client) {
    let repo = repo(client);
    let sha = client.sandbox.branch("main").expect("main is there");
    let refs = format!("{repo}/git/refs");
    let body = json!({ "ref": "refs/heads/new", "sha": sha });
    assert_eq!(client.post(&refs, body.clone()).await.0, 201);
    assert_eq!(client.post(&refs, body).await.0, 422);
    let missing = json!({ "ref": "refs/heads/newer", "sha": "0".repeat(40) });
    assert_eq!(client.post(&refs, missing).await.0, 422);
    let next = client.sandbox.loose_commit(NewCommit::signed_by("maya"));
    let forward = json!({ "sha": next, "force": false });
    assert_eq!(
        client
            .patch(&format!("{refs}/heads/new"), forward.clone())
            .await
            .0,
        200
    );
    assert_eq!(
        client.patch(&format!("{refs}/heads/none"), forward).await.0,
        422
    );
    assert_eq!(client.delete(&format!("{refs}/heads/new")).await, 204);
    assert_eq!(client.delete(&format!("{refs}/heads/new")).await, 422);
}

/// A file, and a pull request that would merge it.
async fn proposals(client: &Client) {
    let repo = repo(client);
    let main = client.sandbox.branch("main").expect("main is there");
    client.sandbox.push_branch("proposal", &main, "maya");
    let file = format!("{repo}/contents/docs/new.md");
    let put = |body: Value| client.send(Method::PUT, &file, body);
    let new = json!({ "message": "New", "content": "bmV3", "branch": "proposal" });
    let (status, written) = put(new.clone()).await;
    assert_eq!((status, put(new).await.0), (201, 422));
    let replaced = written["content"]["sha"].clone();
    let newer =
        json!({ "message": "Newer", "content": "bmV3ZXI=", "branch": "proposal", "sha": replaced });
    assert_eq!(put(newer).await.0, 200);
    let nowhere = json!({ "message": "New", "content": "bmV3", "branch": "nowhere" });
    assert_eq!(put(nowhere).await.0, 404);
    let listed = format!("{repo}/contents/docs?ref=proposal");
    ask(client, Method::GET, &listed, &client.token, &[200]).await;
    let pulls = format!("{repo}/pulls");
    let open = json!({ "title": "New", "head": "proposal", "base": "main", "body": "New." });
    for expected in [201, 422] {
        assert_eq!(client.post(&pulls, open.clone()).await.0, expected);
    }
    for (field, value) in [("head", "nowhere"), ("head", "main"), ("title", " ")] {
        let mut wrong = open.clone();
        wrong[field] = json!(value);
        assert_eq!(client.post(&pulls, wrong).await.0, 422);
    }
}

async fn checks(client: &Client) {
    let repo = repo(client);
    let head = client.sandbox.branch("main").expect("main is there");
    let action = json!({ "label": "Go", "description": "Goes", "identifier": "go" });
    let new = json!({
        "name": "other", "head_sha": head, "status": "in_progress", "external_id": "1", "details_url": "https://example.com/1",
        "output": { "title": "T", "summary": "S", "text": "X" }, "actions": [action],
    });
    let (status, check) = client.post(&format!("{repo}/check-runs"), new).await;
    assert_eq!(status, 201);
    let one = format!("{repo}/check-runs/{}", check["id"]);
    assert_eq!(
        client
            .patch(
                &one,
                json!({ "status": "completed", "conclusion": "skipped" })
            )
            .await
            .0,
        200
    );
    ask(client, Method::GET, &one, &client.token, &[200]).await;
    let foreign = client
        .sandbox
        .report_check(NewCheck::completed(&head, "other-ci", "lint", "success"));
    let foreign = format!("{repo}/check-runs/{foreign}");
    let refused = client
        .patch(
            &foreign,
            json!({ "status": "completed", "conclusion": "success" }),
        )
        .await
        .0;
    assert_eq!(refused, 403);
    let pages = format!(
        "{repo}/commits/{head}/check-runs?per_page=1&page=2&app_id=4001&check_name=other&status=completed"
    );
    ask(client, Method::GET, &pages, &client.token, &[200]).await;
}

async fn comments(client: &Client) {
    let repo = repo(client);
    let pull = client.sandbox.open_pr(NewPr::by("sam"));
    let list = format!("{repo}/issues/{pull}/comments");
    let (status, comment) = client.post(&list, json!({ "body": "hello" })).await;
    assert_eq!(status, 201);
    let one = format!("{repo}/issues/comments/{}", comment["id"]);
    assert_eq!(
        client.patch(&one, json!({ "body": "hello again" })).await.0,
        200
    );
    assert_eq!(client.patch(&one, json!({ "body": " " })).await.0, 422);
    let reactions = format!("{one}/reactions");
    assert_eq!(
        client
            .post(&reactions, json!({ "content": "rocket" }))
            .await
            .0,
        201
    );
    assert_eq!(
        client
            .post(&reactions, json!({ "content": "rocket" }))
            .await
            .0,
        200
    );
    for path in [
        &one,
        &reactions,
        &format!("{reactions}?content=rocket&per_page=5"),
        &format!("{list}?since=2020-01-01T00:00:00Z&per_page=1"),
    ] {
        ask(client, Method::GET, path, &client.token, &[200]).await;
    }
    assert_eq!(client.delete(&one).await, 204);
    assert_eq!(client.delete(&one).await, 404);
}

async fn runs(client: &Client) {
    let repo = repo(client);
    let run = client.sandbox.start_build("main", "nightly");
    let one = format!("{repo}/actions/runs/{run}");
    ask(client, Method::GET, &one, &client.token, &[200]).await;
    for (deed, statuses) in [
        ("cancel", [202, 202]),
        ("cancel", [409, 409]),
        ("rerun", [201, 201]),
        ("rerun", [403, 403]),
    ] {
        ask(
            client,
            Method::POST,
            &format!("{one}/{deed}"),
            &client.token,
            &statuses,
        )
        .await;
    }
    client.sandbox.finish_run(run, "failure");
    ask(
        client,
        Method::POST,
        &format!("{one}/rerun-failed-jobs"),
        &client.token,
        &[201],
    )
    .await;
}

/// Registers the app anew from its manifest. Deliveries are signed with another secret from then on.
pub async fn register(sandbox: &Sandbox) {
    let mut manifest: Value =
        serde_saphyr::from_str(include_str!("../../app-manifest.yml")).expect("YAML");
    manifest["redirect_url"] = Value::from("http://127.0.0.1:9/back");
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("manifest", &manifest.to_string())
        .finish();
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let page = format!(
        "{}/organizations/acme/settings/apps/new?state=s",
        sandbox.api_url()
    );
    let answer = http.post(page).body(form).send().await.expect("an answer");
    let back = answer.headers()["location"]
        .to_str()
        .expect("a text")
        .to_owned();
    let (_, code) = back.split_once("code=").expect("a code");
    let code = code.split('&').next().expect("a code");
    for status in [201, 404] {
        let path = format!("/app-manifests/{code}/conversions");
        let answer = http
            .post(format!("{}{path}", sandbox.api_url()))
            .send()
            .await;
        assert_eq!(answer.expect("an answer").status().as_u16(), status);
    }
}
