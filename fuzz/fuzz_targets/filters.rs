//! Filters: what a set of patterns means follows from its patterns one by one, and a pattern never means more than it says.
//!
//! Input: lines; the first is a path, the others are patterns.
#![no_main]

use drawbridge::domain::config::{Filters, parse_filters};
use drawbridge::domain::filter::{ChangedFile, Filter, PathSet, touched, uncovered};
use drawbridge::domain::run::Changed;
use libfuzzer_sys::fuzz_target;

fn alone(pattern: &str) -> Option<PathSet> {
    PathSet::new([pattern]).ok()
}

/// A pattern for exactly this path.
fn literally(path: &str) -> String {
    let literal = |c: char| match c.is_ascii_punctuation() && c != '/' {
        true => format!("\\{c}"),
        false => c.to_string(),
    };
    path.chars().map(literal).collect()
}

fn one(path: &str, pattern: &str) {
    let Ok(set) = PathSet::new([pattern]) else {
        return;
    };
    if !pattern.contains("/") && !pattern.contains("**") && !pattern.starts_with('!') {
        assert!(
            !(path.contains('/') && set.matches(path)),
            "{pattern:?} leaves its segment in {path:?}"
        );
    }
    match pattern.strip_prefix('!') {
        // Of a pattern that matches everything but something, the opposite is that.
        Some(positive) => {
            let positive = alone(positive).expect("what can be excluded can be included");
            assert_eq!(set.matches(path), !positive.matches(path));
        }
        None => {
            if let Some(negative) = alone(&format!("!{pattern}")) {
                assert_eq!(set.matches(path), !negative.matches(path));
            }
        }
    }
}

fn together(path: &str, patterns: &[&str]) {
    let Ok(set) = PathSet::new(patterns) else {
        return;
    };
    let sets: Vec<(bool, PathSet)> = patterns
        .iter()
        .map(|pattern| {
            (
                pattern.starts_with('!') && !pattern.starts_with("!("),
                alone(pattern).unwrap(),
            )
        })
        .collect();
    let (excluding, including): (Vec<_>, Vec<_>) = sets.iter().partition(|(negative, _)| *negative);
    let included = match including.is_empty() {
        true => !excluding.is_empty(),
        false => including.iter().any(|(_, set)| set.matches(path)),
    };
    let expected = included && excluding.iter().all(|(_, set)| set.matches(path));
    assert_eq!(set.matches(path), expected, "{patterns:?} of {path:?}");

    let reversed = PathSet::new(patterns.iter().rev()).unwrap();
    assert_eq!(reversed.matches(path), expected, "the order counts");
}

fn as_a_configuration(path: &str, patterns: &[&str]) {
    // JSON is YAML.
    let text = serde_json::json!({ "named": patterns }).to_string();
    let Ok(filters) = parse_filters("filters.yaml", &text) else {
        return;
    };
    assert_eq!(
        filters,
        Filters::from([(
            "named".to_owned(),
            patterns.iter().map(|p| (*p).to_owned()).collect()
        )])
    );
    let compiled = Filter::all(&filters).expect("what was accepted compiles");
    let matches = compiled[0].matches(path);
    let away = ChangedFile {
        path: "elsewhere".into(),
        previous: Some(path.into()),
    };
    let here = ChangedFile {
        path: path.into(),
        previous: None,
    };
    let Changed::Filters(names) = touched(&filters, std::slice::from_ref(&here)) else {
        panic!("what was accepted compiles");
    };
    assert_eq!(names.contains("named"), matches);
    assert_eq!(
        uncovered(&compiled, &[here.clone(), here]).is_empty(),
        matches
    );
    // A file that was moved away touches what it was in.
    assert!(!matches || compiled[0].touched_by(&[away]).is_some());
}

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let path = lines.next().unwrap_or_default();
    let patterns: Vec<&str> = lines.take(50).collect();
    for pattern in &patterns {
        one(path, pattern);
    }
    together(path, &patterns);
    as_a_configuration(path, &patterns);

    let of_git =
        !path.is_empty() && !path.starts_with('/') && !path.ends_with('/') && !path.contains("//");
    if of_git && !path.starts_with("./") && literally(path).chars().count() <= 500 {
        let set = PathSet::new([literally(path)]).unwrap_or_else(|error| panic!("{error}"));
        assert!(set.matches(path), "{path:?} is not {:?}", literally(path));
        assert!(!set.matches(&format!("{path}x")) && !set.matches(&format!("x{path}")));
    }

    // A file of filters, as it was written by anybody.
    if let Ok(filters) = parse_filters("filters.yaml", text) {
        Filter::all(&filters).expect("what was accepted compiles");
    }
});
