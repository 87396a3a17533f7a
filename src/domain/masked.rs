//! Payloads with what looks like a secret taken out. Few may look at them, and still: pages are copied into issues, and disks into
//! backups.
//!
//! What can't be told is taken out as a whole: a text in which a secret is, is not shown in part.

use aho_corasick::AhoCorasick;
use std::borrow::Cow;
use std::sync::LazyLock;

/// A key with one of these in its name has a secret as its value.
const KEYS: [&str; 11] = [
    "secret",
    "token",
    "password",
    "passwd",
    "authorization",
    "private_key",
    "privatekey",
    "api_key",
    "apikey",
    "credential",
    "cookie",
];

/// What secrets begin with, or what stands before them; in lower case.
const MARKS: [&str; 21] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "glptt-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "x-access-token",
    "bearer ",
    "-----begin",
    "sk_live_",
    "rk_live_",
    "hooks.slack.com/services/",
    // A JWT: `{"` in base64.
    "eyj",
];

/// What one of `words` is in, in any case of its letters.
fn any_of<'a>(words: impl IntoIterator<Item = &'a str>) -> AhoCorasick {
    let words = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(words);
    words.expect("a few short words fit into an automaton")
}

/// A text without any of these is no secret, unless it is an address with a password.
static HINTS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    any_of(
        KEYS.into_iter()
            .chain(MARKS)
            .chain(MAYBE.map(|(mark, _)| mark)),
    )
});
static NAMES: LazyLock<AhoCorasick> = LazyLock::new(|| any_of(KEYS));

type IsSecret = fn(&str) -> bool;

/// What stands before secrets and before other things too, and whether a secret is what follows; in lower case.
const MAYBE: [(&str, IsSecret); 4] = [
    ("basic ", |behind| {
        let word = behind.trim_start();
        let word = &word[..run(word, |c| c.is_ascii_alphanumeric() || "+/=_-".contains(c))];
        // A word of a language has neither digits nor capitals within it.
        let odd = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "+/=".contains(c);
        word.len() >= 8 && word.chars().skip(1).any(odd)
    }),
    ("npm_", |behind| {
        run(behind, |c| c.is_ascii_alphanumeric()) >= 20
    }),
    // Keys of Amazon are written in capitals.
    ("akia", is_rest_of_key),
    ("asia", is_rest_of_key),
];

fn is_rest_of_key(behind: &str) -> bool {
    run(behind, |c| c.is_ascii_uppercase() || c.is_ascii_digit()) >= 16
}

/// So many bytes a text begins with, all of them such characters; of more than 100 no more is looked at.
fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.bytes()
        .take(100)
        .take_while(|byte| is(char::from(*byte)))
        .count()
}

/// A longer text names nothing.
const LONGEST_NAME: usize = 100;

const HIDDEN: &str = "…";
/// Stands for a number: JSON stays JSON.
const HIDDEN_NUMBER: char = '0';

/// Takes out what looks like a secret.
pub(crate) fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut value = Value::Shown;
    // JSON: texts stand between quotes. A text that is cut off has no end.
    for (at, piece) in quotes(text).into_iter().enumerate() {
        if at % 2 == 0 {
            let between;
            (value, between) = value.past(piece);
            // A payload that is no JSON has its secrets here.
            shown.push_str(if looks_secret(piece) {
                HIDDEN
            } else {
                &between
            });
            continue;
        }
        let meant = meant_by(piece);
        let written = matches!(meant, Cow::Owned(_)) && looks_secret(piece);
        let hidden = value.is_hidden() || written || looks_secret(&meant);
        shown.push('"');
        shown.push_str(if hidden { HIDDEN } else { piece });
        shown.push('"');
        if value == Value::Shown && names_secret(&meant) {
            value = Value::AfterKey;
        }
    }
    shown
}

/// What the text between two quotes says.
fn meant_by(piece: &str) -> Cow<'_, str> {
    if !piece.contains('\\') {
        return Cow::Borrowed(piece);
    }
    let meant = serde_json::from_str(&format!("\"{piece}\""));
    meant.map_or(Cow::Borrowed(piece), Cow::Owned)
}

/// Whether the next text is the value of a key that is called like a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Shown,
    /// Such a name was read; a colon makes it a key.
    AfterKey,
    /// The value, or the first of a list or object of them.
    Next,
    /// In a list or an object of them, so many deep.
    Within(usize),
}

impl Value {
    fn is_hidden(self) -> bool {
        matches!(self, Self::Next | Self::Within(_))
    }

    /// Reads on over what stands between two texts, and says what is shown of that.
    fn past(self, between: &str) -> (Self, Cow<'_, str>) {
        // What is shown, and what followed a name as its whole value, asks for nothing.
        if matches!(self, Self::Shown | Self::Next) {
            return (Self::Shown, Cow::Borrowed(between));
        }
        let mut shown = String::with_capacity(between.len());
        let mut in_number = false;
        let mut value = self;
        for c in between.chars() {
            let begins = value.is_hidden() && (c.is_ascii_digit() || c == '-');
            let goes_on = in_number && (c.is_ascii_digit() || "+-.eE".contains(c));
            match (begins, goes_on) {
                (_, true) => {}
                (true, false) => shown.push(HIDDEN_NUMBER),
                (false, false) => shown.push(c),
            }
            in_number = begins || goes_on;
            value = match (value, c) {
                (Self::AfterKey, ':') => Self::Next,
                (Self::AfterKey, c) if !c.is_whitespace() => Self::Shown,
                (Self::Next, '[' | '{') => Self::Within(1),
                (Self::Next, c) if !c.is_whitespace() => Self::Shown,
                (Self::Within(depth), '[' | '{') => Self::Within(depth + 1),
                (Self::Within(1), ']' | '}') => Self::Shown,
                (Self::Within(depth), ']' | '}') => Self::Within(depth - 1),
                (value, _) => value,
            };
        }
        (value, Cow::Owned(shown))
    }
}

fn names_secret(key: &str) -> bool {
    // No letter is shorter than a third of itself in lower case.
    if key.len() > 3 * LONGEST_NAME {
        return false;
    }
    let key = key.to_lowercase();
    if key.len() > LONGEST_NAME {
        return false;
    }
    key == "key" || key.ends_with("_key") || key.ends_with("-key") || NAMES.is_match(&key)
}

/// Whether a secret seems to stand in a text: a mark of one, a name with `=` or `:` behind it, or an address with a password.
fn looks_secret(written: &str) -> bool {
    has_password(written) || (HINTS.is_match(written) && tells_secret(written))
}

fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let host = rest.split(['/', '?', '#', ' ', '"', '\n']).next();
        host.is_some_and(|host| host.contains('@'))
    })
}

fn tells_secret(written: &str) -> bool {
    // Of ASCII alone, so that places are the same in both.
    let text = written.to_ascii_lowercase();
    MARKS.iter().any(|mark| text.contains(mark))
        || MAYBE.iter().any(|(mark, is_secret)| {
            let mut found = text.match_indices(mark);
            found.any(|(at, _)| is_secret(&written[at + mark.len()..]))
        })
        || KEYS.iter().any(|key| is_given(&text, key))
}

/// Whether a name with `key` in it has `=` or `:` behind it, perhaps as addresses write them. Each character is looked at once, however
/// often the key is there: strangers write these texts.
fn is_given(text: &str, key: &str) -> bool {
    let mut seen = 0;
    text.match_indices(key).any(|(at, _)| {
        let from = at + key.len();
        // Still in the name of which the end was looked at.
        if from <= seen {
            return false;
        }
        let behind = text[from..]
            .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-".contains(c));
        seen = text.len() - behind.len();
        let behind = past_any(behind, &["\"", "'", "\\", "%22", "%27", "%5c"]);
        let behind = past_any(behind.trim_start(), &["%20", "+"]);
        let signs = ["=", ":", "%3d", "%3a", "%253d", "%253a"];
        signs.iter().any(|sign| behind.starts_with(sign))
    })
}

/// Reads on over these.
fn past_any<'a>(mut text: &'a str, these: &[&str]) -> &'a str {
    while let Some(rest) = these.iter().find_map(|one| text.strip_prefix(one)) {
        text = rest;
    }
    text
}

/// The pieces between unescaped quotes; every second one is a text.
fn quotes(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '"' && !escaped {
            pieces.push(&text[begin..at]);
            begin = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    pieces.push(&text[begin..]);
    pieces
}

#[cfg(test)]
mod tests;
