//! What this GitLab remembers, and how a pipeline goes on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{HookView, show};
use crate::sandbox::clock::Clock;
use crate::sandbox::model::git::object_id;

pub(super) const TRIGGER_TOKEN: &str = "glptt-sandbox-trigger-token";
pub(super) const API_TOKEN: &str = "glpat-sandbox-api-token";
pub(super) const PROJECT: &str = "acme/engine";
pub(super) const PROJECT_ID: u64 = 4_711;

/// The statuses of a pipeline ("Pipelines API").
pub(super) const STATUSES: [&str; 12] = [
    "created",
    "waiting_for_resource",
    "preparing",
    "pending",
    "running",
    "success",
    "failed",
    "canceling",
    "canceled",
    "skipped",
    "manual",
    "scheduled",
];

/// A pipeline.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) id: u64,
    pub(super) iid: u64,
    pub(super) reference: String,
    pub(super) sha: String,
    pub(super) status: String,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) attempt: u64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) finished_at: Option<DateTime<Utc>>,
}

impl Pipeline {
    /// Whole seconds from start to end.
    pub(super) fn duration(&self) -> Option<i64> {
        let (start, end) = (self.started_at?, self.finished_at?);
        Some((end - start).num_seconds())
    }
}

/// A webhook on its way: where to, and what came of it.
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) token: String,
    pub(super) view: HookView,
}

/// Everything.
pub(super) struct State {
    pub(super) base: String,
    clock: Clock,
    pub(super) branches: BTreeMap<String, String>,
    pub(super) pipelines: BTreeMap<u64, Pipeline>,
    pub(super) down: bool,
    /// The next trigger is done and not answered, and then it is down.
    pub(super) breaking: bool,
    pub(super) finish: Option<String>,
    pub(super) target: Option<(String, String)>,
    pub(super) hooks: Vec<Hook>,
}

/// Whether a pipeline in this status has ended.
fn has_ended(status: &str) -> bool {
    matches!(status, "success" | "failed" | "canceled" | "skipped")
}

impl State {
    pub(super) fn new(base: String) -> Self {
        let first = object_id(&["gitlab", PROJECT]);
        Self {
            base,
            clock: Clock::new(),
            branches: BTreeMap::from([("main".to_owned(), first)]),
            pipelines: BTreeMap::new(),
            down: false,
            breaking: false,
            finish: None,
            target: None,
            hooks: Vec::new(),
        }
    }

    /// A new pipeline for a branch, and its id; `None` if there is no such branch.
    pub(super) fn trigger(
        &mut self,
        reference: &str,
        variables: BTreeMap<String, String>,
    ) -> Option<u64> {
        let sha = self.branches.get(reference)?.clone();
        let now = self.clock.tick();
        let iid = self.pipelines.len() as u64 + 1;
        let id = 900_000 + iid;
        let pipeline = Pipeline {
            id,
            iid,
            reference: reference.to_owned(),
            sha,
            status: "created".to_owned(),
            variables,
            attempt: 1,
            created_at: now,
            updated_at: now,
            started_at: None,
            finished_at: None,
        };
        self.pipelines.insert(id, pipeline);
        Some(id)
    }

    /// Goes on by itself to the end, where that was asked for.
    pub(super) fn run_out(&mut self, id: u64) {
        if let Some(end) = self.finish.clone() {
            for status in ["pending", "running", &end] {
                self.go_on(id, status);
            }
        }
    }

    /// Ends a pipeline that has not ended.
    pub(super) fn cancel(&mut self, id: u64) {
        let open = |pipeline: &Pipeline| !has_ended(&pipeline.status);
        if self.pipelines.get(&id).is_some_and(open) {
            self.go_on(id, "canceled");
        }
    }

    /// Another attempt of a pipeline that has ended.
    pub(super) fn retry(&mut self, id: u64) {
        if let Some(pipeline) = self.pipelines.get_mut(&id)
            && has_ended(&pipeline.status)
        {
            pipeline.attempt += 1;
            self.go_on(id, "pending");
            self.run_out(id);
        }
    }

    /// Changes a status and queues the webhook for it; `false` if there is no such pipeline.
    pub(super) fn go_on(&mut self, id: u64, status: &str) -> bool {
        let now = self.clock.tick();
        let Some(pipeline) = self.pipelines.get_mut(&id) else {
            return false;
        };
        if pipeline.status == status {
            return true;
        }
        pipeline.status = status.to_owned();
        pipeline.updated_at = now;
        if has_ended(status) {
            pipeline.finished_at = Some(now);
        } else {
            pipeline.finished_at = None;
            if status == "running" {
                pipeline.started_at = Some(now);
            }
        }
        if let (Some((url, token)), Some(pipeline)) = (self.target.clone(), self.pipelines.get(&id))
        {
            let payload = show::hook(self, pipeline);
            let view = HookView {
                payload,
                status: None,
            };
            self.hooks.push(Hook { url, token, view });
        }
        true
    }
}
