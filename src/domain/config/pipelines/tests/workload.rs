//! The reference workload of the documentation.

use super::{names, read};
use crate::domain::config::{RepoConfig, check_connections, parse_filters, resolve};
use crate::domain::pipeline::{BackendSpec, JobSpec, Pipeline, Trigger};

const FILE: &str = include_str!("../../../../../docs/examples/dynamo/drawbridge.yaml");
const FILTERS: &str = include_str!("../../../../../docs/examples/dynamo/filters.yaml");

fn config() -> RepoConfig {
    let file = read(FILE).unwrap_or_else(|error| panic!("{error}"));
    let filters =
        parse_filters(".github/filters.yaml", FILTERS).unwrap_or_else(|error| panic!("{error}"));
    check_connections(None, Some(&file), &["gitlab-main"])
        .unwrap_or_else(|error| panic!("{error}"));
    resolve(None, Some(&file), Some(&filters)).unwrap_or_else(|error| panic!("{error}"))
}

fn job<'a>(pipeline: &'a Pipeline, name: &str) -> &'a JobSpec {
    pipeline
        .job(name)
        .unwrap_or_else(|| panic!("no {name} in {:?}", names(&pipeline.jobs)))
}

fn inputs(job: &JobSpec) -> Vec<String> {
    job.inputs
        .iter()
        .map(|(name, template)| format!("{name}={template}"))
        .collect()
}

#[test]
fn four_groups_fan_out_for_pull_requests_and_merge_groups() {
    let config = config();
    let [backends, _, _] = &config.pipelines[..] else {
        panic!("three pipelines")
    };
    assert_eq!(backends.on, [Trigger::PullRequest, Trigger::MergeGroup]);
    assert_eq!(backends.gates.len(), 1);
    assert_eq!(backends.gates[0].name, "backend-status-check");
    let mut expected = Vec::new();
    for framework in ["vllm", "sglang", "trtllm"] {
        for variant in [
            "build (12.9, amd64)",
            "build (13.0, amd64)",
            "build (13.0, arm64)",
            "test (12.9)",
            "test (13.0)",
        ] {
            expected.push(format!("{framework}-{variant}"));
        }
        let build = job(backends, &format!("{framework}-build (13.0, arm64)"));
        assert_eq!(build.changes, ["core", framework, "ci"]);
        assert_eq!(
            inputs(build),
            [
                "arch=${{ matrix.arch }}",
                "cuda=${{ matrix.cuda }}",
                &format!("framework={framework}")
            ]
        );
        assert_eq!((build.timeout, build.retries), (Some(7200), 2));
        let test = job(backends, &format!("{framework}-test (13.0)"));
        assert_eq!(
            test.needs,
            [
                format!("{framework}-build (12.9, amd64)"),
                format!("{framework}-build (13.0, amd64)")
            ]
        );
        let image = format!(
            "image=ghcr.io/acme/dynamo:${{{{ sha }}}}-{framework}-cuda${{{{ matrix.cuda }}}}"
        );
        assert_eq!(
            inputs(test),
            [&format!("framework={framework}"), &image, "suite=quick"]
        );
    }
    expected.extend(
        [
            "operator-test",
            "operator-build",
            "rust-checks",
            "gitlab",
            "deploy-test",
        ]
        .map(str::to_owned),
    );
    assert_eq!(names(&backends.jobs), expected);
    let gitlab = job(backends, "gitlab");
    assert!(!gitlab.required && backends.jobs.iter().filter(|job| !job.required).count() == 1);
    let connection = BackendSpec::Connection {
        name: "gitlab-main".to_owned(),
        reference: None,
    };
    assert_eq!(gitlab.backend, connection);
    let deploy = job(backends, "deploy-test");
    assert_eq!(
        (&deploy.labels[..], deploy.needs.len()),
        (&["test:deploy".to_owned()][..], 3)
    );
}

#[test]
fn after_the_merge_only_declared_inputs_differ() {
    let config = config();
    let [backends, post, deploy] = &config.pipelines[..] else {
        panic!("three pipelines")
    };
    assert_eq!(
        post.on,
        [Trigger::Push(vec![
            "main".to_owned(),
            "release/*".to_owned()
        ])]
    );
    assert!(post.ignore_changes && !backends.ignore_changes);
    assert_eq!(post.gates[0].name, "post-merge");
    for before in backends.jobs.iter().filter(|job| job.name != "deploy-test") {
        let mut after = job(post, &before.name).clone();
        if before.key.ends_with("-test") && before.key != "operator-test" {
            assert_eq!(inputs(&after)[2], "suite=full");
            after.inputs.clone_from(&before.inputs);
        }
        assert_eq!(after, *before);
    }
    assert!(post.job("deploy-test").is_none());
    assert_eq!(names(&post.jobs)[19..], ["docs-links", "fault-tolerance"]);
    assert_eq!(job(post, "fault-tolerance").needs.len(), 9);
    assert_eq!(inputs(job(post, "docs-links")), ["mode=full"]);
    assert_eq!(deploy.on, [Trigger::Command("deploy".to_owned())]);
    assert_eq!(deploy.gates[0].name, "deploy");
    assert_eq!(
        inputs(&deploy.jobs[0]),
        [
            "image=ghcr.io/acme/dynamo:${{ sha }}",
            "target=${{ command.args }}"
        ]
    );
    let connections: Vec<_> = config.connections().collect();
    assert_eq!(
        connections,
        [
            ("gitlab-main", "backends", "gitlab"),
            ("gitlab-main", "post-merge", "gitlab")
        ]
    );
}

#[test]
fn a_change_to_nothing_but_documentation_touches_no_job() {
    use crate::domain::filter::Filter;
    let config = config();
    let filters = Filter::all(&config.filters).expect("filters");
    let matched = |path: &str| -> Vec<&str> {
        filters
            .iter()
            .filter(|filter| filter.matches(path))
            .map(Filter::name)
            .collect()
    };
    assert_eq!(matched("docs/guide.md"), ["docs"]);
    assert_eq!(matched("components/backends/vllm/README.md"), ["docs"]);
    assert_eq!(
        matched("components/backends/vllm/main.py"),
        ["has_code_changes", "vllm"]
    );
    assert_eq!(
        matched("container/deps/x.txt"),
        ["container", "core", "has_code_changes"]
    );
    for job in &config.pipelines[0].jobs {
        assert!(!job.changes.contains(&"docs".to_owned()));
        assert!(
            !job.changes.is_empty() || !job.needs.is_empty() || !job.labels.is_empty(),
            "{}",
            job.name
        );
    }
}
