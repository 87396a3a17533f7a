//! What people ask for on the dashboard and what comes of it, for the history.

use super::code;
use crate::domain::deed::Deed;
use crate::domain::event::Account;
use crate::domain::ids::Sha;

/// Somebody asked for something, and it was done.
pub fn deed_done(by: &Account, deed: &Deed) -> String {
    let who = code(&by.login);
    match deed {
        Deed::Approve(sha) => format!("{who} approved `{sha}` on the dashboard"),
        _ => format!("{who} asked on the dashboard to {}", asked(deed)),
    }
}

/// Somebody asked for something, and this stood in the way.
pub fn deed_refused(by: &Account, deed: &Deed, why: &str) -> String {
    let why: Vec<&str> = why.split_whitespace().collect();
    let (who, asked) = (code(&by.login), asked(deed));
    format!(
        "{who} asked on the dashboard to {asked}, and it was not done: {}",
        why.join(" ")
    )
}

fn asked(deed: &Deed) -> String {
    match deed {
        Deed::Sync => "look again".to_owned(),
        Deed::Rerun(sha) => format!("run again what failed at `{}`", sha.short()),
        Deed::Cancel(sha) => format!("cancel what runs at `{}`", sha.short()),
        Deed::Approve(sha) => format!("approve `{}`", sha.short()),
    }
}

/// What the page showed is not the head any more.
pub fn head_is_another(head: Option<&Sha>) -> String {
    match head {
        Some(head) => format!(
            "meanwhile `{}` is the head. Look at that one, and ask again if it is still wanted.",
            head.short()
        ),
        None => "the pull request is not open any more.".to_owned(),
    }
}

/// Nothing is done in this repository.
pub fn nothing_is_done_here() -> String {
    "Drawbridge is not enabled in this repository, or has no access to it.".to_owned()
}
