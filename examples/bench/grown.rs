//! Data directories as they are after a long time: what the app itself has left of a few pull requests, again and again under other
//! names.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use drawbridge::domain::gate::HeadState;
use drawbridge::domain::ids::{
    PrNumber, PullKey, Repo, RepoId, RepoName, RunSubject, Sha, Subject,
};
use drawbridge::domain::pull::PullState;
use drawbridge::domain::repository::RepoState;
use drawbridge::domain::runs::RunsState;
use drawbridge::playground::Playground;
use drawbridge::sandbox::{NewCommit, NewPr, Options, Sandbox, Visibility};
use drawbridge::store::{Change, HistoryEntry, Record, SledStore, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// They are spread over so many repositories.
const REPOS: u64 = 50;
/// So many lines of history are kept of each.
const LINES: usize = 10;
/// So much is told of a pull request once something is.
const TOLD: usize = 4;
/// The number of the member's pull request: its mirror stands.
const MIRRORED: u64 = 1;
const CONFIGURATION: &str = "enabled: true\nadditional_vetters: [vera]\n";

/// What the app keeps of a few pull requests, and the stand-in GitHub that they are on.
pub struct Seeds {
    playground: Playground,
    pulls: Vec<Seed>,
    repo: RepoState,
    /// What GitHub sends while a build runs on a mirror.
    running: Value,
}

/// All records about one pull request.
struct Seed {
    pull: PullState,
    head: HeadState,
    runs: Option<RunsState>,
    lines: Vec<HistoryEntry>,
}

impl Seeds {
    /// Lets the app work on a member's pull request that builds, a stranger's that waits, and one that was closed.
    pub async fn new() -> anyhow::Result<Self> {
        let mut playground = Playground::start(Options::default()).await?;
        let github = &playground.github;
        github.add_org_member("mel", Visibility::Private);
        github.set_workflows(&["build", "test"]);
        let repo = Options::default().repo;
        github.write_file(&repo, ".github/drawbridge.yaml", CONFIGURATION, "maya");
        playground.settle().await;
        let member = NewPr::by("mel").commits((0..3).map(|_| NewCommit::signed_by("mel")));
        let strange = (0..2).map(|_| NewCommit::unsigned_by("sam"));
        let numbers = [
            github.open_pr(member.title("Take the longer way round")),
            github.open_pr(NewPr::by("sam").commits(strange)),
            github.open_pr(NewPr::by("mel").commit(NewCommit::signed_by("mel"))),
        ];
        playground.settle().await;
        github.close_pr(numbers[2], "mel");
        playground.settle().await;
        playground.stop_app().await?;
        let store = SledStore::open(playground.data_dir(), Utc::now())?;
        let github = &playground.github;
        let id = RepoId(github.repo_id());
        let repo = store.repo(id).await?.context("no repository")?;
        let mut pulls = Vec::new();
        for number in numbers {
            pulls.push(seed(&store, id, PrNumber(number)).await?);
        }
        let mirror = format!("pull-request/{MIRRORED}");
        let sent = github.deliveries();
        let running = sent.iter().rfind(|one| {
            let build = &one.payload["workflow_run"];
            build["head_branch"] == mirror.as_str() && build["status"] != "completed"
        });
        let running = running.context("nothing is built")?.payload.clone();
        github.hold_deliveries(true);
        Ok(Self {
            playground,
            pulls,
            repo,
            running,
        })
    }

    /// The stand-in GitHub.
    pub fn github(&self) -> &Sandbox {
        &self.playground.github
    }

    /// Fills an empty data directory with so many pull requests.
    pub async fn fill(&self, data: &Path, count: u64) -> anyhow::Result<()> {
        let store = SledStore::open(data, Utc::now())?;
        let repos = (0..REPOS).map(|place| {
            let mut state = self.repo.clone();
            state.repo = self.repo_at(place)?;
            Ok(Record::Repo(Box::new(state)))
        });
        store
            .commit(Change {
                records: repos.collect::<anyhow::Result<_>>()?,
                ..Change::default()
            })
            .await?;
        for place in 0..count {
            store.commit(self.at(place)?).await?;
        }
        Ok(store.close().await?)
    }

    /// The pull request at a place, and all that is known of it.
    fn at(&self, place: u64) -> anyhow::Result<Change> {
        let key = self.repo_at(place % REPOS)?;
        let number = PrNumber(place / REPOS + 1);
        let seed = self.seed(place);
        let old = seed.pull.view.as_ref().context("it was not read")?;
        let old = old.head.as_str();
        let sha = head_at(place);
        let names = Names::of(&seed.pull, old, &key, number, &sha);
        let mut pull = names.put_into(&seed.pull)?;
        pull.repo = key.clone();
        pull.number = number;
        if let Some(view) = &mut pull.view {
            view.number = number;
        }
        let mut head = names.put_into(&seed.head)?;
        head.repo = key.clone();
        let mut records = vec![Record::Pull(Box::new(pull)), Record::Head(Box::new(head))];
        if let Some(runs) = &seed.runs {
            let mut runs = names.put_into(runs)?;
            runs.repo = key.clone();
            runs.subject = RunSubject::Pull(number);
            records.push(Record::Runs(Box::new(runs)));
        }
        let lines = seed.lines.iter().map(|line| {
            let mut line = names.put_into(line)?;
            line.subject = match line.subject {
                Subject::Head(..) => Subject::Head(key.id, Sha::parse(&sha)?),
                Subject::Runs(..) => Subject::Runs(key.id, RunSubject::Pull(number)),
                _ => Subject::Pull(PullKey {
                    repo: key.id,
                    number,
                }),
            };
            Ok(line)
        });
        Ok(Change {
            records,
            history: lines.collect::<anyhow::Result<_>>()?,
            ..Change::default()
        })
    }

    /// News of `count` different ones among the first `among` pull requests, spread evenly, and of other ones in each
    /// round as far as there are any: a build goes on, `TOLD` times for each.
    pub fn news(&self, among: u64, count: usize, round: usize) -> anyhow::Result<Vec<Vec<u8>>> {
        let mirrored = (0..among).filter(|place| self.seed(*place).pull.number.0 == MIRRORED);
        let mirrored: Vec<u64> = mirrored.collect();
        let step = (mirrored.len() / count).max(1);
        let many = mirrored.into_iter().skip(round % step).step_by(step);
        let places: Vec<u64> = many.take(count).collect();
        let told = (0..TOLD).flat_map(|time| places.iter().map(move |place| (time, *place)));
        told.map(|(time, place)| {
            let repo = self.repo_at(place % REPOS)?;
            let mut news = self.running.clone();
            let at = Utc::now() + TimeDelta::seconds((round * TOLD + time) as i64);
            news["workflow_run"]["head_branch"] =
                format!("pull-request/{}", place / REPOS + 1).into();
            news["workflow_run"]["head_sha"] = head_at(place).into();
            news["workflow_run"]["updated_at"] = at.to_rfc3339().into();
            news["repository"]["id"] = repo.id.0.into();
            news["repository"]["name"] = repo.name.name().into();
            news["repository"]["full_name"] = repo.name.to_string().into();
            Ok(news.to_string().into_bytes())
        })
        .collect()
    }

    /// When a build of the first pull request of a repository changed last, as far as the state knows.
    pub async fn last_told(&self, store: &SledStore, among: u64) -> anyhow::Result<DateTime<Utc>> {
        let mut last = DateTime::UNIX_EPOCH;
        for place in 0..among.min(REPOS) {
            let of = RunSubject::Pull(PrNumber(place / REPOS + 1));
            let runs = store.runs(self.repo_at(place)?.id, &of).await?;
            let builds = runs.iter().flat_map(|runs| &runs.builds);
            let told = builds
                .flat_map(|builds| &builds.list)
                .map(|build| build.updated_at);
            last = told.max().unwrap_or(last).max(last);
        }
        Ok(last)
    }

    fn seed(&self, place: u64) -> &Seed {
        let turn = (place / REPOS) as usize % self.pulls.len();
        &self.pulls[turn]
    }

    fn repo_at(&self, place: u64) -> anyhow::Result<Repo> {
        let mut repo = self.repo.repo.clone();
        repo.id = RepoId(repo.id.0 + 10_000 + place);
        repo.name = RepoName::parse(&format!("{}-{place}", repo.name))?;
        Ok(repo)
    }
}

async fn seed(store: &SledStore, repo: RepoId, number: PrNumber) -> anyhow::Result<Seed> {
    let key = PullKey { repo, number };
    let pull = store.pull(key).await?.context("no pull request")?;
    let sha = pull.view.as_ref().context("it was not read")?.head.clone();
    let of = RunSubject::Pull(number);
    let subjects = [
        Subject::Pull(key),
        Subject::Head(repo, sha.clone()),
        Subject::Runs(repo, of.clone()),
    ];
    let mut told = Vec::new();
    for subject in subjects {
        told.extend(store.history(&subject, LINES).await?);
    }
    anyhow::ensure!(!told.is_empty(), "nothing was told of #{number}");
    told.sort_by_key(|line| line.at);
    Ok(Seed {
        head: store.head(repo, &sha).await?.context("no gate")?,
        runs: store.runs(repo, &of).await?,
        lines: told.into_iter().cycle().take(LINES).collect(),
        pull,
    })
}

/// What a pull request is called in its records, and what it is to be called instead.
struct Names([(String, String); 5]);

impl Names {
    fn of(seed: &PullState, old: &str, repo: &Repo, number: PrNumber, sha: &str) -> Self {
        let short = |sha: &str| sha[..9].to_owned();
        let branch = |number: PrNumber| format!("pull-request/{number}");
        let scene = |number: PrNumber| format!("\"pull\":{{\"number\":{number},");
        Self([
            (old.to_owned(), sha.to_owned()),
            (short(old), short(sha)),
            (branch(seed.number), branch(number)),
            (scene(seed.number), scene(number)),
            (seed.repo.name.to_string(), repo.name.to_string()),
        ])
    }

    fn put_into<T: Serialize + DeserializeOwned>(&self, record: &T) -> anyhow::Result<T> {
        let mut text = serde_json::to_string(record)?;
        for (old, new) in &self.0 {
            text = text.replace(old, new);
        }
        Ok(serde_json::from_str(&text)?)
    }
}

fn head_at(place: u64) -> String {
    hex::encode(&Sha256::digest(place.to_be_bytes())[..20])
}
