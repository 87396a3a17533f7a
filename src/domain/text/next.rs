//! What is needed next, in one sentence.

use super::inert;
use crate::domain::gate::{gates_of_pull, most_pressing};
use crate::domain::pull::PullState;
use crate::domain::runs::RunsState;

/// What a pull request needs next: the words of the gate that stands most in the way. Markdown.
pub fn next_step(state: &PullState, runs: Option<&RunsState>) -> String {
    if state.view.as_ref().is_some_and(|view| !view.open) {
        return "This pull request is closed: nothing has to be done.".to_owned();
    }
    let gates = gates_of_pull(state, runs);
    match most_pressing(&gates) {
        Some((_, gate)) => gate.title.clone(),
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
