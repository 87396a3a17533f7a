//! Pull requests, comments, pushes.

use super::*;
use crate::domain::event::{AccountKind, PullChange, PullHint, Shown, Thread};
use crate::domain::ids::{OwnerKind, PrNumber, RepoId, Sha, UserId};

pub(super) fn pull(action: &str) -> Value {
    json!({ "action": action, "number": 5, "pull_request": { "number": 5, "state": "open",
        "user": { "login": "bob", "id": 6, "type": "User" }, "head": { "sha": HEAD, "repo": null },
        "updated_at": "2024-01-02T00:00:00Z", "created_at": "2024-01-01T00:00:00Z" } })
}

#[test]
fn a_pull_request_s_actions_are_told_apart() {
    for (action, expected) in [
        ("opened", PullChange::Opened),
        ("synchronize", PullChange::Pushed),
        ("closed", PullChange::Closed),
        ("labeled", PullChange::Labels),
        ("unlabeled", PullChange::Labels),
        ("reopened", PullChange::Other),
        ("ready_for_review", PullChange::Other),
        ("converted_to_draft", PullChange::Other),
    ] {
        let Event::Pull { repo, change, hint } = event("pull_request", pull(action)) else {
            panic!("{action}")
        };
        assert_eq!(change, expected);
        assert_eq!(
            (repo.id, repo.owner_kind, repo.default_branch.as_str()),
            (RepoId(1), OwnerKind::Organisation, "main")
        );
        assert_eq!(
            (hint.number, hint.head.as_str(), hint.author.unwrap().id),
            (PrNumber(5), HEAD, UserId(6))
        );
    }
    for action in ["assigned", "enqueued", "anything new"] {
        assert!(ignored_because("pull_request", pull(action)).contains(action));
    }
    let retitled = with(
        pull("edited"),
        "/changes",
        json!({ "title": { "from": "x" } }),
    );
    assert!(ignored_because("pull_request", retitled).contains("title"));
    let rebased = with(
        pull("edited"),
        "/changes",
        json!({ "base": { "ref": { "from": "x" } } }),
    );
    assert!(matches!(
        event("pull_request", rebased),
        Event::Pull {
            change: PullChange::Other,
            ..
        }
    ));
    let ghost = with(pull("opened"), "/pull_request/user", json!(null));
    assert!(matches!(
        event("pull_request", ghost),
        Event::Pull {
            hint: PullHint { author: None, .. },
            ..
        }
    ));
}

#[test]
fn how_a_pull_request_is_shown_is_read_wholly_or_not_at_all() {
    let shows = |payload: Value| match event("pull_request", payload) {
        Event::Pull { hint, .. } => hint.shows,
        _ => panic!("a pull request"),
    };
    assert_eq!(shows(pull("opened")), None);
    let mut whole = pull("opened");
    let more = json!({ "draft": true, "title": "A change", "base": { "ref": "main", "sha": HEAD },
        "labels": [{ "name": "bug" }], "commits": 2, "changed_files": 3 });
    for (field, value) in more.as_object().unwrap() {
        whole["pull_request"][field] = value.clone();
    }
    let shown = Shown {
        open: true,
        draft: true,
        title: "A change".to_owned(),
        base: "main".to_owned(),
        base_sha: Some(Sha::parse(HEAD).unwrap()),
        labels: ["bug".to_owned()].into(),
        commits: 2,
        changed_files: 3,
    };
    assert_eq!(shows(whole.clone()), Some(Box::new(shown)));
    for field in more.as_object().unwrap().keys() {
        let without = with(
            whole.clone(),
            &format!("/pull_request/{field}"),
            json!(null),
        );
        let expected = field == "title";
        assert_eq!(shows(without).is_some(), expected, "{field}");
    }
    let odd = with(whole, "/pull_request/state", json!("merged"));
    assert_eq!(shows(odd), None);
}

fn comment(body: &str) -> Value {
    json!({ "action": "created",
        "issue": { "number": 5, "state": "open", "user": { "login": "bob", "id": 6, "type": "User" }, "pull_request": { "url": "x" } },
        "comment": { "id": 77, "user": { "login": "alice", "id": 5, "type": "User" }, "body": body,
            "created_at": "2024-01-02T00:00:00Z", "performed_via_github_app": null } })
}

#[test]
fn a_person_s_new_comment_with_a_command_is_heard() {
    let Event::Comment {
        number,
        pull_author,
        author,
        lines,
        ..
    } = event("issue_comment", comment("hello\n/ok to test abc1234\n"))
    else {
        panic!()
    };
    assert_eq!(
        (number, pull_author.unwrap().id, author.id),
        (PrNumber(5), UserId(6), UserId(5))
    );
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].text, "/ok to test abc1234");
}

#[test]
fn on_an_issue_only_a_request_for_a_configuration_is_heard() {
    let on_an_issue = |body: &str| with(comment(body), "/issue/pull_request", json!(null));
    let Event::Comment { thread, lines, .. } =
        event("issue_comment", on_an_issue("/status\n\n/Drawbridge  INIT"))
    else {
        panic!()
    };
    assert_eq!((thread, lines.len()), (Thread::Issue, 2));
    assert!(matches!(
        event("issue_comment", comment("/drawbridge init")),
        Event::Comment {
            thread: Thread::Pull,
            ..
        }
    ));
}

#[test]
fn everything_else_in_comments_is_passed_over() {
    let command = || comment("/ok to test abc1234");
    let bot = json!({ "login": "drawbridge[bot]", "id": 8, "type": "Bot" });
    for (special, why) in [
        (comment("just talk"), "without commands"),
        (comment("> /ok to test abc1234"), "without commands"),
        (
            with(command(), "/comment/body", json!(null)),
            "without commands",
        ),
        (with(command(), "/action", json!("edited")), "edited"),
        (with(command(), "/action", json!("deleted")), "deleted"),
        (
            with(command(), "/issue/pull_request", json!(null)),
            "on an issue",
        ),
        (with(command(), "/issue/state", json!("closed")), "closed"),
        (
            with(
                command(),
                "/comment/created_at",
                json!("1969-12-24T23:59:59Z"),
            ),
            "older than a week",
        ),
        (with(command(), "/comment/user", bot.clone()), "bot"),
        (
            with(command(), "/comment/user", json!(null)),
            "bot or of a deleted",
        ),
        (with(command(), "/sender", bot), "by an app"),
        (
            with(
                command(),
                "/comment/performed_via_github_app",
                json!({ "id": 3 }),
            ),
            "by an app",
        ),
        (
            with(command(), "/installation", json!(null)),
            "installation",
        ),
    ] {
        let given = ignored_because("issue_comment", special);
        assert!(given.contains(why), "{given} / {why}");
    }
}

pub(super) fn push(name: &str, files: &[&str]) -> Value {
    json!({ "ref": name, "before": HEAD, "after": HEAD, "created": false, "deleted": false, "forced": false,
        "commits": [{ "id": HEAD, "added": [], "modified": files, "removed": [] }] })
}

#[test]
fn a_push_to_the_default_branch_counts_if_it_may_change_the_configuration() {
    let main = |files: &[&str]| push("refs/heads/main", files);
    for special in [
        main(&["src/a", ".github/drawbridge.yaml"]),
        main(&[".github/copy-pr-bot.yaml"]),
        main(&[".github/filters.yml"]),
        with(main(&["a"]), "/forced", json!(true)),
        with(main(&["a"]), "/created", json!(true)),
        with(main(&["a"]), "/commits", json!([])),
        with(
            main(&["a"]),
            "/commits",
            json!(vec![json!({ "added": ["a"] }); 20]),
        ),
        with(
            main(&["a"]),
            "/commits",
            json!([{ "removed": [".github/drawbridge.yaml"] }]),
        ),
        main(&["a"; 300]),
    ] {
        assert!(pushed(special).2);
    }
    for special in [
        main(&["src/.github/x.yaml", ".github/x.md"]),
        push("refs/heads/dev", &[".github/drawbridge.yaml"]),
    ] {
        assert!(!pushed(special).2);
    }
    ignored_because("push", push("refs/tags/main", &[]));
}

/// Before, after, and whether the configuration may have changed.
fn pushed(special: Value) -> (Option<String>, Option<String>, bool) {
    let Event::BranchPushed {
        before,
        after,
        configuration,
        ..
    } = event("push", special)
    else {
        panic!()
    };
    let text = |sha: Option<Sha>| sha.map(|sha| sha.as_str().to_owned());
    (text(before), text(after), configuration)
}

#[test]
fn a_push_to_any_branch_tells_what_it_was_and_is() {
    let push = || push("refs/heads/release/2", &["a"]);
    let (head, zeros) = (Some(HEAD.to_owned()), json!("0".repeat(40)));
    assert_eq!(pushed(push()), (head.clone(), head.clone(), false));
    let created = with(push(), "/before", zeros.clone());
    assert_eq!(pushed(created), (None, head.clone(), false));
    let deleted = with(push(), "/after", zeros);
    assert_eq!(pushed(deleted), (head, None, false));
    let Event::BranchPushed { branch, .. } = event("push", push()) else {
        panic!()
    };
    assert_eq!(branch, "release/2");
}

#[test]
fn a_push_to_a_mirror_tells_where_it_is() {
    let mirror = || push("refs/heads/pull-request/5", &[]);
    let deleted = with(
        with(mirror(), "/deleted", json!(true)),
        "/after",
        json!("0".repeat(40)),
    );
    for (special, there) in [(mirror(), Some(HEAD)), (deleted, None)] {
        let Event::MirrorPushed {
            number,
            after,
            sender,
            ..
        } = event("push", special)
        else {
            panic!()
        };
        assert_eq!(
            (number, after.as_ref().map(|sha| sha.as_str())),
            (PrNumber(5), there)
        );
        assert_eq!(sender.unwrap().kind, AccountKind::User);
    }
    let no_mirror = push("refs/heads/pull-request/05", &[]);
    assert!(matches!(
        event("push", no_mirror),
        Event::BranchPushed { .. }
    ));
}
