//! Pages and their `Link` header.

use serde_json::Value;

use super::answer::Reply;
use super::call::Call;

/// A page of a list: `per_page` (30, at most 100) and `page`, cut at `most` entries in all.
pub(crate) fn page<T>(call: &Call<'_>, items: Vec<T>, most: usize) -> (Vec<T>, Option<String>) {
    let number = |name: &str| call.query(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(30).clamp(1, 100);
    let current = number("page").unwrap_or(1).max(1);
    let total = items.len().min(most);
    let last = total.div_ceil(size).max(1);
    let here = items
        .into_iter()
        .take(most)
        .skip((current - 1).saturating_mul(size))
        .take(size)
        .collect();
    let mut links = Vec::new();
    if current > 1 {
        links.push((1, "first"));
        links.push(((current - 1).min(last), "prev"));
    }
    if current < last {
        links.push((current + 1, "next"));
        links.push((last, "last"));
    }
    let link = |(page, rel): (usize, &str)| {
        format!(
            "<{}>; rel=\"{rel}\"",
            address(call, "page", &page.to_string())
        )
    };
    let header = links.into_iter().map(link).collect::<Vec<_>>().join(", ");
    (here, (!header.is_empty()).then_some(header))
}

/// The request's own address with one parameter changed.
pub(crate) fn address(call: &Call<'_>, name: &str, value: &str) -> String {
    let (path, query) = call.asked.split_once('?').unwrap_or((&call.asked, ""));
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != name);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept).append_pair(name, value);
    format!("{}{path}?{}", call.hub.base, query.finish())
}

/// A list answered page by page.
pub(crate) fn list(call: &Call<'_>, items: Vec<Value>, most: usize) -> Reply {
    let (here, link) = page(call, items, most);
    with_link(Reply::ok(Value::Array(here)), link)
}

/// A list inside an object with its `total_count`.
pub(crate) fn counted(call: &Call<'_>, field: &str, items: Vec<Value>) -> Reply {
    let total = items.len();
    let (here, link) = page(call, items, usize::MAX);
    let mut body = serde_json::json!({ "total_count": total });
    body[field] = Value::Array(here);
    with_link(Reply::ok(body), link)
}

/// Adds the `Link` header.
pub(crate) fn with_link(reply: Reply, link: Option<String>) -> Reply {
    match link {
        Some(link) => reply.header("link", link),
        None => reply,
    }
}
