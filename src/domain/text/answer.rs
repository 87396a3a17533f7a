//! Answers to commands. Each says what is wrong and what to type, ready to be copied.

use super::{approve_line, code, inert};
use crate::domain::command::{self, BadSha, ShaPrefix};
use crate::domain::gate::{Gate, gates_of_pull, unpublished};
use crate::domain::ids::Sha;
use crate::domain::pipeline::{Pipeline, Trigger};
use crate::domain::pull::PullState;
use crate::domain::runs::RunsState;
use crate::domain::similar;

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

/// Somebody without the right to steer the jobs.
pub fn may_not_steer(login: &str, command: &str) -> String {
    format!(
        "{} can't use `{command}` here: that takes write access to this repository, a place in `additional_vetters` of \
         its configuration, or to have opened this pull request with a trusted head.",
        code(login)
    )
}

/// Somebody without the rights of a vetter.
pub fn vetters_only(login: &str, command: &str) -> String {
    format!(
        "{} can't use {}: that takes write access to this repository, or a place in `additional_vetters` of its \
         configuration.",
        code(login),
        code(command)
    )
}

/// A command about jobs while the head may not run.
pub fn nothing_runs_yet() -> String {
    "No job can run yet: the head of this pull request is not mirrored. `/status` says what it waits for.".to_owned()
}

/// `/test` of a job whose branch or author condition is not met.
pub fn job_is_not_for_everybody(job: &str) -> String {
    format!(
        "{} is only for some branches or authors, and this pull request is none of those. A maintainer can start it all the \
         same with {}.",
        code(job),
        code(&format!("/test {job}"))
    )
}

/// `/retest` without anything to run again.
pub fn nothing_to_retest() -> String {
    "No job of this head has failed, so there is nothing to run again. `/retest <job>` runs a job again all the same."
        .to_owned()
}

/// A name that no job has.
pub fn no_such_job(word: &str, known: &[&str]) -> String {
    let meant = match similar::nearest(word, known.iter().copied(), 3) {
        Some(near) => format!(" Did you mean {}?", code(near)),
        None => String::new(),
    };
    format!("There is no job {}.{meant} {}", code(word), jobs_are(known))
}

/// A command that needs the names of jobs, without one.
pub fn which_jobs(command: &str, known: &[&str]) -> String {
    format!("`{command}` needs the name of a job. {}", jobs_are(known))
}

/// `/skip` without a reason.
pub fn skip_needs_a_reason(jobs: &[String]) -> String {
    let jobs = jobs.join(" ");
    format!(
        "A job is skipped for a reason that everybody can read later. Please add it: {}",
        code(&format!("/skip {jobs} <reason>"))
    )
}

fn jobs_are(known: &[&str]) -> String {
    const SHOWN: usize = 40;
    let names: Vec<String> = known.iter().take(SHOWN).map(|name| code(name)).collect();
    match known.len().saturating_sub(SHOWN) {
        _ if known.is_empty() => "No jobs are configured here.".to_owned(),
        0 => format!("The jobs are {}.", names.join(", ")),
        more => format!("The jobs are {} and {more} more.", names.join(", ")),
    }
}

/// `/help`.
pub fn help(commands: &[&Pipeline]) -> String {
    let mut table = command::help_table();
    for pipeline in commands {
        for trigger in &pipeline.on {
            if let Trigger::Command(name) = trigger {
                let effect = format!("start the pipeline {}", code(&pipeline.name));
                table.push_str(&format!(
                    "| {} | vetter | {effect} |\n",
                    code(&format!("/{name}"))
                ));
            }
        }
    }
    format!(
        "{table}\nA command is the first thing on its line, in a new comment on an open pull request, outside quotes and code. \
         `/drawbridge init` is heard on open issues, too.",
    )
}

/// `/status`: the same explanation as the gate's.
pub fn status(state: &PullState, runs: Option<&RunsState>) -> String {
    match &state.gate {
        Some(_) => {
            let gates = gates_of_pull(state, runs);
            let alone = |gate: &Gate| format!("**{}**\n\n{}", inert(&gate.title), gate.summary);
            let mut texts = Vec::from_iter(unpublished(state, &gates).as_ref().map(alone));
            match (gates.as_slice(), texts.is_empty()) {
                ([(_, only)], true) => texts.push(alone(only)),
                (gates, _) => texts.extend(gates.iter().map(|(name, gate)| {
                    let (name, title) = (code(&name.name), inert(&gate.title));
                    format!("### {name}: {title}\n\n{}", gate.summary)
                })),
            }
            texts.join("\n")
        }
        None => "There is nothing to wait for here: Drawbridge is not enabled in this repository."
            .to_owned(),
    }
}
