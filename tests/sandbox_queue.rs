//! Branches that move: the merge queue, pushes, what a branch requires, and dispatches to a repository.

mod sandbox_support;

use drawbridge::sandbox::{Delivery, NewCommit, NewPr, Sandbox};
use sandbox_support::{Client, REPO};
use serde_json::{Value, json};

fn told(sandbox: &Sandbox, from: usize) -> Vec<String> {
    let word = |one: Delivery| match (one.action, one.payload["ref"].as_str()) {
        (Some(action), _) => format!("{} {action}", one.event),
        (None, reference) => format!("{} {}", one.event, reference.unwrap_or_default()),
    };
    let all = sandbox.deliveries().into_iter().skip(from);
    all.map(word).collect()
}

#[tokio::test]
async fn the_merge_queue_builds_groups_on_each_other_and_tells_how_they_end() {
    let client = Client::start().await;
    let sandbox = &client.sandbox;
    let commit = |path: &str| NewCommit::signed_by("mel").file(path, "x");
    let first = sandbox.open_pr(NewPr::by("mel").commit(commit("a.txt")));
    let second = sandbox.open_pr(NewPr::by("mel").commit(commit("b.txt")));
    let (main, before) = (sandbox.branch("main").unwrap(), sandbox.deliveries().len());

    let one = sandbox.enqueue(first, "vera");
    assert_eq!(
        one.head_ref,
        format!("refs/heads/gh-readonly-queue/main/pr-{first}-{main}")
    );
    assert_eq!(
        (one.base_ref.as_str(), &one.base_sha),
        ("refs/heads/main", &main)
    );
    let expected = [
        "pull_request enqueued",
        &format!("push {}", one.head_ref),
        "check_suite requested",
        "merge_group checks_requested",
    ];
    assert_eq!(told(sandbox, before), expected);
    let group = sandbox.deliveries().pop().unwrap().payload["merge_group"].clone();
    assert_eq!(
        (&group["head_sha"], &group["head_commit"]["id"]),
        (&json!(one.head_sha), &json!(one.head_sha))
    );
    let commit = client
        .json(&format!("{REPO}/commits/{}", one.head_sha))
        .await;
    let parents: Vec<_> = commit["parents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["sha"])
        .collect();
    assert_eq!(parents, [&json!(main), &json!(sandbox.head(first))]);

    let two = sandbox.enqueue(second, "vera");
    assert_eq!(two.base_sha, one.head_sha, "it stands on what is before it");
    let before = sandbox.deliveries().len();
    assert_eq!(sandbox.merge_group_finished(first), one.head_sha);
    assert_eq!(sandbox.branch("main"), Some(one.head_sha));
    assert!(!sandbox.is_open(first));
    let expected = [
        "pull_request dequeued",
        "push refs/heads/main",
        "pull_request closed",
        "merge_group destroyed",
        &format!("push {}", one.head_ref),
    ];
    assert_eq!(told(sandbox, before), expected);
    let destroyed = sandbox
        .deliveries()
        .into_iter()
        .rev()
        .find(|one| one.event == "merge_group");
    assert_eq!(destroyed.unwrap().payload["reason"], "merged");

    sandbox.dequeue(second, "mel");
    assert!(sandbox.is_open(second));
    assert!(
        sandbox
            .branches()
            .iter()
            .all(|(name, _)| !name.starts_with("gh-readonly-queue/"))
    );
    let again = sandbox.enqueue(second, "mel");
    assert_eq!(Some(again.base_sha), sandbox.branch("main"));
    sandbox.merge_group_invalidated(second);
    let reasons: Vec<Value> = sandbox
        .deliveries()
        .into_iter()
        .filter(|one| one.action.as_deref() == Some("destroyed"))
        .map(|one| one.payload["reason"].clone())
        .collect();
    assert_eq!(reasons, ["merged", "dequeued", "invalidated"]);
}

#[tokio::test]
async fn a_push_names_its_commits_and_their_files() {
    let client = Client::start().await;
    let before = client.sandbox.branch("main").unwrap();
    let new = NewCommit::signed_by("mel")
        .file("new.txt", "x")
        .file("README.md", "y")
        .message("Mend");
    let after = client.sandbox.push_to_branch("main", new, "mel");
    let push = client
        .sandbox
        .deliveries()
        .into_iter()
        .rfind(|one| one.event == "push")
        .unwrap()
        .payload;
    assert_eq!(
        (&push["ref"], &push["before"], &push["after"]),
        (&json!("refs/heads/main"), &json!(before), &json!(after))
    );
    assert_eq!(push["head_commit"], push["commits"][0]);
    let commit = &push["commits"][0];
    assert_eq!(
        (&commit["added"], &commit["modified"], &commit["removed"]),
        (&json!(["new.txt"]), &json!(["README.md"]), &json!([]))
    );

    let branch = client.json(&format!("{REPO}/branches/main")).await;
    assert_eq!(
        (&branch["commit"]["sha"], &branch["protected"]),
        (&json!(after), &json!(false))
    );
    client.sandbox.push_branch("release/1.0", &before, "mel");
    for path in ["release/1.0", "release%2F1.0"] {
        let branch = client.json(&format!("{REPO}/branches/{path}")).await;
        assert_eq!(branch["commit"]["sha"], *before);
    }
    assert_eq!(
        client.get(&format!("{REPO}/branches/none")).await.status(),
        404
    );
}

#[tokio::test]
async fn a_comparison_says_how_two_commits_stand_to_each_other() {
    let client = Client::start().await;
    let start = client.sandbox.branch("main").unwrap();
    client.sandbox.push_branch("topic/x", &start, "mel");
    let theirs = client.sandbox.push_to_branch(
        "topic/x",
        NewCommit::signed_by("mel").file("t.txt", "x"),
        "mel",
    );
    let compare = async |pair: &str| client.json(&format!("{REPO}/compare/{pair}")).await;
    let ahead = compare("main...topic/x").await;
    assert_eq!(
        (&ahead["status"], &ahead["ahead_by"], &ahead["behind_by"]),
        (&json!("ahead"), &json!(1), &json!(0))
    );
    assert_eq!(
        (&ahead["commits"][0]["sha"], &ahead["files"][0]["filename"]),
        (&json!(theirs), &json!("t.txt"))
    );
    client.sandbox.push_to_branch(
        "main",
        NewCommit::signed_by("mel").file("m.txt", "x"),
        "mel",
    );
    let apart = compare(&format!("main...{theirs}")).await;
    assert_eq!(
        (&apart["status"], &apart["merge_base_commit"]["sha"]),
        (&json!("diverged"), &json!(start))
    );
    assert_eq!(apart["files"].as_array().unwrap().len(), 1);
    assert_eq!(
        compare(&format!("{theirs}...{start}")).await["status"],
        "behind"
    );
    assert_eq!(compare("main...main").await["status"], "identical");
    assert_eq!(
        client
            .get(&format!("{REPO}/compare/main...none"))
            .await
            .status(),
        404
    );
}

#[tokio::test]
async fn a_branch_says_which_checks_it_requires() {
    let client = Client::start().await;
    let rules = format!("{REPO}/rules/branches/main");
    assert_eq!(client.json(&rules).await, json!([]));
    let ours = client.sandbox.app_id();
    client.sandbox.require_checks(
        "main",
        &[("backend-status-check", Some(ours)), ("ci/other", None)],
    );
    let shown = client.json(&rules).await;
    assert_eq!(shown[0]["type"], "required_status_checks");
    let expected = json!([
        { "context": "backend-status-check", "integration_id": ours },
        { "context": "ci/other" },
    ]);
    assert_eq!(shown[0]["parameters"]["required_status_checks"], expected);
    assert_eq!(
        client.json(&format!("{REPO}/rules/branches/other")).await,
        json!([])
    );
    let older = format!("{REPO}/branches/main/protection/required_status_checks");
    assert_eq!(client.get(&older).await.status(), 403);
    client
        .sandbox
        .set_app_permission("administration", Some("read"));
    let token = client.new_token(json!({})).await;
    let answer = client
        .request(reqwest::Method::GET, &older, &token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn a_repository_takes_dispatches_of_a_bounded_size() {
    let client = Client::start().await;
    client.sandbox.add_repo("deploy");
    let path = "/repos/acme/deploy/dispatches";
    let body = json!({ "event_type": "image-built", "client_payload": { "digest": "sha256:1", "by": { "pr": 7 } } });
    assert_eq!(client.post(path, body.clone()).await, (204, Value::Null));
    assert_eq!(
        client
            .post(&format!("{REPO}/dispatches"), json!({ "event_type": "x" }))
            .await
            .0,
        204
    );
    let many: serde_json::Map<_, _> = (0..11).map(|n| (n.to_string(), json!(n))).collect();
    for wrong in [
        json!({}),
        json!({ "event_type": "x".repeat(101) }),
        json!({ "event_type": "x", "client_payload": many }),
        json!({ "event_type": "x", "client_payload": [] }),
    ] {
        assert_eq!(client.post(path, wrong).await.0, 422);
    }
    let accepted = client.sandbox.repository_dispatches();
    assert_eq!(accepted.len(), 2);
    assert_eq!(
        (accepted[0].repo.as_str(), accepted[0].event_type.as_str()),
        ("acme/deploy", "image-built")
    );
    assert_eq!(accepted[0].client_payload, body["client_payload"]);
    assert_eq!(accepted[1].client_payload, json!({}));
    client.sandbox.set_app_permission("contents", Some("read"));
    assert_eq!(client.post(path, body).await.0, 403);
}

#[tokio::test]
async fn only_what_the_app_subscribes_to_is_told() {
    let client = Client::start().await;
    let head = client.sandbox.branch("main").unwrap();
    client.sandbox.set_app_event("status", false);
    client
        .sandbox
        .report_status(&head, "ci", "success", "jenkins", None, None);
    assert_eq!(told(&client.sandbox, 0), Vec::<String>::new());
    client.sandbox.set_app_event("status", true);
    client
        .sandbox
        .report_status(&head, "ci", "success", "jenkins", None, None);
    assert_eq!(told(&client.sandbox, 0), ["status "]);
}
