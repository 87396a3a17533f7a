//! How the stand-in begins: one owner, one app installed on it, one repository with a first commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use globset::{Glob, GlobSetBuilder};
use uuid::Uuid;

use crate::sandbox::clock::Clock;
use crate::sandbox::model::Hub;
use crate::sandbox::model::access::{App, Grants, Installation, Kind, Level, Visibility};
use crate::sandbox::model::checks::Dispatching;
use crate::sandbox::model::git::Objects;
use crate::sandbox::people::build::NewCommit;
use crate::sandbox::{ACTIONS_APP_ID, WEB_FLOW_ID};

/// What the app may do unless a test takes something away.
const GRANTS: [(&str, Level); 9] = [
    ("actions", Level::Write),
    ("checks", Level::Write),
    ("contents", Level::Write),
    ("issues", Level::Write),
    ("members", Level::Read),
    ("metadata", Level::Read),
    ("pull_requests", Level::Write),
    ("statuses", Level::Write),
    ("workflows", Level::Write),
];

/// What the app hears of.
const EVENTS: [&str; 13] = [
    "check_run",
    "check_suite",
    "issue_comment",
    "member",
    "membership",
    "merge_group",
    "organization",
    "pull_request",
    "push",
    "repository",
    "status",
    "workflow_job",
    "workflow_run",
];

/// The names at the start.
pub(crate) struct Founding<'a> {
    pub(crate) base: String,
    pub(crate) slug: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) owner_kind: Kind,
    pub(crate) repo: &'a str,
    /// Owns the organisation.
    pub(crate) founder: &'a str,
    pub(crate) webhook_secret: String,
    pub(crate) private_key_pem: String,
}

/// A GitHub with its first accounts, app, installation and repository. Nothing is sent for any of it.
pub(crate) fn found(names: Founding<'_>) -> Hub {
    let mut clock = Clock::new();
    let now = clock.tick();
    let mut builds = GlobSetBuilder::new();
    builds.add(Glob::new("pull-request/*").expect("a constant glob"));
    let installation = Installation {
        id: 50_001,
        account: 0,
        repositories: BTreeSet::new(),
        suspended_at: None,
        deleted: false,
        created_at: now,
        updated_at: now,
    };
    let mut hub = Hub {
        base: names.base,
        clock,
        last_id: 1_000_000,
        users: BTreeMap::new(),
        owner: 0,
        members: BTreeMap::new(),
        apps: BTreeMap::new(),
        app: 4_001,
        installation,
        tokens: HashMap::new(),
        repos: BTreeMap::new(),
        main: 0,
        objects: Objects::default(),
        comments: BTreeMap::new(),
        suites: BTreeMap::new(),
        checks: BTreeMap::new(),
        runs: BTreeMap::new(),
        statuses: Vec::new(),
        groups: Vec::new(),
        required: BTreeMap::new(),
        repository_dispatches: Vec::new(),
        workflows: vec!["build".to_owned()],
        build_branches: builds.build().expect("a constant glob"),
        dispatching: Dispatching::default(),
        log: Vec::new(),
        holding: false,
        hides_payloads: false,
        target: None,
        exchanges: Vec::new(),
        requests_used: 0,
        limits: crate::sandbox::model::limits::Limits::default(),
        restricted: Vec::new(),
        webhook_secret: names.webhook_secret,
        private_key_pem: names.private_key_pem,
        manifests: BTreeMap::new(),
        client_secret: Uuid::new_v4().simple().to_string(),
        codes: BTreeMap::new(),
        user_tokens: HashMap::new(),
    };
    hub.add_account(WEB_FLOW_ID, "web-flow", Kind::User);
    let owner = hub.id();
    hub.owner = hub.add_account(owner, names.owner, names.owner_kind);
    hub.installation.account = hub.owner;
    if names.owner_kind == Kind::Organization {
        let founder = hub.ensure_user(names.founder);
        hub.members.insert(founder, Visibility::Public);
    }
    let grants = GRANTS
        .iter()
        .map(|(name, level)| ((*name).to_owned(), *level))
        .collect();
    hub.add_app(4_001, names.slug, grants, &EVENTS);
    hub.add_app(ACTIONS_APP_ID, "github-actions", Grants::new(), &[]);
    hub.main = hub.add_repo(names.repo, names.founder);
    hub
}

impl Hub {
    /// An app and the bot account it acts as.
    pub(crate) fn add_app(&mut self, id: u64, slug: &str, grants: Grants, events: &[&str]) {
        let bot = self.ensure_user(&format!("{slug}[bot]"));
        let created_at = self.tick();
        let client_id = format!("Iv23sandbox{id}");
        let slug = slug.to_owned();
        let owner = self.owner;
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        self.apps.insert(
            id,
            App {
                id,
                client_id,
                slug,
                owner,
                bot,
                grants,
                events,
                created_at,
            },
        );
    }

    /// A repository of the owner with one commit on `main`; `admin` may do everything in it.
    pub(crate) fn add_repo(&mut self, name: &str, admin: &str) -> u64 {
        let id = self.new_repo(name, self.owner, None);
        if self.is_organization() {
            let admin = self.ensure_user(admin);
            self.repo_mut(id)
                .collaborators
                .insert(admin, crate::sandbox::Permission::Admin);
        }
        self.installation.repositories.insert(id);
        let by = self.admin_login();
        let first = NewCommit::signed_by(&by)
            .file("README.md", &format!("# {name}\n"))
            .message("Begin");
        let sha = self.commit(id, None, &first);
        self.repo_mut(id)
            .refs
            .insert("refs/heads/main".into(), sha.clone());
        self.repo_mut(id)
            .past
            .insert("main".into(), vec![Some(sha)]);
        id
    }

    /// Somebody who may do everything: the first member of the organisation, or the owning user.
    pub(crate) fn admin_login(&self) -> String {
        let admin = self.members.keys().next().copied().unwrap_or(self.owner);
        self.user(admin).login.clone()
    }
}
