//! Whatever stands in workflows, the suggestion is valid.

use super::{understood, with_example};
use crate::domain::config::RepoConfig;
use crate::domain::init::{Place, Reading, named_filter_files, read, suggest};
use proptest::prelude::*;

/// Texts that mean something to YAML, to patterns or to us.
fn nasty() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "",
        "a",
        "src/**",
        "!**/*.md",
        "'",
        "\"",
        "\n",
        "\t",
        ": ",
        " #",
        "- ",
        "*",
        "&a",
        "!",
        "%",
        "@",
        "`",
        "|",
        ">",
        "{",
        "}",
        "[",
        "]",
        ",",
        "${{ sha }}",
        "true",
        "null",
        "~",
        "7",
        "0x1",
        ".",
        "..",
        "é",
        "\u{202e}",
        "\u{85}",
        "\u{feff}",
        "\u{fffe}",
        "\\",
        "pull-request/",
        "build",
        "ci",
        "x.yml",
        "--- ",
        "...",
        "enabled: false",
    ]);
    prop_oneof![
        prop::collection::vec(words, 0..5).prop_map(|words| words.concat()),
        any::<String>(),
    ]
}

fn workflow() -> impl Strategy<Value = String> {
    let texts = || prop::collection::vec(nasty(), 0..4);
    let filters = prop_oneof![
        nasty(),
        prop::collection::btree_map(nasty(), texts(), 0..3)
            .prop_map(|map| serde_json::to_string(&map).expect("JSON is YAML")),
    ];
    let inputs = prop::collection::btree_map(nasty(), (any::<bool>(), nasty()), 0..3);
    (nasty(), texts(), texts(), inputs, filters, any::<[bool; 4]>()).prop_map(
        |(name, branches, paths, inputs, filters, has)| {
            let mut on = serde_json::Map::new();
            if has[0] {
                let mut push = serde_json::json!({ "paths": paths });
                if has[1] {
                    push["branches"] = serde_json::json!(branches);
                }
                on.insert("push".to_owned(), push);
            }
            if has[2] {
                let inputs: serde_json::Map<_, _> = inputs
                    .into_iter()
                    .map(|(name, (required, default))| {
                        (name, serde_json::json!({ "required": required, "default": default }))
                    })
                    .collect();
                on.insert("workflow_dispatch".to_owned(), serde_json::json!({ "inputs": inputs }));
            }
            let step = serde_json::json!({ "uses": "dorny/paths-filter@v3", "with": { "filters": filters } });
            let steps = if has[3] { vec![step] } else { Vec::new() };
            serde_json::json!({ "name": name, "on": on, "jobs": { "a": { "steps": steps } } }).to_string()
        },
    )
}

proptest! {
    #[test]
    fn whatever_the_workflows_say_the_suggestion_is_valid_and_so_is_its_example(
        texts in prop::collection::vec((nasty(), prop_oneof![workflow(), nasty()]), 0..6),
        schema in prop::option::of(Just("https://example.com/schema/config.json".to_owned())),
        file in nasty(),
    ) {
        let readings: Vec<Reading> = texts.iter().map(|(file, text)| read(file, text)).collect();
        let filter_files = named_filter_files(&readings)
            .into_iter()
            .map(|path| (path, file.clone()))
            .collect();
        let place = Place { schema, filter_files, more: texts.len() };
        let suggestion = suggest(&readings, &place);
        let config = understood(&suggestion.file, &place);
        prop_assert!(config.enabled, "{}", suggestion.file);
        let expected = RepoConfig {
            enabled: true,
            filters: config.filters.clone(),
            filters_path: config.filters_path.clone(),
            ..RepoConfig::default()
        };
        prop_assert_eq!(&config, &expected);
        if let Some(example) = with_example(&suggestion.file) {
            let config = understood(&example, &place);
            prop_assert_eq!(config.pipelines.len(), 1);
        }
        prop_assert_eq!(suggest(&readings, &place), suggestion);
    }
}
