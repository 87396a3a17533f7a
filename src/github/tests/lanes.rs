//! Each installation has its own limits, and each repository its own tokens.

use super::server::{Server, TOKENS, json_reply, repo, token, with_header};
use crate::domain::ids::{InstallationId, Repo, RepoName};
use crate::github::{GitHubError, Priority, RequestKind};
use serde_json::{Value, json};
use std::time::Duration;

fn elsewhere() -> Repo {
    Repo {
        installation: InstallationId(10),
        name: RepoName::parse("other/thing").unwrap(),
        ..repo()
    }
}

#[tokio::test]
async fn one_installation_at_its_limit_slows_no_other_and_is_left_alone() {
    let server = Server::start(|seen, nth| {
        if seen.line.ends_with("/access_tokens") {
            return token(nth);
        }
        if seen.line.contains("/repos/acme/") {
            let limited = json_reply(
                403,
                json!({ "message": "You have exceeded a secondary rate limit" }),
            );
            return with_header(limited, "retry-after", "600");
        }
        json_reply(
            200,
            json!({ "type": "file", "encoding": "base64", "content": "aGVsbG8=" }),
        )
    })
    .await;
    let github = server.github();
    let (limited, free) = (github.of(&repo()), github.of(&elsewhere()));
    let error = limited.file("a", None).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(600)));
    for _ in 0..5 {
        let limited = limited.clone().with_priority(Priority::Urgent);
        let error = limited.file("a", None).await.unwrap_err();
        assert!(matches!(error, GitHubError::Resting { .. }), "{error}");
        let left = error.retry_after().unwrap();
        assert!(left > Duration::from_secs(590) && left <= Duration::from_secs(600));
        assert_eq!(free.file("a", None).await, Ok(Some("hello".into())));
    }
    let asked = server.lines();
    let refused = asked.iter().filter(|line| line.contains("/repos/acme/"));
    assert_eq!(refused.count(), 1);
    let begin = |id, priority| github.begin(InstallationId(id), priority, RequestKind::Write);
    assert!(begin(9, Priority::Urgent).is_err());
    assert!(begin(10, Priority::Low).is_ok());
}

#[tokio::test]
async fn a_token_is_made_with_what_is_granted_where_that_is_less() {
    let server = Server::start(|seen, nth| match seen.line.as_str() {
        TOKENS if seen.body["permissions"]["workflows"] == "write" => json_reply(
            422,
            json!({ "message": "The permissions requested are not granted to this installation." }),
        ),
        TOKENS => token(nth),
        "GET /app/installations/9" => json_reply(
            200,
            json!({ "permissions": { "contents": "write", "metadata": "read" } }),
        ),
        _ => json_reply(
            403,
            json!({ "message": "Resource not accessible by integration" }),
        ),
    })
    .await;
    let repository = server.github().of(&repo());
    let error = repository
        .delete_branch("pull-request/1")
        .await
        .unwrap_err();
    let GitHubError::MissingPermission { page, .. } = error else {
        panic!("{error}");
    };
    let page = page.unwrap();
    assert!(
        page.ends_with("/organizations/acme/settings/installations/9"),
        "{page}"
    );
    let bodies: Vec<Value> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(
        bodies[2],
        json!({ "repository_ids": [1], "permissions": { "contents": "write" } })
    );
}

#[tokio::test]
async fn an_event_for_another_owner_s_repository_is_not_sent_in_the_name_of_ours() {
    let server = Server::with_tokens(|_, _| json_reply(204, json!(null))).await;
    let repository = server.github().of(&repo());
    let other = RepoName::parse("stranger/deploy").unwrap();
    let error = repository
        .repository_dispatch(&other, "test", &json!({}))
        .await;
    assert!(matches!(
        error,
        Err(GitHubError::Refused { status: 404, .. })
    ));
    assert!(server.lines().is_empty());
}
