//! What files mean.

use super::{jobs, names, of, pipeline, read};
use crate::domain::config::{
    ConfigFile, Filters, RepoConfig, Scope, check_connections, check_outputs, parse, resolve,
};
use crate::domain::pipeline::{BackendSpec, GateSpec, IfAuthor, Pipeline, Publish, Trigger};
use insta::assert_snapshot;

#[test]
fn without_pipelines_one_is_implied() {
    for text in [
        "",
        "enabled: true",
        "pipelines:\n",
        "templates:\n",
        "templates: {a: {workflow: a.yml}}",
    ] {
        assert_eq!(of(text).pipelines, [Pipeline::implied()], "{text:?}");
    }
    assert_eq!(RepoConfig::default().pipelines, [Pipeline::implied()]);
}

#[test]
fn a_small_pipeline_has_every_default() {
    let small = pipeline("pipelines: {p: {on: pull_request, jobs: {a: {workflow: a.yml}}}}");
    assert_eq!(small.on, [Trigger::PullRequest]);
    assert_eq!(
        small.gates,
        [GateSpec {
            name: "backend-status-check".to_owned(),
            jobs: None
        }]
    );
    assert_eq!((small.publish, small.concurrency), (Publish::Check, None));
    assert!(!small.fail_fast && !small.ignore_changes && !small.implied);
    let job = &small.jobs[0];
    assert_eq!((job.name.as_str(), job.key.as_str()), ("a", "a"));
    assert_eq!(job.backend, BackendSpec::Workflow("a.yml".to_owned()));
    assert!(job.required && !job.needs_any && job.needs.is_empty() && job.matrix.is_empty());
    assert_eq!(
        (job.timeout, job.retries, job.if_author),
        (Some(6 * 3600), 0, IfAuthor::Any)
    );
}

#[test]
fn every_key_is_taken_in() {
    let full = pipeline(
        r"
        pipelines:
          p:
            on: {push: main}
            check: 'all / done'
            publish: status
            concurrency: queue
            fail_fast: true
            ignore_changes: true
            jobs:
              a:
                workflow: .github/workflows/a.yml
                labels: [x, 'y: z']
                branches: ['release/*', '!release/0.*']
                if_author: trusted
                required: false
                timeout: 1h30m
                retries: 3
                inputs: {n: 1, yes: true, v: 1.10, t: '-${{sha}}-'}
              b: {check: 'Op / *', app: github-actions, needs: a, needs_any: true}
              c: {dispatch: {repository: o/n, event: go}}
              d: {connection: lab, ref: '${{ branch }}'}
        ",
    );
    let mut bare = full.clone();
    bare.jobs.clear();
    let told = std::iter::once(serde_json::to_string(&bare));
    let told = told.chain(full.jobs.iter().map(serde_json::to_string));
    let told: Vec<String> = told.map(|told| told.expect("JSON")).collect();
    assert_snapshot!(told.join("\n"), @r#"
    {"name":"p","on":[{"push":["main"]}],"gates":[{"name":"all / done","jobs":null}],"publish":"status","concurrency":"queue","fail_fast":true,"ignore_changes":true,"jobs":[],"implied":false}
    {"name":"a","key":"a","matrix":{},"needs":[],"needs_any":false,"changes":[],"labels":["x","y: z"],"branches":["release/*","!release/0.*"],"if_author":"trusted","required":false,"timeout":5400,"retries":3,"inputs":{"n":"1","t":"-${{ sha }}-","v":"1.10","yes":"true"},"backend":{"workflow":"a.yml"}}
    {"name":"b","key":"b","matrix":{},"needs":["a"],"needs_any":true,"changes":[],"labels":[],"branches":[],"if_author":"any","required":true,"timeout":21600,"retries":0,"inputs":{},"backend":{"check":{"pattern":"Op / *","app":"github-actions"}}}
    {"name":"c","key":"c","matrix":{},"needs":[],"needs_any":false,"changes":[],"labels":[],"branches":[],"if_author":"any","required":true,"timeout":21600,"retries":0,"inputs":{},"backend":{"dispatch":{"repository":"o/n","event":"go"}}}
    {"name":"d","key":"d","matrix":{},"needs":[],"needs_any":false,"changes":[],"labels":[],"branches":[],"if_author":"any","required":true,"timeout":21600,"retries":0,"inputs":{},"backend":{"connection":{"name":"lab","reference":"${{ branch }}"}}}
    "#);
}

#[test]
fn triggers_are_one_a_list_or_a_mapping() {
    let on = |on: &str| {
        pipeline(&format!(
            "pipelines: {{p: {{on: {on}, jobs: {{a: {{workflow: a.yml}}}}}}}}"
        ))
        .on
    };
    let push =
        |globs: &[&str]| Trigger::Push(globs.iter().map(|glob| (*glob).to_owned()).collect());
    let schedule = |expr: &str| Trigger::Schedule(expr.to_owned());
    let command = |name: &str| Trigger::Command(name.to_owned());
    assert_eq!(on("merge_group"), [Trigger::MergeGroup]);
    assert_eq!(
        on("[pull_request, merge_group]"),
        [Trigger::PullRequest, Trigger::MergeGroup]
    );
    assert_eq!(on("{push: main}"), [push(&["main"])]);
    assert_eq!(
        on("{push: [main, 'release/*'], pull_request: ~}"),
        [push(&["main", "release/*"]), Trigger::PullRequest]
    );
    assert_eq!(
        on("[pull_request, {command: [e2e, perf]}]"),
        [Trigger::PullRequest, command("e2e"), command("perf")]
    );
    assert_eq!(on("{schedule: '0 2 * * *'}"), [schedule("0 2 * * *")]);
    assert_eq!(
        on("{schedule: ['0 2 * * *', '5 4 * * sun']}"),
        [schedule("0 2 * * *"), schedule("5 4 * * sun")]
    );
}

#[test]
fn the_gate_is_named_or_has_the_pipelines_name() {
    let gates = |rest: &str| {
        let jobs = "jobs: {a: {workflow: a.yml, matrix: {x: [1, 2]}}, b: {workflow: b.yml}}";
        pipeline(&format!("pipelines: {{nightly: {{{rest}, {jobs}}}}}"))
            .gates
            .iter()
            .map(|gate| {
                format!(
                    "{}: {}",
                    gate.name,
                    gate.jobs
                        .as_ref()
                        .map_or("all".to_owned(), |jobs| jobs.join(", "))
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        gates("on: [merge_group, {command: x}]"),
        ["backend-status-check: all"]
    );
    assert_eq!(gates("on: {push: main}"), ["nightly: all"]);
    assert_eq!(gates("on: {command: x}, check: ~"), ["nightly: all"]);
    assert_eq!(
        gates("on: pull_request, check: 'CI / all'"),
        ["CI / all: all"]
    );
    assert_eq!(
        gates("on: pull_request, check: {one: [a, b], two: 'a (2)', three: [a (1), a]}"),
        ["one: a (1), a (2), b", "two: a (2)", "three: a (1), a (2)"]
    );
}

#[test]
fn a_matrix_names_its_jobs_in_the_order_that_is_written() {
    let jobs = jobs(
        "{build: {workflow: b.yml, matrix: {cuda: ['12.9', 13.0], arch: [amd64, arm64], exclude: [{cuda: '12.9', arch: arm64}]}, \
                     inputs: {a: '${{ matrix.arch }}'}}, test: {check: 'Test ${{ matrix.arch }} *', matrix: {arch: [amd64, arm64]}, needs: build}}",
    );
    assert_eq!(
        names(&jobs),
        [
            "build (12.9, amd64)",
            "build (13.0, amd64)",
            "build (13.0, arm64)",
            "test (amd64)",
            "test (arm64)"
        ]
    );
    assert_eq!(
        jobs[2]
            .matrix
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>(),
        ["arch=arm64", "cuda=13.0"]
    );
    assert_eq!(jobs[4].needs, names(&jobs[..3]));
    assert_eq!(
        jobs[4].backend,
        BackendSpec::Check {
            pattern: "Test arm64 *".to_owned(),
            app: None
        }
    );
}

#[test]
fn a_value_of_a_needed_job_is_that_of_the_fitting_variant() {
    let jobs = jobs(
        "{b: {workflow: b.yml, matrix: {x: [1, 2], y: [3, 4]}}, plain: {workflow: p.yml}, \
                     same: {workflow: s.yml, needs: [b, plain], matrix: {y: [3, 4], x: [1, 2]}, inputs: {i: '${{ needs.b.outputs.d }}/${{ needs.plain.result }}'}}, \
                     one: {workflow: o.yml, needs: 'b (1, 4)', inputs: {i: '${{ needs.b.outputs.d }}', j: '${{ needs.b (1, 4).result }}'}}, \
                     part: {workflow: q.yml, needs: ['b (1, 3)', 'b (2, 3)'], matrix: {x: [1, 2]}, inputs: {i: '${{ needs.b.outputs.d }}'}}}",
    );
    let of = |name: &str| {
        let job = jobs
            .iter()
            .find(|job| job.name == name)
            .unwrap_or_else(|| panic!("{name}"));
        job.inputs
            .values()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("same (3, 2)"),
        ["${{ needs.b (2, 3).outputs.d }}/${{ needs.plain.result }}"]
    );
    assert_eq!(
        of("one"),
        [
            "${{ needs.b (1, 4).outputs.d }}",
            "${{ needs.b (1, 4).result }}"
        ]
    );
    assert_eq!(of("part (2)"), ["${{ needs.b (2, 3).outputs.d }}"]);
}

#[test]
fn templates_pipelines_and_jobs_are_laid_over_each_other_key_by_key() {
    let config = of(r"
        templates:
          t: {workflow: t.yml, timeout: 1h, labels: [l], inputs: {a: t, b: t, c: t}}
          u: {extends: t, check: 'X *', app: me}
          v: {extends: t, timeout: ~, inputs: {a: v, c: ~}}
        pipelines:
          second:
            extends: first
            on: {push: main}
            ignore_changes: true
            jobs:
              j: {inputs: {b: second}}
              k: ~
              l: {extends: v}
              m: {labels: ~, workflow: m.yml, inputs: ~}
              n: {extends: ~, workflow: n.yml}
              o: {workflow: o.yml}
          first:
            on: pull_request
            fail_fast: true
            publish: status
            check: own
            jobs:
              j: {extends: t, inputs: {a: first}}
              k: {extends: u, inputs: ~}
              l: {extends: t, retries: 2}
              m: {extends: t}
              n: {extends: t, retries: 1}
        ");
    let second = &config.pipelines[0];
    assert_eq!(
        (second.publish, second.fail_fast, second.ignore_changes),
        (Publish::Status, true, true)
    );
    assert_eq!(second.gates[0].name, "second");
    let told: Vec<String> = second
        .jobs
        .iter()
        .map(|job| {
            let inputs: Vec<String> = job
                .inputs
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let BackendSpec::Workflow(file) = &job.backend else {
                panic!("{job:?}")
            };
            let timeout = job.timeout.unwrap_or_default() / 3600;
            let (labels, retries) = (job.labels.join(","), job.retries);
            format!(
                "{}: {file} {timeout}h [{labels}] {retries} {{{}}}",
                job.name,
                inputs.join(", ")
            )
        })
        .collect();
    assert_snapshot!(told.join("\n"), @r"
    j: t.yml 1h [l] 0 {a=first, b=second, c=t}
    l: t.yml 6h [l] 2 {a=v, b=t}
    m: m.yml 1h [] 0 {}
    n: n.yml 6h [] 1 {}
    o: o.yml 6h [] 0 {}
    ");
    assert_eq!(names(&config.pipelines[1].jobs), ["j", "k", "l", "m", "n"]);
    let app = Some("me".to_owned());
    let pattern = "X *".to_owned();
    assert_eq!(
        config.pipelines[1].jobs[1].backend,
        BackendSpec::Check { pattern, app }
    );
    assert!(!config.pipelines[1].ignore_changes);
}

#[test]
fn the_pipelines_of_an_organisation_are_one_key() {
    let org = |text: &str| {
        parse("acme/.github/x.yaml", text, Scope::Organisation)
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let own = read("filters: {core: a}\npipelines: {own: {on: pull_request, jobs: {a: {workflow: a.yml, changes: core}}}}").expect("valid");
    let pipelines = "templates: {t: {workflow: o.yml, changes: [core]}}\npipelines: {org: {on: pull_request, jobs: {a: {extends: t, connection: lab}}}}";
    let name = |org: &ConfigFile, own: Option<&ConfigFile>| {
        resolve(Some(org), own, None).map(|config| config.pipelines[0].name.clone())
    };
    assert_eq!(name(&org(pipelines), Some(&own)), Ok("own".to_owned()));
    let locked = org(&format!("{pipelines}\nlocked: [pipelines]"));
    assert_eq!(name(&locked, Some(&own)), Ok("org".to_owned()));
    // Its jobs may name filters that only the repository has, and the error points into the organisation's file.
    let error = name(&locked, None).expect_err("no filters");
    let connections =
        check_connections(Some(&locked), Some(&own), &["gitlab"]).expect_err("unknown connection");
    assert_snapshot!(format!("{error}\n{connections}"), @r"
    acme/.github/x.yaml:1:44: job `a` names an unknown filter `core`. Add it under `filters:`
    acme/.github/x.yaml:2:72: job `a` names a connection `lab` that this repository may not use. Connections that this repository may use: gitlab
    ");
    let locked = org("locked: [pipelines]");
    assert_eq!(name(&locked, Some(&own)), Ok("builds".to_owned()));
}

#[test]
fn what_jobs_name_elsewhere_is_checked_with_its_place() {
    let file = read("filters: .github/f.yaml\npipelines:\n  p:\n    on: pull_request\n    jobs:\n      a: {workflow: a.yml, changes: [docs, cor]}\n      \
                     b: {connection: gitlab-mian}\n").expect("valid");
    let filters = Filters::from([
        ("core".to_owned(), vec!["a".to_owned()]),
        ("docs".to_owned(), vec!["b".to_owned()]),
    ]);
    let mut told = vec![resolve(None, Some(&file), Some(&filters)).expect_err("unknown filter")];
    for usable in [&["gitlab-main", "bakery"][..], &[]] {
        told.push(check_connections(None, Some(&file), usable).expect_err("unknown connection"));
    }
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_snapshot!(told.join("\n"), @r"
    .github/drawbridge.yaml:6:44: job `a` names an unknown filter `cor`. Did you mean `core`?
    .github/drawbridge.yaml:7:23: job `b` names a connection `gitlab-mian` that this repository may not use. Did you mean `gitlab-main`?
    .github/drawbridge.yaml:7:23: job `b` names a connection `gitlab-mian` that this repository may not use. This repository may use none: connections are defined by who operates Drawbridge, in its settings
    ");
    assert_eq!(
        check_connections(None, Some(&file), &["gitlab-mian"]),
        Ok(())
    );
    // Without the file of filters nothing is known of them.
    assert!(resolve(None, Some(&file), None).is_ok());
}

#[test]
fn an_output_of_a_connection_that_gives_none_is_refused_where_it_is_taken() {
    let file = read("pipelines:\n  p:\n    on: pull_request\n    jobs:\n      lab: {connection: gitlab, matrix: {x: [1, 2]}}\n      \
                     a: {workflow: a.yml, needs: lab, inputs: {r: '${{ needs.lab (1).result }}'}}\n      \
                     b: {connection: bakery, needs: 'lab (2)', ref: '${{ needs.lab (2).outputs.x }}'}\n").expect("valid");
    assert_eq!(check_outputs(None, Some(&file), &["bakery"]), Ok(()));
    let error = check_outputs(None, Some(&file), &["gitlab"]).expect_err("it gives none");
    assert_snapshot!(error, @".github/drawbridge.yaml:7:54: job `b` takes an output of a job on the connection `gitlab`, which leads to a GitLab, and that gives none. Only jobs with `workflow`, `dispatch` or a `connection` to an HTTP service give outputs");
}

#[test]
fn pipelines_survive_being_stored_as_json() {
    let text = include_str!("../../../../../docs/examples/dynamo/drawbridge.yaml");
    let file = read(text).expect("valid");
    let stored = serde_json::to_string(&file).expect("JSON");
    assert_eq!(
        serde_json::from_str::<ConfigFile>(&stored).expect("JSON"),
        file
    );
    let config = resolve(None, Some(&file), None).expect("valid");
    let stored = serde_json::to_string(&config).expect("JSON");
    assert_eq!(
        serde_json::from_str::<RepoConfig>(&stored).expect("JSON"),
        config
    );
}
