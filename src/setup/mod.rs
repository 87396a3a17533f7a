//! What the server is until its app is registered: a page for the operator, from which GitHub registers the app by its manifest
//! (`app-manifest.yml`) and hands its credentials over (GitHub, "Registering a GitHub App from a manifest").
//!
//! It promises: without the token that the terminal shows nobody sees or does anything here, and the token is good once; nothing
//! is registered before it is known that the credentials can be stored; what GitHub gave is on disk, or on the operator's screen,
//! before anything else happens; and no secret is logged. Afterwards the room is empty: the addresses below `/setup` are gone.

mod choice;
mod guard;
mod manifest;
mod pages;
mod register;
mod routes;
#[cfg(test)]
mod tests;

pub(crate) use manifest::asks;
pub use register::Finished;

use crate::settings::CredentialsFile;
use crate::web::Door;
use guard::Guard;
use register::Pending;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc};

/// What the operator has said already.
pub struct Plan {
    /// Base of GitHub's REST API.
    pub api_url: String,
    /// Whether that is settled, or may be chosen on the page.
    pub api_is_given: bool,
    /// Where GitHub and people reach this server, if the settings say it.
    pub public_url: Option<String>,
    /// Where deliveries go instead, on a machine that GitHub does not reach.
    pub proxy_url: Option<String>,
    /// Where credentials are stored.
    pub file: CredentialsFile,
    /// Whether an earlier setup was cut off at its worst moment.
    pub interrupted: bool,
    /// Whether the credentials go to the terminal in place of the file.
    pub print: bool,
}

/// The setup, open for its operator.
pub struct Setup {
    door: Door,
    room: Arc<Room>,
    finished: mpsc::Receiver<Finished>,
}

/// What all handlers share.
struct Room {
    plan: Plan,
    guard: Guard,
    /// Where the server listens.
    address: SocketAddr,
    /// What was sent to GitHub and has not come back.
    pending: Mutex<Vec<Pending>>,
    /// Held while a code is exchanged, so that of two at once the second one finds the setup done. Says whether it is.
    done: AsyncMutex<bool>,
    hand_over: mpsc::Sender<Finished>,
}

impl Setup {
    /// Opens the page on `listener`.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn open(listener: TcpListener, plan: Plan) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (hand_over, finished) = mpsc::channel(1);
        let room = Arc::new(Room {
            guard: Guard::new(plan.public_url.as_deref()),
            plan,
            address,
            pending: Mutex::default(),
            done: AsyncMutex::new(false),
            hand_over,
        });
        let door = Door::open(listener, routes::routes(room.clone()))?;
        room.announce();
        Ok(Self {
            door,
            room,
            finished,
        })
    }

    /// Waits until an app is registered.
    pub async fn finished(&mut self) -> Option<Finished> {
        self.finished.recv().await
    }

    /// The open door, for the app to stand behind.
    pub fn into_door(self) -> Door {
        drop(self.room);
        self.door
    }
}

impl Room {
    /// Shows the page's address, with its token, in the terminal. Not in the log: logs are kept, and read by others.
    fn announce(&self) {
        let token = self.guard.token();
        let local = match self.address.ip() {
            ip if ip.is_unspecified() => format!("127.0.0.1:{}", self.address.port()),
            _ => self.address.to_string(),
        };
        let mut text = format!(
            "\nNo app is set up yet. Open this address in your browser; it is good once:\n\n  http://{local}/setup?token={token}\n"
        );
        if let Some(public) = &self.plan.public_url
            && *public != format!("http://{local}")
        {
            text.push_str(&format!("\nor, through the proxy in front of this server:\n\n  {public}/setup?token={token}\n"));
        }
        if self.plan.interrupted {
            text.push_str(&format!("\n{}\n", pages::INTERRUPTED));
        }
        show(&text);
    }
}

/// Writes to the terminal. Nobody may be listening any more.
fn show(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
