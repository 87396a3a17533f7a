//! The whole state, and the look-ups that need more than one part of it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use globset::GlobSet;
use uuid::Uuid;

use super::access::{App, Installation, Kind, Permission, Token, User, Visibility};
use super::checks::{CheckRun, Dispatching, Run, Suite};
use super::git::Objects;
use super::issues::{Comment, Issue, Pull};
use super::limits::Limits;
use super::log::Entry;
use super::queue::{Group, RepositoryDispatch, RequiredCheck};
use super::repo::Repo;
use super::status::Status;
use super::users::{Code, UserToken};
use super::{Deed, Refused};
use crate::sandbox::clock::Clock;
use crate::sandbox::people::views::Exchange;
use crate::sandbox::server::register::Manifest;

/// Everything this GitHub knows.
pub(crate) struct Hub {
    /// Where it listens: `http://127.0.0.1:port`.
    pub(crate) base: String,
    pub(crate) clock: Clock,
    pub(crate) last_id: u64,
    pub(crate) users: BTreeMap<u64, User>,
    /// The organisation or user that owns the repositories.
    pub(crate) owner: u64,
    pub(crate) members: BTreeMap<u64, Visibility>,
    pub(crate) apps: BTreeMap<u64, App>,
    /// Our app's id.
    pub(crate) app: u64,
    pub(crate) installation: Installation,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) repos: BTreeMap<u64, Repo>,
    /// The repository that the short methods mean.
    pub(crate) main: u64,
    pub(crate) objects: Objects,
    pub(crate) comments: BTreeMap<u64, Comment>,
    pub(crate) suites: BTreeMap<u64, Suite>,
    pub(crate) checks: BTreeMap<u64, CheckRun>,
    pub(crate) runs: BTreeMap<u64, Run>,
    /// In the order they were reported.
    pub(crate) statuses: Vec<Status>,
    /// What is in a merge queue, first come first.
    pub(crate) groups: Vec<Group>,
    /// By repository and branch.
    pub(crate) required: BTreeMap<(u64, String), Vec<RequiredCheck>>,
    pub(crate) repository_dispatches: Vec<RepositoryDispatch>,
    /// The workflows that a matching push starts.
    pub(crate) workflows: Vec<String>,
    pub(crate) build_branches: GlobSet,
    pub(crate) dispatching: Dispatching,
    pub(crate) log: Vec<Entry>,
    pub(crate) holding: bool,
    /// What was delivered is listed and not shown.
    pub(crate) hides_payloads: bool,
    /// Where deliveries go.
    pub(crate) target: Option<String>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) requests_used: u64,
    pub(crate) limits: Limits,
    /// Whether a ruleset restricts creations, updates and deletions of `pull-request/*`.
    /// What the names of branches begin with that a ruleset restricts.
    pub(crate) restricted: Vec<String>,
    /// What deliveries are signed with.
    pub(crate) webhook_secret: String,
    /// The app's key, as it is handed out.
    pub(crate) private_key_pem: String,
    /// Manifests whose codes nobody has exchanged yet.
    pub(crate) manifests: BTreeMap<String, Manifest>,
    /// What proves the app when people sign in to it.
    pub(crate) client_secret: String,
    /// Those who have agreed, by the code that nobody has exchanged yet.
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) user_tokens: HashMap<String, UserToken>,
}

impl Hub {
    pub(crate) fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn tick(&mut self) -> DateTime<Utc> {
        self.clock.tick()
    }

    pub(crate) fn guid(&self) -> String {
        Uuid::new_v4().to_string()
    }

    // The maps below hold every id that is ever handed out, and nothing is removed from them. A missing one is a bug in
    // the stand-in, which these few look-ups are allowed to shout about.

    pub(crate) fn user(&self, id: u64) -> &User {
        self.users
            .get(&id)
            .expect("every id of a user stays in the table")
    }

    pub(crate) fn repo(&self, id: u64) -> &Repo {
        self.repos
            .get(&id)
            .expect("every id of a repository stays in the table")
    }

    pub(crate) fn repo_mut(&mut self, id: u64) -> &mut Repo {
        self.repos
            .get_mut(&id)
            .expect("every id of a repository stays in the table")
    }

    pub(crate) fn our_app(&self) -> &App {
        self.apps.get(&self.app).expect("our app is made first")
    }

    /// Logins compare without case.
    pub(crate) fn user_named(&self, login: &str) -> Option<&User> {
        self.users
            .values()
            .find(|user| user.login.eq_ignore_ascii_case(login))
    }

    /// The account of that name, made on first mention; a name ending in `[bot]` is a bot's.
    pub(crate) fn ensure_user(&mut self, login: &str) -> u64 {
        if let Some(user) = self.user_named(login) {
            return user.id;
        }
        let kind = if login.ends_with("[bot]") {
            Kind::Bot
        } else {
            Kind::User
        };
        let id = self.id();
        self.add_account(id, login, kind)
    }

    pub(crate) fn add_account(&mut self, id: u64, login: &str, kind: Kind) -> u64 {
        let created_at = self.tick();
        self.users.insert(
            id,
            User {
                id,
                login: login.to_owned(),
                kind,
                created_at,
            },
        );
        id
    }

    /// The repository of that name; `moved` is true when the name is one it had before.
    pub(crate) fn repo_named(&self, owner: &str, name: &str) -> Option<(u64, bool)> {
        let owner = self.user_named(owner)?.id;
        let same = |candidate: &str| candidate.eq_ignore_ascii_case(name);
        let mut owned = self.repos.values().filter(|repo| repo.owner == owner);
        owned
            .clone()
            .find(|repo| same(&repo.name))
            .map(|repo| (repo.id, false))
            .or_else(|| {
                owned
                    .find(|repo| repo.old_names.iter().any(|old| same(old)))
                    .map(|repo| (repo.id, true))
            })
    }

    pub(crate) fn full_name(&self, repo: u64) -> String {
        let repo = self.repo(repo);
        format!("{}/{}", self.user(repo.owner).login, repo.name)
    }

    /// What a user may do in a repository, all reasons taken together.
    pub(crate) fn permission(&self, repo: u64, user: u64) -> Permission {
        let repo = self.repo(repo);
        let explicit = repo
            .collaborators
            .get(&user)
            .copied()
            .unwrap_or(Permission::None);
        let implied = if repo.owner == user {
            Permission::Admin
        } else if self.members.contains_key(&user) || !repo.private {
            Permission::Read
        } else {
            Permission::None
        };
        explicit.max(implied)
    }

    pub(crate) fn is_organization(&self) -> bool {
        self.user(self.owner).kind == Kind::Organization
    }

    pub(crate) fn issue(&self, repo: u64, number: u64) -> Deed<&Issue> {
        self.repo(repo)
            .issues
            .get(&number)
            .ok_or_else(|| Refused::new(format!("there is no number {number}")))
    }

    pub(crate) fn issue_mut(&mut self, repo: u64, number: u64) -> Deed<&mut Issue> {
        let missing = Refused::new(format!("there is no number {number}"));
        self.repo_mut(repo).issues.get_mut(&number).ok_or(missing)
    }

    pub(crate) fn pull(&self, repo: u64, number: u64) -> Deed<(&Issue, &Pull)> {
        let issue = self.issue(repo, number)?;
        let pull = issue.pull.as_ref();
        pull.map(|pull| (issue, pull))
            .ok_or_else(|| Refused::new(format!("number {number} is an issue")))
    }

    pub(crate) fn pull_mut(&mut self, repo: u64, number: u64) -> Deed<&mut Pull> {
        let wrong = Refused::new(format!("number {number} is an issue"));
        self.issue_mut(repo, number)?.pull.as_mut().ok_or(wrong)
    }

    /// The commit a name stands for in a repository: a branch, tag, full ref or (part of) an id of its fork network.
    pub(crate) fn resolve(&self, repo: u64, name: &str) -> Option<String> {
        let repo = self.repo(repo);
        let bare = name.strip_prefix("refs/").unwrap_or(name);
        [
            format!("refs/{bare}"),
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}"),
        ]
        .iter()
        .find_map(|full| repo.refs.get(full).cloned())
        .or_else(|| {
            self.objects
                .find(repo.network(), name)
                .map(|commit| commit.sha.clone())
        })
    }
}
