//! The table of routes: GitHub's template, who may ask, and what answers.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::answer::Outcome;
use super::call::Call;
use super::{actions, app, checks, comments, dispatch, pulls, refs, repos, statuses};
use crate::sandbox::RouteView;
use crate::sandbox::model::access::Level::{self, Read, Write};

/// What a route asks of the one who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Needs {
    /// Open to all, also without credentials.
    Nothing,
    /// The app's JWT.
    App,
    /// An installation token with any one of these permissions; an empty list is any token.
    Any(&'static [(&'static str, Level)]),
}

/// One route.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// As in GitHub's OpenAPI description.
    pub(crate) template: &'static str,
    pub(crate) needs: Needs,
    pub(crate) answer: fn(&mut Call<'_>) -> Outcome,
}

const METADATA: Needs = Needs::Any(&[("metadata", Read)]);
const CODE: Needs = Needs::Any(&[("contents", Read)]);
const CODE_WRITE: Needs = Needs::Any(&[("contents", Write)]);
const PULLS: Needs = Needs::Any(&[("pull_requests", Read)]);
const TALK: Needs = Needs::Any(&[("issues", Read), ("pull_requests", Read)]);
const TALK_WRITE: Needs = Needs::Any(&[("issues", Write), ("pull_requests", Write)]);
const CHECKS: Needs = Needs::Any(&[("checks", Read)]);
const CHECKS_WRITE: Needs = Needs::Any(&[("checks", Write)]);
const ACTIONS: Needs = Needs::Any(&[("actions", Read)]);
const ACTIONS_WRITE: Needs = Needs::Any(&[("actions", Write)]);
const MEMBERS: Needs = Needs::Any(&[("members", Read)]);
const STATUSES: Needs = Needs::Any(&[("statuses", Read)]);
const STATUSES_WRITE: Needs = Needs::Any(&[("statuses", Write)]);

const fn route(
    method: &'static str,
    template: &'static str,
    needs: Needs,
    answer: fn(&mut Call<'_>) -> Outcome,
) -> Route {
    Route {
        method,
        template,
        needs,
        answer,
    }
}

/// Every route, the more particular before the more general.
static ROUTES: &[Route] = &[
    route("GET", "/rate_limit", Needs::Nothing, app::rate_limit),
    route("GET", "/app", Needs::App, app::show),
    route("GET", "/app/installations", Needs::App, app::installations),
    route(
        "GET",
        "/app/installations/{installation_id}",
        Needs::App,
        app::installation,
    ),
    route(
        "POST",
        "/app/installations/{installation_id}/access_tokens",
        Needs::App,
        app::access_tokens,
    ),
    route("GET", "/app/hook/deliveries", Needs::App, app::deliveries),
    route(
        "GET",
        "/app/hook/deliveries/{delivery_id}",
        Needs::App,
        app::delivery,
    ),
    route(
        "POST",
        "/app/hook/deliveries/{delivery_id}/attempts",
        Needs::App,
        app::attempt,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/installation",
        Needs::App,
        app::installation_of_repo,
    ),
    route(
        "GET",
        "/installation/repositories",
        Needs::Any(&[]),
        app::repositories,
    ),
    route("GET", "/users/{username}", Needs::Nothing, repos::user),
    route(
        "GET",
        "/orgs/{org}/members/{username}",
        MEMBERS,
        repos::member,
    ),
    route("GET", "/repos/{owner}/{repo}", METADATA, repos::show),
    route(
        "GET",
        "/repos/{owner}/{repo}/collaborators/{username}/permission",
        METADATA,
        repos::permission,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/contents/{path}",
        CODE,
        repos::contents,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/commits/{ref}/check-runs",
        CHECKS,
        checks::of_commit,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/commits/{ref}/check-suites",
        CHECKS,
        checks::suites_of_commit,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/commits/{ref}/status",
        STATUSES,
        statuses::combined,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/commits/{ref}/statuses",
        STATUSES,
        statuses::list,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/statuses/{sha}",
        STATUSES_WRITE,
        statuses::create,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/commits/{ref}",
        CODE,
        repos::commit,
    ),
    route("GET", "/repos/{owner}/{repo}/pulls", PULLS, pulls::list),
    route(
        "GET",
        "/repos/{owner}/{repo}/pulls/{pull_number}",
        PULLS,
        pulls::show,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
        PULLS,
        pulls::commits,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/pulls/{pull_number}/files",
        PULLS,
        pulls::files,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/git/ref/{ref}",
        CODE,
        refs::show,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/git/matching-refs/{ref}",
        CODE,
        refs::matching,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/git/refs",
        CODE_WRITE,
        refs::create,
    ),
    route(
        "PATCH",
        "/repos/{owner}/{repo}/git/refs/{ref}",
        CODE_WRITE,
        refs::update,
    ),
    route(
        "DELETE",
        "/repos/{owner}/{repo}/git/refs/{ref}",
        CODE_WRITE,
        refs::delete,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/check-runs",
        CHECKS_WRITE,
        checks::create,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/check-runs/{check_run_id}",
        CHECKS,
        checks::show,
    ),
    route(
        "PATCH",
        "/repos/{owner}/{repo}/check-runs/{check_run_id}",
        CHECKS_WRITE,
        checks::update,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/issues/{issue_number}/comments",
        TALK,
        comments::list,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/issues/{issue_number}/comments",
        TALK_WRITE,
        comments::create,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/issues/comments/{comment_id}",
        TALK,
        comments::show,
    ),
    route(
        "PATCH",
        "/repos/{owner}/{repo}/issues/comments/{comment_id}",
        TALK_WRITE,
        comments::update,
    ),
    route(
        "DELETE",
        "/repos/{owner}/{repo}/issues/comments/{comment_id}",
        TALK_WRITE,
        comments::delete,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
        TALK,
        comments::reactions,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
        TALK_WRITE,
        comments::react,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/actions/runs",
        ACTIONS,
        actions::list,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/actions/runs/{run_id}",
        ACTIONS,
        actions::show,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel",
        ACTIONS_WRITE,
        actions::cancel,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun",
        ACTIONS_WRITE,
        actions::rerun,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs",
        ACTIONS_WRITE,
        actions::rerun_failed,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
        ACTIONS,
        actions::list_of_workflow,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
        ACTIONS_WRITE,
        dispatch::workflow,
    ),
];

/// What there is to ask for.
pub(crate) fn all() -> impl Iterator<Item = RouteView> {
    ROUTES.iter().map(|route| RouteView {
        method: route.method,
        template: route.template,
    })
}

/// The route for a request, with its parameters decoded.
pub(crate) fn find(
    method: &str,
    path: &str,
) -> Option<(&'static Route, HashMap<&'static str, String>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| {
            let template: Vec<&'static str> = route.template.split('/').collect();
            let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
            let mut params = HashMap::new();
            fits(&template, &parts, &mut params).then_some((route, params))
        })
}

/// Matches part by part; `{ref}` and `{path}` may take several.
fn fits(
    template: &[&'static str],
    parts: &[&str],
    params: &mut HashMap<&'static str, String>,
) -> bool {
    let Some((first, rest)) = template.split_first() else {
        return parts.is_empty();
    };
    let Some(name) = first
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'))
    else {
        return parts.first() == Some(first) && fits(rest, &parts[1..], params);
    };
    let most = if matches!(name, "ref" | "path") {
        parts.len()
    } else {
        parts.len().min(1)
    };
    for taken in (1..=most).rev() {
        let value = parts[..taken].join("/");
        if !value.is_empty() && fits(rest, &parts[taken..], params) {
            params.insert(
                name,
                percent_decode_str(&value).decode_utf8_lossy().into_owned(),
            );
            return true;
        }
    }
    false
}

/// The header with which GitHub says what would have been enough.
pub(crate) fn accepted(needs: Needs) -> Option<String> {
    let Needs::Any(list) = needs else { return None };
    let names: Vec<String> = list
        .iter()
        .map(|(name, level)| format!("{name}={}", level.as_str()))
        .collect();
    (!names.is_empty()).then(|| names.join("; "))
}
