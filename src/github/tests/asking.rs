//! What is asked and written, and how the answers are read.

use super::server::{Server, app, empty, html, json_reply, refused, repo, sha, with_header};
use crate::domain::event::{Account, AccountKind};
use crate::domain::filter::ChangedFile;
use crate::domain::gate::{Gate, GateStatus};
use crate::domain::ids::{CheckRunId, CommentId, OwnerKind, PrNumber, UserId};
use crate::github::{EditOutcome, GitHubError, NewCheck, RefOutcome};
use serde_json::{Value, json};

fn user(id: u64, login: &str) -> Account {
    Account {
        id: UserId(id),
        login: login.into(),
        kind: AccountKind::User,
    }
}

/// A commit as GitHub lists it.
fn commit(author: Value) -> Value {
    json!({ "sha": sha('a').as_str(), "author": author, "committer": {}, "commit": { "message": "m",
        "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null } } })
}

#[tokio::test]
async fn a_pull_request_is_read() {
    let server = Server::with_tokens(|_, _| {
        json_reply(200, json!({ "number": 5, "state": "open", "draft": true, "user": { "id": 3, "login": "u", "type": "User" },
            "head": { "sha": sha('a').as_str(), "repo": null }, "base": { "ref": "main" }, "commits": 2, "changed_files": 4,
            "updated_at": "2024-01-02T00:00:00Z", "created_at": "2024-01-01T00:00:00Z" }))
    })
    .await;
    let pull = server.github().of(&repo()).pull(PrNumber(5)).await.unwrap();
    assert!(pull.open && pull.draft && pull.head == sha('a') && pull.base == "main");
    assert_eq!(
        (pull.commits, pull.changed_files, pull.author.unwrap().id),
        (2, 4, UserId(3))
    );
}

#[tokio::test]
async fn long_lists_are_read_page_by_page_to_github_s_bound() {
    let server = Server::with_tokens(|seen, _| {
        let page: usize = seen.line.rsplit_once("&page=").unwrap().1.parse().unwrap();
        let next = |reply, more| {
            with_header(
                reply,
                "link",
                if more {
                    "<x>; rel=\"next\""
                } else {
                    "<x>; rel=\"first\""
                },
            )
        };
        if seen.line.contains("/commits") {
            let count = [100, 100, 50][page - 1];
            next(
                json_reply(200, vec![commit(json!(null)); count].into()),
                page < 3,
            )
        } else {
            next(
                json_reply(
                    200,
                    vec![json!({ "filename": "a", "previous_filename": "b" }); 100].into(),
                ),
                true,
            )
        }
    })
    .await;
    let repository = server.github().of(&repo());
    let commits = repository.commits(PrNumber(5)).await.unwrap();
    assert_eq!(
        (commits.len(), &commits[0].author, &commits[0].committer),
        (250, &None, &None)
    );
    assert!(!commits[0].verified && commits[0].reason == "unsigned");
    let files = repository.files(PrNumber(5)).await.unwrap();
    assert_eq!(
        (files.len(), &files[0]),
        (
            3000,
            &ChangedFile {
                path: "a".into(),
                previous: Some("b".into())
            }
        )
    );
    assert_eq!(
        server.lines()[1],
        "GET /repos/acme/engine/pulls/5/commits?per_page=100&page=1"
    );
}

#[tokio::test]
async fn a_short_page_without_links_is_the_last() {
    let pull = |number: u64| {
        json!({
            "number": number,
            "draft": false,
            "head": { "sha": "a".repeat(40) },
            "base": { "ref": "main" },
            "labels": [],
        })
    };
    let server = Server::with_tokens(move |_, _| json_reply(200, json!([pull(2), pull(9)]))).await;
    let open = server.github().of(&repo()).open_pulls().await.unwrap();
    let crate::github::Listing::Whole(open) = open else {
        panic!("the list is whole");
    };
    let numbers: Vec<PrNumber> = open.iter().map(|pull| pull.number).collect();
    assert_eq!(numbers, [PrNumber(2), PrNumber(9)]);
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_broken_page_fails_the_whole_list() {
    let server = Server::with_tokens(|seen, _| {
        if seen.line.ends_with("page=2") {
            html(502)
        } else {
            json_reply(200, vec![commit(json!({})); 100].into())
        }
    })
    .await;
    let error = server
        .github()
        .of(&repo())
        .commits(PrNumber(5))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitHub answered 502 while listing the commits"
    );
}

#[tokio::test]
async fn membership_is_what_github_says_and_nothing_else() {
    let server = Server::with_tokens(|seen, _| match seen.line.rsplit('/').next().unwrap() {
        "member" => empty(204),
        "stranger" => refused(
            404,
            "User does not exist or is not a member of the organization",
        ),
        "hidden" => with_header(empty(302), "location", "/orgs/acme/public_members/hidden"),
        _ => refused(403, "Resource not accessible by integration"),
    })
    .await;
    let github = server.github();
    let repository = github.of(&repo());
    assert_eq!(repository.is_member(&user(1, "member")).await, Ok(true));
    assert_eq!(repository.is_member(&user(1, "stranger")).await, Ok(false));
    for login in ["hidden", "forbidden"] {
        assert!(
            matches!(
                repository.is_member(&user(1, login)).await,
                Err(GitHubError::MissingPermission { .. })
            ),
            "{login}"
        );
    }
    let asked = server.lines().len();
    assert_eq!(repository.is_member(&user(1, "")).await, Ok(false));
    let personal = github.of(&crate::domain::ids::Repo {
        owner_kind: OwnerKind::User,
        ..repo()
    });
    assert_eq!(personal.is_member(&user(100, "acme")).await, Ok(true));
    assert_eq!(personal.is_member(&user(101, "acme")).await, Ok(false));
    assert_eq!(server.lines().len(), asked);
}

#[tokio::test]
async fn a_branch_is_created_moved_and_deleted_with_one_call_each() {
    let server = Server::with_tokens(|seen, nth| match (seen.line.split(' ').next().unwrap(), nth) {
        ("DELETE", 0) => empty(204),
        (_, 0) => json_reply(201, json!({ "ref": "refs/heads/pull-request/1", "object": { "sha": sha('a').as_str() } })),
        ("POST", _) => refused(422, "Reference already exists"),
        ("GET", _) => refused(404, "Not Found"),
        ("PATCH", 2) => refused(422, "Object does not exist"),
        _ => refused(422, "Reference does not exist"),
    })
    .await;
    let repository = server.github().of(&repo());
    let (branch, sha) = ("pull-request/1", sha('a'));
    assert_eq!(
        repository.create_branch(branch, &sha).await,
        Ok(RefOutcome::Done)
    );
    assert_eq!(
        repository.create_branch(branch, &sha).await,
        Ok(RefOutcome::Exists)
    );
    assert_eq!(
        repository.move_branch(branch, &sha).await,
        Ok(RefOutcome::Done)
    );
    assert_eq!(
        repository.move_branch(branch, &sha).await,
        Ok(RefOutcome::Missing)
    );
    assert!(matches!(
        repository.move_branch(branch, &sha).await,
        Err(GitHubError::Refused { status: 422, .. })
    ));
    assert_eq!(repository.delete_branch(branch).await, Ok(()));
    assert_eq!(repository.delete_branch(branch).await, Ok(()));
    assert_eq!(repository.mirror(branch).await, Ok(Some(sha)));
    assert_eq!(repository.mirror(branch).await, Ok(None));
    let seen = server.seen();
    assert_eq!(seen[1].body["ref"], "refs/heads/pull-request/1");
    assert_eq!(
        (seen[3].line.as_str(), &seen[3].body["force"]),
        (
            "PATCH /repos/acme/engine/git/refs/heads/pull-request/1",
            &json!(true)
        )
    );
}

#[tokio::test]
async fn a_check_is_created_updated_and_found_again() {
    let run = |id: u64, app: u64, name: &str| json!({ "id": id, "name": name, "head_sha": sha('a').as_str(), "app": { "id": app } });
    let server = Server::with_tokens(move |seen, _| match seen.line.split(' ').next().unwrap() {
        "GET" => json_reply(200, json!({ "total_count": 4, "check_runs": [run(1, 7, "gate"), run(3, 7, "gate"), run(8, 7, "x"), run(9, 8, "gate")] })),
        _ => json_reply(201, json!({ "id": 11 })),
    })
    .await;
    let repository = server.github().of(&repo());
    let gate = Gate {
        status: GateStatus::Queued,
        title: "t".into(),
        summary: "s".into(),
        approve_button: false,
        link: None,
    };
    let new = NewCheck {
        name: "gate",
        sha: &sha('a'),
        external_id: "e",
        gate: &gate,
        details_url: None,
    };
    assert_eq!(repository.create_check(&new).await, Ok(CheckRunId(11)));
    assert_eq!(
        repository.update_check(CheckRunId(11), &gate, None).await,
        Ok(())
    );
    assert_eq!(
        repository.find_check(&sha('a'), "gate", 7).await,
        Ok(Some(CheckRunId(3)))
    );
    assert_eq!(repository.find_check(&sha('b'), "gate", 7).await, Ok(None));
    let created = &server.seen()[1].body;
    assert_eq!(
        (
            &created["head_sha"],
            &created["external_id"],
            &created["status"]
        ),
        (&json!(sha('a').as_str()), &json!("e"), &json!("queued"))
    );
}

#[tokio::test]
async fn comments_are_written_found_and_missed() {
    let server = Server::with_tokens(|seen, _| match seen.line.as_str() {
        "GET /app" => app(),
        line if line.starts_with("GET") => json_reply(200, json!([
            { "id": 1, "body": "<!-- m -->", "user": { "id": 2, "login": "mallory", "type": "User" } },
            { "id": 2, "body": "other", "user": { "id": 3, "login": "drawbridge[bot]", "type": "Bot" } },
            { "id": 3, "body": "x <!-- m -->", "user": { "id": 3, "login": "drawbridge[bot]", "type": "Bot" }, "performed_via_github_app": { "id": 7 } },
        ])),
        "POST /repos/acme/engine/issues/5/comments" => json_reply(201, json!({ "id": 4 })),
        "POST /repos/acme/engine/issues/comments/1/reactions" => json_reply(200, json!({ "id": 1 })),
        "PATCH /repos/acme/engine/issues/comments/3" => json_reply(200, json!({ "id": 3 })),
        _ => refused(404, "Not Found"),
    })
    .await;
    let repository = server.github().of(&repo());
    assert_eq!(
        repository.create_comment(PrNumber(5), "hi").await,
        Ok(CommentId(4))
    );
    let since = chrono::DateTime::from_timestamp(0, 0);
    assert_eq!(
        repository
            .find_comment(PrNumber(5), "<!-- m -->", since)
            .await,
        Ok(Some(CommentId(3)))
    );
    assert_eq!(
        repository
            .find_comment(PrNumber(5), "<!-- n -->", None)
            .await,
        Ok(None)
    );
    assert_eq!(
        repository.edit_comment(CommentId(3), "x").await,
        Ok(EditOutcome::Done)
    );
    assert_eq!(
        repository.edit_comment(CommentId(4), "x").await,
        Ok(EditOutcome::Gone)
    );
    assert_eq!(repository.react_thumbs_up(CommentId(1)).await, Ok(()));
    assert_eq!(repository.react_thumbs_up(CommentId(2)).await, Ok(()));
    assert!(
        server
            .lines()
            .iter()
            .any(|line| line.contains("comments?since=1970-01-01T00:00:00Z&per_page=100&page=1"))
    );
}
