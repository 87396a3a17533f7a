//! One glob pattern as repositories write it, checked and compiled.
//!
//! The dialect is the part of picomatch that [paths-filter](https://github.com/dorny/paths-filter) files use:
//! `*` and `?` within one path segment, `**` across segments, `{a,b}`, `[a-z]`, `[!a-z]`, `\` before a literal
//! character; leading dots are nothing special and case counts. What picomatch knows beyond that is refused with
//! a remedy instead of quietly matching something else. `?` stands for one ASCII character.
//!
//! Matching itself is [`globset`]'s, in time linear in the path. Where globset would let a character class match
//! `/`, the pattern is rewritten so that it does not.

use super::printable::printable;
use globset::{Glob, GlobBuilder};

/// The longest pattern accepted, in characters: far beyond any real path, and a bound on what compiling costs.
pub const LONGEST_PATTERN: usize = 500;

/// A pattern that can't be used: which, why, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern `{pattern}` {reason}")]
pub struct BadPattern {
    /// The pattern, cut and escaped for showing.
    pub pattern: String,
    /// What is wrong with it, as the end of a sentence that starts with the pattern.
    pub reason: String,
    /// What to write instead, where that is known.
    pub hint: Option<String>,
}

/// A reason and, where there is one, a remedy.
type Fault = (String, Option<String>);

fn fault<T>(reason: impl Into<String>, hint: impl Into<String>) -> Result<T, Fault> {
    Err((reason.into(), Some(hint.into())))
}

/// Which way a pattern counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// What it matches is in the set.
    Positive,
    /// It started with `!`: what it matches is out of the set.
    Negative,
}

/// Checks and compiles one pattern. A pattern that ends in `/**` gives two globs, because it also matches what
/// stands in the directory's place (picomatch does the same): a submodule or symbolic link called `ci` must not
/// slip past `ci/**`.
pub(crate) fn compile(pattern: &str) -> Result<(Sign, Vec<Glob>), BadPattern> {
    compile_or_fault(pattern).map_err(|(reason, hint)| BadPattern {
        pattern: printable(pattern, 80),
        reason,
        hint,
    })
}

fn compile_or_fault(pattern: &str) -> Result<(Sign, Vec<Glob>), Fault> {
    if pattern.chars().count() > LONGEST_PATTERN {
        return fault(
            format!("is longer than {LONGEST_PATTERN} characters"),
            "Split it into several patterns",
        );
    }
    let (sign, body) = match pattern.strip_prefix('!') {
        Some(rest) if !rest.starts_with('(') => (Sign::Negative, rest),
        _ => (Sign::Positive, pattern),
    };
    let body = body.strip_prefix("./").unwrap_or(body);
    if body.is_empty() {
        return fault("is empty", "Write a path such as `docs/**`, or remove it");
    }
    if body.starts_with('!') && !body.starts_with("!(") {
        return fault(
            "starts with more than one `!`",
            "Write one `!` to exclude paths, none to include them",
        );
    }
    if let Some(rest) = body.strip_prefix('/') {
        let hint = format!(
            "Paths in a repository start without `/`: write `{}`",
            printable(rest, 80)
        );
        return fault("starts with `/` and would never match", hint);
    }
    if let Some(rest) = body.strip_suffix('/') {
        let hint = format!(
            "To match everything in the directory, write `{}/**`",
            printable(rest, 80)
        );
        return fault("ends with `/` and would never match a file", hint);
    }
    let rewritten = keep_classes_within_a_segment(body)?;
    let mut globs = vec![build(&rewritten)?];
    if let Some(directory) = rewritten.strip_suffix("/**") {
        // `\/**` leaves a lone backslash, which names no directory.
        globs.extend(build(directory).ok());
    }
    Ok((sign, globs))
}

fn build(body: &str) -> Result<Glob, Fault> {
    GlobBuilder::new(body)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map_err(|error| (format!("is not a valid glob: {}", error.kind()), None))
}

/// Reads the pattern once, refuses syntax of picomatch that globset takes for literal text, and writes `/` into
/// negated character classes so that they stay within one path segment.
fn keep_classes_within_a_segment(body: &str) -> Result<String, Fault> {
    let chars: Vec<char> = body.chars().collect();
    let mut out = String::with_capacity(body.len() + 4);
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        out.push(c);
        at += 1;
        match c {
            '\\' => {
                out.extend(chars.get(at));
                at += 1;
            }
            '[' => {
                let Some(length) = class_length(&chars[at..]) else {
                    let hint = "Close it with `]`, or write `[[]` for a literal bracket";
                    return fault("has a `[` without its `]`", hint);
                };
                out.push_str(&class(&chars[at..at + length])?);
                out.push(']');
                at += length + 1;
            }
            '{' if is_brace_range(&chars[at..]) => {
                return fault(
                    "has a range in braces, which is not supported",
                    "List the values: `{1,2,3}`",
                );
            }
            '@' | '+' | '*' | '?' | '!' if chars.get(at) == Some(&'(') => {
                let hint = "Write `{a,b}` for alternatives, or `[(]` for a literal parenthesis";
                return fault(
                    format!("has an extended glob `{c}(`, which is not supported"),
                    hint,
                );
            }
            '|' => {
                let hint = "Write `{a,b}` for alternatives, or `[|]` for a literal bar";
                return fault("has a `|`, which is not supported", hint);
            }
            _ => {}
        }
    }
    Ok(out)
}

/// How many characters stand between a class's `[`, which has been read, and its `]`. As in globset and in shells,
/// a `]` that comes first is a member.
fn class_length(rest: &[char]) -> Option<usize> {
    let first = usize::from(matches!(rest.first(), Some('!' | '^')));
    rest.iter()
        .skip(first + 1)
        .position(|c| *c == ']')
        .map(|length| length + first + 1)
}

/// The inside of a character class, checked, and with `/` among the excluded characters of a negated one.
fn class(inside: &[char]) -> Result<String, Fault> {
    let (negated, members) = match inside {
        ['!' | '^', members @ ..] => (true, members),
        members => (false, members),
    };
    if members.iter().any(|c| !c.is_ascii() || *c == '\\') {
        let hint = "Write the characters as alternatives: `{ä,ö}`";
        return fault(
            "has a backslash or a character outside ASCII between `[` and `]`",
            hint,
        );
    }
    let crosses = members.contains(&'/')
        || members
            .windows(3)
            .any(|w| w[1] == '-' && w[0] < '/' && '/' < w[2]);
    if crosses && !negated {
        return fault(
            "has `/` in the characters between `[` and `]`",
            "Write the `/` outside the brackets",
        );
    }
    let members: String = members.iter().collect();
    if !negated {
        return Ok(members);
    }
    // A `]` or `-` that comes first is literal and must stay first; anything else may follow the slash.
    Ok(match members.strip_prefix([']', '-']) {
        Some(rest) if rest.starts_with('-') => {
            return fault(
                "has a range that starts with a bracket or dash",
                "Put the dash last: `[!a-z-]`",
            );
        }
        Some(rest) => format!("!{}/{rest}", &members[..1]),
        None => format!("!/{members}"),
    })
}

/// Whether the text after `{` is a range of the shell, such as `1..3}`: two dots and no comma before the `}`.
fn is_brace_range(rest: &[char]) -> bool {
    let inside: String = rest.iter().take_while(|c| **c != '}').collect();
    inside.len() < rest.len() && inside.contains("..") && !inside.contains([',', '{', '/'])
}
