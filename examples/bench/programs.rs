//! The programs that are measured, each started as it would run.

use crate::child::Server;
use anyhow::Context;
use drawbridge::sandbox::Sandbox;
use std::path::Path;
use std::process::Command;

/// An app on a GitHub, as a program has to know it.
pub struct App {
    id: u64,
    key: String,
    secret: String,
    api_url: String,
}

impl App {
    pub fn of(sandbox: &Sandbox) -> Self {
        Self {
            id: sandbox.app_id(),
            key: sandbox.private_key_pem(),
            secret: sandbox.webhook_secret(),
            api_url: sandbox.api_url(),
        }
    }

    /// With its API at this address.
    pub fn at(self, api_url: String) -> Self {
        Self { api_url, ..self }
    }

    fn credentials(&self, command: &mut Command) {
        command
            .env("APP_ID", self.id.to_string())
            .env("PRIVATE_KEY", &self.key)
            .env("WEBHOOK_SECRET", &self.secret);
    }
}

/// A handler that reads a body and computes its HMAC.
pub fn bare(app: &App) -> anyhow::Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare").env("WEBHOOK_SECRET", &app.secret);
    Server::start(command)
}

/// Whether Drawbridge keeps the limits of github.com, or asks as fast as it can.
#[derive(Clone, Copy)]
pub enum Paced {
    Yes,
    No,
}

/// Drawbridge.
pub fn ours(program: &Path, app: &App, data: &Path, paced: Paced) -> anyhow::Result<Server> {
    let mut command = Command::new(program);
    command.arg("serve").env("PORT", "0").env("DATA_DIR", data);
    command.env("GITHUB_API_URL", &app.api_url);
    let limits = match paced {
        Paced::Yes => "on",
        Paced::No => "off",
    };
    command.env("GITHUB_LIMITS", limits);
    command.env("MALLOC_ARENA_MAX", "1");
    app.credentials(&mut command);
    Server::start(command)
}

/// One of the Probot apps in `room`. Its packages are installed beside what is built.
pub fn probot(room: &Path, app: &App, file: &str) -> anyhow::Result<Server> {
    let place = Path::new("target/bench/probot");
    std::fs::create_dir_all(place)?;
    for file in ["package.json", "package-lock.json", file] {
        std::fs::copy(room.join(file), place.join(file)).context(file.to_owned())?;
    }
    let mut install = Command::new("npm");
    install.args([
        "ci",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ]);
    let installed = install.current_dir(place).status().context("npm")?;
    anyhow::ensure!(installed.success(), "npm ci failed in {}", place.display());
    let mut command = Command::new("node");
    command.arg(file).current_dir(place);
    command
        .env("PORT", "3999")
        .env("NODE_ENV", "production")
        .env("LOG_LEVEL", "info");
    let host = app.api_url.trim_start_matches("http://");
    command.env("GHE_PROTOCOL", "http").env("GHE_HOST", host);
    app.credentials(&mut command);
    Server::start(command)
}
