//! Pull requests.

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::paging;
use crate::sandbox::deeds::FromBranch;
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

/// Within the repository: the app has no fork.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let wrong = |field: &str, code: &str| {
        Err(Reply::invalid(
            "PullRequest",
            field,
            code,
            &format!("{field} is {code}"),
        ))
    };
    let title = call.text("title").unwrap_or_default().to_owned();
    if title.trim().is_empty() {
        return wrong("title", "missing_field");
    }
    let head = call.text("head").unwrap_or_default();
    let owner = call.hub.user(call.hub.repo(call.repo).owner).login.clone();
    let head = head
        .strip_prefix(&format!("{owner}:"))
        .unwrap_or(head)
        .to_owned();
    let base = call.text("base").unwrap_or_default().to_owned();
    let repo = call.hub.repo(call.repo);
    let Some(tip) = repo.branch(&head).cloned() else {
        return wrong("head", "invalid");
    };
    let Some(under) = repo.branch(&base).cloned() else {
        return wrong("base", "invalid");
    };
    let open = repo.issues.values().filter(|issue| issue.open);
    let same = open.filter_map(|issue| issue.pull.as_ref()).any(|pull| {
        pull.head_repo == call.repo && pull.head_branch == head && pull.base_branch == base
    });
    let refused = |message: &str| Err(Reply::invalid("PullRequest", "head", "custom", message));
    if same {
        return refused(&format!(
            "A pull request already exists for {owner}:{head}."
        ));
    }
    if call.hub.objects.between(&under, &tip).is_empty() {
        return refused(&format!("No commits between {base} and {head}"));
    }
    let body = call.text("body").map(str::to_owned);
    let (repo, by) = (call.repo, call.actor());
    let new = FromBranch {
        head,
        base,
        title,
        body,
        by,
    };
    let number = call.hub.open_from_branch(repo, new)?;
    show::pull::full(call.hub, repo, number)
        .map(Reply::created)
        .map_err(|_| Reply::not_found())
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
