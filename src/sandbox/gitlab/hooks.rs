//! The webhook sender: one after the other, each once. GitLab does not send a failed one again by itself.

use std::time::Duration;

use super::GitLab;

/// GitLab waits this long for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends what is queued until it is aborted.
pub(super) async fn run(gitlab: GitLab) {
    loop {
        let next = gitlab.look(|state| {
            let mut waiting = state.hooks.iter().enumerate();
            let (index, hook) = waiting.find(|(_, hook)| hook.view.status.is_none())?;
            let body = hook.view.payload.to_string();
            Some((index, hook.url.clone(), hook.token.clone(), body))
        });
        let Some((index, url, token, body)) = next else {
            gitlab.inner.wake.notified().await;
            continue;
        };
        let request = gitlab
            .inner
            .http
            .post(url)
            .timeout(PATIENCE)
            .header("content-type", "application/json")
            .header("user-agent", "GitLab/sandbox")
            .header("x-gitlab-event", "Pipeline Hook")
            .header("x-gitlab-event-uuid", uuid::Uuid::new_v4().to_string())
            .header("x-gitlab-instance", gitlab.url())
            .header("x-gitlab-token", token)
            .body(body);
        let status = match request.send().await {
            Ok(answer) => answer.status().as_u16(),
            Err(_) => 0,
        };
        gitlab.edit(|state| state.hooks[index].view.status = Some(status));
    }
}
