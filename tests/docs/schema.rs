//! The schema for editors says what the parser says, as far as a schema can.

use drawbridge::domain::config::{self, Key, Scope};
use std::collections::BTreeSet;

/// The schema for editors, as it stands in the repository.
pub fn schema() -> jsonschema::Validator {
    let text = include_str!("../../docs/config.schema.json");
    let written: serde_json::Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(
        &written,
        config::schema().as_value(),
        "`cargo run -- schema > docs/config.schema.json` writes it anew"
    );
    jsonschema::draft7::meta::validate(&written).expect("a schema");
    jsonschema::validator_for(&written).expect("a schema")
}

#[test]
fn the_schema_knows_every_key_and_no_other() {
    schema();
    let written = config::schema();
    let keys = |pointer: &str| -> BTreeSet<String> {
        let of = written.as_value().pointer(pointer).expect(pointer);
        of.as_object().expect(pointer).keys().cloned().collect()
    };
    let known = |nested: bool| {
        let names = Key::ALL.into_iter().map(Key::name);
        names.filter_map(move |name| match name.split_once('.') {
            Some((_, leaf)) => nested.then(|| leaf.to_owned()),
            None => (!nested).then(|| name.to_owned()),
        })
    };
    let more = ["templates", "locked"].map(str::to_owned);
    assert_eq!(keys("/properties"), known(false).chain(more).collect());
    assert_eq!(keys("/definitions/Trust/properties"), known(true).collect());
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    assert_eq!(
        keys("/definitions/Pipeline/properties"),
        owned(config::pipeline_keys().collect())
    );
    assert_eq!(
        keys("/definitions/Job/properties"),
        owned(config::job_keys().collect())
    );
}

#[test]
fn an_editor_marks_what_is_no_configuration_before_it_is_pushed() {
    let schema = schema();
    let told = |text: &str| {
        let written: serde_json::Value = serde_saphyr::from_str(text).expect(text);
        schema.validate(&written).map_err(|error| error.to_string())
    };
    for text in [
        "{}",
        "enabled: ~",
        "filters: .github/filters.yml",
        "pipelines: {p: {on: {push: main, pull_request: ~}, jobs: {a: {workflow: a.yml, timeout: 1h30m}}}}",
        "pipelines: {p: {on: [pull_request, {command: go}], extends: q, jobs: {a: ~, b: {matrix: {x: [1, true, y]}}}}}",
    ] {
        assert_eq!(told(text), Ok(()), "{text}");
    }
    for text in [
        "enbled: true",
        "enabled: 'true'",
        "additional_vetters: bob",
        "trust: {always_vt: []}",
        "filters: src",
        "filters: {a: {added: x}}",
        "pipelines: {p: {jobs: {a: {workflow: a.yml}}}}",
        "pipelines: {p: {on: push, jobs: {a: {workflow: a.yml}}}}",
        "pipelines: {p: {on: pull_requests, jobs: {a: {workflow: a.yml}}}}",
        "pipelines: {p: {on: pull_request, jobs: {a: {runs-on: ubuntu}}}}",
        "pipelines: {p: {on: pull_request, jobs: {a: {workflow: a.yml, retries: 11}}}}",
        "pipelines: {p: {on: pull_request, jobs: {a: {workflow: a.yml, timeout: 1d}}}}",
        "pipelines: {p: {on: pull_request, jobs: {a: {workflow: a.yml, matrix: {include: [{x: 1}]}}}}}",
        "pipelines: {p: {on: pull_request, jobs: {a: {dispatch: {event: x}}}}}",
        "pipelines: {p: {on: pull_request, jobs: {'a b': {workflow: a.yml}}}}",
        "pipelines: {p: {on: pull_request, publish: comment, jobs: {a: {workflow: a.yml}}}}",
    ] {
        let parsed = config::parse(config::PATHS[0], text, Scope::Repository);
        assert!(parsed.is_err(), "the server takes {text}");
        assert!(told(text).is_err(), "{text}");
    }
}
