//! Builds, merge groups, the gate's buttons, and news about people, installations and repositories.

use super::*;
use crate::domain::event::{
    Build, BuildId, BuildStatus, Button, Conclusion, InstallationChange, MergeGroupChange,
    RepositoryChange,
};
use crate::domain::ids::{RepoId, UserId};

fn run() -> Value {
    json!({ "action": "completed", "workflow": { "name": "CI" }, "workflow_run": { "id": 3, "name": "run", "status": "completed",
        "conclusion": "failure", "html_url": "https://github.com/acme/engine/actions/runs/3", "updated_at": "2024-01-01T00:00:00Z",
        "head_branch": "pull-request/5", "head_sha": HEAD, "event": "push", "head_repository": { "id": 1 } } })
}

fn suite() -> Value {
    json!({ "action": "completed", "check_suite": { "id": 4, "head_branch": "pull-request/5", "head_sha": HEAD, "status": "completed",
        "conclusion": "success", "app": { "id": 8, "slug": "circleci", "name": "CircleCI" }, "latest_check_runs_count": 2,
        "updated_at": "2024-01-01T00:00:00Z" } })
}

fn check_run(action: &str) -> Value {
    json!({ "action": action, "check_run": { "id": 12, "name": "unit tests", "head_sha": HEAD, "status": "completed",
        "conclusion": "success", "html_url": "https://github.com/acme/engine/runs/12", "started_at": "2024-01-01T00:00:00Z",
        "completed_at": "2024-01-01T00:01:00Z", "app": { "id": 8, "slug": "circleci" },
        "check_suite": { "id": 4, "head_branch": "pull-request/5", "head_sha": HEAD, "app": { "id": 8, "slug": "circleci" },
            "pull_requests": [] } } })
}

fn status(state: &str, branches: &[(&str, &str)]) -> Value {
    let branches: Vec<Value> = branches
        .iter()
        .map(|(name, tip)| json!({ "name": name, "commit": { "sha": tip }, "protected": false }))
        .collect();
    json!({ "id": 21, "sha": HEAD, "name": "acme/engine", "context": "ci/other", "state": state, "target_url": "https://ci.example/1",
        "branches": branches, "created_at": "2024-01-01T00:00:00+00:00", "updated_at": "2024-01-01T00:00:00+00:00" })
}

/// The branch that a build is told to, and the build.
fn build_of(name: &str, special: Value) -> (Option<String>, Build) {
    match event(name, special) {
        Event::BuildChanged {
            branch, sha, build, ..
        } => {
            assert_eq!(sha.as_str(), HEAD);
            (branch, build)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn builds_on_a_branch_are_followed() {
    let (branch, build) = build_of("workflow_run", run());
    assert_eq!(
        (branch.as_deref(), build.id, build.name.as_str()),
        (Some("pull-request/5"), BuildId::WorkflowRun(3), "CI")
    );
    assert_eq!(build.status, BuildStatus::Ended(Conclusion::Failure));
    let on_main = with(run(), "/workflow_run/head_branch", json!("main"));
    assert_eq!(build_of("workflow_run", on_main).0.as_deref(), Some("main"));
    let (branch, build) = build_of("check_suite", suite());
    assert_eq!(
        (branch.as_deref(), build.id, build.name.as_str()),
        (Some("pull-request/5"), BuildId::CheckSuite(4), "CircleCI")
    );
    let nowhere = with(suite(), "/check_suite/head_branch", json!(null));
    assert_eq!(build_of("check_suite", nowhere).0, None);
}

#[test]
fn other_builds_are_not() {
    for repository in [json!({ "id": 2 }), json!(null)] {
        let special = with(run(), "/workflow_run/head_repository", repository);
        assert!(ignored_because("workflow_run", special).contains("fork"));
    }
    for (special, why) in [
        (
            with(suite(), "/check_suite/app", json!({ "id": 7 })),
            "our own",
        ),
        (
            with(
                suite(),
                "/check_suite/app",
                json!({ "id": 15_368, "slug": "github-actions" }),
            ),
            "Actions",
        ),
        (
            with(suite(), "/check_suite/latest_check_runs_count", json!(0)),
            "without check runs",
        ),
        (
            with(
                with(suite(), "/check_suite/app", json!({ "id": 7 })),
                "/action",
                json!("rerequested"),
            ),
            "not acted on yet",
        ),
    ] {
        assert!(ignored_because("check_suite", special).contains(why));
    }
}

#[test]
fn another_app_s_check_run_is_on_a_branch_if_its_suite_is() {
    for action in ["created", "completed"] {
        let (branch, build) = build_of("check_run", check_run(action));
        assert_eq!(branch.as_deref(), Some("pull-request/5"));
        assert_eq!(
            (build.id, build.name.as_str(), build.app.as_deref()),
            (BuildId::CheckRun(12), "unit tests", Some("circleci"))
        );
        assert_eq!(build.status, BuildStatus::Ended(Conclusion::Success));
    }
    // A fork may call its branch `pull-request/5`, and Actions names the branch without saying whose it is.
    let actions = json!({ "id": 15_368, "slug": "github-actions" });
    for doubtful in [
        with(check_run("created"), "/check_run/app", actions.clone()),
        with(check_run("created"), "/check_run/check_suite/app", actions),
        with(check_run("created"), "/check_run/check_suite", json!(null)),
        with(
            check_run("created"),
            "/check_run/check_suite/head_branch",
            json!(null),
        ),
        with(
            check_run("created"),
            "/check_run/check_suite/pull_requests",
            json!([{ "head": { "ref": "pull-request/5", "repo": { "id": 2 } } }]),
        ),
    ] {
        assert_eq!(build_of("check_run", doubtful).0, None);
    }
    let ours = with(check_run("completed"), "/check_run/app", json!({ "id": 7 }));
    assert!(ignored_because("check_run", ours).contains("our own"));
}

#[test]
fn a_commit_status_is_told_to_the_mirror_that_has_the_commit() {
    let other = "0123456789012345678901234567890123456789";
    let many: Vec<_> = (0..9).map(|_| ("main", other)).collect();
    let cut = [&many[..], &[("pull-request/5", HEAD)]].concat();
    for (branches, expected) in [
        (&[][..], None),
        (&[("main", HEAD)], Some("main")),
        (&[("main", HEAD), ("dev", other)], Some("main")),
        (&[("main", HEAD), ("dev", HEAD)], None),
        (
            &[("main", HEAD), ("dev", HEAD), ("pull-request/5", HEAD)],
            Some("pull-request/5"),
        ),
        (&[("pull-request/5", HEAD), ("pull-request/6", HEAD)], None),
        (&[("pull-request/5", other)], None),
        (&cut[1..], Some("pull-request/5")),
        (&cut, None),
    ] {
        let (branch, build) = build_of("status", status("success", branches));
        assert_eq!(branch.as_deref(), expected, "{branches:?}");
        assert_eq!(
            (build.id, build.name.as_str(), build.app),
            (BuildId::Status(21), "ci/other", None)
        );
    }
    for (state, expected) in [
        ("pending", BuildStatus::Running),
        ("success", BuildStatus::Ended(Conclusion::Success)),
        ("failure", BuildStatus::Ended(Conclusion::Failure)),
        ("error", BuildStatus::Ended(Conclusion::Failure)),
    ] {
        assert_eq!(build_of("status", status(state, &[])).1.status, expected);
    }
    let bot = json!({ "login": "drawbridge[bot]", "id": 8, "type": "Bot" });
    let mut ours = status("success", &[]);
    ours["sender"] = bot;
    assert!(ignored_because("status", ours).contains("our own"));
}

#[test]
fn a_merge_group_is_to_be_checked_or_gone() {
    for (action, expected) in [
        ("checks_requested", MergeGroupChange::Requested),
        ("destroyed", MergeGroupChange::Gone),
    ] {
        let Event::MergeGroup {
            branch,
            sha,
            base_branch,
            base_sha,
            change,
            ..
        } = event(
            "merge_group",
            json!({ "action": action, "reason": "merged", "merge_group": { "head_sha": HEAD, "base_sha": HEAD,
                "head_ref": "refs/heads/gh-readonly-queue/main/pr-5-abc", "base_ref": "refs/heads/main" } }),
        )
        else {
            panic!("{action}")
        };
        assert_eq!(
            (branch.as_str(), base_branch.as_str()),
            ("gh-readonly-queue/main/pr-5-abc", "main")
        );
        assert_eq!(
            (sha.as_str(), base_sha.as_str(), change),
            (HEAD, HEAD, expected)
        );
    }
}

fn button(action: &str, identifier: Value) -> Value {
    json!({ "action": action, "check_run": { "id": 12, "head_sha": HEAD, "name": "gate", "app": { "id": 7, "slug": "drawbridge" } },
        "requested_action": identifier })
}

#[test]
fn only_a_person_presses_the_buttons_of_our_own_gate() {
    let approve = || button("requested_action", json!({ "identifier": "ok-to-test" }));
    for (special, expected) in [
        (approve(), Button::Approve),
        (button("rerequested", json!(null)), Button::Rerun),
    ] {
        let Event::GatePressed {
            sha,
            gate,
            button,
            sender,
            at,
            ..
        } = event("check_run", special)
        else {
            panic!()
        };
        assert_eq!((sha.as_str(), gate.as_str()), (HEAD, "gate"));
        assert_eq!(
            (button, sender.id, at),
            (expected, UserId(5), DateTime::UNIX_EPOCH)
        );
    }
    for (special, why) in [
        (button("completed", json!(null)), "of our own"),
        (
            button("requested_action", json!({ "identifier": "fix" })),
            "does not have",
        ),
        (button("requested_action", json!(null)), "does not have"),
        (
            with(approve(), "/check_run/app", json!({ "id": 8 })),
            "another app",
        ),
        (
            with(
                approve(),
                "/sender",
                json!({ "login": "x[bot]", "id": 8, "type": "Bot" }),
            ),
            "a person",
        ),
        (with(approve(), "/sender", json!(null)), "a person"),
    ] {
        assert!(ignored_because("check_run", special).contains(why));
    }
}

#[test]
fn news_about_people_name_the_account_where_there_is_one() {
    let dave = json!({ "login": "dave", "id": 44, "type": "User" });
    for (name, special, expected) in [
        (
            "member",
            json!({ "action": "added", "member": dave.clone() }),
            Some(UserId(44)),
        ),
        (
            "membership",
            json!({ "action": "removed", "scope": "team", "member": dave.clone(), "team": {} }),
            Some(UserId(44)),
        ),
        (
            "organization",
            json!({ "action": "member_removed", "membership": { "user": dave } }),
            Some(UserId(44)),
        ),
        (
            "team",
            json!({ "action": "added_to_repository", "team": {} }),
            None,
        ),
    ] {
        let mut payload = delivery(special);
        payload.as_object_mut().unwrap().remove("repository");
        let Ok(Decoded::Event(Event::PeopleChanged { user, .. })) = try_decode(name, &payload)
        else {
            panic!("{name}")
        };
        assert_eq!(user, expected);
    }
    ignored_because("organization", json!({ "action": "member_invited" }));
}

#[test]
fn news_about_the_installation() {
    let removed = || InstallationChange::Removed(vec![RepoId(3), RepoId(4)]);
    for (name, action, expected) in [
        ("installation", "created", InstallationChange::Available),
        ("installation", "unsuspend", InstallationChange::Available),
        (
            "installation",
            "new_permissions_accepted",
            InstallationChange::Available,
        ),
        ("installation", "suspend", InstallationChange::Suspended),
        ("installation", "deleted", InstallationChange::Deleted),
        (
            "installation_repositories",
            "added",
            InstallationChange::Available,
        ),
        ("installation_repositories", "removed", removed()),
    ] {
        let payload = json!({ "action": action, "installation": { "id": 9, "account": {} },
            "repositories_removed": [{ "id": 3, "full_name": "a/b" }, { "id": 4 }] });
        let Ok(Decoded::Event(Event::InstallationChanged {
            installation,
            change,
        })) = try_decode(name, &payload)
        else {
            panic!("{action}")
        };
        assert_eq!((installation, change), (InstallationId(9), expected));
    }
}

#[test]
fn news_about_the_repository() {
    for (action, expected) in [
        ("renamed", RepositoryChange::Identity),
        ("transferred", RepositoryChange::Identity),
        ("archived", RepositoryChange::Identity),
        ("unarchived", RepositoryChange::Identity),
        ("privatized", RepositoryChange::Identity),
        ("publicized", RepositoryChange::Identity),
        ("deleted", RepositoryChange::Gone),
    ] {
        let Event::RepositoryChanged { change, .. } =
            event("repository", json!({ "action": action }))
        else {
            panic!()
        };
        assert_eq!(change, expected);
    }
    let edited = |changes: Value| json!({ "action": "edited", "changes": changes });
    event(
        "repository",
        edited(json!({ "default_branch": { "from": "master" } })),
    );
    ignored_because(
        "repository",
        edited(json!({ "description": { "from": "x" } })),
    );
    ignored_because("repository", json!({ "action": "created" }));
}
