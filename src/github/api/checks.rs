//! Check runs: a gate as it is published (GitHub, "REST API endpoints for check runs").

use super::cut_at_line;
use super::encoded;
use crate::domain::event::{APPROVE_BUTTON, Conclusion};
use crate::domain::gate::{Gate, GateStatus};
use crate::domain::ids::{CheckRunId, Sha};
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use crate::github::wire::{WireApp, WireId};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// The most a summary may hold: "Maximum length: 65535 characters".
const LONGEST_SUMMARY: usize = 65_535;
/// The most of a title that is shown.
const LONGEST_TITLE: usize = 255;
const CUT: &str = "\n\n… the rest is too long to be shown here.";

/// A check run to be created.
#[derive(Debug, Clone)]
pub struct NewCheck<'a> {
    /// Its name, as branch protection knows it.
    pub name: &'a str,
    /// The commit it stands at.
    pub sha: &'a Sha,
    /// What we find it by.
    pub external_id: &'a str,
    /// What it says.
    pub gate: &'a Gate,
    /// Where *Details* leads.
    pub details_url: Option<&'a str>,
}

#[derive(Deserialize)]
struct WireRuns {
    check_runs: Vec<WireRun>,
}

#[derive(Deserialize)]
struct WireRun {
    id: u64,
    name: String,
    head_sha: String,
    app: Option<WireApp>,
}

impl Repository {
    /// Creates a check run. After an answer that was lost there may be one: look for it first.
    pub async fn create_check(&self, new: &NewCheck<'_>) -> Result<CheckRunId, GitHubError> {
        let mut body = written(new.gate);
        body["name"] = json!(new.name);
        body["head_sha"] = json!(new.sha.as_str());
        body["external_id"] = json!(new.external_id);
        if let Some(url) = new.details_url {
            body["details_url"] = json!(url);
        }
        let path = self.path(format_args!("/check-runs"));
        let ask = Ask::new(Method::POST, path, "creating the check").with(body);
        let run: WireId = self.ask_json(&ask).await?;
        Ok(CheckRunId(run.id))
    }

    /// Writes a gate into a check run; one that was completed is opened again by a gate that is not.
    /// Without `details_url`, *Details* leads where it led before.
    pub async fn update_check(
        &self,
        id: CheckRunId,
        gate: &Gate,
        details_url: Option<&str>,
    ) -> Result<(), GitHubError> {
        let mut body = written(gate);
        if let Some(url) = details_url {
            body["details_url"] = json!(url);
        }
        let path = self.path(format_args!("/check-runs/{id}"));
        self.ask(&Ask::new(Method::PATCH, path, "updating the check").with(body))
            .await?;
        Ok(())
    }

    /// The newest check run of this name at a commit that the app `app_id` made; other apps' don't count.
    pub async fn find_check(
        &self,
        sha: &Sha,
        name: &str,
        app_id: u64,
    ) -> Result<Option<CheckRunId>, GitHubError> {
        let path = self.path(format_args!(
            "/commits/{sha}/check-runs?check_name={}&app_id={app_id}&filter=latest&per_page=100",
            encoded(name)
        ));
        let runs: WireRuns = self
            .ask_json(&Ask::get(path, "looking for the check"))
            .await?;
        let ours = runs.check_runs.into_iter().filter(|run| {
            run.name == name
                && run.head_sha == sha.as_str()
                && run.app.as_ref().is_some_and(|app| app.id == app_id)
        });
        Ok(ours.map(|run| CheckRunId(run.id)).max())
    }
}

/// The gate in GitHub's words.
fn written(gate: &Gate) -> Value {
    let title: String = gate.title.chars().take(LONGEST_TITLE).collect();
    let mut body = json!({
        "output": {
            "title": title,
            "summary": cut_at_line(&gate.summary, LONGEST_SUMMARY, CUT),
        },
        "actions": [],
    });
    match gate.status {
        GateStatus::Queued => body["status"] = json!("queued"),
        GateStatus::InProgress => body["status"] = json!("in_progress"),
        GateStatus::Completed(conclusion) => {
            body["status"] = json!("completed");
            body["conclusion"] = json!(writable(conclusion).as_str());
        }
    }
    if gate.approve_button {
        body["actions"] = json!([{
            "label": "OK to test",
            "description": "Approve this head and mirror it",
            "identifier": APPROVE_BUTTON,
        }]);
    }
    body
}

/// The conclusion as an app may write it: two are GitHub's alone ("Update a check run").
fn writable(conclusion: Conclusion) -> Conclusion {
    match conclusion {
        Conclusion::Stale | Conclusion::StartupFailure => Conclusion::Failure,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(status: GateStatus, approve_button: bool) -> Gate {
        Gate {
            status,
            title: "t".repeat(300),
            summary: "line\n".repeat(20_000),
            approve_button,
            link: None,
        }
    }

    #[test]
    fn a_gate_is_written_in_github_s_words_and_within_its_limits() {
        let body = written(&gate(
            GateStatus::Completed(Conclusion::ActionRequired),
            true,
        ));
        assert_eq!(
            (&body["status"], &body["conclusion"]),
            (&json!("completed"), &json!("action_required"))
        );
        assert_eq!(body["output"]["title"].as_str().unwrap().len(), 255);
        let summary = body["output"]["summary"].as_str().unwrap();
        assert!(
            summary.len() <= LONGEST_SUMMARY && summary.ends_with(CUT),
            "{}",
            summary.len()
        );
        let button = &body["actions"][0];
        for (field, most) in [("label", 20), ("description", 40), ("identifier", 20)] {
            assert!(button[field].as_str().unwrap().len() <= most, "{field}");
        }
    }

    #[test]
    fn an_open_gate_has_no_conclusion_and_takes_the_buttons_away() {
        for (status, word) in [
            (GateStatus::Queued, "queued"),
            (GateStatus::InProgress, "in_progress"),
        ] {
            let body = written(&gate(status, false));
            assert_eq!(
                (&body["status"], &body["actions"]),
                (&json!(word), &json!([]))
            );
            assert!(body.get("conclusion").is_none());
        }
    }
}
