//! What a request asks for.

use super::{Pull, World};
use axum::http::Method;

/// Those that come for each pull request are told apart. A number alone is a repository's place in the world, or what was made for a check run or comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Read(Pull),
    Commits(Pull),
    Files(Pull),
    /// How a head differs from its base.
    Compare(Pull),
    ReadMirror(Pull),
    CreateMirror(usize),
    MoveMirror(Pull),
    DeleteMirror(Pull),
    CreateCheck(usize),
    WriteCheck(usize),
    /// Who has reported at a commit.
    ReportsAt(String),
    Runs(usize),
    Comment(Pull),
    Comments(Pull),
    WriteComment(usize),
    OpenPulls(usize),
    Mirrors(usize),
    /// Method and path.
    Other(String),
}

/// Which step of a pull request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Mirror,
    Gate,
    Comment,
}

impl Call {
    pub fn of(world: &World, method: &Method, path: &str) -> Self {
        let found = Self::of_a_repository(world, method, path);
        let bare = path.split('?').next().unwrap_or_default();
        found.unwrap_or_else(|| Self::Other(format!("{method} {bare}")))
    }

    fn of_a_repository(world: &World, method: &Method, path: &str) -> Option<Self> {
        // Some write a branch's name as one part.
        let bare = path.split('?').next()?.replace("%2F", "/");
        let (name, rest) = world.split(&bare)?;
        let repo = world.place(name)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let pull = |number: &str| {
            let number = number.parse().ok()?;
            Some(Pull { repo, number })
        };
        Some(match (method.as_str(), &parts[..]) {
            ("GET", ["pulls"]) => Self::OpenPulls(repo),
            ("GET", ["pulls", n]) => Self::Read(pull(n)?),
            ("GET", ["pulls", n, "commits"]) => Self::Commits(pull(n)?),
            ("GET", ["pulls", n, "files"]) => Self::Files(pull(n)?),
            ("GET", ["compare", ends]) => {
                let (_, head) = ends.split_once("...")?;
                Self::Compare(world.pull_at(head)?)
            }
            ("GET", ["git", "ref", "heads", "pull-request", n]) => Self::ReadMirror(pull(n)?),
            ("GET", ["git", "matching-refs", "heads", ..]) => Self::Mirrors(repo),
            ("POST", ["git", "refs"]) => Self::CreateMirror(repo),
            ("PATCH", ["git", "refs", "heads", "pull-request", n]) => Self::MoveMirror(pull(n)?),
            ("DELETE", ["git", "refs", "heads", "pull-request", n]) => Self::DeleteMirror(pull(n)?),
            ("POST", ["check-runs"]) => Self::CreateCheck(repo),
            ("PATCH", ["check-runs", id]) => Self::WriteCheck(id.parse().ok()?),
            ("GET", ["commits", sha, "check-runs" | "check-suites"]) => {
                Self::ReportsAt((*sha).to_owned())
            }
            ("GET", ["actions", "runs"]) => Self::Runs(repo),
            ("GET", ["issues", n, "comments"]) => Self::Comments(pull(n)?),
            ("POST", ["issues", n, "comments"]) => Self::Comment(pull(n)?),
            ("PATCH", ["issues", "comments", id]) => Self::WriteComment(id.parse().ok()?),
            _ => return None,
        })
    }

    /// What it does for people to see, if anything.
    pub fn step(&self) -> Option<Step> {
        match self {
            Self::CreateMirror(_) | Self::MoveMirror(_) => Some(Step::Mirror),
            Self::CreateCheck(_) | Self::WriteCheck(_) => Some(Step::Gate),
            Self::Comment(_) | Self::WriteComment(_) => Some(Step::Comment),
            _ => None,
        }
    }

    /// As a table names it: method and route.
    pub fn route(&self) -> &str {
        match self {
            Self::Read(_) => "GET pulls/{n}",
            Self::Commits(_) => "GET pulls/{n}/commits",
            Self::Files(_) => "GET pulls/{n}/files",
            Self::Compare(_) => "GET compare/…",
            Self::ReadMirror(_) => "GET git/ref/…",
            Self::CreateMirror(_) => "POST git/refs",
            Self::MoveMirror(_) => "PATCH git/refs/…",
            Self::DeleteMirror(_) => "DELETE git/refs/…",
            Self::CreateCheck(_) => "POST check-runs",
            Self::WriteCheck(_) => "PATCH check-runs/{id}",
            Self::ReportsAt(_) => "GET commits/{sha}/check-…",
            Self::Runs(_) => "GET actions/runs",
            Self::Comment(_) => "POST issues/{n}/comments",
            Self::Comments(_) => "GET issues/{n}/comments",
            Self::WriteComment(_) => "PATCH issues/comments/{id}",
            Self::OpenPulls(_) => "GET pulls",
            Self::Mirrors(_) => "GET git/matching-refs/…",
            Self::Other(what) => what,
        }
    }
}
