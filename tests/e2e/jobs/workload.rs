//! The reference workload, docs/examples/dynamo, as its people see it.

use crate::support::{CONFIG, Town, mirror};
use drawbridge::sandbox::NewPr;

const FILTERS: &str = include_str!("../../../docs/examples/dynamo/filters.yaml");
const EXAMPLE: &str = include_str!("../../../docs/examples/dynamo/drawbridge.yaml");

/// Every workflow of the example, with its inputs.
const WORKFLOWS: [(&str, &[&str]); 8] = [
    ("build-container.yml", &["framework", "cuda", "arch"]),
    ("test-container.yml", &["framework", "image", "suite"]),
    ("deploy-test.yml", &["target", "image"]),
    ("operator-test.yml", &["unused"]),
    ("operator-build.yml", &["unused"]),
    ("rust-checks.yml", &["unused"]),
    ("docs-links.yml", &["mode"]),
    ("fault-tolerance.yml", &["unused"]),
];

/// The example without its GitLab job, which needs a connection; the stories of systems have one.
fn config() -> String {
    let (before, rest) = EXAMPLE
        .split_once("      # Reported, never waited for.")
        .expect("the job is there");
    let (_, after) = rest
        .split_once("      # Only where somebody sets the label.")
        .expect("so is the one behind it");
    format!("{before}{after}")
}

/// With a branch for releases too.
async fn dynamo() -> Town {
    let town = Town::empty().await;
    town.github().set_workflows(&[]);
    for (file, inputs) in WORKFLOWS {
        town.workflow(file, inputs).await;
    }
    town.write(".github/filters.yaml", FILTERS).await;
    // The push that brings it is built too; that is not what the stories are about.
    town.github().set_auto_finish(Some("success"));
    town.write(CONFIG, &config()).await;
    town.github().set_auto_finish(None);
    town
}

/// The builds of one framework.
fn builds(framework: &str) -> Vec<String> {
    ["12.9 amd64", "13.0 amd64", "13.0 arm64"]
        .map(|which| format!("build-container {framework} {which}"))
        .to_vec()
}

fn all_builds() -> Vec<String> {
    ["sglang", "trtllm", "vllm"]
        .iter()
        .flat_map(|name| builds(name))
        .collect()
}

#[tokio::test]
async fn a_change_to_one_framework_builds_and_then_tests_just_that() {
    let mut town = dynamo().await;
    let pr = town.change("components/backends/vllm/main.py").await;
    let branch = mirror(pr);
    assert_eq!(town.started(&branch), builds("vllm"));
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for vllm-build (12.9, amd64)")
        .says("no changed file matches `core`, `sglang`, `ci`")
        .says("runs with the label `test:deploy`")
        .says("```mermaid");
    for build in town.dispatched(&branch) {
        assert_eq!(build.sha, town.head(pr));
    }

    // arm64 is not waited for by the tests; one amd64 build alone is not enough.
    town.job_ends(pr, "build-container vllm 12.9 amd64", "success")
        .await;
    assert_eq!(town.started(&branch).len(), 3);
    town.job_ends(pr, "build-container vllm 13.0 amd64", "success")
        .await;
    let tests: Vec<String> = town.started(&branch).split_off(3);
    assert_eq!(
        tests,
        ["test-container vllm quick", "test-container vllm quick"]
    );
    town.gate(pr).is("in_progress");
    town.all_end_on(&branch).await;
    town.gate(pr)
        .is("success")
        .says("5 jobs passed, 14 not needed");
    assert_eq!(town.started(&branch).len(), 5);
    town.finish().await;
}

#[tokio::test]
async fn a_change_to_the_core_builds_everything_and_one_red_job_is_named_at_once_while_the_rest_goes_on()
 {
    let mut town = dynamo().await;
    let pr = town.change("lib/runtime/src/lib.rs").await;
    let branch = mirror(pr);
    let mut expected = all_builds();
    expected.push("rust-checks".to_owned());
    assert_eq!(town.started(&branch), expected);

    town.job_ends(pr, "build-container sglang 13.0 amd64", "failure")
        .await;
    town.gate(pr)
        .is("failure")
        .says("sglang-build (13.0, amd64)")
        .says("failed");
    let running = town
        .dispatched(&branch)
        .into_iter()
        .filter(|run| run.status != "completed");
    assert_eq!(running.count(), 9, "the rest goes on");
    town.all_end_on(&branch).await;
    town.gate(pr)
        .is("failure")
        .says("sglang-build (13.0, amd64): failed");
    let started = town.started(&branch);
    assert!(
        !started.contains(&"test-container sglang quick".to_owned()),
        "{started:?}"
    );
    assert!(
        started.contains(&"test-container vllm quick".to_owned()),
        "{started:?}"
    );
    town.finish().await;
}

#[tokio::test]
async fn a_change_to_nothing_but_documentation_starts_nothing_and_is_green_saying_why() {
    let mut town = dynamo().await;
    let pr = town.change("docs/guide.md").await;
    assert_eq!(town.started(&mirror(pr)), Vec::<String>::new());
    town.gate(pr)
        .is("success")
        .says("Nothing to run: no job is for what changed here")
        .says("no changed file matches `core`, `vllm`, `ci`")
        .says("which is skipped")
        .does_not_say("did not run");
    town.finish().await;
}

#[tokio::test]
async fn a_label_added_later_starts_the_deployment_tests_in_the_same_run() {
    let mut town = dynamo().await;
    let pr = town.change("components/backends/vllm/main.py").await;
    town.all_end_on(&mirror(pr)).await;
    town.gate(pr).is("success");
    town.github().add_label(pr, "test:deploy", "vera");
    town.settle().await;
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for deploy-test")
        .says("Run 1 of");
    assert_eq!(town.started(&mirror(pr)).len(), 6);
    town.job_ends(pr, "deploy-test vllm", "success").await;
    town.gate(pr).is("success");
    // Another label changes nothing.
    town.github().add_label(pr, "good first issue", "vera");
    town.settle().await;
    assert_eq!(town.started(&mirror(pr)).len(), 6);
    town.finish().await;
}

#[tokio::test]
async fn a_vetters_command_starts_the_deployment_tests_of_what_it_names() {
    let mut town = dynamo().await;
    let pr = town.change("docs/guide.md").await;
    for nobody in ["sam", "mel"] {
        let comment = town.comment(pr, nobody, "/deploy sglang").await;
        town.answer(pr, comment).says("can't use `/deploy`");
    }
    assert_eq!(town.started(&mirror(pr)), Vec::<String>::new());
    let comment = town.comment(pr, "vera", "/deploy sglang").await;
    town.acknowledged(pr, comment);
    assert_eq!(town.started(&mirror(pr)), ["deploy-test sglang"]);
    let head = town.head(pr);
    assert!(town.job(pr, "deploy-test sglang").inputs["image"].ends_with(&head));
    town.check(pr, "deploy").is("in_progress");
    town.gate(pr).is("success");
    town.job_ends(pr, "deploy-test sglang", "failure").await;
    town.check(pr, "deploy")
        .is("failure")
        .says("deploy-test: failed");
    town.gate(pr).is("success");
    // Once more is another run, of which the same gate tells.
    town.comment(pr, "vera", "/deploy vllm").await;
    town.job_ends(pr, "deploy-test vllm", "success").await;
    town.check(pr, "deploy").is("success").says("Run 2 of");
    town.finish().await;
}

#[tokio::test]
async fn after_the_merge_everything_is_built_whatever_changed_and_then_faults_are_tolerated() {
    let mut town = dynamo().await;
    let pr = town.change("docs/guide.md").await;
    town.gate(pr).is("success");
    let merged = town.github().merge_pr(pr, "maya");
    town.settle().await;
    let mut expected = all_builds();
    expected.extend(
        [
            "docs-links full",
            "operator-build",
            "operator-test",
            "rust-checks",
        ]
        .map(str::to_owned),
    );
    expected.sort();
    assert_eq!(town.started_for(&merged), expected);
    let gate = || town.check_of(&merged, "post-merge");
    gate().is("in_progress");
    town.job_ends_on("main", "build-container vllm 12.9 amd64", "success")
        .await;
    town.job_ends_on("main", "build-container vllm 13.0 amd64", "success")
        .await;
    assert!(
        town.started_for(&merged)
            .contains(&"test-container vllm full".to_owned())
    );
    assert!(
        !town
            .started_for(&merged)
            .contains(&"fault-tolerance".to_owned())
    );
    town.all_end_on("main").await;
    assert_eq!(
        town.dispatched("main")
            .last()
            .map(|run| run.workflow.as_str()),
        Some("fault-tolerance.yml")
    );
    gate().is("success").says("20 jobs passed");
    assert_eq!(town.job_on("main", "fault-tolerance").sha, merged);
    town.finish().await;
}

#[tokio::test]
async fn the_merge_queue_gets_the_same_gate_for_its_groups() {
    let mut town = dynamo().await;
    let pr = town.change("components/backends/trtllm/main.py").await;
    town.all_end_on(&mirror(pr)).await;
    let group = town.github().enqueue(pr, "maya");
    town.settle().await;
    let branch = group.head_ref.trim_start_matches("refs/heads/").to_owned();
    assert_eq!(town.started(&branch), builds("trtllm"));
    town.gate_of(&group.head_sha).is("in_progress");
    town.all_end_on(&branch).await;
    town.gate_of(&group.head_sha).is("success");
    let merged = town.github().merge_group_finished(pr);
    town.settle().await;
    let mut after = town.dispatched("main");
    after.retain(|run| run.sha == merged);
    assert_eq!(after.len(), 13);
    town.finish().await;
}

#[tokio::test]
async fn a_strangers_change_starts_nothing_until_a_vetter_approves_it() {
    let mut town = dynamo().await;
    let commit = drawbridge::sandbox::NewCommit::signed_by("sam").file("lib/a.rs", "evil");
    let pr = town.open(NewPr::by("sam").commit(commit)).await;
    town.told(pr);
    town.not_mirrored(pr);
    for line in ["/test rust-checks", "/retest", "/deploy vllm"] {
        for who in ["sam", "vera"] {
            let comment = town.comment(pr, who, line).await;
            let answer = town.answer(pr, comment);
            match who {
                "sam" => answer.says("can't use"),
                _ => answer.says("the head of this pull request is not mirrored"),
            };
        }
    }
    assert!(town.started(&mirror(pr)).is_empty());
    town.approve(pr).await;
    town.mirrored(pr);
    town.told(pr);
    assert_eq!(town.started(&mirror(pr)).len(), 10);
    town.finish().await;
}
