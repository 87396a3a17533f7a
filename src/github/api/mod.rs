//! What a [`Repository`](super::Repository) can be asked and made to do, by subject. Every function is one call,
//! but for lists and where it says so; one that creates says what a repetition after a lost answer does.

mod annotations;
mod builds;
mod checks;
mod comments;
mod compare;
mod contents;
mod deliveries;
mod dispatch;
mod examine;
mod hook;
mod installations;
mod people;
mod propose;
mod pulls;
mod refs;
mod rules;
mod runs;
mod statuses;
mod users;
mod workflow_file;

pub use builds::CommitCheck;
pub use checks::NewCheck;
pub use comments::EditOutcome;
pub use deliveries::{Attempt, Attempts};
pub use dispatch::{Dispatched, Sought};
pub use examine::{Installation, Remaining};
pub use hook::Hook;
pub use installations::{Covered, Installed};
pub use people::Permission;
pub use propose::{FileEntry, NewPull, Proposal, Put};
pub use pulls::Listed;
pub use refs::RefOutcome;
pub use rules::RequiredCheck;
pub use runs::{RerunOutcome, WorkflowRun};
pub use statuses::StatusState;
pub use users::{ExchangeError, Granted, Shown, SignInApp, UserToken};
pub use workflow_file::WorkflowFile;

use super::error::GitHubError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters.
const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value for one place in a path or a query.
pub(super) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, UNSAFE).to_string()
}

/// A name that stands for one segment of a path; one that would lead elsewhere is refused.
fn segment(name: &str, doing: &str) -> Result<String, GitHubError> {
    if name.contains('/') {
        return Err(GitHubError::unusable(doing, "it is no name of a file"));
    }
    encoded_path(name, doing)
}

/// A path of several segments; one that would lead elsewhere when it is resolved (empty segments, dots) is refused.
fn encoded_path(path: &str, doing: &str) -> Result<String, GitHubError> {
    if path.split('/').any(|part| matches!(part, "" | "." | ".."))
        || path.chars().any(char::is_control)
    {
        return Err(GitHubError::unusable(
            doing,
            "it is no path in a repository",
        ));
    }
    Ok(path.split('/').map(encoded).collect::<Vec<_>>().join("/"))
}

/// `value`, cut at the end of a line so that it has at most `most` bytes with `note` below it. Bytes, because GitHub's
/// limits are given in characters and a character has at least one.
fn cut_at_line(value: &str, most: usize, note: &str) -> String {
    if value.len() <= most {
        return value.to_owned();
    }
    let mut room = most.saturating_sub(note.len());
    while !value.is_char_boundary(room) {
        room -= 1;
    }
    let end = value[..room].rfind('\n').unwrap_or(room);
    format!("{}{note}", &value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_encoded_and_stays_in_its_place() {
        assert_eq!(
            encoded_path(".github/a b?.yaml", "x").unwrap(),
            ".github/a%20b%3F.yaml"
        );
        assert_eq!(encoded("dependabot[bot]"), "dependabot%5Bbot%5D");
        for bad in ["", "/a", "a/", "a//b", "../x", "a/./b", "a\nb"] {
            assert!(encoded_path(bad, "x").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_line() {
        assert_eq!(cut_at_line("a\nb", 3, "…"), "a\nb");
        assert_eq!(cut_at_line("aaa\nbbb\nccc", 9, "!"), "aaa\nbbb!");
        assert_eq!(cut_at_line("ééééé", 6, "!"), "éé!");
    }
}
