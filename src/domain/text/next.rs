//! What is needed next, in one sentence.

use super::{code, inert};
use crate::domain::gate::{CONFIG_GATE, foremost};
use crate::domain::pull::PullState;
use crate::domain::runs::RunsState;
use chrono::{DateTime, Utc};

/// What a pull request needs next: the words of what stands most in the way. Markdown.
pub fn next_step(state: &PullState, runs: Option<&RunsState>) -> String {
    if state.view.as_ref().is_some_and(|view| !view.open) {
        return "This pull request is closed: nothing has to be done.".to_owned();
    }
    match foremost(state, runs) {
        Some(foremost) => foremost.title,
        None => match &state.trouble {
            Some(trouble) => format!("Waiting for GitHub: {}", inert(trouble)),
            None if state.stale => "GitHub is being asked about this pull request.".to_owned(),
            None => {
                "There is nothing to wait for here: Drawbridge is not enabled in this repository."
                    .to_owned()
            }
        },
    }
}

/// What is said of a head that is mirrored where nothing begins by itself.
pub fn title_without_pipelines(state: &PullState) -> String {
    format!(
        "Drawbridge waits for nothing: {} is at this head, and no pipeline runs on pull requests by itself",
        state.mirror_branch()
    )
}

/// Besides, the configuration that the head proposes is not as it should be.
pub fn with_proposal(next: &str, proposal: &str) -> String {
    format!("{next}; {}: {proposal}", code(CONFIG_GATE))
}

/// What is to be done waits because as much was asked of GitHub as may be.
pub fn limits_used_up(until: DateTime<Utc>) -> String {
    format!(
        "GitHub's limits are used up, at least until {}. What has to be asked and done for this pull request waits until then.",
        until.format("%H:%M UTC")
    )
}
