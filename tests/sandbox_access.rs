//! The stand-in checks who asks, and what they may, as GitHub does.

mod sandbox_support;

use drawbridge::sandbox::{NewCommit, NewPr, Permission, Visibility};
use reqwest::Method;
use sandbox_support::{Client, REPO};
use serde_json::json;

#[tokio::test]
async fn only_a_jwt_of_the_app_is_the_app() {
    let client = Client::start().await;
    let status = async |secret: String| {
        client
            .request(Method::GET, "/app", &secret)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(status(client.jwt(-60, 540)).await, 200);
    assert_eq!(status(client.jwt(-600, -1)).await, 401, "expired");
    assert_eq!(
        status(client.jwt(-30, 900)).await,
        401,
        "more than ten minutes ahead"
    );
    assert_eq!(
        status(client.jwt(120, 300)).await,
        401,
        "issued in the future"
    );
    let now = chrono::Utc::now().timestamp();
    let claims = |iss: serde_json::Value| json!({ "iss": iss, "iat": now - 5, "exp": now + 300 });
    assert_eq!(
        status(client.sign(&claims(json!("1")))).await,
        401,
        "another app"
    );
    assert_eq!(
        status(client.sign(&claims(json!(client.sandbox.client_id())))).await,
        200
    );
    assert_eq!(
        status(client.sign(&claims(json!(client.sandbox.app_id())))).await,
        200
    );
    let mut forged = client.jwt(-30, 300);
    let last = forged.pop().unwrap();
    forged.insert(20, last);
    assert_eq!(status(forged).await, 401, "a broken signature");
    assert_eq!(status(client.token.clone()).await, 401, "a token is no JWT");
}

#[tokio::test]
async fn tokens_end_with_revocation_and_rest_with_suspension() {
    let mut client = Client::start().await;
    assert_eq!(client.get(REPO).await.status(), 200);
    client.sandbox.suspend_installation(true);
    assert_eq!(client.get(REPO).await.status(), 403);
    client.sandbox.suspend_installation(false);
    assert_eq!(client.get(REPO).await.status(), 200);
    client.sandbox.revoke_tokens();
    assert_eq!(client.get(REPO).await.status(), 401);
    client.token = client.new_token(json!({})).await;
    assert_eq!(client.get(REPO).await.status(), 200);
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let client = Client::start().await;
    client.sandbox.set_app_permission("members", None);
    let refused = client.get("/orgs/acme/members/maya").await;
    assert_eq!(refused.status(), 403);
    assert_eq!(
        refused.headers()["x-accepted-github-permissions"],
        "members=read"
    );
    let body: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(body["message"], "Resource not accessible by integration");
    assert_eq!(body["status"], "403");
}

#[tokio::test]
async fn a_narrowed_token_may_only_what_it_asked_for() {
    let mut client = Client::start().await;
    client.sandbox.add_repo("other");
    client.token = client
        .new_token(json!({ "permissions": { "checks": "read" }, "repositories": ["other"] }))
        .await;
    assert_eq!(
        client
            .get("/repos/acme/other/contents/README.md")
            .await
            .status(),
        403
    );
    let head = client.sandbox.branch("main").unwrap();
    let (status, _) = client
        .post(
            &format!("{REPO}/check-runs"),
            json!({ "name": "x", "head_sha": head }),
        )
        .await;
    assert_eq!(status, 403, "another repository, and only read");
    client.sandbox.set_private(true);
    assert_eq!(client.get(REPO).await.status(), 404, "it is not even seen");
    let listed = client.json("/installation/repositories").await;
    assert_eq!(listed["total_count"], 1);
    let path = format!(
        "/app/installations/{}/access_tokens",
        client.sandbox.installation_id()
    );
    let wish = json!({ "permissions": { "administration": "write" } });
    let refused = client
        .request(Method::POST, &path, &client.jwt(-5, 300))
        .json(&wish)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 422);
}

#[tokio::test]
async fn private_members_are_visible_to_the_installation() {
    let client = Client::start().await;
    client.sandbox.add_org_member("hidden", Visibility::Private);
    client.sandbox.add_user("stranger");
    assert_eq!(client.get("/orgs/acme/members/hidden").await.status(), 204);
    assert_eq!(client.get("/orgs/acme/members/HIDDEN").await.status(), 204);
    assert_eq!(
        client.get("/orgs/acme/members/stranger").await.status(),
        404
    );
    client.sandbox.remove_org_member("hidden");
    assert_eq!(client.get("/orgs/acme/members/hidden").await.status(), 404);
}

#[tokio::test]
async fn roles_show_with_their_old_and_new_names() {
    let client = Client::start().await;
    let role = async |login: &str| {
        let shown = client
            .json(&format!("{REPO}/collaborators/{login}/permission"))
            .await;
        (
            shown["permission"].as_str().unwrap().to_owned(),
            shown["role_name"].as_str().unwrap().to_owned(),
        )
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    for (permission, expected) in [
        (Permission::Admin, pair("admin", "admin")),
        (Permission::Maintain, pair("write", "maintain")),
        (Permission::Write, pair("write", "write")),
        (Permission::Triage, pair("read", "triage")),
        (Permission::None, pair("read", "read")),
    ] {
        client.sandbox.set_permission("vera", permission);
        assert_eq!(role("vera").await, expected);
    }
    client.sandbox.set_private(true);
    assert_eq!(role("vera").await, pair("none", "none"));
    assert_eq!(
        client
            .get(&format!("{REPO}/collaborators/nobody/permission"))
            .await
            .status(),
        404
    );
}

#[tokio::test]
async fn workflow_files_need_their_own_permission() {
    let client = Client::start().await;
    let commit = NewCommit::signed_by("maya").file(".github/workflows/build.yml", "on: push\n");
    let pr = client.sandbox.open_pr(NewPr::by("maya").commit(commit));
    let body = json!({ "ref": "refs/heads/pull-request/1", "sha": client.sandbox.head(pr) });
    client.sandbox.set_app_permission("workflows", None);
    assert_eq!(
        client
            .post(&format!("{REPO}/git/refs"), body.clone())
            .await
            .0,
        403
    );
    assert_eq!(client.sandbox.branch("pull-request/1"), None);
    client
        .sandbox
        .set_app_permission("workflows", Some("write"));
    assert_eq!(client.post(&format!("{REPO}/git/refs"), body).await.0, 201);
}

#[tokio::test]
async fn a_renamed_repository_redirects() {
    let client = Client::start().await;
    client.sandbox.rename_repo("motor");
    let moved = client.get(&format!("{REPO}/pulls?state=open")).await;
    assert_eq!(moved.status(), 301);
    let id = client.sandbox.repo_id();
    let location = moved.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(
        location,
        format!(
            "{}/repositories/{id}/pulls?state=open",
            client.sandbox.api_url()
        )
    );
    assert_eq!(
        client
            .get(&format!("/repositories/{id}/pulls?state=open"))
            .await
            .status(),
        200
    );
    assert_eq!(
        client.json(&format!("/repositories/{id}")).await["full_name"],
        "acme/motor"
    );
}
