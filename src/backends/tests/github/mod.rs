//! The backends that live on GitHub: workflows, observed checks, events to other repositories.

mod check;
mod dispatch;
mod workflow;

use super::*;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// GitHub with one workflow file, if any; the rest as told.
async fn github(
    file: Option<&str>,
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> Server {
    let file = file.map(|text| BASE64_STANDARD.encode(text));
    Server::start(move |seen| match seen.line.as_str() {
        "GET /app" => reply(
            200,
            json!({ "id": 7, "slug": "drawbridge", "name": "Drawbridge" }),
        ),
        "POST /app/installations/9/access_tokens" => reply(
            201,
            json!({ "token": "ghs_hush", "expires_at": "2999-01-01T00:00:00Z", "permissions": {} }),
        ),
        line if line.contains("/contents/") => match &file {
            Some(content) => reply(
                200,
                json!({ "type": "file", "encoding": "base64", "content": content }),
            ),
            None => reply(404, json!({ "message": "Not Found" })),
        },
        _ => {
            let (status, header, body) = answer(seen);
            (
                status,
                header.or(Some(("content-type", "application/json"))),
                body,
            )
        }
    })
    .await
}

fn backend(server: &Server, spec: BackendSpec) -> Arc<dyn Backend> {
    backends(&server.url, None, Some("https://drawbridge.example.com"))
        .of(&repo(), &spec)
        .unwrap()
}

fn ours() -> String {
    "a".repeat(40)
}

fn asked(server: &Server, line: &str) -> Vec<Seen> {
    let mut seen = server.seen();
    seen.retain(|seen| seen.line == line);
    seen
}
