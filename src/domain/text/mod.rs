//! Every sentence people read on GitHub. Short, kind, exact, and says what to do next.
//!
//! Text from outside (logins, paths, names, messages) enters only through [`code`] or [`link`], which show what
//! can't be seen and let nothing act: no mention, no markup, no link, no second line.

mod answer;
mod arrival;
mod builds;
mod comment;
mod dashboard;
mod escape;
mod gate;
mod history;
mod init;
mod jobs;
mod next;
mod nothing;
mod preview;
mod run;

pub use answer::{
    bad_sha, help, job_is_not_for_everybody, may_not_steer, no_such_job, not_a_vetter,
    nothing_runs_yet, nothing_to_retest, sha_missing, short_sha, skip_needs_a_reason, status,
    suspicious_line, try_again, unknown_command, vetters_only, which_jobs, wrong_sha,
};
pub use arrival::{event_in_words, not_enabled_there};
pub use builds::{build_colour, build_name, build_state};
pub use comment::{
    ANSWER_MARKER, STATUS_MARKER, answer_marker, comment_auto_sync_off, comment_needs_vetting,
    comment_nothing_needed,
};
pub use dashboard::{
    again_for_nothing, again_not_allowed, again_not_asked, again_not_written, again_of_more,
    again_press_again, again_unknown_repository, again_unreadable, again_without_payload,
    again_without_secrets, asked_again, badge, bytes, deed_done, deed_refused, head_is_another,
    nothing_is_done_here, payload_damaged, payload_hidden, payload_not_kept, payload_not_now,
    payload_too_long, payloads_are_off, waiting,
};
pub use escape::{code, inert, link, plain, quoted};
pub use gate::{
    gate_broken_configuration, gate_waits_for_github, last_good_in_force, last_good_note,
    required_colour, required_state, shared_head, summary, title_mirroring, title_uncovered,
    title_waits_for_vetter, too_many_files, uncovered_files, why_covered,
};
pub use history::{attempt_ended, gate_published, job_ended, more_jobs_ended, run_replaced};
pub use init::{
    history_init, init_body, init_commit, init_configured, init_for_organisation, init_lacks,
    init_marker, init_no_branch, init_no_commit, init_not_an_administrator, init_proposed,
    init_proposed_before, init_refused, init_title,
};
pub use jobs::{backend, job_colour, job_state, job_why, no_anchor, roughly, skip_reason, span};
pub use next::{limits_used_up, next_step, title_without_pipelines, with_proposal};
pub use nothing::{nothing_heard_of, nothing_in_archived, nothing_where_disabled, waits_in_inbox};
pub use preview::{
    Outlook, gate_of_proposal, outlook, preview_for_terminal, preview_in_markdown, reasons,
    unmarked, valid_configuration,
};
pub use run::{gate_left, gate_of_run, gate_retired, gate_starting, output_missing};

use super::event::Account;
use super::ids::Sha;
use super::trust::{Reason, Role};

/// A reason for vetting, as one sentence of Markdown.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::AlwaysVet { path } => format!(
            "{} is changed, and `trust.always_vet` asks for a vetter whoever changes it.",
            code(path)
        ),
        Reason::TooManyCommits(0) => "GitHub lists no commits for this pull request.".to_owned(),
        Reason::TooManyCommits(count) => format!(
            "There are {count} commits. GitHub lists 250 at most, so not every one can be looked at."
        ),
        Reason::TooManyFiles(count) => too_many_files(*count),
        Reason::AuthorGone => {
            "The account that opened this pull request no longer exists.".to_owned()
        }
        Reason::AuthorUntrusted(account) => format!(
            "{} opened this pull request and is not a trusted user.",
            login(account)
        ),
        Reason::Unverified { commit, reason } => format!(
            "Commit {} has no verified signature ({}).",
            sha(commit),
            code(reason)
        ),
        Reason::Unknown { commit, role } => format!(
            "The {} of commit {} belongs to no GitHub account (its e-mail is not known to GitHub).",
            role_word(*role),
            sha(commit)
        ),
        Reason::Untrusted {
            commit,
            role,
            account,
        } => format!(
            "The {} of commit {}, {}, is not a trusted user.",
            role_word(*role),
            sha(commit),
            login(account)
        ),
    }
}

/// A login, without notifying anybody.
pub fn login(account: &Account) -> String {
    code(&account.login)
}

/// A commit, short.
fn sha(sha: &Sha) -> String {
    format!("`{}`", sha.short())
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Author => "author",
        Role::Committer => "committer",
    }
}

/// What a vetter types.
fn approve_line(head: &Sha) -> String {
    format!("```\n/ok to test {head}\n```")
}

fn plural(count: usize, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

/// A verdict, for the history.
pub fn history_verdict(state: &super::pull::PullState) -> String {
    use super::trust::Verdict;
    let Some(view) = &state.view else {
        return "not found out yet".to_owned();
    };
    let head = view.head.as_str();
    match &state.verdict {
        None if view.open => "not enabled here".to_owned(),
        None => "closed".to_owned(),
        Some(Verdict::Trusted) => format!("{head} is trusted"),
        Some(Verdict::Approved(approval)) => {
            format!("{head} was approved by {}", approval.by.login)
        }
        Some(Verdict::AutoSyncOff { .. }) => format!("{head} is trusted, automatic builds are off"),
        Some(Verdict::NeedsVetting(reasons)) => {
            let reasons: Vec<String> = reasons.iter().map(reason).collect();
            format!("{head} needs vetting: {}", reasons.join(" "))
        }
    }
}
