//! What the gate says.

use super::builds::{build_colour, build_state};
use super::{approve_line, code, link, plain, plural, reason};
use crate::domain::config::ConfigError;
use crate::domain::event::Conclusion;
use crate::domain::gate::{Gate, GateStatus};
use crate::domain::printable::printable;
use crate::domain::pull::{Mirror, PullState, Required, Uncovered};
use crate::domain::trust::Verdict;
use std::fmt::Write;

/// How much of the reasons and builds is listed in full.
const LISTED: usize = 300;
/// How much of one line of an error is shown.
const LONGEST_LINE: usize = 2_000;

/// A head that a vetter has to look at.
pub fn title_waits_for_vetter(state: &PullState) -> String {
    let head = state.open_head().map_or("", |head| head.short());
    match &state.verdict {
        Some(Verdict::AutoSyncOff { draft: true }) => {
            format!(
                "Drafts don't build by themselves: a maintainer can comment `/ok to test {head}`"
            )
        }
        Some(Verdict::AutoSyncOff { draft: false }) => {
            format!("Automatic builds are off: a maintainer can comment `/ok to test {head}`")
        }
        _ => format!("A maintainer has to read {head} and comment `/ok to test {head}`"),
    }
}

/// Trusted, the mirror not there yet.
pub fn title_mirroring(state: &PullState) -> String {
    match &state.trouble {
        Some(trouble) => plain(&format!(
            "Moving the mirror, will be tried again: {}",
            trouble
        )),
        None if state.may_run() => "The jobs are about to start".to_owned(),
        None => format!("Moving {} to this head", state.mirror_branch()),
    }
}

/// Files that no filter matches.
pub fn title_uncovered(uncovered: &Uncovered) -> String {
    match uncovered {
        Uncovered::Nothing => "Every file is matched by a filter".to_owned(),
        Uncovered::TooManyFiles(count) => {
            format!("Too many files ({count}) to see whether a filter matches each")
        }
        Uncovered::Files(paths) => {
            let first = paths.first().map_or("", String::as_str);
            match paths.len() {
                0 | 1 => plain(&format!("No filter matches {first}: add it to a filter")),
                n => plain(&format!(
                    "No filter matches {first} and {} more: add them to a filter",
                    n - 1
                )),
            }
        }
    }
}

/// More files than GitHub lists.
pub fn too_many_files(count: u64) -> String {
    format!(
        "There are {count} changed files. GitHub lists 3000 at most, so not every one can be looked at."
    )
}

/// GitHub could not be asked what has to be known.
pub fn gate_waits_for_github(what: &str, attempts: u32) -> Gate {
    let tries = match attempts {
        0 | 1 => "It will be tried again by itself.".to_owned(),
        n => format!("It failed {n} times so far and will be tried again by itself."),
    };
    Gate {
        status: GateStatus::Queued,
        title: plain(&format!("Waiting for GitHub: {what}")),
        summary: format!(
            "To find out whether this head is trusted, GitHub has to be asked, and that failed: {}. {tries} \
             Until it is known, nothing is mirrored. `/sync` asks at once.\n",
            code(what)
        ),
        approve_button: false,
        link: None,
    }
}

/// The configuration has a mistake, and none without was ever in force.
pub fn gate_broken_configuration(problem: &ConfigError) -> Gate {
    Gate {
        status: GateStatus::Completed(Conclusion::ActionRequired),
        title: plain(&format!(
            "{} has a mistake: a maintainer has to mend it",
            problem.path
        )),
        summary: format!(
            "The configuration on the default branch can't be used, and none without mistakes is in force, so \
             nothing is mirrored.\n\n```\n{}\n```\n\nMend the file on the default branch; this check follows by itself.\n",
            fenced(&problem.to_string())
        ),
        approve_button: false,
        link: None,
    }
}

const LAST_GOOD: &str =
    "\n---\n**The configuration has a mistake.** The last one without mistakes stays in force.";

/// Added to a gate while the newest configuration has a mistake.
pub fn last_good_in_force(problem: &ConfigError) -> String {
    format!(
        "{LAST_GOOD}\n\n```\n{}\n```\n",
        fenced(&problem.to_string())
    )
}

/// That addition in a summary, if it is there.
pub fn last_good_note(summary: &str) -> Option<&str> {
    summary.find(LAST_GOOD).map(|at| &summary[at..])
}

/// The summary of a judged head: trust, mirror.
pub fn summary(state: &PullState) -> String {
    let mut text = String::new();
    trust(state, &mut text);
    mirror(state, &mut text);
    coverage(&state.uncovered, &mut text);
    required(state, &mut text);
    text
}

fn trust(state: &PullState, text: &mut String) {
    text.push_str("### Trust\n");
    let Some(head) = state.open_head() else {
        return;
    };
    let _ = match &state.verdict {
        Some(Verdict::Trusted) => writeln!(
            text,
            "`{}` is trusted: its author, and the author and committer of every commit, are trusted users.",
            head.short()
        ),
        Some(Verdict::Approved(approval)) => writeln!(
            text,
            "`{}` was approved by {} on {}.",
            head.short(),
            code(&approval.by.login),
            approval.at.format("%Y-%m-%d at %H:%M UTC")
        ),
        Some(Verdict::AutoSyncOff { draft }) => writeln!(
            text,
            "`{}` is trusted, but builds of {} don't start by themselves (`{}` is off). Somebody with write access \
             starts them with the button *OK to test* or with\n\n{}",
            head.short(),
            if *draft { "drafts" } else { "pull requests" },
            if *draft {
                "auto_sync_draft"
            } else {
                "auto_sync_ready"
            },
            approve_line(head)
        ),
        Some(Verdict::NeedsVetting(reasons)) => {
            let _ = writeln!(
                text,
                "`{}` needs vetting. Somebody with write access reads it and then uses the button *OK to test* or comments\n\n{}\n\nWhy:\n",
                head.short(),
                approve_line(head)
            );
            for entry in reasons.iter().take(LISTED) {
                let _ = writeln!(text, "- {}", reason(entry));
            }
            if reasons.len() > LISTED {
                let _ = writeln!(text, "- … and {} more.", reasons.len() - LISTED);
            }
            Ok(())
        }
        None => Ok(()),
    };
}

/// Why files have to be matched by filters, and what keeps that from being seen; `None`: all are.
pub fn why_covered(uncovered: &Uncovered) -> Option<String> {
    const WHY: &str = "`require_filter_coverage` asks for a filter for each changed file.";
    match uncovered {
        Uncovered::Nothing => None,
        Uncovered::TooManyFiles(count) => Some(format!("{WHY} {}", too_many_files(*count))),
        Uncovered::Files(_) => Some(WHY.to_owned()),
    }
}

/// The first files that no filter matches, and how many more there are.
pub fn uncovered_files(uncovered: &Uncovered) -> (&[String], usize) {
    match uncovered {
        Uncovered::Files(paths) => {
            let listed = &paths[..paths.len().min(LISTED)];
            (listed, paths.len() - listed.len())
        }
        Uncovered::Nothing | Uncovered::TooManyFiles(_) => (&[], 0),
    }
}

fn coverage(uncovered: &Uncovered, text: &mut String) {
    let Some(why) = why_covered(uncovered) else {
        return;
    };
    let _ = writeln!(text, "\n### Files that no filter matches\n{why}\n");
    let (paths, more) = uncovered_files(uncovered);
    for path in paths {
        let _ = writeln!(text, "- {}", code(path));
    }
    if more > 0 {
        let _ = writeln!(text, "- … and {more} more.");
    }
}

/// How a check stands that others have to report, in words behind a sign.
pub fn required_state(check: &Required) -> &'static str {
    check.status.map_or("⏳ not reported yet", build_state)
}

/// The same in one word: `passed`, `failed`, `running`, `waiting` or `skipped`.
pub fn required_colour(check: &Required) -> &'static str {
    check.status.map_or("waiting", build_colour)
}

/// What else the base branch waits for.
fn required(state: &PullState, text: &mut String) {
    if state.required.is_empty() {
        return;
    }
    text.push_str("\n### Other required checks\n| check | state |\n|---|---|\n");
    for check in state.required.iter().take(LISTED) {
        let _ = writeln!(
            text,
            "| {} | {} |",
            link(&check.name, check.url.as_deref()),
            required_state(check)
        );
    }
}

fn mirror(state: &PullState, text: &mut String) {
    text.push_str("\n### Mirror\n");
    let branch = state.mirror_branch();
    let head = state.open_head();
    let _ = match &state.observed_mirror {
        Mirror::At(sha) if Some(sha) == head => writeln!(text, "`{branch}` is at this head."),
        Mirror::At(sha) if state.heads.iter().any(|seen| seen.sha == *sha) => {
            writeln!(text, "`{branch}` is at `{}`, an earlier head.", sha.short())
        }
        Mirror::At(sha) => writeln!(text, "`{branch}` is at `{}`, another commit.", sha.short()),
        Mirror::Absent => writeln!(text, "There is no `{branch}` yet."),
        Mirror::Unknown => writeln!(text, "Whether there is a `{branch}` is not known yet."),
    };
    if let Some(disturbance) = &state.disturbance {
        let who = disturbance
            .by
            .as_ref()
            .map_or("somebody".to_owned(), |account| code(&account.login));
        let moved = disturbance
            .to
            .as_ref()
            .map_or("deleted it".to_owned(), |sha| {
                format!("moved it to `{}`", sha.short())
            });
        let put_back = match &state.observed_mirror {
            Mirror::At(sha) if *sha == disturbance.wanted => {
                format!("it was put back to `{}`", sha.short())
            }
            Mirror::Absent => {
                let removed = disturbance.to.as_ref().map_or("", |_| "it was removed; ");
                format!("{removed}it comes back with the next head that is trusted")
            }
            _ => "it is left so until a head is trusted again".to_owned(),
        };
        let _ = writeln!(
            text,
            "\n**Note:** {who} {moved}; {put_back}. Only Drawbridge should write to this branch: \
             protect `pull-request/*` with a ruleset."
        );
    }
}

/// The summary of a head that several open pull requests share.
pub fn shared_head(first: &str, gates: &[(String, Gate)]) -> String {
    let mut text = format!(
        "{} have this commit as their head, and it has only one check. It passes when all of them do; \
         {first} is what it waits for.\n",
        plural(gates.len(), "open pull request", "open pull requests")
    );
    for (who, gate) in gates {
        let _ = write!(text, "\n## {who}: {}\n\n{}", gate.title, gate.summary);
    }
    text
}

/// A text inside a code fence: as it is, but unable to end it. Single backticks mean nothing in there.
pub(super) fn fenced(text: &str) -> String {
    let line = |line: &str| {
        let parts: Vec<String> = line
            .split('`')
            .map(|part| printable(part, LONGEST_LINE))
            .collect();
        parts.join("`").replace("```", "'''")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
