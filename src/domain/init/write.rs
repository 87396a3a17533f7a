//! Foreign texts in YAML: quoted so that they are that text and nothing else, or left out.

use crate::domain::printable::{is_deceptive, printable};

/// The longest text that is taken over, in characters.
const LONGEST: usize = 200;

/// How much of a text is shown in a comment.
const SHOWN: usize = 100;

/// Words that YAML takes for something else than a text.
const WORDS: [&str; 10] = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan",
];

/// A text as a scalar of one line; `None`: it has what can't be seen, is empty, or is too long.
pub(super) fn scalar(text: &str) -> Option<String> {
    let usable = !text.is_empty()
        && text.chars().count() <= LONGEST
        && !text.chars().any(|c| is_deceptive(c) || c == '\t');
    usable.then(|| match is_plain(text) {
        true => text.to_owned(),
        // "Single-quoted style" (YAML 1.2.2, 7.3.2): nothing but the quote itself has a meaning there.
        false => format!("'{}'", text.replace('\'', "''")),
    })
}

fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// A text within a comment: one line, whatever it is.
pub(super) fn remark(text: &str) -> String {
    printable(text, SHOWN)
}

/// A text as the name of a job or filter; empty if nothing of it can be one.
pub(super) fn name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
        if name.len() == 40 {
            break;
        }
    }
    name.trim_end_matches('-').to_owned()
}

/// A name that `taken` does not know.
pub(super) fn unused(wanted: String, taken: impl Fn(&str) -> bool) -> String {
    let mut name = wanted.clone();
    let mut n = 2;
    while taken(&name) {
        name = format!("{wanted}-{n}");
        n += 1;
    }
    name
}

/// Each line as a comment.
pub(super) fn commented(block: &str) -> String {
    block
        .lines()
        .map(|line| match line {
            "" => "#\n".to_owned(),
            line => format!("# {line}\n"),
        })
        .collect()
}
