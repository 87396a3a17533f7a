//! The second act: a graph of jobs on GitHub Actions, watched live, and what people can do when one of them fails.

use super::Story;
use crate::sandbox::{NewCommit, NewPr};

const CONFIGURATION: &str = "\
enabled: true
filters:
  code: ['src/**']
  api: ['src/api/**']
pipelines:
  backends:
    on: pull_request
    jobs:
      build:
        workflow: build.yml
        changes: code
        matrix: {arch: [amd64, arm64]}
        inputs: {arch: '${{ matrix.arch }}'}
      test:
        workflow: test.yml
        needs: build
      api-docs:
        workflow: api-docs.yml
        changes: api
        labels: api-docs
        required: false
";
const BUILD: &str = "\
name: build
on: {workflow_dispatch: {inputs: {arch: {required: true}}}}
jobs: {build: {runs-on: '${{ inputs.arch }}', steps: [run: make]}}
";
const TEST: &str = "\
name: test
on: workflow_dispatch
jobs: {test: {runs-on: gpu, steps: [run: make test]}}
";
const API_DOCS: &str = "\
name: api-docs
on: workflow_dispatch
jobs: {api-docs: {runs-on: amd64, steps: [run: make api-docs]}}
";

const AMD64: &str = "build (amd64)";
const ARM64: &str = "build (arm64)";

impl Story<'_> {
    pub(super) async fn fan_out(&mut self) {
        self.add_pipelines().await;
        let pull = self.starts_in_parallel().await;
        self.fails_at_once(pull).await;
        self.retest(pull).await;
        self.passes(pull).await;
        self.skip(pull).await;
        self.docs_only().await;
        // Whoever goes on by hand has runners.
        self.playground.github.hold_runs(false);
    }

    async fn add_pipelines(&mut self) {
        self.narrator
            .step("maya replaces the build on push by a graph of jobs: .github/drawbridge.yaml");
        self.narrator.quote(CONFIGURATION);
        let github = &self.playground.github;
        github.set_workflows(&[]);
        github.hold_runs(true);
        let commit = NewCommit::signed_by("maya")
            .file(".github/workflows/build.yml", BUILD)
            .file(".github/workflows/test.yml", TEST)
            .file(".github/workflows/api-docs.yml", API_DOCS)
            .file(".github/drawbridge.yaml", CONFIGURATION)
            .message("Build in parallel");
        github.push_to_branch("main", commit, "maya");
        self.playground.settle().await;
        self.narrator
            .say("Each workflow has `on: workflow_dispatch`: it runs when Drawbridge starts it.");
    }

    async fn starts_in_parallel(&mut self) -> u64 {
        self.narrator
            .step("mel opens a pull request that changes src/, and two runners take the builds");
        let commit = NewCommit::signed_by("mel").file("src/lib.rs", "much faster");
        let new = NewPr::by("mel").title("Much faster").commit(commit);
        let pull = self.open(new);
        self.watch(pull).await;
        self.begin(pull, AMD64).await;
        self.begin(pull, ARM64).await;
        let head = self.playground.github.head(pull);
        self.mirror_is(pull, Some(&head), "the head is mirrored");
        let builds = ["build.yml amd64", "build.yml arm64"];
        self.started_are(pull, "only the builds were started", &builds);
        self.expect(pull, "both run at the same time", |board| {
            board.job_is(AMD64, "running", "") && board.job_is(ARM64, "running", "")
        });
        self.expect(pull, "the tests wait for both of them", |board| {
            board.job_is("test", "waiting", "needs build (amd64), build (arm64)")
        });
        self.expect(
            pull,
            "api-docs is left out, and the table says why",
            |board| board.job_is("api-docs", "not needed", "no changed file matches api"),
        );
        pull
    }

    async fn fails_at_once(&mut self, pull: u64) {
        self.narrator
            .step("the arm64 build fails while the other one still runs");
        self.finish(pull, ARM64, "failure").await;
        self.expect(pull, "the gate is red at once and names the job", |board| {
            board.says("failure", "build (arm64): failed")
        });
        self.expect(
            pull,
            "the tests do not run, and the table says why",
            |board| board.job_is("test", "did not run", ARM64),
        );
        self.expect(pull, "the other build goes on", |board| {
            board.job_is(AMD64, "running", "")
        });
        self.narrator.step("the amd64 build ends well");
        self.finish(pull, AMD64, "success").await;
        self.expect(pull, "the gate stays red for the same reason", |board| {
            board.says("failure", "build (arm64): failed")
        });
    }

    async fn retest(&mut self, pull: u64) {
        self.narrator.step("vera comments: /retest");
        self.show(pull).await;
        let comment = self.playground.github.comment(pull, "vera", "/retest");
        self.watch(pull).await;
        self.begin(pull, ARM64).await;
        self.has_thumbs_up(pull, comment);
        self.expect(pull, "only the failed build runs again", |board| {
            board.job_is(AMD64, "passed", "") && board.job_is(ARM64, "running", "attempt 2")
        });
        self.expect(
            pull,
            "the gate waits for it again, and so do the tests",
            |board| board.says("in_progress", ARM64) && board.job_is("test", "waiting", ARM64),
        );
    }

    async fn passes(&mut self, pull: u64) {
        self.narrator
            .step("this time the arm64 build ends well, and so do the tests");
        self.finish(pull, ARM64, "success").await;
        self.begin(pull, "test").await;
        self.finish(pull, "test", "success").await;
        let all = ["build.yml amd64", "build.yml arm64", "test.yml"];
        self.started_are(pull, "the tests were started after the builds", &all);
        self.expect(pull, "the gate is green", |board| {
            board.says("success", "3 jobs passed")
        });
    }

    async fn skip(&mut self, pull: u64) {
        self.narrator
            .step("mel pushes another commit, but no arm64 machine is up to build it");
        let commit = NewCommit::signed_by("mel").file("src/lib.rs", "faster still");
        self.playground.github.push(pull, vec![commit]);
        self.watch(pull).await;
        self.begin(pull, AMD64).await;
        self.finish(pull, AMD64, "success").await;
        self.expect(pull, "the gate waits for that build", |board| {
            board.says("in_progress", ARM64) && board.job_is(ARM64, "waiting to start", "")
        });

        let skip = format!("/skip {ARM64} no machine until Monday");
        self.narrator.step(&format!("vera comments: {skip}"));
        self.show(pull).await;
        let comment = self.playground.github.comment(pull, "vera", &skip);
        self.watch(pull).await;
        self.begin(pull, "test").await;
        self.finish(pull, "test", "success").await;
        let all = ["build.yml amd64", "build.yml arm64", "test.yml"];
        self.started_are(pull, "the build counts as passed, so the tests run", &all);
        self.has_thumbs_up(pull, comment);
        self.expect(
            pull,
            "the gate is green, and says who skipped what and why",
            |board| {
                board.says("success", "build (arm64) skipped by vera")
                    && board.job_is(
                        ARM64,
                        "skipped by a vetter",
                        "vera: no machine until Monday",
                    )
            },
        );

        self.narrator.step("maya merges it");
        self.playground.github.merge_pr(pull, "maya");
        self.playground.settle().await;
        self.mirror_is(pull, None, "the mirror is removed");
        let runs = self.dispatched(pull);
        let open = runs.iter().filter(|run| run.status != "completed").count();
        self.narrator.check(
            "the arm64 build, which nobody took, is cancelled",
            open == 0,
            &format!("{open} workflow runs have not ended"),
        );
    }

    async fn docs_only(&mut self) {
        self.narrator
            .step("mel opens a pull request that changes nothing but docs/");
        let commit = NewCommit::signed_by("mel").file("docs/guide.md", "Read me");
        let new = NewPr::by("mel").title("A guide").commit(commit);
        let pull = self.open(new);
        self.watch(pull).await;
        self.started_are(pull, "nothing was started", &[]);
        self.expect(
            pull,
            "the gate is green all the same, and the table says why",
            |board| {
                board.says("success", "Nothing to run")
                    && board.job_is(AMD64, "not needed", "no changed file matches code")
            },
        );
    }
}
