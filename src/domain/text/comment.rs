//! The one comment on a pull request that waits for people, and the hidden marks by which our comments are found.

use super::{approve_line, login, reason};
use crate::domain::event::Account;
use crate::domain::ids::{CommentId, Sha};
use crate::domain::trust::Reason;

/// Marks the comment that is edited in place.
pub const STATUS_MARKER: &str = "<!-- drawbridge:status -->";
/// Begins the mark of an answer; the number of the comment it answers follows.
pub const ANSWER_MARKER: &str = "<!-- drawbridge:answer:";

/// How many reasons a comment lists; the check lists them all.
const REASONS_SHOWN: usize = 10;

/// The mark of the answer to comment `id`.
pub fn answer_marker(id: CommentId) -> String {
    format!("{ANSWER_MARKER}{id} -->")
}

/// On a pull request whose head needs vetting. Stays true whatever becomes of that head.
pub fn comment_needs_vetting(author: Option<&Account>, head: &Sha, reasons: &[Reason]) -> String {
    let hello = author.map_or_else(
        || "Hello".to_owned(),
        |author| format!("Hello {}", login(author)),
    );
    let mut listed: String = reasons
        .iter()
        .take(REASONS_SHOWN)
        .map(|r| format!("- {}\n", reason(r)))
        .collect();
    if reasons.len() > REASONS_SHOWN {
        let more = reasons.len() - REASONS_SHOWN;
        listed.push_str(&format!(
            "- … and {more} more; the check on the head lists all.\n"
        ));
    }
    format!(
        "{STATUS_MARKER}\n{hello}, thank you for this pull request. Its builds run on hardware of this project, \
         so somebody with write access looks at each commit before it runs there.\n\n\
         **For the maintainers:** read `{short}`, then start its builds with\n\n{line}\n\n\
         <details><summary>Why this head needs vetting</summary>\n\n{listed}\n</details>\n",
        short = head.short(),
        line = approve_line(head),
    )
}

/// On a trusted pull request in a repository that does not mirror by itself.
pub fn comment_auto_sync_off(head: &Sha, draft: bool) -> String {
    let (what, key) = if draft {
        ("drafts", "auto_sync_draft")
    } else {
        ("pull requests", "auto_sync_ready")
    };
    format!(
        "{STATUS_MARKER}\nBuilds of {what} don't start by themselves in this repository (`{key}` is off). \
         Everything about `{short}` is trusted; somebody with write access starts its builds with\n\n{line}\n",
        short = head.short(),
        line = approve_line(head),
    )
}

/// After a head that waited for people came one that does not.
pub fn comment_nothing_needed(head: &Sha) -> String {
    format!(
        "{STATUS_MARKER}\n`{}` is trusted: its builds start by themselves, nobody has to do anything.\n",
        head.short()
    )
}
