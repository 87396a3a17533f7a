//! The table of routes: GitHub's template, who may ask, and what answers.

use super::answer::Outcome;
use super::call::Call;
use super::routes::{Needs, Route};
use super::{
    actions, app, branches, checks, comments, contents, dispatch, pulls, refs, register, repos,
    sign_in, statuses,
};
use crate::sandbox::model::access::Level::{Read, Write};

const METADATA: Needs = Needs::Any(&[("metadata", Read)]);
const CODE: Needs = Needs::Any(&[("contents", Read)]);
const CODE_WRITE: Needs = Needs::Any(&[("contents", Write)]);
const PULLS: Needs = Needs::Any(&[("pull_requests", Read)]);
const PULLS_WRITE: Needs = Needs::Any(&[("pull_requests", Write)]);
const TALK: Needs = Needs::Any(&[("issues", Read), ("pull_requests", Read)]);
const TALK_WRITE: Needs = Needs::Any(&[("issues", Write), ("pull_requests", Write)]);
const CHECKS: Needs = Needs::Any(&[("checks", Read)]);
const CHECKS_WRITE: Needs = Needs::Any(&[("checks", Write)]);
const ACTIONS: Needs = Needs::Any(&[("actions", Read)]);
const ACTIONS_WRITE: Needs = Needs::Any(&[("actions", Write)]);
const ADMINISTRATION: Needs = Needs::Any(&[("administration", Read)]);
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
pub(super) static ROUTES: &[Route] = &[
    route("GET", "/rate_limit", Needs::Nothing, app::rate_limit),
    route(
        "POST",
        "/app-manifests/{code}/conversions",
        Needs::Nothing,
        register::convert,
    ),
    route("GET", "/app", Needs::App, app::show),
    route("GET", "/app/hook/config", Needs::App, app::hook_config),
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
    route("GET", "/user", Needs::User, sign_in::user),
    route(
        "GET",
        "/user/installations",
        Needs::User,
        sign_in::installations,
    ),
    route(
        "GET",
        "/user/installations/{installation_id}/repositories",
        Needs::User,
        sign_in::repositories,
    ),
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
        contents::show,
    ),
    route(
        "PUT",
        "/repos/{owner}/{repo}/contents/{path}",
        CODE_WRITE,
        contents::put,
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
        "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs",
        CHECKS,
        checks::of_suite,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
        CHECKS,
        checks::annotations,
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
        "POST",
        "/repos/{owner}/{repo}/pulls",
        PULLS_WRITE,
        pulls::create,
    ),
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
    route(
        "GET",
        "/repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks",
        ADMINISTRATION,
        branches::protection,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/branches/{branch}",
        CODE,
        branches::show,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/rules/branches/{branch}",
        METADATA,
        branches::rules,
    ),
    route(
        "GET",
        "/repos/{owner}/{repo}/compare/{basehead}",
        CODE,
        branches::compare,
    ),
    route(
        "POST",
        "/repos/{owner}/{repo}/dispatches",
        CODE_WRITE,
        branches::dispatch,
    ),
];
