//! From the code that GitHub gives to an app that is served.

use super::choice::{Choice, Keep};
use super::guard::{new_secret, same};
use super::{Room, show};
use crate::github::{GitHubError, exchange_manifest_code};
use crate::settings::Stored;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::Utc;
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use std::sync::{MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// So many forms may be under way to GitHub; one is usual.
const PENDING: usize = 8;

/// What was sent to GitHub.
pub(super) struct Pending {
    state: String,
    choice: Choice,
}

/// An app that is registered, for the server to begin with.
pub struct Finished {
    /// Its credentials.
    pub app: Stored,
    /// Told once the app is served, or why it is not.
    pub served: oneshot::Sender<Result<(), String>>,
}

/// What the operator is shown at the end.
pub(super) struct Outcome {
    pub install_page: String,
    /// Where the credentials are.
    pub kept: Kept,
    /// Why the app is not served, if it is not.
    pub trouble: Option<String>,
}

/// Where the credentials are now.
pub(super) enum Kept {
    Stored(String),
    /// On the page: the variables.
    Shown(Zeroizing<String>),
    Printed,
    /// They could not be stored, so they are on the page: why, and the variables.
    Unstored(String, Zeroizing<String>),
}

impl Outcome {
    /// Nobody waits for the page any more.
    pub fn is_seen_by_nobody(&self) {
        self.kept
            .show_lastly("The browser did not wait for the last page of the setup.");
    }
}

impl Kept {
    /// The page that they are on may not arrive: what is nowhere else goes to the terminal as well.
    fn show_lastly(&self, why: &str) {
        if let Self::Shown(variables) | Self::Unstored(_, variables) = self {
            show(&format!(
                "\n{why} The app's credentials, which are nowhere else:\n\n{}",
                **variables
            ));
        }
    }
}

/// Why there is no app.
pub(super) enum Failure {
    /// Nobody here sent this state, or it came back before.
    UnknownState,
    /// The setup was finished meanwhile.
    Done,
    /// The credentials could not be stored, so the code was not exchanged.
    Disk(String),
    /// GitHub did not exchange the code. It may still, if that is so.
    GitHub(String, bool),
}

impl Room {
    fn pending(&self) -> MutexGuard<'_, Vec<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a choice under a state that nobody guesses.
    pub(super) fn remember(&self, choice: Choice) -> String {
        let state = new_secret();
        let mut pending = self.pending();
        if pending.len() == PENDING {
            pending.remove(0);
        }
        pending.push(Pending {
            state: state.clone(),
            choice,
        });
        state
    }

    fn choice(&self, state: &str) -> Option<Choice> {
        let pending = self.pending();
        let found = pending.iter().find(|pending| same(&pending.state, state));
        found.map(|pending| pending.choice.clone())
    }

    fn forget(&self, state: &str) {
        self.pending()
            .retain(|pending| !same(&pending.state, state));
    }

    /// Exchanges a code, keeps the credentials and has the app served.
    pub(super) async fn register(&self, code: &str, state: &str) -> Result<Outcome, Failure> {
        let mut done = self.done.lock().await;
        if *done {
            return Err(Failure::Done);
        }
        let choice = self.choice(state).ok_or(Failure::UnknownState)?;
        let file = &self.plan.file;
        if choice.keep == Keep::Store {
            // Afterwards it would be too late to find out: the code is good once.
            file.prepare()
                .map_err(|error| Failure::Disk(format!("{}: {error}", file.path().display())))?;
        }
        let app = match exchange_manifest_code(&choice.api_url, code, Utc::now()).await {
            Ok(app) => app,
            Err(error) => {
                let again = error.is_transient();
                if !again {
                    self.forget(state);
                    let _ = file.give_up();
                }
                return Err(Failure::GitHub(sentence(&error), again));
            }
        };
        tracing::info!(app = app.slug, id = app.id, "GitHub has registered the app");
        let app = Stored::new(app, &choice.api_url, &choice.public_url);
        let kept = self.keep(&app, choice.keep);
        *done = true;
        self.pending().clear();
        let install_page = app.install_page();
        show(&format!(
            "\nThe app is registered. Install it: {install_page}\n"
        ));
        let (served, answer) = oneshot::channel();
        let finished = Finished { app, served };
        let trouble = match self.hand_over.send(finished).await {
            Ok(()) => answer
                .await
                .unwrap_or_else(|_| Err("the server stops".to_owned())),
            Err(_) => Err("the server stops".to_owned()),
        };
        if trouble.is_err() {
            // The server ends now.
            kept.show_lastly("The server could not begin to serve the app.");
        }
        Ok(Outcome {
            install_page,
            kept,
            trouble: trouble.err(),
        })
    }

    fn keep(&self, app: &Stored, keep: Keep) -> Kept {
        let file = &self.plan.file;
        match keep {
            Keep::Show => Kept::Shown(variables(app)),
            Keep::Print => {
                show(&format!(
                    "\nThe app's credentials, shown only now:\n\n{}",
                    *variables(app)
                ));
                Kept::Printed
            }
            Keep::Store => match file.store(app) {
                Ok(()) => Kept::Stored(file.path().display().to_string()),
                Err(error) => {
                    tracing::error!(%error, "can't store the app's credentials; the setup page shows them instead");
                    Kept::Unstored(error.to_string(), variables(app))
                }
            },
        }
    }
}

/// The credentials as environment variables. The key in base64 stays one line in every file of variables there is.
fn variables(app: &Stored) -> Zeroizing<String> {
    let key = BASE64_STANDARD.encode(app.private_key.expose_secret());
    let api = match app.github_api_url.as_str() {
        "https://api.github.com" => String::new(),
        other => format!("GITHUB_API_URL={other}\n"),
    };
    let public = app.public_url.as_deref().unwrap_or_default();
    Zeroizing::new(format!(
        "APP_ID={}\nCLIENT_ID={}\nCLIENT_SECRET={}\nWEBHOOK_SECRET={}\nPRIVATE_KEY={key}\n{api}PUBLIC_URL={public}\n",
        app.app_id,
        app.client_id,
        app.client_secret.expose_secret(),
        app.webhook_secret.expose_secret(),
    ))
}

/// What GitHub said, and what to do.
fn sentence(error: &GitHubError) -> String {
    match error {
        GitHubError::NotFound { .. } => {
            "GitHub does not know the code: it was used before, or is older than an hour."
                .to_owned()
        }
        error => format!("{error}."),
    }
}
