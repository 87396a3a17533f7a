//! What people ask for on the dashboard and what comes of it, for the history.

use super::code;
use crate::domain::deed::Deed;
use crate::domain::event::Account;
use crate::domain::ids::{DeliveryId, Sha};

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

/// So many pull requests wait for a vetter, the oldest of them for so many seconds.
pub fn waiting(count: usize, more: bool, oldest: Option<u64>) -> String {
    let lasts = oldest.map(super::roughly);
    let how_many = match (count, more) {
        (_, true) => format!("{count} or more wait for a vetter"),
        (1, false) => "1 waits for a vetter".to_owned(),
        (_, false) => format!("{count} wait for a vetter"),
    };
    match lasts {
        None => format!("{how_many}."),
        Some(lasts) if count == 1 => format!("{how_many}, for {lasts}."),
        Some(lasts) => format!("{how_many}, the oldest for {lasts}."),
    }
}

/// The Markdown of a picture that says how a pipeline stands, and leads to a page.
pub fn badge(pipeline: &str, picture: &str, page: &str) -> String {
    format!("[![{}]({picture})]({page})", super::inert(pipeline))
}

/// So many bytes, as people read it.
pub fn bytes(count: u64) -> String {
    match count {
        0..1_024 => super::plural(count as usize, "byte", "bytes"),
        1_024..1_048_576 => format!("{:.1} KiB", count as f64 / 1_024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

/// Why there is no payload: it is too long.
pub fn payload_too_long(has: u64, most: u64) -> String {
    format!(
        "Its payload has {}, and one of more than {} is not kept.",
        bytes(has),
        bytes(most)
    )
}

/// Why there is nothing of what GitHub sent.
pub fn payload_not_kept() -> String {
    "Headers and payload were not kept. The newest are, as far as `PAYLOADS_MIB` reaches; none is where very many come at once, or \
     where the disk is full. What did not come from GitHub has none."
        .to_owned()
}

/// Why there never is anything.
pub fn payloads_are_off() -> String {
    "Headers and payloads are not kept here (`PAYLOADS_MIB=0`).".to_owned()
}

/// What is on the disk was not written by us.
pub fn payload_damaged() -> String {
    "What was kept of it was changed or damaged on the disk, or the app has another private key since: it is not shown.".to_owned()
}

/// It could not be read in time.
pub fn payload_not_now() -> String {
    "Headers and payload can't be read at the moment. Please look again in a minute.".to_owned()
}

/// Who looks may not see it.
pub fn payload_hidden() -> String {
    "Headers and payload are shown to those who have a right of their own in the repository, once they have signed in with GitHub, and \
     to operators."
        .to_owned()
}

/// Somebody has a delivery taken in again.
pub fn asked_again(by: &Account, delivery: &DeliveryId, event: &str) -> String {
    format!(
        "{} had the delivery `{}` ({}) taken in again on the dashboard",
        code(&by.login),
        super::plain(delivery.as_str()),
        code(event)
    )
}

/// There is nothing to take in.
pub fn again_without_payload() -> String {
    "Its payload is not kept, so it can't be taken in again. Sync on the page of its pull request looks at GitHub instead."
        .to_owned()
}

/// Something was taken out that may matter.
pub fn again_without_secrets() -> String {
    "What looks like a secret was taken out of its payload, and without that it may mean something else: it can't be taken in again. \
     A comment can be written once more; for all else Sync on the page of the pull request looks at GitHub. For three days GitHub shows \
     the whole of it on the app's page, under Advanced."
        .to_owned()
}

/// It is about more than a repository.
pub fn again_of_more() -> String {
    "It is not about one repository alone, so no right in one is enough to have it taken in again."
        .to_owned()
}

/// It is the press of a button.
pub fn again_press_again() -> String {
    "It is the press of a button on GitHub, which counts once: press it again there.".to_owned()
}

/// The repository is not known here.
pub fn again_unknown_repository() -> String {
    "Drawbridge does not know its repository (any more): nothing would come of it.".to_owned()
}

/// It still can't be decoded.
pub fn again_unreadable(why: &str) -> String {
    format!("It still can't be read as the event that it claims to be: {why}.")
}

/// It means nothing to us.
pub fn again_for_nothing(why: &str) -> String {
    format!("Nothing would come of it: {why}.")
}

/// Who asks has not the right.
pub fn again_not_allowed(login: &str) -> String {
    format!(
        "{} can't have deliveries taken in again: that takes the right to write in the repository.",
        super::plain(login)
    )
}

/// It could not be asked whether they have it.
pub fn again_not_asked() -> String {
    "GitHub can't be asked at the moment whether you may. Nothing was done; please try again in a minute.".to_owned()
}

/// The disk did not take it.
pub fn again_not_written() -> String {
    "It could not be written. Please try again in a minute; the server's log says why.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_many_wait_and_for_how_long() {
        for (count, more, oldest, says) in [
            (1, false, Some(7_300), "1 waits for a vetter, for 2 h."),
            (
                3,
                false,
                Some(3 * 86_400 + 5),
                "3 wait for a vetter, the oldest for 3 d.",
            ),
            (3, false, None, "3 wait for a vetter."),
            (
                2_000,
                true,
                Some(59),
                "2000 or more wait for a vetter, the oldest for 59 s.",
            ),
        ] {
            assert_eq!(waiting(count, more, oldest), says);
        }
    }
}
