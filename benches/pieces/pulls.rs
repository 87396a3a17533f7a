//! One pull request of twenty commits and fifty files, by a member or by somebody whom nobody knows.

use chrono::{DateTime, TimeDelta, Utc};
use drawbridge::domain::config::{PATHS, RepoConfig, Scope, parse, resolve};
use drawbridge::domain::event::{Account, AccountKind};
use drawbridge::domain::filter::ChangedFile;
use drawbridge::domain::ids::{
    InstallationId, OwnerKind, PrNumber, Repo, RepoId, RepoName, Sha, UserId,
};
use drawbridge::domain::pull::{Findings, PullState};
use drawbridge::domain::repository::RepoState;
use drawbridge::domain::trust::{CommitFact, Evidence, Listing, PullView};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Author {
    Member,
    Stranger,
}

const CONFIGURATION: &str = "
enabled: true
additional_trustees: [alice, bob, carol]
trust:
  always_vet: ['.github/workflows/**', 'ci/**']
filters:
  docs: ['docs/**', '**/*.md']
  core: ['lib/**', '*.rs', '!**/*.md']
pipelines:
  backends:
    on: pull_request
    check: backend-status-check
    jobs:
      build: { changes: [core], workflow: build.yml, timeout: 2h }
      test: { needs: [build], workflow: test.yml }
";

const COMMITS: u64 = 20;
const FILES: u64 = 50;

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn sha(number: u64) -> Sha {
    Sha::parse(&format!("{number:040x}")).expect("a SHA")
}

fn repo() -> Repo {
    Repo {
        id: RepoId(1),
        installation: InstallationId(2),
        name: RepoName::parse("acme/engine").expect("a name"),
        owner: UserId(3),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".to_owned(),
    }
}

fn configuration() -> RepoConfig {
    let file = parse(PATHS[0], CONFIGURATION, Scope::Repository).expect("a configuration");
    resolve(None, Some(&file), None).expect("one that holds together")
}

/// One that was just opened.
pub fn state() -> PullState {
    PullState::new(repo(), PrNumber(7), true)
}

/// What GitHub says of it.
pub fn findings(author: Author) -> Findings {
    let mut repository = RepoState::new(repo());
    repository.configured(Ok(configuration()), at());
    let who = Account {
        id: UserId(10),
        login: "mel".to_owned(),
        kind: AccountKind::User,
    };
    let commits = (1..=COMMITS).map(|number| CommitFact {
        sha: sha(number),
        author: Some(who.clone()),
        committer: Some(who.clone()),
        verified: author == Author::Member,
        reason: "unsigned".to_owned(),
    });
    let files = (1..=FILES).map(|number| ChangedFile {
        path: format!("lib/part/number_{number}.rs"),
        previous: None,
    });
    Findings {
        repository,
        vetters: BTreeMap::new(),
        evidence: Some(Evidence {
            pull: PullView {
                number: PrNumber(7),
                open: true,
                draft: false,
                title: "Work of mel".to_owned(),
                author: Some(who.clone()),
                head: sha(COMMITS),
                base: "main".to_owned(),
                base_sha: Some(sha(0)),
                labels: BTreeSet::new(),
                commits: COMMITS,
                changed_files: FILES,
                updated_at: at(),
                created_at: at(),
            },
            commits: Listing::Complete(commits.collect()),
            files: Listing::Complete(files.collect()),
            members: BTreeMap::from([(who.id, author == Author::Member)]),
        }),
        required: None,
        proposal: None,
        merge_base: None,
        recalled: None,
        runs: None,
    }
}
