//! What is on disk: asked of the server that has it open, or read if nobody has.

use super::{Area, Doctor};
use crate::backends::https_client;
use crate::store::StateDir;
use chrono::Utc;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer of `/readyz`.
const LARGEST_ANSWER: usize = 16 * 1024;

impl Doctor {
    /// Whether the state is sound.
    pub(super) async fn look_at_state(&mut self) {
        if let Some((status, said)) = self.ask_server().await {
            if status == StatusCode::OK && said == "ready" {
                self.report
                    .fine(Area::State, "The server runs and is ready.");
            } else if status == StatusCode::OK {
                self.report
                    .note(Area::State, format!("The server runs: {said}."));
            } else {
                self.report.task(
                    Area::State,
                    format!("The server runs and is not ready: {said}."),
                    "See its log.",
                );
            }
            return;
        }
        let dir = self.data_dir.clone();
        if !StateDir::new(&dir).path().exists() {
            self.report.note(
                Area::State,
                format!(
                    "No server answers here, and {} holds no state yet.",
                    dir.display()
                ),
            );
            return;
        }
        let verified =
            tokio::task::spawn_blocking(move || StateDir::new(&dir).verify(Utc::now())).await;
        let shown = self.data_dir.display().to_string();
        match verified {
            Ok(Ok(found)) if found.problems.is_empty() => self.report.note(
                Area::State,
                format!("No server answers here; the state in {shown} is sound."),
            ),
            Ok(Ok(found)) => self.report.task(
                Area::State,
                format!(
                    "The state in {shown} is damaged: {}.",
                    found.problems.join("; ")
                ),
                "Start the server: it sets the state aside and restores the newest snapshot.",
            ),
            Ok(Err(error)) => self.report.task(
                Area::State,
                format!("The state can't be read: {}.", error.cause),
                "If the server runs, give this command its HOST and PORT, so that it can be asked.",
            ),
            Err(error) => self.report.task(
                Area::State,
                format!("The state can't be read: {error}."),
                "Run `drawbridge state verify`.",
            ),
        }
    }

    /// What `/readyz` of the server says; `None`: nobody answers.
    async fn ask_server(&self) -> Option<(StatusCode, String)> {
        let host = match self.host {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let address = std::net::SocketAddr::new(host, self.port);
        let request = Request::get(format!("http://{address}/readyz")).body(Full::default());
        let client = https_client().ok()?;
        let asked = async {
            let answer = client.request(request.ok()?).await.ok()?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LARGEST_ANSWER);
            let body = body.collect().await.ok()?.to_bytes();
            let said: serde_json::Value = serde_json::from_slice(&body).ok()?;
            let text = said.get("status").or_else(|| said.get("error"))?;
            Some((status, text.as_str()?.to_owned()))
        };
        tokio::time::timeout(PATIENCE, asked).await.ok()?
    }
}
