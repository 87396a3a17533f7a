//! Names of events, of which there are only as many as are known here: whoever sends a delivery chooses its name freely.

/// The events that the app looks at, besides `other`.
pub const EVENTS: [&str; 18] = [
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "issue_comment",
    "member",
    "membership",
    "merge_group",
    "organization",
    "ping",
    "pull_request",
    "pull_request_review",
    "push",
    "repository",
    "status",
    "team",
    "team_add",
    "workflow_run",
];

/// One of [`EVENTS`], or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventName(usize);

impl EventName {
    /// As `X-GitHub-Event` says it.
    pub fn of(name: Option<&str>) -> Self {
        let place = EVENTS.iter().position(|event| Some(*event) == name);
        Self(place.unwrap_or(EVENTS.len()))
    }

    pub(super) fn place(self) -> usize {
        self.0
    }

    pub(super) fn all() -> impl Iterator<Item = &'static str> {
        EVENTS.into_iter().chain(["other"])
    }
}
