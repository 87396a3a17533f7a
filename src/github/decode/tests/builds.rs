//! Builds, the gate's buttons, and news about people, installations and repositories.

use super::*;
use crate::domain::event::{
    BuildId, BuildStatus, Button, Conclusion, InstallationChange, RepositoryChange,
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

#[test]
fn builds_on_a_mirror_are_followed() {
    let Event::BuildChanged { branch, build, .. } = event("workflow_run", run()) else {
        panic!()
    };
    assert_eq!(
        (branch.as_deref(), build.id, build.name.as_str()),
        (Some("pull-request/5"), BuildId::WorkflowRun(3), "CI")
    );
    assert_eq!(build.status, BuildStatus::Ended(Conclusion::Failure));
    let Event::BuildChanged { build, .. } = event("check_suite", suite()) else {
        panic!()
    };
    assert_eq!(
        (build.id, build.name.as_str()),
        (BuildId::CheckSuite(4), "CircleCI")
    );
}

#[test]
fn other_builds_are_not() {
    for (special, why) in [
        (
            with(run(), "/workflow_run/head_branch", json!("main")),
            "mirror",
        ),
        (
            with(run(), "/workflow_run/head_branch", json!(null)),
            "mirror",
        ),
        (
            with(run(), "/workflow_run/head_repository", json!({ "id": 2 })),
            "fork",
        ),
        (
            with(run(), "/workflow_run/head_repository", json!(null)),
            "fork",
        ),
    ] {
        assert!(ignored_because("workflow_run", special).contains(why));
    }
    for (special, why) in [
        (
            with(suite(), "/check_suite/head_branch", json!(null)),
            "mirror",
        ),
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
            button,
            sender,
            at,
            ..
        } = event("check_run", special)
        else {
            panic!()
        };
        assert_eq!(
            (sha.as_str(), button, sender.id, at),
            (HEAD, expected, UserId(5), DateTime::UNIX_EPOCH)
        );
    }
    for (special, why) in [
        (button("completed", json!(null)), "completed"),
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
