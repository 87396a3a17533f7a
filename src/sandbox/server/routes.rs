//! Finding the route for a request. The routes themselves are in `table`.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::answer::Outcome;
use super::call::Call;
use super::table::ROUTES;
use crate::sandbox::RouteView;
use crate::sandbox::model::access::Level;

/// What a route asks of the one who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Needs {
    /// Open to all, also without credentials.
    Nothing,
    /// The app's JWT.
    App,
    /// A token of somebody who has signed in to the app.
    User,
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

/// Matches part by part; names of refs and files may take several.
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
    let most = if matches!(name, "ref" | "path" | "branch" | "basehead") {
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
