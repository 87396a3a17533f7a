//! What the stories are told with: a town of people, what they do, and what they then see.
//!
//! Everything that people do is done through [`Town`], which waits until the app has nothing more to do. At its end a
//! story calls [`Town::finish`]: a comment of the bot that nobody looked at, a second gate, or a commit on a mirror that
//! the story did not name as allowed ends it in red.

mod full;
pub mod jobs;
pub mod numbers;
mod sight;

pub use sight::Gate;

use drawbridge::domain::event::APPROVE_BUTTON;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::playground::{Playground, Setup};
use drawbridge::sandbox::{
    Delivery, Exchange, Fault, FaultKind, NewCommit, NewPr, Options, Permission, Sandbox,
    Visibility,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Where the configuration of `acme/engine` is.
pub const CONFIG: &str = ".github/drawbridge.yaml";
/// NVIDIA's name of it.
pub const COPY_PR_BOT: &str = ".github/copy-pr-bot.yaml";

/// How long the app may take to come to rest. Only a defect takes as long.
const PATIENCE: Duration = Duration::from_secs(180);

/// `acme/engine`, with mel (a member, privately), vera (may write, no member) and sam (a stranger).
pub struct Town {
    pub playground: Playground,
    allowed: BTreeSet<(u64, String)>,
    seen: BTreeSet<(u64, String)>,
    losing: bool,
}

impl Town {
    /// With the app enabled and nothing else said.
    pub async fn new() -> Self {
        Self::with("enabled: true\n").await
    }

    /// With this configuration.
    pub async fn with(config: &str) -> Self {
        let town = Self::empty().await;
        town.write(CONFIG, config).await;
        town
    }

    /// Without any configuration.
    pub async fn empty() -> Self {
        let town = Self::of(Options::default()).await;
        town.github().add_org_member("mel", Visibility::Private);
        town.github().set_permission("vera", Permission::Write);
        town.settle().await;
        town
    }

    /// Another town: nobody is there yet, nothing is configured.
    pub async fn of(options: Options) -> Self {
        Self::set_up(Setup {
            options,
            ..Setup::default()
        })
        .await
    }

    /// Another town, with what its operator has connected and at its own pace.
    pub async fn set_up(setup: Setup) -> Self {
        let playground = Playground::start_with(setup).await.expect("both start");
        Self {
            playground,
            allowed: BTreeSet::new(),
            seen: BTreeSet::new(),
            losing: false,
        }
    }

    /// The stand-in GitHub.
    pub fn github(&self) -> &Sandbox {
        &self.playground.github
    }

    /// Waits until the app has nothing more to do.
    pub async fn settle(&self) {
        let settled = tokio::time::timeout(PATIENCE, self.playground.settle()).await;
        if settled.is_err() {
            let exchanges = self.github().exchanges();
            let last: Vec<String> = exchanges
                .iter()
                .rev()
                .take(12)
                .rev()
                .map(|e| format!("{} {} → {}", e.method, e.path, e.status))
                .collect();
            panic!(
                "the app does not come to rest; its last requests:\n{}",
                last.join("\n")
            );
        }
    }

    /// Somebody who may commits a file to `main` of `acme/engine`.
    pub async fn write(&self, path: &str, content: &str) {
        self.github().write_file("engine", path, content, "maya");
        self.settle().await;
    }

    /// Somebody opens a pull request.
    pub async fn open(&self, pr: NewPr) -> u64 {
        let number = self.github().open_pr(pr);
        self.settle().await;
        number
    }

    /// mel, the member, opens one with a signed commit.
    pub async fn member_pr(&self) -> u64 {
        self.open(NewPr::by("mel")).await
    }

    /// The same, and sees it mirrored: how most stories begin.
    pub async fn mirrored_pr(&mut self) -> u64 {
        let pr = self.member_pr().await;
        self.mirrored(pr);
        pr
    }

    /// sam, the stranger, opens one with a signed commit.
    pub async fn stranger_pr(&self) -> u64 {
        self.open(NewPr::by("sam")).await
    }

    /// The author pushes a signed commit.
    pub async fn push(&self, pr: u64) -> String {
        let head = self.github().push(pr, Vec::new());
        self.settle().await;
        head
    }

    /// The author pushes this commit.
    pub async fn push_commit(&self, pr: u64, commit: NewCommit) -> String {
        let head = self.github().push(pr, vec![commit]);
        self.settle().await;
        head
    }

    /// Somebody comments.
    pub async fn comment(&self, pr: u64, by: &str, body: &str) -> u64 {
        let id = self.github().comment(pr, by, body);
        self.settle().await;
        id
    }

    /// vera approves the head by its full SHA.
    pub async fn approve(&self, pr: u64) -> u64 {
        let line = format!("/ok to test {}", self.head(pr));
        self.comment(pr, "vera", &line).await
    }

    /// Somebody presses *OK to test* on the gate of the head.
    pub async fn press(&self, pr: u64, by: &str) {
        self.github().click(pr, GATE_NAME, APPROVE_BUTTON, by);
        self.settle().await;
    }

    pub async fn close(&self, pr: u64) {
        self.github().close_pr(pr, "maya");
        self.settle().await;
    }

    pub async fn reopen(&self, pr: u64) {
        self.github().reopen_pr(pr, "maya");
        self.settle().await;
    }

    /// A build on the mirror ends.
    pub async fn build_ends(&self, pr: u64, workflow: &str, conclusion: &str) {
        self.github()
            .finish_build(&mirror(pr), workflow, conclusion);
        self.settle().await;
    }

    /// The app is stopped and started again.
    pub async fn restart(&mut self) {
        self.playground.stop_app().await.expect("it stops");
        self.playground.start_app().await.expect("it starts again");
    }

    /// The next request of this kind goes wrong.
    pub fn fault(&self, method: &str, route: &str, kind: FaultKind) {
        self.github().fault(Fault::once(method, route, kind));
    }

    /// The next requests of this kind go wrong.
    pub fn faults(&self, times: u32, method: &str, route: &str, kind: FaultKind) {
        self.github()
            .fault(Fault::times(times, method, route, kind));
    }

    /// The held delivery of this event and action; the newest, if there are several.
    pub fn held(&self, event: &str, action: &str) -> Delivery {
        let held = self.github().held();
        held.into_iter()
            .rfind(|d| d.event == event && d.action.as_deref() == Some(action))
            .unwrap_or_else(|| panic!("no {event} {action} is held"))
    }

    /// The delivery of this event and action that was sent last.
    pub fn delivery(&self, event: &str, action: &str) -> Delivery {
        let all = self.github().deliveries();
        all.into_iter()
            .rfind(|d| d.event == event && d.action.as_deref() == Some(action) && !d.redelivery)
            .unwrap_or_else(|| panic!("no {event} {action} was sent"))
    }

    /// The head of a pull request.
    pub fn head(&self, pr: u64) -> String {
        self.github().head(pr)
    }

    /// The requests that the app made of GitHub since [`Sandbox::clear_exchanges`], without those for tokens.
    pub fn calls(&self) -> Vec<Exchange> {
        let mut all = self.github().exchanges();
        all.retain(|e| !e.route.starts_with("/app"));
        all
    }

    /// Requests that would change something.
    pub fn writes(&self) -> Vec<String> {
        self.calls()
            .iter()
            .filter(|e| e.method != "GET")
            .map(|e| format!("{} {}", e.method, e.path))
            .collect()
    }

    /// In this story deliveries go astray, or are refused on purpose.
    pub fn loses_deliveries(&mut self) {
        self.losing = true;
    }

    /// The end: nothing unexpected was said, published or mirrored, and every fault that was ordered happened.
    pub async fn finish(self) {
        self.settle().await;
        assert_eq!(self.github().unmet_faults(), 0, "every fault was met");
        let mut heads = BTreeSet::new();
        let mut numbers: BTreeSet<u64> = self.allowed.iter().map(|(pr, _)| *pr).collect();
        for delivery in self.github().deliveries() {
            let pull = &delivery.payload["pull_request"];
            heads.extend(pull["head"]["sha"].as_str().map(str::to_owned));
            numbers.extend(pull["number"].as_u64());
            heads.extend(delivery.payload["after"].as_str().map(str::to_owned));
            if !self.losing {
                assert_eq!(
                    delivery.status,
                    Some(202),
                    "{} {:?}",
                    delivery.event,
                    delivery.action
                );
            }
        }
        for pr in numbers {
            self.nothing_unexpected(pr);
        }
        for head in heads {
            let mut gates: BTreeMap<String, usize> = BTreeMap::new();
            for check in self.github().check_runs(&head) {
                if check.app_id == self.github().app_id() {
                    *gates.entry(check.name).or_default() += 1;
                }
            }
            assert!(gates.values().all(|count| *count == 1), "{head}: {gates:?}");
        }
        self.playground.stop().await.expect("both stop");
    }

    fn nothing_unexpected(&self, pr: u64) {
        for comment in self.bot_comments(pr) {
            let known = (comment.id, comment.body.clone());
            assert!(
                self.seen.contains(&known),
                "nobody looked at #{pr}: {}",
                comment.body
            );
        }
        for sha in self
            .github()
            .branch_history(&mirror(pr))
            .into_iter()
            .flatten()
        {
            let known = (pr, sha.clone());
            assert!(self.allowed.contains(&known), "{} was at {sha}", mirror(pr));
        }
    }
}

/// The branch that mirrors a pull request.
pub fn mirror(pr: u64) -> String {
    format!("pull-request/{pr}")
}
