//! Routes of GitHub's API as its documentation writes them: what was asked, without of whom.

/// Each route that is asked. `{…}` stands for one part of a path.
const ROUTES: &[&str] = &[
    "/app",
    "/app-manifests/{code}/conversions",
    "/app/hook/config",
    "/app/hook/deliveries",
    "/app/hook/deliveries/{delivery_id}",
    "/app/hook/deliveries/{delivery_id}/attempts",
    "/app/installations",
    "/app/installations/{installation_id}",
    "/app/installations/{installation_id}/access_tokens",
    "/installation/repositories",
    "/orgs/{org}/members/{username}",
    "/rate_limit",
    "/repositories/{repository_id}",
    "/repos/{owner}/{repo}/actions/runs",
    "/repos/{owner}/{repo}/actions/runs/{run_id}",
    "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel",
    "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs",
    "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
    "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
    "/repos/{owner}/{repo}/check-runs",
    "/repos/{owner}/{repo}/check-runs/{check_run_id}",
    "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
    "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs",
    "/repos/{owner}/{repo}/check-suites/{check_suite_id}/rerequest",
    "/repos/{owner}/{repo}/collaborators/{username}/permission",
    "/repos/{owner}/{repo}/commits/{ref}/check-runs",
    "/repos/{owner}/{repo}/commits/{ref}/check-suites",
    "/repos/{owner}/{repo}/commits/{ref}/status",
    "/repos/{owner}/{repo}/dispatches",
    "/repos/{owner}/{repo}/git/refs",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
    "/repos/{owner}/{repo}/pulls/{pull_number}/files",
    "/repos/{owner}/{repo}/statuses/{sha}",
    "/user",
    "/user/installations",
    "/user/installations/{installation_id}/repositories",
];

/// Those whose last part stands for all that follow: names of files and branches have slashes of their own.
const OPEN_ENDED: &[&str] = &[
    "/repos/{owner}/{repo}/compare/{basehead}",
    "/repos/{owner}/{repo}/contents/{path}",
    "/repos/{owner}/{repo}/git/matching-refs/{ref}",
    "/repos/{owner}/{repo}/git/ref/{ref}",
    "/repos/{owner}/{repo}/git/refs/{ref}",
    "/repos/{owner}/{repo}/rules/branches/{branch}",
];

/// What is not in the table.
const OTHER: &str = "other";

/// The route of a path.
pub(super) fn route_of(path: &str) -> &'static str {
    let path = path.split('?').next().unwrap_or_default();
    let whole = |route: &&&str| matches(route, path).is_some_and(|rest| rest.is_none());
    let begun = |route: &&&str| matches(route, path).is_some();
    let found = ROUTES.iter().find(whole);
    let found = found.or_else(|| OPEN_ENDED.iter().find(begun));
    found.copied().unwrap_or(OTHER)
}

/// Whether a path begins as a route says, and if so, what follows.
fn matches<'a>(route: &str, path: &'a str) -> Option<Option<&'a str>> {
    let mut parts = path.split('/');
    for wanted in route.split('/') {
        let part = parts.next()?;
        if wanted != part && (!wanted.starts_with('{') || part.is_empty()) {
            return None;
        }
    }
    Some(parts.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_by_its_route_alone() {
        for (path, route) in [
            ("/app", "/app"),
            ("/app/hook/deliveries?per_page=100", "/app/hook/deliveries"),
            (
                "/repos/acme/pulls/pulls/7",
                "/repos/{owner}/{repo}/pulls/{pull_number}",
            ),
            (
                "/repos/acme/engine/contents/.github/drawbridge.yaml?ref=main",
                "/repos/{owner}/{repo}/contents/{path}",
            ),
            (
                "/repos/acme/engine/git/refs/heads/pull-request/7",
                "/repos/{owner}/{repo}/git/refs/{ref}",
            ),
            (
                "/repos/acme/engine/git/refs",
                "/repos/{owner}/{repo}/git/refs",
            ),
            (
                "/repos/acme/engine/issues/comments/3/reactions?content=%2B1",
                "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
            ),
            ("/repos/acme/engine/secrets", OTHER),
            ("/repos/acme/engine/pulls/7/files/x", OTHER),
            ("", OTHER),
        ] {
            assert_eq!(route_of(path), route, "{path}");
        }
    }
}
