//! What a delivery means to us. GitHub's JSON stops at the edge: only these types enter, and they are small,
//! because they are what must be on disk before a delivery is answered.

mod conclusion;
mod pull;

pub use conclusion::Conclusion;
pub use pull::{PullChange, PullHint, Shown};

use super::command::Line;
use super::deed::Deed;
use super::ids::{
    CheckRunId, CommentId, InstallationId, PrNumber, Repo, RepoId, RunSubject, Sha, UserId,
};
use super::run::{JobRef, Report};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What GitHub says an account is. Anything but a human is never trusted by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A person.
    User,
    /// An app or another machine.
    Bot,
    /// An organisation, a mannequin, or a kind this version does not know.
    Other,
}

/// An account: the id is its identity, the login is for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// GitHub's number.
    pub id: UserId,
    /// The login at the time.
    pub login: String,
    /// User, bot or other.
    pub kind: AccountKind,
}

/// A build that was started by the push of a mirror: a workflow run, or another app's check suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// What it is, and GitHub's number of it.
    pub id: BuildId,
    /// Which runs are of one kind: only the newest of them counts. `None`: it stands for itself.
    pub workflow: Option<Workflow>,
    /// The workflow's or the app's name; the check run's name; the commit status's context.
    pub name: String,
    /// The name of the workflow that a check run of Actions belongs to, where it is known.
    #[serde(default)]
    pub workflow_name: Option<String>,
    /// The slug of the app that reports it, where it is known; commit statuses have none.
    #[serde(default)]
    pub app: Option<String>,
    /// Whether we started it ourselves by `workflow_dispatch`, or it belongs to a workflow run that we did: a job of ours, and
    /// nothing that others report.
    #[serde(default)]
    pub dispatched: bool,
    /// Of a workflow run: 1, and one more each time it is run again; otherwise 0.
    #[serde(default)]
    pub attempt: u64,
    /// Where it stands.
    pub status: BuildStatus,
    /// Where people can read its log; only `https://` and `http://` addresses.
    pub url: Option<String>,
    /// Grows with each attempt and update, so that late news never replaces newer.
    pub updated_at: DateTime<Utc>,
}

/// A workflow and the event that starts it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Workflow {
    /// GitHub's number of the workflow.
    pub id: u64,
    /// GitHub's name of the event: `push`, …
    pub event: String,
}

/// GitHub's number of a build, of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildId {
    /// An Actions workflow run.
    WorkflowRun(u64),
    /// A check suite of an app other than Actions and ourselves.
    CheckSuite(u64),
    /// A check run of another app, Actions among them.
    CheckRun(u64),
    /// A commit status.
    Status(u64),
}

/// Where a build stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildStatus {
    /// Not begun: queued, requested, waiting or pending.
    Queued,
    /// Begun.
    Running,
    /// Ended in one of GitHub's conclusions.
    Ended(Conclusion),
}

/// The identifier of the gate's *OK to test* button (at most 20 characters).
pub const APPROVE_BUTTON: &str = "ok-to-test";

/// Where a comment was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thread {
    /// On a pull request.
    #[default]
    Pull,
    /// On an issue that is none.
    Issue,
}

/// The meaning of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// A pull request changed.
    Pull {
        /// Where.
        repo: Repo,
        /// How.
        change: PullChange,
        /// The pull request as the delivery shows it.
        hint: PullHint,
    },
    /// A new comment on an open pull request holds lines that look like commands, or one on an open issue asks for a
    /// configuration. Edits and bots never get here.
    Comment {
        /// Where.
        repo: Repo,
        /// Which pull request or issue.
        number: PrNumber,
        /// Which of the two.
        #[serde(default)]
        thread: Thread,
        /// Who opened it.
        pull_author: Option<Account>,
        /// The comment, for the reaction and the answer.
        comment: CommentId,
        /// Who wrote it.
        author: Account,
        /// When, by GitHub's clock.
        created_at: DateTime<Utc>,
        /// The lines that stand outside quotes and code.
        lines: Vec<Line>,
    },
    /// A branch under the mirror prefix was pushed or deleted, by us or by somebody else.
    MirrorPushed {
        /// Where.
        repo: Repo,
        /// The pull request the branch belongs to by its name.
        number: PrNumber,
        /// What the branch is now; `None`: deleted.
        after: Option<Sha>,
        /// Who pushed.
        sender: Option<Account>,
    },
    /// Somebody else's build of a commit changed: a workflow run, a check suite, a check run, a commit status.
    BuildChanged {
        /// Where.
        repo: Repo,
        /// The branch of this repository that it runs for; `None`: a fork's, or it names none (a commit status).
        branch: Option<String>,
        /// The commit it runs for.
        sha: Sha,
        /// How it stands.
        build: Build,
    },
    /// A branch that is no mirror was pushed, created or deleted.
    BranchPushed {
        /// Where.
        repo: Repo,
        /// Its name, without `refs/heads/`.
        branch: String,
        /// What it is now; `None`: deleted. A hint: it is read again.
        after: Option<Sha>,
        /// What it was before; `None`: created.
        before: Option<Sha>,
        /// Whether it may touch the configuration of this repository or, in `.github`, of its organisation.
        configuration: bool,
    },
    /// A branch of ours that holds a commit was found, and it is not known whose that is.
    AnchorFound {
        /// Where.
        repo: Repo,
        /// Whose it is by its name.
        of: RunSubject,
        /// Its commit.
        sha: Sha,
    },
    /// A group of the merge queue is to be checked, or is gone.
    MergeGroup {
        /// Where.
        repo: Repo,
        /// The group's branch, without `refs/heads/`.
        branch: String,
        /// Its commit.
        sha: Sha,
        /// The branch it will be merged into, without `refs/heads/`.
        base_branch: String,
        /// What that branch was.
        base_sha: Sha,
        /// Whether its checks are asked for or it is gone.
        change: MergeGroupChange,
    },
    /// A job's own report, by its callback.
    JobReported {
        /// Which start of which job.
        job: JobRef,
        /// What it says.
        report: Report,
    },
    /// A backend says that a job changed, and has to be asked how.
    JobChanged {
        /// Which start of which job.
        job: JobRef,
    },
    /// A button of one of our own gates was pressed, or its *Re-run*.
    GatePressed {
        /// Where.
        repo: Repo,
        /// The gate's commit.
        sha: Sha,
        /// The gate.
        check_run: CheckRunId,
        /// The gate's name.
        gate: String,
        /// What was pressed.
        button: Button,
        /// By whom.
        sender: Account,
        /// When we received it, for the history.
        at: DateTime<Utc>,
    },
    /// A person asked for something on the dashboard.
    Dashboard {
        /// Where.
        repo: Repo,
        /// On the page of which pull request.
        number: PrNumber,
        /// Who, as GitHub said when they signed in.
        by: Account,
        /// For what.
        deed: Deed,
        /// When.
        at: DateTime<Utc>,
    },
    /// A push to the default branch that may change the configuration, or news about the repository itself.
    RepositoryChanged {
        /// The repository as it is now.
        repo: Repo,
        /// What happened.
        change: RepositoryChange,
    },
    /// What was known about an organisation's members or a repository's collaborators is out of date.
    PeopleChanged {
        /// The installation whose cached answers are dropped.
        installation: InstallationId,
        /// The account concerned, where one is named.
        user: Option<UserId>,
    },
    /// The app's installation changed.
    InstallationChanged {
        /// Which.
        installation: InstallationId,
        /// How.
        change: InstallationChange,
    },
}

impl Event {
    /// The repository as the delivery names it, where it names one.
    pub fn repo(&self) -> Option<&Repo> {
        match self {
            Self::Pull { repo, .. }
            | Self::Comment { repo, .. }
            | Self::MirrorPushed { repo, .. }
            | Self::BuildChanged { repo, .. }
            | Self::BranchPushed { repo, .. }
            | Self::AnchorFound { repo, .. }
            | Self::MergeGroup { repo, .. }
            | Self::GatePressed { repo, .. }
            | Self::Dashboard { repo, .. }
            | Self::RepositoryChanged { repo, .. } => Some(repo),
            Self::JobReported { .. }
            | Self::JobChanged { .. }
            | Self::PeopleChanged { .. }
            | Self::InstallationChanged { .. } => None,
        }
    }

    /// The pull request that the delivery names.
    pub fn pull(&self) -> Option<(&Repo, PrNumber)> {
        match self {
            Self::Pull { repo, hint, .. } => Some((repo, hint.number)),
            Self::Comment {
                thread: Thread::Issue,
                ..
            } => None,
            Self::Comment { repo, number, .. } | Self::MirrorPushed { repo, number, .. } => {
                Some((repo, *number))
            }
            _ => None,
        }
    }
}

/// What was pressed on a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Button {
    /// *OK to test*.
    Approve,
    /// GitHub's own *Re-run*.
    Rerun,
}

/// What happened to a group of the merge queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeGroupChange {
    /// `checks_requested`.
    Requested,
    /// `destroyed`: merged, dequeued or replaced by another group.
    Gone,
}

/// What happened to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepositoryChange {
    /// The configuration, or the organisation's default, may have changed.
    Configuration,
    /// Renamed or transferred, made private or public, or no longer archived: the name or access changed.
    Identity,
    /// Archived: it can only be read.
    Archived,
    /// Deleted, or taken out of the installation.
    Gone,
}

/// What happened to an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationChange {
    /// Created, unsuspended, permissions accepted, repositories added: look again.
    Available,
    /// Suspended: nothing can be done until it ends.
    Suspended,
    /// Deleted: nothing will be done again.
    Deleted,
    /// These repositories were taken out.
    Removed(Vec<RepoId>),
}
