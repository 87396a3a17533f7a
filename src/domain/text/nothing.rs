//! Why there is nothing to show of a pull request, in a repository that whoever looks may see.

use super::limits_used_up;
use chrono::{DateTime, Utc};

/// News of it came and was not taken in yet. `limits_until`: how long GitHub's limits are used up.
pub fn waits_in_inbox(since: DateTime<Utc>, limits_until: Option<DateTime<Utc>>) -> String {
    let came = format!(
        "The first delivery about it came at {} and waits to be taken in.",
        since.format("%Y-%m-%d %H:%M UTC")
    );
    match limits_until {
        Some(until) => format!("{came} {}", limits_used_up(until)),
        None => format!("{came} Please look again later."),
    }
}

/// Its repository is archived.
pub fn nothing_in_archived() -> String {
    "Its repository is archived: nothing is done there until that ends.".to_owned()
}

/// Its repository has no configuration that enables the app.
pub fn nothing_where_disabled() -> String {
    "Drawbridge is not enabled in its repository, so nothing waits for it there. `enabled: true` in \
     `.github/drawbridge.yaml` on the default branch turns it on."
        .to_owned()
}

/// Nothing is known of that number, although it should be if it is open.
pub fn nothing_heard_of(number: u64) -> String {
    format!(
        "GitHub has told nothing of #{number}, or it was closed and is forgotten. If it is an open pull request, comment \
         `/sync` on it: then it is looked at."
    )
}
