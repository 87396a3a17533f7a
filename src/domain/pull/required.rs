//! The checks that the base branch requires and others report: not ours to decide, but part of the answer to "what am I
//! waiting for?".

use super::PullState;
use crate::domain::event::{Build, BuildId, BuildStatus};
use crate::domain::ids::Sha;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A required check of others, and how it stands at the head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Required {
    /// The check's name or the status's context.
    pub name: String,
    /// How it stands; `None`: nobody has reported it yet.
    pub status: Option<BuildStatus>,
    /// Where people can read more.
    pub url: Option<String>,
    /// When it was reported last.
    pub updated_at: Option<DateTime<Utc>>,
}

impl Required {
    /// The required checks `names` as `reports` of one commit show them.
    pub fn among(names: &[String], reports: &[Build]) -> Vec<Self> {
        let mut required: Vec<Self> = names
            .iter()
            .map(|name| Self {
                name: name.clone(),
                status: None,
                url: None,
                updated_at: None,
            })
            .collect();
        for report in reports {
            for check in &mut required {
                check.take_in(report);
            }
        }
        required
    }

    /// What was reported belongs to another head.
    pub(super) fn is_open_again(&mut self) {
        self.status = None;
        self.url = None;
        self.updated_at = None;
    }

    fn take_in(&mut self, report: &Build) {
        let is_report = matches!(report.id, BuildId::CheckRun(_) | BuildId::Status(_));
        let is_late = self.updated_at.is_some_and(|at| at > report.updated_at);
        if is_report && report.name == self.name && !is_late {
            self.status = Some(report.status);
            self.url = report.url.clone();
            self.updated_at = Some(report.updated_at);
        }
    }
}

impl PullState {
    /// Whether somebody waits for this report.
    pub fn awaits(&self, sha: &Sha, name: &str) -> bool {
        self.open_head() == Some(sha) && self.required.iter().any(|check| check.name == name)
    }

    /// Others reported something at a commit.
    pub(super) fn report_came(&mut self, sha: &Sha, report: &Build) {
        if self.open_head() == Some(sha) {
            for check in &mut self.required {
                check.take_in(report);
            }
        }
    }
}
