//! One pull request: what is wanted, what was observed, and how news changes it.
//!
//! `intake` takes in news without asking anybody; `decide` turns evidence into what is wanted; `plan` is the
//! difference between wanted and observed. All three are pure, and each may run again at any time.

mod decide;
mod gates;
mod hear;
mod heard;
mod intake;
mod mirror;
mod plan;
mod recall;
mod required;
mod rights;
mod talk;
mod told;

pub use decide::{Enabled, Findings, approves_head, decide, unestablished};
pub use gates::{GateAt, GateName, Proposal, implied_gates};
pub use hear::pipeline_of;
pub use heard::Heard;
pub use mirror::{Disturbance, Mirror, Stand};
pub use plan::{Action, plan};
pub use recall::{Recalled, Said};
pub use required::Required;
pub use talk::{Answer, Outgoing, Posted, Request, StatusComment};

use super::command::ShaPrefix;
use super::event::Account;
use super::ids::{PrNumber, PullKey, Repo, Sha, UserId};
use super::run::{Changed, PullScene, Scene, TriggerKind};
use super::runs::{Order, OrderKind};
use super::trust::{Approval, Judged, PullView, Verdict};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A head, and since when (GitHub's clock) people could have seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenHead {
    /// The head.
    pub sha: Sha,
    /// The earliest time at which we know it to have been the head.
    pub since: DateTime<Utc>,
    /// Whether the delivery of its push told us; otherwise `since` is only when it was read.
    pub announced: bool,
}

/// What `require_filter_coverage` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncovered {
    /// Nothing: every file is matched, or nobody asks.
    Nothing,
    /// These files no filter matches.
    Files(Vec<String>),
    /// There are more files than GitHub lists.
    TooManyFiles(u64),
}

/// What the conditions of jobs ask of a judged head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Which filters match its files.
    pub changed: Changed,
    /// Whether a trusted user opened it; unknown is not.
    pub author_trusted: bool,
    /// The newest commit that base and head have in common, where a job asks for it.
    pub merge_base: Option<Sha>,
}

/// Everything kept about one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullState {
    /// Its repository.
    pub repo: Repo,
    /// Its number.
    pub number: PrNumber,
    /// Who opened it, once known. Never changes on GitHub.
    pub author: Option<Account>,
    /// As last read from GitHub.
    pub view: Option<PullView>,
    /// The latest heads, oldest first.
    pub heads: Vec<SeenHead>,
    /// The latest approvals, oldest first.
    pub approvals: Vec<Approval>,
    /// Whose membership the verdict hangs on.
    #[serde(default)]
    pub people: BTreeSet<UserId>,
    /// The loss of data after which the approvals were last read again from the comments.
    #[serde(default)]
    pub recalled: Option<DateTime<Utc>>,
    /// The verdict on `view.head`, once judged.
    pub verdict: Option<Verdict>,
    /// How that came about, for people.
    #[serde(default)]
    pub judged: Option<Judged>,
    /// What still has to be acted on.
    pub requests: Vec<Request>,
    /// The comments that made them: each is obeyed once.
    #[serde(default)]
    pub heard: Heard,
    /// Where the mirror should be.
    pub wanted_mirror: Mirror,
    /// Where it is.
    pub observed_mirror: Mirror,
    /// Where it was when that was last known, while GitHub has to be asked.
    #[serde(default)]
    pub left_mirror: Option<Mirror>,
    /// How often it was elsewhere than it was known to be.
    #[serde(default)]
    pub moves: u64,
    /// When we put the mirror where it is; `None`: it was found there.
    #[serde(default)]
    pub moved_at: Option<DateTime<Utc>>,
    /// Whose push to the mirror was undone last.
    pub disturbance: Option<Disturbance>,
    /// How often the mirror was wanted elsewhere: it can come back to a SHA it held before, and builds from before don't
    /// count then, if it was away.
    #[serde(default)]
    pub stands: u64,
    /// How often everything was to be read again.
    #[serde(default)]
    pub looks: u64,
    /// What the conditions of jobs ask, of the judged head.
    #[serde(default)]
    pub facts: Option<Facts>,
    /// The checks of others that the base branch requires, as they stand at the head.
    #[serde(default)]
    pub required: Vec<Required>,
    /// What is to be said of the configuration that the head proposes, once its files were looked at.
    #[serde(default)]
    pub proposal: Option<Proposal>,
    /// Orders for the runs of the head, oldest first.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// The number of the newest order.
    #[serde(default)]
    pub ordered: u64,
    /// The comment.
    pub comment: StatusComment,
    /// Answers on their way.
    pub outbox: Vec<Outgoing>,
    /// Changed files that no filter matches, where the configuration forbids that.
    pub uncovered: Uncovered,
    /// What this pull request has to say at its head; `None`: nothing (not enabled, closed).
    pub gate: Option<GateAt>,
    /// Whether GitHub has to be asked before anything is decided.
    pub stale: bool,
    /// What stands in the way, for people.
    pub trouble: Option<String>,
    /// How often in a row bringing it up to date failed.
    pub failures: u32,
}

/// How many heads are kept: so many pushes between the reading of a commit and its approval would be seen.
const KEPT_HEADS: usize = 200;
/// How many approvals are kept.
const KEPT_APPROVALS: usize = 20;
/// How many orders for one head are kept.
const KEPT_ORDERS: usize = 200;

impl PullState {
    /// A pull request of which nothing is known but that it exists. `new`: it was opened while we were
    /// listening, so nothing of ours can be there yet.
    pub fn new(repo: Repo, number: PrNumber, new: bool) -> Self {
        Self {
            repo,
            number,
            author: None,
            view: None,
            heads: Vec::new(),
            approvals: Vec::new(),
            people: BTreeSet::new(),
            recalled: None,
            verdict: None,
            judged: None,
            requests: Vec::new(),
            heard: Heard::default(),
            wanted_mirror: Mirror::Unknown,
            observed_mirror: if new { Mirror::Absent } else { Mirror::Unknown },
            left_mirror: None,
            moves: 0,
            moved_at: None,
            disturbance: None,
            stands: 0,
            looks: 0,
            facts: None,
            required: Vec::new(),
            proposal: None,
            orders: Vec::new(),
            ordered: 0,
            comment: StatusComment {
                wanted: None,
                posted: if new { Posted::Absent } else { Posted::Perhaps },
                says: None,
            },
            outbox: Vec::new(),
            uncovered: Uncovered::Nothing,
            gate: None,
            stale: true,
            trouble: None,
            failures: 0,
        }
    }

    /// What has to be known of a closed one for good, should it be opened again: what was approved, and which heads people could
    /// have read. `None`: nothing.
    pub fn remembered(&self) -> Option<Self> {
        if self.approvals.is_empty() {
            return None;
        }
        Some(Self {
            author: self.author.clone(),
            view: self.view.clone(),
            heads: self.heads.clone(),
            approvals: self.approvals.clone(),
            recalled: self.recalled,
            heard: self.heard.clone(),
            wanted_mirror: self.wanted_mirror.clone(),
            observed_mirror: self.observed_mirror.clone(),
            left_mirror: self.left_mirror.clone(),
            moves: self.moves,
            stands: self.stands,
            looks: self.looks,
            ordered: self.ordered,
            comment: StatusComment {
                posted: self.comment.posted.clone(),
                wanted: None,
                says: None,
            },
            stale: self.stale,
            ..Self::new(self.repo.clone(), self.number, false)
        })
    }

    /// The key it is stored under.
    pub fn key(&self) -> PullKey {
        PullKey {
            repo: self.repo.id,
            number: self.number,
        }
    }

    /// The mirror branch's name.
    pub fn mirror_branch(&self) -> String {
        mirror_branch(self.number)
    }

    /// The head as last read, of an open pull request.
    pub fn open_head(&self) -> Option<&Sha> {
        self.view
            .as_ref()
            .filter(|view| view.open)
            .map(|view| &view.head)
    }

    /// What runs of the head are for; `None` while none may run.
    pub fn scene(&self, trigger: TriggerKind, args: &str) -> Option<Scene> {
        let view = self.view.as_ref().filter(|_| self.may_run())?;
        let facts = self.facts.as_ref()?;
        Some(Scene {
            repository: self.repo.name.clone(),
            trigger,
            sha: view.head.clone(),
            branch: self.mirror_branch(),
            base_branch: view.base.clone(),
            base_sha: view.base_sha.clone(),
            merge_base: facts.merge_base.clone(),
            pull: Some(PullScene {
                number: self.number.0,
                author: self.author.as_ref().map(|author| author.login.clone()),
                author_trusted: facts.author_trusted,
                labels: view.labels.clone(),
            }),
            changed: facts.changed.clone(),
            args: args.to_owned(),
        })
    }

    /// Adds an order for the runs of the head.
    pub(in crate::domain) fn order(
        &mut self,
        sha: &Sha,
        by: &Account,
        at: DateTime<Utc>,
        kind: OrderKind,
    ) {
        self.ordered += 1;
        self.orders.retain(|order| order.sha == *sha);
        self.orders.push(Order {
            number: self.ordered,
            sha: sha.clone(),
            by: by.login.clone(),
            at,
            kind,
        });
        let surplus = self.orders.len().saturating_sub(KEPT_ORDERS);
        self.orders.drain(..surplus);
    }

    /// Notes that a delivery says that `sha` became the head at `at`. A head that comes back is new again, and a delivery older than the
    /// newest head tells nothing: otherwise a commit that was the head once would count as seen for ever.
    fn saw_head(&mut self, sha: &Sha, at: DateTime<Utc>) {
        let before_last = self.heads.len().checked_sub(2).map(|i| self.heads[i].since);
        match self.heads.last_mut() {
            Some(last) if last.sha == *sha => {
                if before_last.is_none_or(|before| before < at) {
                    last.since = last.since.min(at);
                    last.announced = true;
                }
            }
            Some(last) if at < last.since => {}
            _ => {
                self.heads.retain(|head| head.sha != *sha);
                self.heads.push(SeenHead {
                    sha: sha.clone(),
                    since: at,
                    announced: true,
                });
            }
        }
        let surplus = self.heads.len().saturating_sub(KEPT_HEADS);
        self.heads.drain(..surplus);
    }

    /// Notes the head as read from GitHub, at a time at which the pull request was last changed in any way.
    fn read_head(&mut self, sha: &Sha, at: DateTime<Utc>) {
        if self.heads.last().is_none_or(|last| last.sha != *sha) {
            self.heads.retain(|head| head.sha != *sha);
            self.heads.push(SeenHead {
                sha: sha.clone(),
                since: at,
                announced: false,
            });
        }
    }

    /// Whether another head of this pull request begins like `prefix`: then nobody can tell which one is meant.
    fn is_ambiguous(&self, prefix: &ShaPrefix, head: &Sha) -> bool {
        self.heads
            .iter()
            .any(|other| other.sha != *head && prefix.names(other.sha.as_str()))
    }

    /// Whether people could see that `head` is the head before `at`.
    fn was_head_before(&self, head: &Sha, at: DateTime<Utc>) -> bool {
        self.heads
            .last()
            .is_some_and(|last| last.sha == *head && last.since < at)
    }
}

/// The prefix of mirror branches.
pub const MIRROR_PREFIX: &str = "pull-request/";

/// The name of the mirror of pull request `number`.
pub fn mirror_branch(number: PrNumber) -> String {
    format!("{MIRROR_PREFIX}{number}")
}

/// The pull request that a branch mirrors by its name: the prefix and a number without leading zeros or sign.
pub fn mirrored_number(branch: &str) -> Option<PrNumber> {
    let digits = branch.strip_prefix(MIRROR_PREFIX)?;
    let number: u64 = digits.parse().ok()?;
    (number > 0 && number.to_string() == digits).then_some(PrNumber(number))
}

#[cfg(test)]
pub(crate) mod tests;
