//! The style and the script, each under a name that changes with its content.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/live.js");

const ICON: &str = include_str!("assets/icon.svg");

/// Where the picture in the browser's tab is.
pub(super) static ICON_PATH: LazyLock<String> = LazyLock::new(|| path("icon", ICON, "svg"));
/// Where the style is.
pub(super) static STYLE_PATH: LazyLock<String> = LazyLock::new(|| path("style", STYLE, "css"));
/// Where the script is.
pub(super) static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| path("live", SCRIPT, "js"));

fn path(name: &str, content: &str, ending: &str) -> String {
    let digest = hex::encode(&Sha256::digest(content)[..8]);
    format!("/assets/{name}-{digest}.{ending}")
}

/// `GET /assets/{file}`
pub(super) async fn file(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let path = format!("/assets/{file}");
    let (kind, content) = match () {
        () if path == *STYLE_PATH => ("text/css; charset=utf-8", STYLE),
        () if path == *SCRIPT_PATH => ("text/javascript; charset=utf-8", SCRIPT),
        () if path == *ICON_PATH => ("image/svg+xml", ICON),
        () => return super::refusal::Refusal::NotFound.into_response(),
    };
    let tag = format!("\"{file}\"");
    let known = headers.get(header::IF_NONE_MATCH);
    let lasts = [
        (
            header::CACHE_CONTROL,
            "public, max-age=31536000, immutable".to_owned(),
        ),
        (header::ETAG, tag.clone()),
    ];
    match known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        true => (StatusCode::NOT_MODIFIED, lasts).into_response(),
        false => (lasts, [(header::CONTENT_TYPE, kind)], content).into_response(),
    }
}
