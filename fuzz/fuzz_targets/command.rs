//! Comments: any text gives a few short lines, and what stands in a quote, in code or in an HTML comment gives none.
//!
//! Input: a comment.
#![no_main]

use drawbridge::domain::command::{
    Invocation, LONGEST_LINE, Line, MOST_LINES, TABLE, extract, parse,
};
use libfuzzer_sys::fuzz_target;

/// Each line with something before it.
fn behind(prefix: &str, body: &str) -> String {
    let lines = body.split(['\n', '\r']);
    lines.map(|line| format!("{prefix}{line}\n")).collect()
}

fn looks_like(line: &Line, body: &str) {
    let text = line.text.trim_end_matches('…');
    assert!(body.contains(text), "{text:?} stands nowhere");
    assert!(line.text.chars().count() <= LONGEST_LINE);
    assert!(line.suspicious || line.text.starts_with('/'));
    assert!(!line.text.contains(['\n', '\r']));
}

fn means_the_same_in_other_words(text: &str, means: &Invocation) {
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(parse(&words.join(" ")), *means);
    assert_eq!(parse(&format!("\t{}  ", words.join(" \t "))), *means);
    let stored = serde_json::to_vec(means).unwrap();
    assert_eq!(
        serde_json::from_slice::<Invocation>(&stored).unwrap(),
        *means
    );

    let kind = |means: &Invocation| std::mem::discriminant(means);
    assert_eq!(kind(&parse(&text.to_ascii_uppercase())), kind(means));
    match means {
        Invocation::OkToTest { sha: Ok(Some(sha)) } => {
            assert!((7..=64).contains(&sha.len()));
            assert!(
                words.last().unwrap().eq_ignore_ascii_case(sha.as_str()),
                "another SHA"
            );
            let full =
                |length: usize| format!("{sha}{}", "0".repeat(length.saturating_sub(sha.len())));
            assert_eq!(sha.names(&full(40)), sha.len() <= 40);
            assert!(sha.names(&full(64)) && !sha.names(&full(65)));
        }
        Invocation::Unknown { word, nearest } => {
            // Escaped, a character takes up to ten.
            assert!(word.chars().count() <= 10 * 80 + 1);
            assert!(nearest.is_none_or(|name| TABLE.iter().any(|spec| spec.name == name)));
        }
        _ => assert!(words[0].starts_with('/')),
    }
}

fuzz_target!(|body: &str| {
    let lines = extract(body);
    assert!(lines.len() <= MOST_LINES);
    for line in &lines {
        looks_like(line, body);
        let stored = serde_json::to_vec(line).unwrap();
        assert_eq!(serde_json::from_slice::<Line>(&stored).unwrap(), *line);
        means_the_same_in_other_words(&line.text, &parse(&line.text));
        line.invocation();
    }
    means_the_same_in_other_words(body, &parse(body));

    let none = |hidden: String| assert_eq!(extract(&hidden), [], "{hidden:?}");
    none(behind("> ", body));
    none(behind("    ", body));
    for mark in ["`", "~"] {
        // No run of the mark in the comment is as long.
        let fence = mark.repeat(body.matches(mark).count().max(2) + 1);
        none(format!("{fence}\n{body}\n{fence}\n"));
    }
    none(format!("<!--\n{}\n-->", body.replace("-->", "")));
    none(format!("<pre>\n{}\n</pre>", body.replace('<', "")));
});
