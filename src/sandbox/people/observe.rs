//! Looking, waiting, and ordering faults.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;

use crate::sandbox::faults::Fault;
use crate::sandbox::model::checks::{CheckRun, Run};
use crate::sandbox::server::routes;
use crate::sandbox::{
    ActionView, CheckRunView, CommentView, Exchange, PullView, RouteView, RunView, Sandbox,
};

/// How long a condition may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(120);

fn check_view(check: &CheckRun) -> CheckRunView {
    let actions = check.actions.iter().map(|button| ActionView {
        label: button.label.clone(),
        description: button.description.clone(),
        identifier: button.identifier.clone(),
    });
    CheckRunView {
        id: check.id,
        app_id: check.app,
        name: check.name.clone(),
        head_sha: check.head_sha.clone(),
        status: check.status.clone(),
        conclusion: check.conclusion.clone(),
        title: check.output.title.clone(),
        summary: check.output.summary.clone(),
        text: check.output.text.clone(),
        actions: actions.collect(),
        external_id: check.external_id.clone(),
        details_url: check.details_url.clone(),
    }
}

fn run_view(run: &Run) -> RunView {
    RunView {
        id: run.id,
        name: run.name.clone(),
        head_branch: run.head_branch.clone(),
        head_sha: run.head_sha.clone(),
        event: run.event.clone(),
        status: run.status.clone(),
        conclusion: run.conclusion.clone(),
        attempt: run.attempt,
    }
}

impl Sandbox {
    /// Where a branch of the repository points.
    pub fn branch(&self, name: &str) -> Option<String> {
        self.look(|hub| hub.repo(hub.main).branch(name).cloned())
    }

    /// All pull requests of the repository, oldest first.
    pub fn pulls(&self) -> Vec<PullView> {
        self.look(|hub| {
            let issues = hub.repo(hub.main).issues.values();
            issues
                .filter_map(|issue| {
                    let pull = issue.pull.as_ref()?;
                    Some(PullView {
                        number: issue.number,
                        open: issue.open,
                        title: issue.title.clone(),
                        body: issue.body.clone().unwrap_or_default(),
                        author: hub.user(issue.user).login.clone(),
                        branch: pull.head_branch.clone(),
                    })
                })
                .collect()
        })
    }

    /// All branches of the repository and where they point.
    pub fn branches(&self) -> Vec<(String, String)> {
        let heads = |(full, sha): (&String, &String)| {
            Some((full.strip_prefix("refs/heads/")?.to_owned(), sha.clone()))
        };
        self.look(|hub| hub.repo(hub.main).refs.iter().filter_map(heads).collect())
    }

    /// Every value a branch ever had, oldest first; `None` is "deleted".
    pub fn branch_history(&self, name: &str) -> Vec<Option<String>> {
        self.look(|hub| {
            hub.repo(hub.main)
                .past
                .get(name)
                .cloned()
                .unwrap_or_default()
        })
    }

    /// A pull request's head commit.
    pub fn head(&self, pr: u64) -> String {
        self.look(|hub| hub.pull(hub.main, pr).map(|(_, pull)| pull.head.clone()))
            .unwrap_or_else(|why| panic!("#{pr} has no head: {why}"))
    }

    /// Whether a pull request is open.
    pub fn is_open(&self, pr: u64) -> bool {
        self.look(|hub| hub.issue(hub.main, pr).is_ok_and(|issue| issue.open))
    }

    /// The comments on a pull request or issue, oldest first.
    pub fn comments(&self, pr: u64) -> Vec<CommentView> {
        self.look(|hub| {
            let login = |id: u64| hub.user(id).login.clone();
            let here = hub
                .comments
                .values()
                .filter(|c| c.repo == hub.main && c.number == pr);
            here.map(|comment| CommentView {
                id: comment.id,
                author: login(comment.user),
                body: comment.body.clone(),
                reactions: comment
                    .reactions
                    .iter()
                    .map(|r| (r.content.clone(), login(r.user)))
                    .collect(),
            })
            .collect()
        })
    }

    /// All check runs on a commit, of every app, oldest first.
    pub fn check_runs(&self, sha: &str) -> Vec<CheckRunView> {
        self.look(|hub| {
            hub.checks
                .values()
                .filter(|c| c.repo == hub.main && c.head_sha == sha)
                .map(check_view)
                .collect()
        })
    }

    /// The newest check run of our app with this name on a commit.
    pub fn check(&self, sha: &str, name: &str) -> Option<CheckRunView> {
        let ours = self.app_id();
        self.check_runs(sha)
            .into_iter()
            .rfind(|check| check.app_id == ours && check.name == name)
    }

    /// All workflow runs of the repository, oldest first.
    pub fn runs(&self) -> Vec<RunView> {
        self.look(|hub| {
            hub.runs
                .values()
                .filter(|run| run.repo == hub.main)
                .map(run_view)
                .collect()
        })
    }

    /// Every request to the REST API so far, with its answer.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.look(|hub| hub.exchanges.clone())
    }

    /// Every route of the REST API that the stand-in answers.
    pub fn routes() -> Vec<RouteView> {
        routes::all().collect()
    }

    /// Forgets the exchanges so far.
    pub fn clear_exchanges(&self) {
        self.edit(|hub| hub.exchanges.clear());
    }

    /// Ticks with every change of the state and every exchange.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.ticks.subscribe()
    }

    /// Waits until something is so, looking again with every change.
    ///
    /// # Panics
    /// After two minutes, naming `what` did not happen.
    pub async fn wait_until(&self, what: &str, condition: impl Fn(&Sandbox) -> bool) {
        let mut changed = self.changed();
        let waiting = async {
            while !condition(self) {
                // The sender lives as long as `self`.
                let _ = changed.changed().await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("waited {} s in vain until {what}", PATIENCE.as_secs());
        }
    }

    /// Orders a fault.
    pub fn fault(&self, fault: Fault) {
        self.inner
            .traps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add_fault(fault);
    }

    /// Calls `once` just before the next matching request is handled: what changes there has changed in the middle.
    pub fn on_request(
        &self,
        method: &str,
        route_glob: &str,
        once: Box<dyn FnOnce(&Sandbox) + Send>,
    ) {
        self.inner
            .traps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add_hook(method, route_glob, once);
    }

    /// Takes back the faults and callbacks that have not met their request.
    pub fn clear_faults(&self) {
        self.inner
            .traps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// How many ordered faults and callbacks have not met their request.
    pub fn unmet_faults(&self) -> usize {
        self.inner
            .traps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .unmet()
    }

    /// How many requests hang at this moment.
    pub fn hung(&self) -> usize {
        self.inner.released.receiver_count()
    }

    /// Lets the requests go on that [`FaultKind::Hang`](crate::sandbox::FaultKind::Hang) holds.
    pub fn release_hung(&self) {
        self.inner.released.send_modify(|count| *count += 1);
    }
}
