//! What the gate says.

use super::{approve_line, code, link, plain, plural, reason};
use crate::domain::config::ConfigError;
use crate::domain::event::{Build, BuildStatus, Conclusion};
use crate::domain::gate::{Gate, GateStatus, newest};
use crate::domain::ids::PrNumber;
use crate::domain::pull::{Mirror, PullState, Uncovered};
use crate::domain::trust::Verdict;
use std::fmt::Write;

/// How much of the reasons and builds is listed in full.
const LISTED: usize = 300;

/// The title, as the check shows it.
pub(super) fn title_of(gate: &Gate) -> &str {
    &gate.title
}

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
        None => format!("Moving {} to this head", state.mirror_branch()),
    }
}

/// Mirrored, nothing started.
pub fn title_no_build(state: &PullState) -> String {
    format!("Waiting for builds to start on {}", state.mirror_branch())
}

/// Builds are running.
pub fn title_running(builds: &[Build]) -> String {
    let waiting: Vec<&Build> = newest(builds)
        .into_iter()
        .filter(|build| !matches!(build.status, BuildStatus::Ended(_)))
        .collect();
    match waiting.as_slice() {
        [] => "All builds have ended; making sure that none is missing".to_owned(),
        [one] => plain(&format!("Waiting for {}", one.name)),
        [first, rest @ ..] => plain(&format!(
            "Waiting for {} and {} more",
            first.name,
            rest.len()
        )),
    }
}

/// Every build passed.
pub fn title_passed(builds: &[Build]) -> String {
    let builds = newest(builds);
    match builds.as_slice() {
        [one] => plain(&format!("{} passed", one.name)),
        _ => format!("All {} passed", plural(builds.len(), "build", "builds")),
    }
}

/// A build did not pass.
pub fn title_failed(builds: &[Build]) -> String {
    let failed: Vec<(&Build, Conclusion)> = newest(builds)
        .into_iter()
        .filter_map(|build| match build.status {
            BuildStatus::Ended(conclusion) if !conclusion.passes() => Some((build, conclusion)),
            _ => None,
        })
        .collect();
    match failed.as_slice() {
        [] => "A build failed".to_owned(),
        [(one, conclusion)] => plain(&format!("{}: {}", one.name, in_words(*conclusion))),
        [(first, _), rest @ ..] => plain(&format!(
            "{} and {} more did not pass",
            first.name,
            rest.len()
        )),
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

/// The summary of a judged head: trust, mirror, builds.
pub fn summary(state: &PullState) -> String {
    let mut text = String::new();
    trust(state, &mut text);
    mirror(state, &mut text);
    coverage(&state.uncovered, &mut text);
    if state.is_mirrored() {
        builds(state, &mut text);
    }
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

fn coverage(uncovered: &Uncovered, text: &mut String) {
    const HEADING: &str = "\n### Files that no filter matches\n`require_filter_coverage` asks for a filter for each changed file.";
    let _ = match uncovered {
        Uncovered::Nothing => Ok(()),
        Uncovered::TooManyFiles(count) => writeln!(text, "{HEADING} {}", too_many_files(*count)),
        Uncovered::Files(paths) => {
            let _ = writeln!(text, "{HEADING}\n");
            for path in paths.iter().take(LISTED) {
                let _ = writeln!(text, "- {}", code(path));
            }
            match paths.len().saturating_sub(LISTED) {
                0 => Ok(()),
                more => writeln!(text, "- … and {more} more."),
            }
        }
    };
}

fn mirror(state: &PullState, text: &mut String) {
    text.push_str("\n### Mirror\n");
    let branch = state.mirror_branch();
    let head = state.open_head();
    let _ = match &state.observed_mirror {
        Mirror::At(sha) if Some(sha) == head => writeln!(text, "`{branch}` is at this head."),
        Mirror::At(sha) => writeln!(text, "`{branch}` is at `{}`, an earlier head.", sha.short()),
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
        let put_back = if state.observed_mirror == Mirror::At(disturbance.wanted.clone()) {
            format!("it was put back to `{}`", disturbance.wanted.short())
        } else {
            "it is left so until a head is trusted again".to_owned()
        };
        let _ = writeln!(
            text,
            "\n**Note:** {who} {moved}; {put_back}. Only Drawbridge should write to this branch: \
             protect `pull-request/*` with a ruleset."
        );
    }
}

fn builds(state: &PullState, text: &mut String) {
    text.push_str("\n### Builds\n");
    if state.builds.is_empty() {
        let _ = writeln!(
            text,
            "No build has started yet. A workflow builds this branch if it has `on: push` for `pull-request/[0-9]+`."
        );
        return;
    }
    text.push_str("| build | state |\n|---|---|\n");
    for build in newest(&state.builds).into_iter().take(LISTED) {
        let _ = writeln!(
            text,
            "| {} | {} |",
            link(&build.name, build.url.as_deref()),
            match build.status {
                BuildStatus::Queued => "⏳ waiting to start",
                BuildStatus::Running => "🏃 running",
                BuildStatus::Ended(conclusion) if conclusion.passes() => match conclusion {
                    Conclusion::Skipped => "⏭️ skipped",
                    Conclusion::Neutral => "✅ neutral",
                    _ => "✅ passed",
                },
                BuildStatus::Ended(conclusion) => match conclusion {
                    Conclusion::Cancelled => "⛔ was cancelled",
                    Conclusion::TimedOut => "❌ ran out of time",
                    Conclusion::ActionRequired => "✋ waits for an action",
                    Conclusion::StartupFailure => "❌ could not start",
                    _ => "❌ failed",
                },
            }
        );
    }
}

fn in_words(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Cancelled => "was cancelled",
        Conclusion::TimedOut => "ran out of time",
        Conclusion::ActionRequired => "waits for an action",
        Conclusion::StartupFailure => "could not start",
        Conclusion::Stale => "never ended",
        _ => "failed",
    }
}

/// The summary of a head that several open pull requests share.
pub fn shared_head(first: PrNumber, gates: &[(PrNumber, Gate)]) -> String {
    let mut text = format!(
        "{} have this commit as their head, and it has only one check. It passes when all of them do; \
         #{first} is what it waits for.\n",
        plural(gates.len(), "open pull request", "open pull requests")
    );
    for (number, gate) in gates {
        let _ = write!(text, "\n## #{number}: {}\n\n{}", gate.title, gate.summary);
    }
    text
}

/// A text inside a code fence: as it is, but unable to end it.
fn fenced(text: &str) -> String {
    text.lines()
        .map(|line| plain(line).replace("```", "'''"))
        .collect::<Vec<_>>()
        .join("\n")
}
