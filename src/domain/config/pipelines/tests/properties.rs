//! What holds for every file.

use super::read;
use crate::domain::config::{ConfigFile, Filters, RepoConfig, resolve};
use crate::domain::pipeline::{Pipeline, Value};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    jsonschema::validator_for(crate::domain::config::schema().as_value()).expect("a schema")
});

/// Names of which many mean something, and some don't.
fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "a", "b", "c", "a (1)", "~"])
}

fn names() -> impl Strategy<Value = String> {
    prop::collection::vec(name(), 0..3).prop_map(|names| format!("[{}]", names.join(", ")))
}

/// An entry of a job, right or wrong.
fn entry() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => prop::sample::select(vec![
            "check: 'x ${{ matrix.x }}'", "connection: lab", "dispatch: {repository: a/b, event: e}", "app: z", "ref: r",
            "timeout: 1h", "timeout: 1d", "retries: 2", "required: false", "needs_any: true", "changes: core", "if: x",
            "labels: [l]", "branches: ['!m']", "if_author: any", "inputs: ~", "workflow: ~",
        ]).prop_map(str::to_owned),
        3 => names().prop_map(|names| format!("needs: {names}")),
        2 => prop::sample::select(vec!["{x: [1, 2]}", "{x: [1], y: [2, 3]}", "{x: [1, 2], exclude: [{x: 1}]}", "{}", "~"])
            .prop_map(|matrix| format!("matrix: {matrix}")),
        1 => name().prop_map(|name| format!("extends: {name}")),
        2 => (name(), prop::sample::select(vec!["sha", "matrix.x", "needs.@.outputs.o", "needs.@.result", "no"]))
            .prop_map(|(name, value)| format!("inputs: {{i: '${{{{ {} }}}}'}}", value.replace('@', name))),
    ]
}

fn job() -> impl Strategy<Value = String> {
    let entries = prop::collection::vec(entry(), 0..3).prop_map(|entries| {
        // One entry of each key, as YAML wants it.
        let mut keys = BTreeSet::new();
        let first = |entry: &String| entry.split(':').next().map(str::to_owned);
        let entries = std::iter::once("workflow: w.yml".to_owned()).chain(entries);
        let kept = entries.filter(|entry| keys.insert(first(entry)));
        format!("{{{}}}", kept.collect::<Vec<_>>().join(", "))
    });
    prop_oneof![12 => entries, 1 => Just("~".to_owned()), 1 => entry().prop_map(|entry| format!("{{{entry}}}"))]
}

fn mapping(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c"]), values, 0..4).prop_map(
        |entries| {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            format!("{{{}}}", entries.join(", "))
        },
    )
}

fn file() -> impl Strategy<Value = String> {
    let on = prop::sample::select(vec![
        "pull_request",
        "{push: a}",
        "[merge_group, {command: go}]",
        "{schedule: '0 * * * *'}",
    ]);
    let check = prop_oneof![
        4 => Just("~".to_owned()),
        1 => Just("g".to_owned()),
        1 => names().prop_map(|names| format!("{{g: {names}}}")),
    ];
    let extends = prop::sample::select(vec!["~", "~", "~", "~", "a", "b"]);
    let pipeline = (on, check, extends, mapping(job())).prop_map(|(on, check, extends, jobs)| {
        format!("{{on: {on}, check: {check}, extends: {extends}, jobs: {jobs}}}")
    });
    let templates = prop_oneof![
        3 => Just("{a: {workflow: a.yml}, b: {extends: a, matrix: {x: [1, 2]}}, c: {}}".to_owned()),
        1 => mapping(job()),
    ];
    (templates, mapping(pipeline)).prop_map(|(templates, pipelines)| {
        format!("templates: {templates}\npipelines: {pipelines}")
    })
}

fn is_sound(pipeline: &Pipeline) -> Result<(), TestCaseError> {
    let names: BTreeSet<&str> = pipeline.jobs.iter().map(|job| job.name.as_str()).collect();
    prop_assert!(
        !pipeline.on.is_empty() && !pipeline.gates.is_empty() && !pipeline.jobs.is_empty()
    );
    prop_assert_eq!(names.len(), pipeline.jobs.len());
    for gate in &pipeline.gates {
        for job in gate.jobs.iter().flatten() {
            prop_assert!(names.contains(job.as_str()));
        }
    }
    let mut done = BTreeSet::new();
    while done.len() < names.len() {
        let ready = pipeline.jobs.iter().filter(|job| {
            !done.contains(job.name.as_str())
                && job.needs.iter().all(|need| done.contains(need.as_str()))
        });
        let ready: Vec<&str> = ready.map(|job| job.name.as_str()).collect();
        prop_assert!(!ready.is_empty(), "a cycle, or a need that does not exist");
        done.extend(ready);
    }
    for job in &pipeline.jobs {
        for value in job.inputs.values().flat_map(|template| template.values()) {
            match value {
                Value::Matrix(key) => prop_assert!(job.matrix.contains_key(key)),
                Value::Output { job: of, .. } | Value::Result(of) => {
                    prop_assert!(job.needs.contains(of))
                }
                _ => {}
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_accepted_can_be_run_as_it_is(text in file()) {
        match read(&text) {
            Err(error) => {
                prop_assert!(!error.message.is_empty() && error.line.is_some(), "{text}");
            }
            Ok(file) => {
                let written: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
                let told = SCHEMA.validate(&written).map_err(|error| error.to_string());
                prop_assert_eq!(told, Ok(()), "{}", text);
                let stored = serde_json::to_string(&file).expect("JSON");
                prop_assert_eq!(&serde_json::from_str::<ConfigFile>(&stored).expect("JSON"), &file);
                let core = Filters::from([("core".to_owned(), vec!["a".to_owned()])]);
                for filters in [Filters::new(), core] {
                    let _ = resolve(None, Some(&file), Some(&filters));
                }
                for pipeline in file.pipelines.iter().flat_map(|file| &file.pipelines) {
                    is_sound(pipeline)?;
                    let stored = serde_json::to_string(pipeline).expect("JSON");
                    prop_assert_eq!(&serde_json::from_str::<Pipeline>(&stored).expect("JSON"), pipeline);
                }
            }
        }
    }

    #[test]
    fn any_mixture_of_words_is_read_or_refused(pieces in prop::collection::vec(prop::sample::select(vec![
        "pipelines: ", "templates: ", "p: ", "on: ", "pull_request", "push", "jobs: ", "a: ", "needs: ", "matrix: ", "exclude: ",
        "check: ", "extends: ", "inputs: ", "workflow: ", "w.yml", "[", "]", "{", "}", ", ", "\n", "  ", "    ", "- ", "~",
        "'${{ sha }}'", "1", "true", "&x ", "*x", "<<: ",
    ]), 0..40)) {
        if let Ok(file) = read(&pieces.concat()) {
            let _ = resolve(None, Some(&file), None);
        }
    }
}

#[test]
fn many_of_the_random_files_are_accepted() {
    // Otherwise the property above would say little.
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let accepted = (0..2_000).filter(|_| {
        let text = file().new_tree(&mut runner).expect("a file").current();
        read(&text).is_ok_and(|file| {
            let config: Option<RepoConfig> = resolve(None, Some(&file), None).ok();
            file.pipelines.is_some() && config.is_some()
        })
    });
    assert!(accepted.count() >= 20);
}
