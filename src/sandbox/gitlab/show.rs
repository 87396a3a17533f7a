//! How pipelines look in JSON: in answers of the API, and in webhooks.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::state::{PROJECT, PROJECT_ID, Pipeline, State};

/// The API writes milliseconds.
fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Webhooks write `2016-08-12 15:23:28 UTC`.
fn hook_stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The word people see for a status.
fn word(status: &str) -> String {
    match status {
        "success" => "passed".to_owned(),
        "waiting_for_resource" => "waiting".to_owned(),
        other => other.to_owned(),
    }
}

fn page(state: &State, pipeline: &Pipeline) -> String {
    format!("{}/{PROJECT}/-/pipelines/{}", state.base, pipeline.id)
}

fn user(state: &State) -> Value {
    json!({
        "id": 1,
        "username": "root",
        "name": "Administrator",
        "state": "active",
        "avatar_url": null,
        "web_url": format!("{}/root", state.base),
    })
}

/// A pipeline in an answer.
pub(super) fn pipeline(state: &State, pipeline: &Pipeline) -> Value {
    let text = word(&pipeline.status);
    json!({
        "id": pipeline.id,
        "iid": pipeline.iid,
        "project_id": PROJECT_ID,
        "sha": pipeline.sha,
        "ref": pipeline.reference,
        "status": pipeline.status,
        "source": "trigger",
        "created_at": stamp(pipeline.created_at),
        "updated_at": stamp(pipeline.updated_at),
        "web_url": page(state, pipeline),
        "before_sha": "0000000000000000000000000000000000000000",
        "tag": false,
        "yaml_errors": null,
        "user": user(state),
        "started_at": pipeline.started_at.map(stamp),
        "finished_at": pipeline.finished_at.map(stamp),
        "committed_at": null,
        "duration": pipeline.duration(),
        "queued_duration": null,
        "coverage": null,
        "detailed_status": {
            "icon": format!("status_{}", pipeline.status),
            "text": text,
            "label": text,
            "group": pipeline.status,
            "tooltip": text,
            "has_details": true,
            "details_path": format!("/{PROJECT}/-/pipelines/{}", pipeline.id),
            "illustration": null,
            "favicon": "/assets/ci_favicons/favicon.png",
        },
    })
}

/// A pipeline in a list, which shows less of it.
pub(super) fn row(state: &State, pipeline: &Pipeline) -> Value {
    json!({
        "id": pipeline.id,
        "iid": pipeline.iid,
        "project_id": PROJECT_ID,
        "status": pipeline.status,
        "source": "trigger",
        "ref": pipeline.reference,
        "sha": pipeline.sha,
        "name": null,
        "web_url": page(state, pipeline),
        "created_at": stamp(pipeline.created_at),
        "updated_at": stamp(pipeline.updated_at),
    })
}

/// The variables that came with the trigger.
pub(super) fn variables(pipeline: &Pipeline) -> Vec<Value> {
    let shown = |(key, value): (&String, &String)| json!({ "key": key, "variable_type": "env_var", "value": value });
    pipeline.variables.iter().map(shown).collect()
}

/// The body of a pipeline webhook.
pub(super) fn hook(state: &State, pipeline: &Pipeline) -> Value {
    let variables: Vec<Value> = pipeline
        .variables
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    let home = format!("{}/{PROJECT}", state.base);
    json!({
        "object_kind": "pipeline",
        "object_attributes": {
            "id": pipeline.id,
            "iid": pipeline.iid,
            "name": null,
            "ref": pipeline.reference,
            "tag": false,
            "sha": pipeline.sha,
            "before_sha": "0000000000000000000000000000000000000000",
            "source": "trigger",
            "status": pipeline.status,
            "detailed_status": word(&pipeline.status),
            "stages": ["build"],
            "created_at": hook_stamp(pipeline.created_at),
            "finished_at": pipeline.finished_at.map(hook_stamp),
            "duration": pipeline.duration(),
            "queued_duration": null,
            "variables": variables,
            "url": page(state, pipeline),
        },
        "merge_request": null,
        "user": { "id": 1, "name": "Administrator", "username": "root", "avatar_url": null, "email": "[REDACTED]" },
        "project": {
            "id": PROJECT_ID,
            "name": "Engine",
            "description": "",
            "web_url": home,
            "avatar_url": null,
            "git_ssh_url": format!("git@gitlab.invalid:{PROJECT}.git"),
            "git_http_url": format!("{home}.git"),
            "namespace": "Acme",
            "visibility_level": 0,
            "path_with_namespace": PROJECT,
            "default_branch": "main",
            "ci_config_path": null,
        },
        "commit": {
            "id": pipeline.sha,
            "message": "Work\n",
            "title": "Work",
            "timestamp": stamp(pipeline.created_at),
            "url": format!("{home}/-/commit/{}", pipeline.sha),
            "author": { "name": "Administrator", "email": "[REDACTED]" },
        },
        "builds": [],
    })
}
