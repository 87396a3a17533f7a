//! A model of GitHub: one repository, its people, pull requests, checks and builds. What happens makes deliveries.

use chrono::{DateTime, TimeDelta, Utc};
use drawbridge::domain::event::{
    Account, AccountKind, Build, BuildId, BuildStatus, Conclusion, Event, PullChange, PullHint,
    Shown, Workflow,
};
use drawbridge::domain::ids::{
    InstallationId, OwnerKind, PrNumber, Repo, RepoId, RepoName, Sha, UserId,
};
use std::collections::{BTreeMap, BTreeSet};

/// The app's number.
pub const APP: u64 = 7;
/// Its bot account.
pub const BOT: (&str, u64) = ("drawbridge[bot]", 90);
/// A member of the organisation.
pub const MEL: &str = "mel";
/// May write, and is no member.
pub const VERA: &str = "vera";
/// A stranger.
pub const SAM: &str = "sam";
/// The workflow that a push to a mirror starts.
const ON_PUSH: u64 = 501;
/// `jobs.yml`.
const ON_DISPATCH: u64 = 502;

pub struct Commit {
    pub author: &'static str,
    pub verified: bool,
}

pub struct Pull {
    pub number: u64,
    pub author: &'static str,
    pub open: bool,
    /// Since when it is as it is: open, or closed.
    pub turned_at: DateTime<Utc>,
    /// Its commits above the base, oldest first.
    pub commits: Vec<String>,
    /// Every head it ever had.
    pub heads: Vec<String>,
    pub labels: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The heads that were a member's own, with all below them.
    pub trusted: BTreeSet<String>,
    /// Heads that a vetter named in an approval, or whose button was pressed, at any time.
    pub approved: BTreeSet<String>,
    /// The newest head whose approval has to count, since when.
    pub must: Option<(String, DateTime<Utc>)>,
}

impl Pull {
    pub fn head(&self) -> &str {
        self.commits.last().expect("it has a commit")
    }
}

pub struct Comment {
    pub id: u64,
    pub number: u64,
    pub author: String,
    pub body: String,
    pub at: DateTime<Utc>,
    /// How often our bot reacted to it (GitHub keeps one of each kind; this counts what was new).
    pub thumbs: u64,
}

pub struct Check {
    pub id: u64,
    pub name: String,
    pub sha: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub title: String,
    pub button: bool,
}

pub struct Run {
    pub id: u64,
    pub branch: String,
    pub sha: String,
    /// The inputs of a dispatch; `None`: a push started it.
    pub inputs: Option<BTreeMap<String, String>>,
    pub attempt: u64,
    pub conclusion: Option<Conclusion>,
    pub started_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Default)]
pub struct Hub {
    pub commits: BTreeMap<String, Commit>,
    pub pulls: BTreeMap<u64, Pull>,
    pub refs: BTreeMap<String, String>,
    pub comments: Vec<Comment>,
    pub checks: Vec<Check>,
    pub runs: Vec<Run>,
    pub config: String,
    /// What it will say once somebody enables the app.
    pub later: Option<String>,
    /// Branches that somebody else than the app has put where they are.
    pub meddled: BTreeSet<String>,
    /// Pull requests whose mirror somebody else ever moved.
    pub was_meddled: BTreeSet<u64>,
    /// Pull requests of which somebody ever said, in some other way than by a push, what is to run.
    pub was_steered: BTreeSet<u64>,
    /// Pull requests whose mirror could not be moved, and that were not looked at since.
    pub not_moved: BTreeSet<u64>,
    /// Deliveries on their way.
    pub outgoing: Vec<(u64, Event)>,
    /// What went against a rule, in words.
    pub wrong: Vec<String>,
    /// How often it was asked.
    pub requests: u64,
    numbers: u64,
    last: DateTime<Utc>,
}

impl Hub {
    pub fn new(config: &str) -> Self {
        Self {
            config: config.to_owned(),
            numbers: 1000,
            ..Self::default()
        }
    }

    pub fn repo() -> Repo {
        Repo {
            id: RepoId(11),
            installation: InstallationId(5),
            name: RepoName::parse("acme/engine").expect("a name"),
            owner: UserId(1),
            owner_kind: OwnerKind::Organisation,
            default_branch: "main".to_owned(),
        }
    }

    pub fn user(login: &str) -> Account {
        let ids = [(MEL, 21), (VERA, 22), (SAM, 23), ("maya", 24), BOT];
        let found = ids.iter().find(|(name, _)| *name == login);
        Account {
            id: UserId(found.expect("somebody").1),
            login: login.to_owned(),
            kind: match login.ends_with("[bot]") {
                true => AccountKind::Bot,
                false => AccountKind::User,
            },
        }
    }

    pub fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A stamp later than all before it.
    pub fn tick(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.last = (self.last + TimeDelta::milliseconds(1)).max(now);
        self.last
    }

    pub fn send(&mut self, event: Event) {
        let id = self.number();
        self.outgoing.push((id, event));
    }

    pub fn send_pull(&mut self, number: u64, change: PullChange) {
        let pull = &self.pulls[&number];
        let hint = PullHint {
            number: PrNumber(number),
            author: Some(Self::user(pull.author)),
            head: sha(pull.head()),
            updated_at: pull.updated_at,
            created_at: pull.created_at,
            shows: Some(Box::new(Shown {
                open: pull.open,
                draft: false,
                title: String::new(),
                base: "main".to_owned(),
                base_sha: Some(sha(&"b".repeat(40))),
                labels: pull.labels.iter().cloned().collect(),
                commits: pull.commits.len() as u64,
                changed_files: 1,
            })),
        };
        let repo = Self::repo();
        self.send(Event::Pull { repo, change, hint });
    }

    pub fn commit(&mut self, author: &'static str, verified: bool) -> String {
        let number = self.number();
        let name = format!(
            "{:016x}{number:024x}",
            number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        );
        self.commits
            .insert(name.clone(), Commit { author, verified });
        name
    }

    pub fn start(
        &mut self,
        branch: &str,
        at: &str,
        inputs: Option<BTreeMap<String, String>>,
        now: DateTime<Utc>,
    ) -> u64 {
        let (stamp, id) = (self.tick(now), self.number());
        self.runs.push(Run {
            id,
            branch: branch.to_owned(),
            sha: at.to_owned(),
            inputs,
            attempt: 1,
            conclusion: None,
            started_at: stamp,
            updated_at: stamp,
        });
        self.send_run(self.runs.len() - 1);
        id
    }

    pub fn end(&mut self, at: usize, conclusion: Conclusion, now: DateTime<Utc>) {
        let stamp = self.tick(now);
        let run = &mut self.runs[at];
        (run.conclusion, run.updated_at) = (Some(conclusion), stamp);
        self.send_run(at);
    }

    pub fn rerun(&mut self, at: usize, now: DateTime<Utc>) {
        let stamp = self.tick(now);
        let run = &mut self.runs[at];
        (run.conclusion, run.updated_at) = (None, stamp);
        run.attempt += 1;
        self.send_run(at);
    }

    fn send_run(&mut self, at: usize) {
        let run = &self.runs[at];
        let event = Event::BuildChanged {
            repo: Self::repo(),
            branch: Some(run.branch.clone()),
            sha: sha(&run.sha),
            build: Build {
                id: BuildId::WorkflowRun(run.id),
                workflow: Some(Workflow {
                    id: run.workflow(),
                    event: run.event().to_owned(),
                }),
                name: "CI".to_owned(),
                workflow_name: None,
                app: None,
                dispatched: run.inputs.is_some(),
                attempt: run.attempt,
                status: run
                    .conclusion
                    .map_or(BuildStatus::Running, BuildStatus::Ended),
                url: None,
                updated_at: run.updated_at,
            },
        };
        self.send(event);
    }
}

impl Run {
    pub fn workflow(&self) -> u64 {
        match self.inputs {
            Some(_) => ON_DISPATCH,
            None => ON_PUSH,
        }
    }

    pub fn event(&self) -> &'static str {
        match self.inputs {
            Some(_) => "workflow_dispatch",
            None => "push",
        }
    }

    /// The input of a dispatch.
    pub fn input(&self, name: &str) -> &str {
        let inputs = self.inputs.as_ref();
        inputs
            .and_then(|inputs| inputs.get(name))
            .map_or("", String::as_str)
    }
}

pub fn sha(text: &str) -> Sha {
    Sha::parse(text).expect("a full name")
}
