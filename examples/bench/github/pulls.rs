//! The pull requests that the stand-in holds: as many as one likes, each told by its number alone.

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use drawbridge::sandbox::{NewCommit, NewPr, Options, Sandbox, Visibility};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::load::Delivery;

/// A pull request: its repository's place in the world, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pull {
    pub repo: usize,
    pub number: u64,
}

/// Who opens pull requests: a member of the organisation, whose commits are signed, or somebody whom nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Author {
    Member,
    Stranger,
}

/// One organisation, with enabled repositories of some pull requests each.
pub struct World {
    pub sandbox: Sandbox,
    repos: Vec<Repo>,
    /// Every so manieth pull request is a stranger's; 0: none.
    strangers: u64,
    /// What the others are made after.
    models: [Model; 2],
    /// How often all were pushed to.
    pushes: AtomicU64,
    /// Once there are any.
    times: Mutex<Option<Times>>,
}

/// When they were opened, and last pushed to.
type Times = (DateTime<Utc>, DateTime<Utc>);

/// What happens to all pull requests at once.
#[derive(Clone, Copy)]
pub enum News {
    Opened,
    Pushed,
}

struct Repo {
    id: u64,
    name: String,
    pulls: u64,
}

/// A pull request of the sandbox, and what was sent of it.
pub(super) struct Model {
    pub(super) number: u64,
    pub(super) before: String,
    pub(super) head: String,
    opened: Value,
    pushed: Value,
}

impl World {
    /// Repositories with so many open pull requests each, all by members but every `strangers`th.
    pub async fn new(pulls: &[u64], strangers: u64) -> anyhow::Result<Self> {
        let sandbox = Sandbox::start(Options::default()).await?;
        sandbox.hold_deliveries(true);
        sandbox.add_org_member("mel", Visibility::Public);
        let full = sandbox.full_name();
        let (org, first) = full.split_once('/').context("no owner")?;
        let mut repos = Vec::new();
        for (place, pulls) in pulls.iter().enumerate() {
            let (id, name) = match place {
                0 => (sandbox.repo_id(), first.to_owned()),
                _ => {
                    let name = format!("{first}-{place}");
                    (sandbox.add_repo(&name), name)
                }
            };
            let file = ".github/drawbridge.yaml";
            sandbox.write_file(&name, file, "enabled: true\n", "maya");
            let (name, pulls) = (format!("{org}/{name}"), *pulls);
            repos.push(Repo { id, name, pulls });
        }
        let models = [
            Model::make(&sandbox, "mel", NewCommit::signed_by("mel"))?,
            Model::make(&sandbox, "sam", NewCommit::unsigned_by("sam"))?,
        ];
        Ok(Self {
            sandbox,
            repos,
            strangers,
            models,
            pushes: AtomicU64::new(0),
            times: Mutex::default(),
        })
    }

    /// All pull requests, one repository after the other.
    pub fn pulls(&self) -> Vec<Pull> {
        let here =
            |(repo, of): (usize, &Repo)| (1..=of.pulls).map(move |number| Pull { repo, number });
        self.repos.iter().enumerate().flat_map(here).collect()
    }

    pub fn author(&self, pull: Pull) -> Author {
        match self.strangers {
            0 => Author::Member,
            every if pull.number.is_multiple_of(every) => Author::Stranger,
            _ => Author::Member,
        }
    }

    pub fn name(&self, repo: usize) -> &str {
        &self.repos[repo].name
    }

    pub(super) fn model(&self, pull: Pull) -> &Model {
        &self.models[self.author(pull) as usize]
    }

    /// Takes a path apart: `owner/name` of its repository, and what follows.
    pub(super) fn split<'a>(&self, path: &'a str) -> Option<(&'a str, &'a str)> {
        let path = path.strip_prefix("/repos/")?;
        let owner = path.find('/')?;
        let end = owner + 1 + path[owner + 1..].find('/')?;
        Some((&path[..end], &path[end + 1..]))
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.repos.iter().position(|repo| repo.name == name)
    }

    /// Lets it happen to all pull requests now.
    pub fn happens(&self, news: News) {
        let now = Utc::now();
        let mut times = self.times();
        match news {
            News::Opened => *times = Some((now, now)),
            News::Pushed => {
                self.pushes.fetch_add(1, Ordering::SeqCst);
                *times = times.map(|(opened, _)| (opened, now));
            }
        }
    }

    /// When all were opened and last pushed to, as GitHub writes it.
    pub(super) fn stamps(&self) -> (String, String) {
        let (opened, pushed) = self.times().unwrap_or_default();
        let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        (stamp(opened), stamp(pushed))
    }

    fn times(&self) -> std::sync::MutexGuard<'_, Option<Times>> {
        self.times
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn head(&self, pull: Pull) -> String {
        sha(pull, self.pushes.load(Ordering::SeqCst) + 1)
    }

    pub(super) fn before(&self, pull: Pull) -> String {
        sha(pull, self.pushes.load(Ordering::SeqCst))
    }

    /// Whose head this is or was.
    pub(super) fn pull_at(&self, sha: &str) -> Option<Pull> {
        let repo = usize::from_str_radix(sha.get(..8)?, 16).ok()?;
        let number = u64::from_str_radix(sha.get(8..16)?, 16).ok()?;
        (repo < self.repos.len()).then_some(Pull { repo, number })
    }

    /// What GitHub sends when it is opened, or pushed to, signed.
    pub fn delivery(&self, pull: Pull, news: News) -> anyhow::Result<Delivery> {
        let (model, repo) = (self.model(pull), &self.repos[pull.repo]);
        let mut payload = match news {
            News::Opened => model.opened.clone(),
            News::Pushed => model.pushed.clone(),
        };
        let (opened_at, pushed_at) = self.stamps();
        payload["number"] = json!(pull.number);
        let shown = &mut payload["pull_request"];
        shown["number"] = json!(pull.number);
        shown["created_at"] = json!(opened_at);
        shown["updated_at"] = json!(pushed_at);
        for at in ["/repository", "/pull_request/base/repo"] {
            let shown = payload.pointer_mut(at).context(at)?;
            shown["id"] = json!(repo.id);
            shown["full_name"] = json!(repo.name);
            shown["name"] = json!(repo.name.split('/').next_back());
        }
        let body = payload.to_string();
        let body = body.replace(&model.before, &self.before(pull));
        let body = body.replace(&model.head, &self.head(pull)).into_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.sandbox.webhook_secret().as_bytes())?;
        mac.update(&body);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        Ok(Delivery {
            event: "pull_request".to_owned(),
            body,
            signature,
        })
    }

    /// A page of a repository's open pull requests, as far as somebody who compares looks at them.
    pub(super) fn page(&self, repo: usize, page: usize) -> Value {
        let open = self.times().map_or(0, |_| self.repos[repo].pulls);
        let numbers = (1..=open).skip((page.max(1) - 1) * 100);
        let shown = numbers.take(100).map(|number| {
            let head = self.head(Pull { repo, number });
            json!({
                "number": number,
                "state": "open",
                "draft": false,
                "head": { "sha": head },
                "base": { "ref": "main" },
                "labels": [],
            })
        });
        shown.collect()
    }
}

impl Model {
    fn make(sandbox: &Sandbox, author: &str, commit: NewCommit) -> anyhow::Result<Self> {
        let text = "What it is about, at some length. ".repeat(150);
        let new = NewPr::by(author).body(&text).commit(commit.clone());
        let number = sandbox.open_pr(new);
        sandbox.push(number, vec![commit]);
        let held = sandbox.held();
        let sent = |action: &str| {
            let mut sent = held.iter().rev().filter(|one| one.event == "pull_request");
            let one = sent.find(|one| one.payload["action"] == action);
            Ok::<_, anyhow::Error>(one.context("the sandbox sent nothing")?.payload.clone())
        };
        let (mut opened, pushed) = (sent("opened")?, sent("synchronize")?);
        let text = |field: &str| {
            let text = pushed[field].as_str().context("no SHA")?;
            Ok::<_, anyhow::Error>(text.to_owned())
        };
        let (before, head) = (text("before")?, text("after")?);
        // All have two commits, also those that were just opened.
        opened["pull_request"]["head"]["sha"] = json!(head);
        opened["pull_request"]["commits"] = pushed["pull_request"]["commits"].clone();
        Ok(Self {
            number,
            before,
            head,
            opened,
            pushed,
        })
    }
}

/// A head: whose, and the how manieth.
fn sha(pull: Pull, push: u64) -> String {
    format!("{:08x}{:08x}{push:024x}", pull.repo, pull.number)
}
