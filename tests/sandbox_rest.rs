//! The stand-in keeps GitHub's rules for refs, checks, comments, pages and ETags.

mod sandbox_support;

use drawbridge::sandbox::{NewCheck, NewCommit, NewPr};
use sandbox_support::{Client, REPO};
use serde_json::{Value, json};

#[tokio::test]
async fn refs_are_made_moved_and_deleted_by_the_rules() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    let head = client.sandbox.head(pr);
    let refs = format!("{REPO}/git/refs");
    let full = "refs/heads/pull-request/1";
    let one = format!("{refs}/heads/pull-request/1");
    let message = |body: &Value| body["message"].as_str().unwrap_or_default().to_owned();

    let (status, body) = client
        .patch(&one, json!({ "sha": head, "force": true }))
        .await;
    assert_eq!(
        (status, message(&body).as_str()),
        (422, "Reference does not exist")
    );
    let (status, body) = client
        .post(&refs, json!({ "ref": full, "sha": "0".repeat(40) }))
        .await;
    assert_eq!(
        (status, message(&body).as_str()),
        (422, "Object does not exist")
    );
    let (status, body) = client
        .post(&refs, json!({ "ref": full, "sha": head }))
        .await;
    assert_eq!(
        (status, body["object"]["sha"].as_str()),
        (201, Some(head.as_str())),
        "a fork's commit is in the network"
    );
    let (status, body) = client
        .post(&refs, json!({ "ref": full, "sha": head }))
        .await;
    assert_eq!(
        (status, message(&body).as_str()),
        (422, "Reference already exists")
    );

    let next = client
        .sandbox
        .force_push(pr, vec![NewCommit::signed_by("stranger")]);
    let (status, body) = client.patch(&one, json!({ "sha": next })).await;
    assert_eq!(
        (status, message(&body).as_str()),
        (422, "Update is not a fast forward")
    );
    assert_eq!(
        client
            .patch(&one, json!({ "sha": next, "force": true }))
            .await
            .0,
        200
    );
    assert_eq!(
        client
            .json(&format!("{REPO}/git/ref/heads/pull-request/1"))
            .await["object"]["sha"],
        next
    );
    assert_eq!(
        client
            .json(&format!("{REPO}/git/ref/heads%2Fpull-request%2F1"))
            .await["object"]["sha"],
        next
    );
    let matching = client
        .json(&format!("{REPO}/git/matching-refs/heads/pull-request/"))
        .await;
    assert_eq!(matching.as_array().unwrap().len(), 1);
    assert_eq!(
        client.json(&format!("{REPO}/git/ref/pull/{pr}/head")).await["object"]["sha"],
        next
    );

    assert_eq!(client.delete(&one).await, 204);
    assert_eq!(client.delete(&one).await, 422);
    assert_eq!(
        client.sandbox.branch_history("pull-request/1"),
        [Some(head), Some(next), None]
    );
}

#[tokio::test]
async fn commits_stop_at_250_and_files_at_3000() {
    let client = Client::start().await;
    let mut commits: Vec<NewCommit> = (0..299).map(|_| NewCommit::signed_by("busy")).collect();
    let many = (0..3100).fold(NewCommit::signed_by("busy"), |commit, n| {
        commit.file(&format!("many/{n:04}.txt"), "x\n")
    });
    commits.push(many);
    let pr = client.sandbox.open_pr(NewPr::by("busy").commits(commits));
    let shown = client.json(&format!("{REPO}/pulls/{pr}")).await;
    assert_eq!(
        (shown["commits"].as_u64(), shown["changed_files"].as_u64()),
        (Some(300), Some(3399))
    );

    for (what, expected, pages) in [("commits", 250, 3), ("files", 3000, 30)] {
        let mut next = Some(format!("{REPO}/pulls/{pr}/{what}?per_page=100"));
        let (mut count, mut asked) = (0, 0);
        while let Some(path) = next.take() {
            let answer = client.get(&path).await;
            let link = answer
                .headers()
                .get("link")
                .map(|link| link.to_str().unwrap().to_owned())
                .unwrap_or_default();
            count += answer
                .json::<Value>()
                .await
                .unwrap()
                .as_array()
                .unwrap()
                .len();
            asked += 1;
            next = link
                .split(", ")
                .find(|part| part.ends_with("rel=\"next\""))
                .map(|part| {
                    let url = part.split('>').next().unwrap().trim_start_matches('<');
                    url.trim_start_matches(&client.sandbox.api_url()).to_owned()
                });
        }
        assert_eq!((count, asked), (expected, pages), "{what}");
    }
}

#[tokio::test]
async fn renames_show_where_a_file_was() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(
        NewPr::by("mover").commit(NewCommit::web("mover").rename("README.md", "docs/README.md")),
    );
    let files = client.json(&format!("{REPO}/pulls/{pr}/files")).await;
    assert_eq!(files.as_array().unwrap().len(), 1);
    assert_eq!(files[0]["status"], "renamed");
    assert_eq!(files[0]["previous_filename"], "README.md");
    let commits = client.json(&format!("{REPO}/pulls/{pr}/commits")).await;
    assert_eq!(
        commits[0]["committer"]["id"],
        drawbridge::sandbox::WEB_FLOW_ID
    );
    assert_eq!(commits[0]["commit"]["verification"]["verified"], true);
    let head = client.sandbox.head(pr);
    let file = client
        .json(&format!("{REPO}/contents/docs/README.md?ref={head}"))
        .await;
    assert_eq!(file["encoding"], "base64");
    assert_eq!(
        client
            .get(&format!("{REPO}/contents/docs/README.md"))
            .await
            .status(),
        404
    );
}

#[tokio::test]
async fn a_reaction_counts_once() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    let comment = client.sandbox.comment(pr, "maya", "hello");
    let path = format!("{REPO}/issues/comments/{comment}/reactions");
    assert_eq!(client.post(&path, json!({ "content": "+1" })).await.0, 201);
    assert_eq!(client.post(&path, json!({ "content": "+1" })).await.0, 200);
    assert_eq!(
        client.post(&path, json!({ "content": "shrug" })).await.0,
        422
    );
    let reactions = client.sandbox.comments(pr)[0].reactions.clone();
    assert_eq!(reactions, [("+1".to_owned(), "drawbridge[bot]".to_owned())]);
}

#[tokio::test]
async fn the_apps_comments_say_so() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    let (status, body) = client
        .post(
            &format!("{REPO}/issues/{pr}/comments"),
            json!({ "body": "hello" }),
        )
        .await;
    assert_eq!(status, 201);
    assert_eq!(body["user"]["type"], "Bot");
    assert_eq!(body["user"]["id"], client.sandbox.bot_user_id());
    assert_eq!(body["performed_via_github_app"]["slug"], "drawbridge");
    let path = format!("{REPO}/issues/comments/{}", body["id"]);
    let (status, edited) = client.patch(&path, json!({ "body": "bye" })).await;
    assert_eq!((status, edited["body"].as_str()), (200, Some("bye")));
    assert!(edited["updated_at"].as_str() > edited["created_at"].as_str());
    assert_eq!(client.delete(&path).await, 204);
    assert_eq!(client.get(&path).await.status(), 404);
}

#[tokio::test]
async fn check_runs_have_their_limits() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    let head = client.sandbox.head(pr);
    let path = format!("{REPO}/check-runs");
    let output = |summary: usize| json!({ "title": "t", "summary": "x".repeat(summary) });
    let action =
        |label: usize| json!({ "label": "l".repeat(label), "description": "d", "identifier": "i" });
    let with = |field: &str, value: Value| {
        let mut body = json!({ "name": "gate", "head_sha": head });
        body[field] = value;
        body
    };
    for (body, expected) in [
        (with("head_sha", json!("1".repeat(40))), 422),
        (with("status", json!("completed")), 422),
        (with("conclusion", json!("splendid")), 422),
        (with("output", json!({ "summary": "s" })), 422),
        (with("output", output(65_536)), 422),
        (with("output", output(65_535)), 201),
        (with("actions", json!([action(21)])), 422),
        (
            with(
                "actions",
                json!([action(1), action(1), action(1), action(1)]),
            ),
            422,
        ),
        (with("actions", json!([action(20)])), 201),
    ] {
        assert_eq!(
            client.post(&path, body.clone()).await.0,
            expected,
            "{}",
            &body.to_string()[..60]
        );
    }
    let theirs = client
        .sandbox
        .report_check(NewCheck::in_progress(&head, "other-ci", "gate"));
    let (status, _) = client
        .patch(
            &format!("{path}/{theirs}"),
            json!({ "conclusion": "success" }),
        )
        .await;
    assert_eq!(status, 403, "another app's check");
    let listed = client
        .json(&format!(
            "{REPO}/commits/{head}/check-runs?check_name=gate&app_id={}",
            client.sandbox.app_id()
        ))
        .await;
    assert_eq!(listed["total_count"], 1, "the latest of the name");
    assert_eq!(
        listed["check_runs"][0]["check_suite"]["head_branch"],
        Value::Null,
        "a fork's head has no branch here"
    );
}

#[tokio::test]
async fn an_etag_belongs_to_one_token_and_one_state() {
    let mut client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("stranger"));
    let path = format!("{REPO}/pulls/{pr}");
    let first = client.get(&path).await;
    let etag = first.headers()["etag"].to_str().unwrap().to_owned();
    let again = async |client: &Client| {
        let request = client
            .request(reqwest::Method::GET, &path, &client.token)
            .header("if-none-match", &etag);
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.headers()["x-ratelimit-used"]
                .to_str()
                .unwrap()
                .to_owned(),
        )
    };
    let used = first.headers()["x-ratelimit-used"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(again(&client).await, (304, used), "and free");
    client.sandbox.push(pr, vec![]);
    assert_eq!(again(&client).await.0, 200);
    client.token = client.new_token(json!({})).await;
    assert_eq!(again(&client).await.0, 200);
}

#[tokio::test]
async fn a_run_is_cancelled_once_and_can_run_again() {
    let client = Client::start().await;
    let pr = client.sandbox.open_pr(NewPr::by("maya"));
    let head = client.sandbox.head(pr);
    client
        .post(
            &format!("{REPO}/git/refs"),
            json!({ "ref": "refs/heads/pull-request/1", "sha": head }),
        )
        .await;
    let runs = client
        .json(&format!(
            "{REPO}/actions/runs?branch=pull-request/1&head_sha={head}&event=push"
        ))
        .await;
    assert_eq!(runs["total_count"], 1);
    assert_eq!(runs["workflow_runs"][0]["status"], "in_progress");
    let run = format!("{REPO}/actions/runs/{}", runs["workflow_runs"][0]["id"]);
    assert_eq!(
        client.post(&format!("{run}/cancel"), json!({})).await.0,
        202
    );
    assert_eq!(
        client.post(&format!("{run}/cancel"), json!({})).await.0,
        409
    );
    assert_eq!(
        client
            .post(&format!("{run}/rerun-failed-jobs"), json!({}))
            .await
            .0,
        201
    );
    client
        .sandbox
        .finish_build("pull-request/1", "build", "success");
    assert_eq!(client.json(&run).await["conclusion"], "success");
    assert_eq!(client.json(&run).await["run_attempt"], 2);
}
