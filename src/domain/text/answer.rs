//! Answers to commands. Each says what is wrong and what to type, ready to be copied.

use super::gate::title_of;
use super::{approve_line, code};
use crate::domain::command::{self, BadSha, ShaPrefix};
use crate::domain::ids::Sha;
use crate::domain::pull::PullState;

/// The head could not be read just now.
pub fn try_again() -> String {
    "The head of this pull request is not known yet. Please comment again in a minute.".to_owned()
}

/// Somebody without the right to approve.
pub fn not_a_vetter(login: &str) -> String {
    format!(
        "{} can't approve a head: that takes write access to this repository, or a place in \
         `additional_vetters` of its configuration. A maintainer can comment `/ok to test` with the head's SHA.",
        code(login)
    )
}

/// The text after `/ok to test` is no SHA.
pub fn bad_sha(bad: &BadSha, head: &Sha) -> String {
    format!(
        "{bad} If you have read the present head, approve it with\n\n{}",
        approve_line(head)
    )
}

/// `/ok to test` alone.
pub fn sha_missing(head: &Sha) -> String {
    format!(
        "An approval names the commit that was read, so that nothing else can slip in. \
         If you have read the present head, approve it with\n\n{}",
        approve_line(head)
    )
}

/// Another commit than the head.
pub fn wrong_sha(given: &ShaPrefix, head: &Sha) -> String {
    format!(
        "`{}` is not the head of this pull request; `{}` is. If you have read that one, approve it with\n\n{}",
        given.as_str(),
        head.short(),
        approve_line(head)
    )
}

/// A short SHA right after the head moved.
pub fn short_sha(given: &ShaPrefix, head: &Sha) -> String {
    format!(
        "The head of this pull request is so new that `{}` may have been meant for another commit with the same \
         first digits. Please give the full SHA:\n\n{}",
        given.as_str(),
        approve_line(head)
    )
}

/// A line that looks like a command and holds characters that can't be seen.
pub fn suspicious_line() -> String {
    "A line of your comment begins like a command but holds characters that can't be seen (control or \
     bidirectional ones), so it was not followed. Please type it again by hand."
        .to_owned()
}

/// Nearly a command.
pub fn unknown_command(word: &str, nearest: &str) -> String {
    format!(
        "There is no command {}. Did you mean `{nearest}`? `/help` lists them all.",
        code(word)
    )
}

/// `/help`.
pub fn help() -> String {
    format!(
        "{}\nA command is the first thing on its line, in a new comment on an open pull request, outside quotes and code.",
        command::help_table()
    )
}

/// `/status`: the same explanation as the gate's.
pub fn status(state: &PullState) -> String {
    match &state.gate {
        Some(at) => format!("**{}**\n\n{}", title_of(&at.gate), at.gate.summary),
        None => "There is nothing to wait for here: Drawbridge is not enabled in this repository."
            .to_owned(),
    }
}
