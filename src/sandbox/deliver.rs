//! The webhook sender: one delivery at a time, in order, signed as GitHub signs.

use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Sandbox;
use super::model::log::{NOBODY, Stage};

/// GitHub waits this long for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends what is queued until it is aborted.
pub(crate) async fn run(sandbox: Sandbox) {
    loop {
        let next = sandbox.edit_quietly(|hub| {
            let next = hub
                .log
                .iter_mut()
                .find(|entry| entry.stage == Stage::Queued)?;
            next.stage = Stage::Sending;
            Some(next.id)
        });
        match next {
            Some(id) => {
                send(&sandbox, id).await;
            }
            None => sandbox.inner.wake.notified().await,
        }
    }
}

/// `sha256=…` over the raw body.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Sends one entry of the log, writes down what came back and says its status.
pub(crate) async fn send(sandbox: &Sandbox, id: u64) -> u16 {
    let found = sandbox.look(|hub| {
        let entry = hub.log.iter().find(|entry| entry.id == id)?;
        Some((
            hub.target.clone(),
            entry.clone(),
            hub.app,
            hub.webhook_secret.clone(),
        ))
    });
    let Some((target, entry, app, secret)) = found else {
        return NOBODY;
    };
    let body = entry.payload.to_string();
    let (status, answer) = match target {
        None => (NOBODY, None),
        Some(url) => {
            let request = sandbox
                .inner
                .http
                .post(url)
                .timeout(PATIENCE)
                .header("accept", "*/*")
                .header("content-type", "application/json")
                .header("user-agent", "GitHub-Hookshot/sandbox")
                .header("x-github-delivery", &entry.guid)
                .header("x-github-event", &entry.event)
                .header("x-github-hook-id", app.to_string())
                .header("x-github-hook-installation-target-id", app.to_string())
                .header("x-github-hook-installation-target-type", "integration")
                .header("x-hub-signature-256", signature(&secret, body.as_bytes()))
                .body(body);
            match request.send().await {
                Ok(response) => (response.status().as_u16(), response.text().await.ok()),
                Err(_) => (NOBODY, None),
            }
        }
    };
    sandbox.edit(|hub| {
        if let Some(entry) = hub.log.iter_mut().find(|entry| entry.id == id) {
            entry.stage = Stage::Done(status);
            entry.response = answer;
        }
    });
    status
}
