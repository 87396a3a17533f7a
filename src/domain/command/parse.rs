//! One line to what it asks for.

use super::table::{Command, CommandSpec, TABLE};
use crate::domain::printable::printable;
use crate::domain::similar::{edits, nearest};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The fewest hex digits that name a commit: what GitHub itself shows as a short SHA.
const SHORTEST_SHA: usize = 7;

/// The digits of a full SHA-1 and a full SHA-256 commit name.
const FULL_SHA: [usize; 2] = [40, 64];

/// How much of what was typed is kept for showing it again, in characters.
const SHOWN: usize = 80;

/// A [`CommandSpec::name`]. An alias, because serde's derive takes a `'static` that it can see for one to borrow from
/// the input.
pub type CommandName = &'static str;

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invocation {
    /// `/ok to test`, with the SHA it names, or without one, or with something that is no SHA.
    OkToTest {
        /// What followed the command.
        sha: Result<Option<ShaPrefix>, BadSha>,
    },
    /// `/retest`
    Retest {
        /// What followed: names of jobs, or nothing.
        rest: String,
    },
    /// `/test`
    Test {
        /// What followed: names of jobs.
        rest: String,
    },
    /// `/skip`
    Skip {
        /// What followed: names of jobs and then a reason.
        rest: String,
    },
    /// `/cancel`
    Cancel,
    /// `/sync`
    Sync,
    /// `/status`
    Status,
    /// `/help`
    Help,
    /// `/drawbridge init`
    Init,
    /// Nothing in the table. Perhaps for another bot, perhaps no command at all.
    Unknown {
        /// The first word, cut and escaped for showing.
        word: String,
        /// The command that was probably meant, as [`CommandSpec::name`]. `None` where answering would be noise.
        #[serde(deserialize_with = "name_of_a_command")]
        nearest: Option<CommandName>,
    },
}

/// The first 7 to 64 hex digits of a commit's name, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShaPrefix(String);

impl ShaPrefix {
    /// Checks and lower-cases what somebody typed as a SHA.
    pub fn new(text: &str) -> Result<Self, BadSha> {
        let shown = || printable(text, SHOWN);
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(BadSha::NotHex { text: shown() });
        }
        match text.len() {
            ..SHORTEST_SHA => Err(BadSha::TooShort { text: shown() }),
            SHORTEST_SHA..=64 => Ok(Self(text.to_ascii_lowercase())),
            _ => Err(BadSha::TooLong { text: shown() }),
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether these are all digits of a commit's name, SHA-1 or SHA-256.
    pub fn is_full(&self) -> bool {
        FULL_SHA.contains(&self.0.len())
    }

    /// Whether this names the commit whose full SHA is given. Nothing names a text that is no full SHA.
    pub fn names(&self, full_sha: &str) -> bool {
        FULL_SHA.contains(&full_sha.len())
            && full_sha
                .get(..self.0.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(&self.0))
    }
}

impl fmt::Display for ShaPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ShaPrefix {
    type Error = BadSha;

    fn try_from(text: String) -> Result<Self, BadSha> {
        Self::new(&text)
    }
}

impl From<ShaPrefix> for String {
    fn from(sha: ShaPrefix) -> String {
        sha.0
    }
}

/// Why what followed `/ok to test` is no SHA. Each `text` is what was typed, cut and escaped for showing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum BadSha {
    /// Something other than hex digits.
    #[error("`{text}` is not a commit SHA: a SHA has only the digits 0-9 and a-f")]
    NotHex {
        /// The word that is no SHA.
        text: String,
    },
    /// Fewer than 7 digits.
    #[error("`{text}` is too short: give at least 7 digits of the commit SHA")]
    TooShort {
        /// The digits.
        text: String,
    },
    /// More than 64 digits.
    #[error("`{text}` is too long for a commit SHA")]
    TooLong {
        /// The digits.
        text: String,
    },
    /// A SHA, and then more.
    #[error("`{text}` after the commit SHA is not understood")]
    ExtraWords {
        /// The SHA that came first.
        sha: ShaPrefix,
        /// What came after it.
        text: String,
    },
}

/// Says what a line asks for. Command words are compared without case; any white space separates them.
pub fn parse(line: &str) -> Invocation {
    let words: Vec<&str> = line.split_whitespace().collect();
    for spec in TABLE {
        for spelling in spec.spellings() {
            let count = spelling.split(' ').count();
            let is_spelled = words.len() >= count
                && spelling
                    .split(' ')
                    .zip(&words)
                    .all(|(a, b)| a.eq_ignore_ascii_case(b));
            let rest = words.get(count..).unwrap_or_default();
            match spec.command {
                _ if !is_spelled => {}
                Command::OkToTest => return Invocation::OkToTest { sha: sha(rest) },
                Command::Retest => {
                    let rest = rest.join(" ");
                    return Invocation::Retest { rest };
                }
                Command::Test => {
                    let rest = rest.join(" ");
                    return Invocation::Test { rest };
                }
                Command::Skip => {
                    let rest = rest.join(" ");
                    return Invocation::Skip { rest };
                }
                // "/status of the release?" is talk: it is not obeyed, but gets an answer.
                _ if !rest.is_empty() => return unknown(&words, Some(spec.name)),
                Command::Cancel => return Invocation::Cancel,
                Command::Sync => return Invocation::Sync,
                Command::Status => return Invocation::Status,
                Command::Help => return Invocation::Help,
                Command::Init => return Invocation::Init,
            }
        }
    }
    unknown(&words, probably_meant(&words))
}

fn unknown(words: &[&str], nearest: Option<&'static str>) -> Invocation {
    let word = printable(words.first().unwrap_or(&""), SHOWN);
    Invocation::Unknown { word, nearest }
}

fn sha(words: &[&str]) -> Result<Option<ShaPrefix>, BadSha> {
    let Some((first, rest)) = words.split_first() else {
        return Ok(None);
    };
    let sha = ShaPrefix::new(first)?;
    if rest.is_empty() {
        return Ok(Some(sha));
    }
    Err(BadSha::ExtraWords {
        sha,
        text: printable(&rest.join(" "), SHOWN),
    })
}

/// The command that somebody mistyped. Deliberately reluctant: `/usr/bin`, `/lgtm` or `/assign` are not for us, and an
/// answer to them would be noise on every pull request.
fn probably_meant(words: &[&str]) -> Option<&'static str> {
    let first = words.first()?.strip_prefix('/')?;
    if words.iter().take(4).any(|word| word.len() > 100) || first.contains('/') {
        return None;
    }
    let first = first.to_ascii_lowercase();
    let single = |spec: &&CommandSpec| !spec.name.contains(' ');
    let names = TABLE
        .iter()
        .filter(single)
        .map(|spec| spec.name.trim_start_matches('/'));
    if let Some(name) = nearest(&first, names, 1) {
        return TABLE
            .iter()
            .map(|spec| spec.name)
            .find(|full| full.strip_prefix('/') == Some(name));
    }
    // Several words may be run together, hyphenated or lack the "to": compare letters only.
    let ok_to_test = TABLE
        .iter()
        .find(|spec| spec.command == Command::OkToTest)?
        .name;
    let mut letters = String::new();
    for word in words.iter().take(3) {
        letters.extend(
            word.chars()
                .filter(|c| !matches!(c, '/' | '-' | '_'))
                .map(|c| c.to_ascii_lowercase()),
        );
        let meant = [
            ("oktotest", 2),
            ("okaytotest", 2),
            ("oktest", 1),
            ("okaytest", 1),
        ]
        .iter()
        .any(|(command, most)| edits(&letters, command, *most).is_some());
        if meant {
            return Some(ok_to_test);
        }
    }
    None
}

/// Reads [`Invocation::Unknown`]'s command back from the store; a name that the table no longer has is dropped.
fn name_of_a_command<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'static str>, D::Error> {
    let stored = Option::<String>::deserialize(from)?;
    Ok(stored.and_then(|stored| {
        TABLE
            .iter()
            .map(|spec| spec.name)
            .find(|name| *name == stored)
    }))
}
