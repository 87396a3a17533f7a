//! Pipelines, as people see them: what was dispatched for a branch, and how it ends.

use super::{CONFIG, Gate, Town, mirror};
use chrono::{TimeDelta, Timelike as _, Utc};
use drawbridge::engine::Pace;
use drawbridge::sandbox::{DispatchView, NewCommit, NewPr};

/// The inputs that make the name of a dispatched run, where it has no input `job`.
const NAMING: [&str; 6] = ["framework", "cuda", "arch", "suite", "target", "mode"];

/// A pipeline of two jobs, the second after the first.
macro_rules! build_and_test {
    ($on:literal) => {
        concat!(
            "enabled: true\npipelines:\n  ci:\n    on: ",
            $on,
            "\n    jobs:\n",
            "      build: {workflow: go.yml, inputs: {job: build}}\n",
            "      test: {workflow: go.yml, inputs: {job: test}, needs: build}\n",
        )
    };
}

/// For pull requests.
pub const BUILD_AND_TEST: &str = build_and_test!("pull_request");
/// For what is merged.
pub const POST_MERGE: &str = build_and_test!("{push: main}");

impl Town {
    /// With this configuration, and `go.yml`, a workflow that can be started and takes the name of its `job`.
    pub async fn with_jobs(config: &str) -> Self {
        Self::empty().await.start_jobs(config).await
    }

    /// The same with an app that takes its time as in production, so that bursts are seen as they would be.
    pub async fn of_pace(pace: Pace, config: &str) -> Self {
        let mut town = Self::empty().await;
        town.playground.set_pace(pace);
        town.restart().await;
        town.start_jobs(config).await
    }

    async fn start_jobs(self, config: &str) -> Self {
        let town = self;
        town.github().set_workflows(&[]);
        town.workflow("go.yml", &["job"]).await;
        town.write(CONFIG, config).await;
        town
    }

    /// Somebody adds a workflow that can be started with these inputs.
    pub async fn workflow(&self, file: &str, inputs: &[&str]) {
        let path = format!(".github/workflows/{file}");
        self.write(&path, &workflow(inputs)).await;
    }

    /// mel opens a pull request that changes this file.
    pub async fn change(&mut self, path: &str) -> u64 {
        let commit = NewCommit::signed_by("mel").file(path, "changed");
        let pr = self.open(NewPr::by("mel").commit(commit)).await;
        self.mirrored(pr);
        pr
    }

    /// What was dispatched on a branch, oldest first.
    pub fn dispatched(&self, branch: &str) -> Vec<DispatchView> {
        let mut all = self.github().dispatched_runs();
        all.retain(|run| {
            run.reference == branch || run.reference == format!("refs/heads/{branch}")
        });
        all
    }

    /// The names of all that was dispatched on a branch, sorted.
    pub fn started(&self, branch: &str) -> Vec<String> {
        let mut names: Vec<String> = self.dispatched(branch).iter().map(name).collect();
        names.sort();
        names
    }

    /// The names of all that was dispatched and builds this commit, sorted.
    pub fn started_for(&self, sha: &str) -> Vec<String> {
        let mut all = self.github().dispatched_runs();
        all.retain(|run| run.sha == sha);
        let mut names: Vec<String> = all.iter().map(name).collect();
        names.sort();
        names
    }

    /// The newest dispatched run of a job on the mirror of a pull request.
    #[track_caller]
    pub fn job(&self, pr: u64, job: &str) -> DispatchView {
        self.job_on(&mirror(pr), job)
    }

    /// The newest dispatched run of a job on a branch.
    #[track_caller]
    pub fn job_on(&self, branch: &str, job: &str) -> DispatchView {
        let found = self
            .dispatched(branch)
            .into_iter()
            .rfind(|run| name(run) == job);
        found.unwrap_or_else(|| panic!("no {job} in {:?}", self.started(branch)))
    }

    /// The newest run of a job on a pull request's mirror ends.
    pub async fn job_ends(&self, pr: u64, job: &str, conclusion: &str) {
        self.job_ends_on(&mirror(pr), job, conclusion).await;
    }

    /// The newest run of a job on a branch ends.
    pub async fn job_ends_on(&self, branch: &str, job: &str, conclusion: &str) {
        let run = self.job_on(branch, job).run_id;
        self.github().finish_run(run, conclusion);
        self.settle().await;
    }

    /// All that runs on a branch ends well, and all that is started because of that.
    pub async fn all_end_on(&self, branch: &str) {
        loop {
            let mut open = self.dispatched(branch);
            open.retain(|run| run.status != "completed");
            if open.is_empty() {
                return;
            }
            for run in open {
                self.github().finish_run(run.run_id, "success");
            }
            self.settle().await;
        }
    }

    /// Something happens that starts nothing, so that the app looks at its clock.
    pub async fn stir(&self) {
        self.github()
            .set_permission("vera", drawbridge::sandbox::Permission::Write);
        self.settle().await;
    }

    /// Our check of this name on the head of a pull request.
    #[track_caller]
    pub fn check(&self, pr: u64, name: &str) -> Gate {
        let head = self.head(pr);
        self.check_of(&head, name)
    }

    /// Our check of this name on a commit.
    #[track_caller]
    pub fn check_of(&self, sha: &str, name: &str) -> Gate {
        let check = self.github().check(sha, name);
        Gate(check.unwrap_or_else(|| panic!("{sha} has no {name}")))
    }
}

/// A schedule that comes round once a day, and not now: twelve hours from now, whenever that is.
pub fn once_a_day() -> String {
    format!("0 {} * * *", (Utc::now() + TimeDelta::hours(12)).hour())
}

/// A workflow file that can be started with these inputs.
pub fn workflow(inputs: &[&str]) -> String {
    let mut text = "on:\n  workflow_dispatch:\n    inputs:\n".to_owned();
    for input in inputs {
        text.push_str(&format!("      {input}: {{type: string}}\n"));
    }
    text + "jobs:\n  go:\n    runs-on: ubuntu-latest\n"
}

/// What a dispatched run is called in a story.
pub fn name(run: &DispatchView) -> String {
    if let Some(job) = run.inputs.get("job") {
        return job.clone();
    }
    let stem = run.workflow.trim_end_matches(".yml").to_owned();
    let values = NAMING
        .iter()
        .filter_map(|key| run.inputs.get(*key).cloned());
    std::iter::once(stem)
        .chain(values)
        .collect::<Vec<_>>()
        .join(" ")
}
