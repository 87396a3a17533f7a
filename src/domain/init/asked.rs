//! What somebody asked for, and how far it has come: kept with the repository, so that it is done once whatever happens.

use crate::domain::command::{Invocation, Line};
use crate::domain::event::{Account, Event, Thread};
use crate::domain::ids::{CommentId, PrNumber, Sha};
use crate::domain::pull::Heard;
use crate::domain::text;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How many may wait in one repository; more than that in one go are not people who need a configuration.
const MOST_WAITING: usize = 50;
/// How many of one account: nobody takes the places of all.
const MOST_OF_ONE: usize = 2;
/// What could not be followed for so long is let be, as a comment that is heard of so late is.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// What was asked for in a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitRequests {
    #[serde(default)]
    heard: Heard,
    #[serde(default)]
    waiting: Vec<InitRequest>,
}

/// A comment that asks for a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitRequest {
    /// The comment, for the reaction and the answer.
    pub comment: CommentId,
    /// The number of the issue or pull request that it is on.
    pub number: PrNumber,
    /// Which of the two.
    pub thread: Thread,
    /// Who asks.
    pub by: Account,
    /// When, by GitHub's clock.
    pub at: DateTime<Utc>,
    /// How far it has come.
    pub stage: Stage,
    /// How often in a row the next step has failed.
    pub failures: u32,
    /// It is not to be tried again before, whatever else happens in the repository.
    #[serde(default)]
    pub not_before: Option<DateTime<Utc>>,
}

impl InitRequest {
    /// Whether it is too long ago to be followed.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.at + LONGEST < now
    }
}

/// How far it has come. Each stage is on disk before the steps on GitHub that it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has asked yet who they are.
    Asked,
    /// They are an administrator, and there is no configuration.
    Granted,
    /// This is to be proposed. Branch, commit and pull request may be there.
    Proposing {
        /// The commit of the default branch that was looked at.
        base: Sha,
        /// The branch that was free for it, or ours.
        branch: String,
        /// What the file says.
        file: String,
        /// What the pull request says.
        body: String,
    },
    /// This is to be said. It may be there.
    Answering {
        /// What is said.
        body: String,
        /// Whether it is what they wanted.
        done: bool,
    },
}

impl InitRequests {
    /// Takes a comment in that asks for a configuration, once, whatever delivery brings it.
    pub fn take_in(&mut self, event: &Event) {
        let Event::Comment {
            number,
            thread,
            comment,
            author,
            created_at,
            lines,
            ..
        } = event
        else {
            return;
        };
        let own = self.waiting.iter().filter(|one| one.by.id == author.id);
        let room = self.waiting.len() < MOST_WAITING && own.count() < MOST_OF_ONE;
        if !lines.iter().any(asks_for_it) || !room || !self.heard.is_new(*comment) {
            return;
        }
        self.waiting.push(InitRequest {
            comment: *comment,
            number: *number,
            thread: *thread,
            by: author.clone(),
            at: *created_at,
            stage: Stage::Asked,
            failures: 0,
            not_before: None,
        });
    }

    /// What is to be followed next, if its time has come. Who asks is found out first: that takes one question, and most who ask
    /// in a crowd have no right to.
    pub fn next(&self, now: DateTime<Utc>) -> Option<&InitRequest> {
        let now = Some(now);
        let ready = self.waiting.iter().filter(|one| one.not_before <= now);
        ready.min_by_key(|one| one.stage != Stage::Asked)
    }

    /// When the next one that failed is to be tried again.
    pub fn next_try(&self) -> Option<DateTime<Utc>> {
        self.waiting.iter().filter_map(|one| one.not_before).min()
    }

    /// Notes how far a request has come.
    pub fn has_come(&mut self, comment: CommentId, stage: Stage) {
        if let Some(request) = self.find(comment) {
            request.stage = stage;
            request.failures = 0;
            request.not_before = None;
        }
    }

    /// Notes that a step failed, how often in a row, and when it is to be tried again.
    pub fn failed(&mut self, comment: CommentId, failures: u32, again: DateTime<Utc>) {
        if let Some(request) = self.find(comment) {
            request.failures = failures;
            request.not_before = Some(again);
        }
    }

    /// Nothing more is to be done for it.
    pub fn is_done(&mut self, comment: CommentId) {
        self.waiting.retain(|request| request.comment != comment);
    }

    fn find(&mut self, comment: CommentId) -> Option<&mut InitRequest> {
        self.waiting.iter_mut().find(|one| one.comment == comment)
    }
}

/// Whether a line asks for a configuration. One with characters that can't be seen asks for nothing.
pub(crate) fn asks_for_it(line: &Line) -> bool {
    !line.suspicious && line.invocation() == Invocation::Init
}

/// What somebody may do in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Everything.
    Administrator,
    /// Push, but not decide how the repository is set up.
    Writer,
    /// Neither.
    Other,
}

/// How a repository stands when somebody asks.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// Whether the app is enabled in it: people know it there.
    pub enabled: bool,
    /// Its own file, where it has one.
    pub file: Option<&'a str>,
    /// The mistake in it.
    pub mistake: Option<&'a str>,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It is followed.
    Granted,
    /// It is answered with this.
    Refused(String),
    /// It is passed over. Where nobody has invited the app, it does not speak to everybody who comments.
    Ignored,
}

/// Decides about a request.
pub fn judge(request: &InitRequest, rights: Rights, outlook: Outlook<'_>) -> Judged {
    let known_here = outlook.enabled && request.thread == Thread::Pull;
    if rights == Rights::Other && !known_here {
        return Judged::Ignored;
    }
    match (outlook.file, rights) {
        (Some(file), _) => Judged::Refused(text::init_configured(file, outlook.mistake)),
        (None, Rights::Administrator) => Judged::Granted,
        (None, _) => Judged::Refused(text::init_not_an_administrator(&request.by.login)),
    }
}
