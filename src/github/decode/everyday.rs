//! What every repository tells all day long, seen at a glance: one pass over the payload, and no model of it.

use crate::domain::command;
use crate::domain::ids::{InstallationId, Repo};
use crate::domain::init::asks_for_it;
use crate::domain::pull::mirrored_number;
use crate::github::wire::{WireId, WireRepo};
use serde::Deserialize;
use std::borrow::Cow;

#[derive(Deserialize)]
struct Glance<'a> {
    #[serde(borrow)]
    action: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "ref")]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    comment: Option<Said<'a>>,
    repository: WireRepo,
    installation: WireId,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
}

/// A delivery that tells what happens to a pull request, a branch or a build. Where nothing is enabled that means nothing, and on the
/// day when something is, all that matters of it is asked of GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Everyday {
    /// Where.
    pub repo: Repo,
    /// Whether somebody would look at a pull request because of it, and at the configuration before that.
    pub leads_to_reading: bool,
}

/// What a delivery tells, if it is that.
///
/// `None`: it may enable something (a push to the default branch, a comment that asks for a configuration), it is about more than a
/// repository, or it is not plainly what it claims to be. All of those are decoded.
pub fn everyday(event_name: &str, payload: &[u8]) -> Option<Everyday> {
    let may_be = matches!(
        event_name,
        "check_run"
            | "check_suite"
            | "issue_comment"
            | "pull_request"
            | "push"
            | "status"
            | "workflow_run"
    );
    let glance: Glance<'_> = may_be.then(|| serde_json::from_slice(payload).ok())??;
    let action = glance.action.as_deref();
    let mut leads_to_reading = false;
    let is = match event_name {
        "push" => is_a_branch_s(glance.name.as_deref()?, &glance.repository),
        "issue_comment" if action? == "created" => {
            let body = glance.comment?.body.unwrap_or_default();
            let lines = command::extract(&body);
            leads_to_reading = !lines.is_empty();
            !lines.iter().any(asks_for_it)
        }
        "pull_request" => {
            leads_to_reading =
                !matches!(action?, "labeled" | "unlabeled" | "assigned" | "unassigned");
            true
        }
        // A button.
        "check_run" => matches!(action?, "created" | "completed"),
        "status" => true,
        _ => action.is_some(),
    };
    let installation = InstallationId(glance.installation.id);
    let repo = glance.repository.repo(installation).ok().filter(|_| is)?;
    Some(Everyday {
        repo,
        leads_to_reading,
    })
}

/// Neither the default branch, which holds the configuration, nor a mirror.
fn is_a_branch_s(name: &str, repo: &WireRepo) -> bool {
    match name.strip_prefix("refs/heads/") {
        Some(branch) => !repo.is_default(branch) && mirrored_number(branch).is_none(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn with(event: &str, more: Value) -> Option<Everyday> {
        let mut payload = json!({
            "action": "created",
            "repository": {
                "id": 7, "full_name": "acme/engine", "default_branch": "main",
                "owner": {"id": 3, "type": "Organization"}, "description": "\u{1F309} \"a\\b\""
            },
            "installation": {"id": 5},
        });
        for (key, value) in more.as_object().unwrap() {
            payload[key] = value.clone();
        }
        everyday(event, payload.to_string().as_bytes())
    }

    #[test]
    fn what_may_enable_something_is_never_everyday() {
        for (event, more, is) in [
            ("pull_request", json!({"action": "opened"}), true),
            (
                "pull_request",
                json!({"action": "what is new in 2030"}),
                true,
            ),
            ("pull_request", json!({"action": null}), false),
            ("pull_request", json!({"installation": null}), false),
            ("pull_request", json!({"repository": {"id": 7}}), false),
            ("push", json!({"ref": "refs/heads/feature"}), true),
            ("push", json!({"ref": "refs/tags/main"}), true),
            ("push", json!({"ref": "refs/heads/main"}), false),
            ("push", json!({"ref": "refs/heads/pull-request/7"}), false),
            ("push", json!({}), false),
            (
                "issue_comment",
                json!({"comment": {"body": "Thank you!"}}),
                true,
            ),
            (
                "issue_comment",
                json!({"comment": {"body": "/ok to test"}}),
                true,
            ),
            ("issue_comment", json!({"comment": {"body": null}}), true),
            ("issue_comment", json!({"action": "deleted"}), true),
            (
                "issue_comment",
                json!({"comment": {"body": "Hi!\n\n/drawbridge init"}}),
                false,
            ),
            (
                "issue_comment",
                json!({"comment": {"body": "/DRAWBRIDGE  init"}}),
                false,
            ),
            ("issue_comment", json!({}), false),
            ("check_run", json!({"action": "completed"}), true),
            ("check_run", json!({"action": "requested_action"}), false),
            ("check_run", json!({"action": "rerequested"}), false),
            ("check_suite", json!({"action": "completed"}), true),
            ("workflow_run", json!({"action": "completed"}), true),
            ("status", json!({"action": null}), true),
            ("repository", json!({"action": "renamed"}), false),
            ("merge_group", json!({"action": "checks_requested"}), false),
            ("installation", json!({}), false),
            ("member", json!({"action": "added"}), false),
            ("", json!({}), false),
        ] {
            assert_eq!(with(event, more.clone()).is_some(), is, "{event} {more}");
        }
    }

    #[test]
    fn the_same_repository_is_read_as_when_it_is_decoded() {
        let Everyday { repo, .. } = with("pull_request", json!({"action": "opened"})).unwrap();
        let read = (repo.id.0, repo.installation.0, repo.owner.0);
        assert_eq!(read, (7, 5, 3));
        assert_eq!(
            (repo.name.to_string(), &*repo.default_branch),
            ("acme/engine".to_owned(), "main")
        );
    }

    #[test]
    fn what_nobody_would_look_at_a_pull_request_for_has_nothing_read() {
        let comment = |body: &str| json!({"comment": {"body": body}});
        for (event, more, leads) in [
            ("pull_request", json!({"action": "opened"}), true),
            ("pull_request", json!({"action": "synchronize"}), true),
            ("pull_request", json!({"action": "labeled"}), false),
            ("issue_comment", comment("/ok to test"), true),
            ("issue_comment", comment("Thank you!"), false),
            ("issue_comment", json!({"action": "edited"}), false),
            ("status", json!({}), false),
            ("workflow_run", json!({}), false),
        ] {
            let told = with(event, more.clone()).unwrap();
            assert_eq!(told.leads_to_reading, leads, "{event} {more}");
        }
    }

    #[test]
    fn what_is_no_json_or_says_a_thing_twice_is_decoded() {
        let whole = with("pull_request", json!({"action": "opened"}));
        assert!(whole.is_some());
        let repository =
            r#"{"id":7,"full_name":"acme/engine","default_branch":"main","owner":{"id":3}}"#;
        let installed = r#""installation":{"id":5},"action":"opened""#;
        for (payload, is) in [
            (
                format!(r#"{{"repository":{repository},{installed}}}"#),
                true,
            ),
            (
                format!(r#"{{"repository":{repository},"repository":{repository},{installed}}}"#),
                false,
            ),
            (format!(r#"{{"repository":{repository},{installed}"#), false),
            (
                format!(r#"{{"repository":{repository},{installed}}} and more"#),
                false,
            ),
        ] {
            let read = everyday("pull_request", payload.as_bytes());
            assert_eq!(read.is_some(), is, "{payload}");
        }
    }
}
