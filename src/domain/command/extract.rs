//! The lines of a comment that may be commands.

use super::markdown;
use super::parse::{Invocation, parse};
use crate::domain::printable::{is_deceptive, visible};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// How many lines of a comment are looked at; the rest is not.
pub const MOST_LINES: usize = 10;

/// How much of a line is kept, in characters.
pub const LONGEST_LINE: usize = 300;

/// A line of a comment whose first token starts with `/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The line without the white space around it. One that is too long ends in `…`, so that it can't become a
    /// valid command by having lost its end.
    pub text: String,
    /// Whether it has invisible or reordering characters. Such a line commands nothing: nobody can see what it says.
    pub suspicious: bool,
}

impl Line {
    /// What the line asks for, or, if it is suspicious, what it appears to ask for: then it may be answered but not
    /// obeyed.
    pub fn invocation(&self) -> Invocation {
        if self.suspicious {
            parse(&visible(&self.text))
        } else {
            parse(&self.text)
        }
    }
}

/// The lines of a comment that start with `/` and that GitHub shows as plain text: outside block quotes, code, HTML
/// comments and raw HTML, in their order, at most [`MOST_LINES`].
///
/// A line that is indented by four columns or more never counts, nor does one that only continues a quote above it
/// (CommonMark's lazy continuation): GitHub shows it inside the quote.
pub fn extract(body: &str) -> Vec<Line> {
    markdown::plain_lines(body)
        .into_iter()
        .filter_map(candidate)
        .take(MOST_LINES)
        .collect()
}

fn candidate(line: &str) -> Option<Line> {
    let text = line.trim();
    let suspicious = text.chars().any(is_deceptive);
    let starts = if suspicious {
        visible(text).trim_start().starts_with('/')
    } else {
        text.starts_with('/')
    };
    if !starts {
        return None;
    }
    let text = match text.char_indices().nth(LONGEST_LINE) {
        Some(_) => text.chars().take(LONGEST_LINE - 1).chain(['…']).collect(),
        None => text.to_owned(),
    };
    Some(Line { text, suspicious })
}
