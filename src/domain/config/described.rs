//! The keys of the configuration in words, as its schema describes them.

use super::schema;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, VecDeque};

/// The line with which editors find the schema that is served there.
pub fn line_for_editors(schema: &str) -> String {
    format!("# yaml-language-server: $schema={schema}")
}

/// A mapping, and its keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Where it may stand, such as `pipelines.<name>`; nothing: it is the whole file.
    pub at: Vec<String>,
    /// What it is.
    pub about: String,
    /// Its keys, each with what it means.
    pub keys: Vec<(String, String)>,
}

/// All mappings, those further out first.
pub fn described() -> Vec<Mapping> {
    let root = schema().to_value();
    let mut all = vec![mapping(&root)];
    let mut known: Vec<&str> = Vec::new();
    let mut plain: BTreeSet<&str> = BTreeSet::new();
    let mut ahead: VecDeque<(String, &Value)> = keys_of(&root)
        .map(|(key, value)| (key.clone(), value))
        .collect();
    while let Some((at, value)) = ahead.pop_front() {
        for (named, at) in named_in(value, at) {
            let Some(definition) = root["definitions"].get(named) else {
                continue;
            };
            if let Some(before) = known.iter().position(|known| *known == named) {
                all[before + 1].at.push(at);
                continue;
            }
            match keys_of(definition).next() {
                Some(_) => {
                    known.push(named);
                    let mut found = mapping(definition);
                    found.at.push(at.clone());
                    all.push(found);
                    let keys = keys_of(definition);
                    ahead.extend(keys.map(|(key, value)| (format!("{at}.{key}"), value)));
                }
                // (A list of lists holds itself.)
                None if plain.insert(named) => ahead.push_back((at, definition)),
                None => {}
            }
        }
    }
    for one in &mut all {
        one.at.dedup();
    }
    all
}

/// What is named in a value that stands at `at`, and where that stands.
fn named_in(value: &Value, at: String) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    match value {
        Value::Object(map) => {
            if let Some(named) = map.get("$ref").and_then(Value::as_str) {
                found.extend(
                    named
                        .strip_prefix("#/definitions/")
                        .map(|named| (named, at.clone())),
                );
            }
            for (word, inner) in map {
                let at = match word.as_str() {
                    "patternProperties" | "additionalProperties" => format!("{at}.<name>"),
                    _ => at.clone(),
                };
                found.extend(named_in(inner, at));
            }
        }
        Value::Array(values) => {
            for inner in values {
                found.extend(named_in(inner, at.clone()));
            }
        }
        _ => {}
    }
    found
}

fn mapping(value: &Value) -> Mapping {
    Mapping {
        at: Vec::new(),
        about: about(value),
        keys: keys_of(value)
            .map(|(key, value)| (key.clone(), about(value)))
            .collect(),
    }
}

fn keys_of(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let keys = value.get("properties").and_then(Value::as_object);
    keys.into_iter().flat_map(Map::iter)
}

fn about(value: &Value) -> String {
    let words = value["description"].as_str().unwrap_or_default();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_schema_is_described_where_it_may_stand() {
        let all = described();
        let places = |key: &str| {
            let of_key = all
                .iter()
                .filter(|one| one.keys.iter().any(|(name, _)| name == key));
            of_key.flat_map(|one| one.at.clone()).collect::<Vec<_>>()
        };
        assert!(
            all[0]
                .keys
                .iter()
                .any(|(key, about)| key == "enabled" && about.contains("nothing happens"))
        );
        assert_eq!(places("require_verified_commits"), ["trust"]);
        assert_eq!(places("fail_fast"), ["pipelines.<name>"]);
        assert_eq!(
            places("needs"),
            ["templates.<name>", "pipelines.<name>.jobs.<name>"]
        );
        let schema = schema().to_value();
        let mut defined = vec![&schema];
        defined.extend(schema["definitions"].as_object().unwrap().values());
        let with_keys = defined.iter().filter(|one| keys_of(one).next().is_some());
        assert_eq!(with_keys.count(), all.len());
        for one in &all {
            assert!(!one.about.is_empty(), "{:?}", one.at);
            for (key, about) in &one.keys {
                assert!(!about.is_empty() && !about.contains('\n'), "{key}");
            }
        }
    }
}
