//! Pull requests.

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::paging;
use crate::sandbox::show;

/// GitHub lists this many commits of a pull request, whatever the page.
const MOST_COMMITS: usize = 250;
/// GitHub lists this many files of a pull request, whatever the page.
const MOST_FILES: usize = 3000;

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let state = call.query("state").unwrap_or("open");
    let (base, head) = (call.query("base"), call.query("head"));
    let mut found = Vec::new();
    for issue in call.hub.repo(call.repo).issues.values() {
        let Some(pull) = &issue.pull else { continue };
        let right_state = match state {
            "all" => true,
            "closed" => !issue.open,
            _ => issue.open,
        };
        let owner = &call.hub.user(call.hub.repo(pull.head_repo).owner).login;
        let right_head = head.is_none_or(|head| head == format!("{owner}:{}", pull.head_branch));
        if right_state && right_head && base.is_none_or(|base| base == pull.base_branch) {
            found.push((issue, pull));
        }
    }
    // Newest first, unless asked otherwise.
    if call.query("direction") != Some("asc") {
        found.reverse();
    }
    let (here, link) = paging::page(call, found, usize::MAX);
    let here = here
        .into_iter()
        .map(|(issue, pull)| show::pull::simple(call.hub, call.repo, issue, pull));
    Ok(paging::with_link(Reply::ok(here.collect()), link))
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    let number = call.number("pull_number")?;
    show::pull::full(call.hub, call.repo, number)
        .map(Reply::ok)
        .map_err(|_| Reply::not_found())
}

pub(super) fn commits(call: &mut Call<'_>) -> Outcome {
    let number = call.number("pull_number")?;
    let (_, pull) = call
        .hub
        .pull(call.repo, number)
        .map_err(|_| Reply::not_found())?;
    let commits = call.hub.objects.between(&pull.base, &pull.head);
    let shown = commits
        .iter()
        .take(MOST_COMMITS)
        .map(|commit| show::commit::full(call.hub, call.repo, commit))
        .collect();
    Ok(paging::list(call, shown, MOST_COMMITS))
}

pub(super) fn files(call: &mut Call<'_>) -> Outcome {
    let number = call.number("pull_number")?;
    let (_, pull) = call
        .hub
        .pull(call.repo, number)
        .map_err(|_| Reply::not_found())?;
    let changes = call.hub.objects.changes(&pull.base, &pull.head);
    let shown = changes
        .iter()
        .map(|change| show::commit::file(call.hub, call.repo, &pull.head, change))
        .collect();
    Ok(paging::list(call, shown, MOST_FILES))
}
