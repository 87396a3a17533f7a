//! The program as a process that may die at any moment.

use drawbridge::sandbox::Sandbox;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Longer than a start or an end takes on a busy machine, and than all starts that are cut short one after the other.
const PATIENCE: Duration = Duration::from_secs(300);
/// How much of what it said is shown when a test fails.
const LAST: usize = 80;
const SIGKILL: i32 = 9;

/// `drawbridge serve` on one directory, again and again.
pub struct Server {
    github: Sandbox,
    data: PathBuf,
    child: Mutex<Option<Child>>,
    said: Mutex<Vec<String>>,
    /// How many lines the present process has said.
    lines: watch::Sender<usize>,
    /// Whether the present process listens.
    up: watch::Sender<bool>,
    /// Whether the present process has ended by itself.
    gone: watch::Sender<bool>,
    /// How a process ended that nobody ended.
    ended: Mutex<Option<String>>,
}

impl Server {
    pub fn new(github: &Sandbox, data: &Path) -> Self {
        Self {
            github: github.clone(),
            data: data.to_owned(),
            child: Mutex::default(),
            said: Mutex::default(),
            lines: watch::Sender::new(0),
            up: watch::Sender::new(false),
            gone: watch::Sender::new(false),
            ended: Mutex::default(),
        }
    }

    /// Starts a process; GitHub delivers to it once it listens.
    pub fn start(self: &Arc<Self>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_drawbridge"))
            .arg("serve")
            .env("APP_ID", self.github.app_id().to_string())
            .env("PRIVATE_KEY", self.github.private_key_pem())
            .env("WEBHOOK_SECRET", self.github.webhook_secret())
            .env("GITHUB_API_URL", self.github.api_url())
            .env("GITHUB_LIMITS", "off")
            .env("PORT", "0")
            .env("DATA_DIR", &self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let pid = child.id();
        *lock(&self.child) = Some(child);
        self.lines.send_replace(0);
        self.gone.send_replace(false);
        // Whoever holds the server for good would keep the process from being killed when the test ends.
        let server = Arc::downgrade(self);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Some(server) = server.upgrade() else {
                    return;
                };
                if let Some(address) = listening(&line) {
                    server.is_up(pid, &address);
                }
                lock(&server.said).push(line);
                if is_present(&lock(&server.child), pid) {
                    server.lines.send_modify(|lines| *lines += 1);
                }
            }
            if let Some(server) = server.upgrade() {
                server.is_gone(pid);
            }
        });
    }

    fn is_up(&self, pid: u32, address: &str) {
        let child = lock(&self.child);
        // It may have been killed since it wrote that.
        if is_present(&child, pid) {
            let hook = format!("http://{address}/api/github/webhooks");
            self.github.deliver_to(&hook);
            self.up.send_replace(true);
        }
    }

    fn is_gone(&self, pid: u32) {
        let child = lock(&self.child);
        // Whoever is ended from here is taken away first.
        if is_present(&child, pid) {
            self.up.send_replace(false);
            self.gone.send_replace(true);
        }
    }

    /// Waits until it listens.
    pub async fn listens(&self) {
        let mut up = self.up.subscribe();
        let waited = tokio::time::timeout(PATIENCE, up.wait_for(|up| *up)).await;
        assert!(waited.is_ok(), "it does not start:\n{}", self.said());
    }

    /// Waits until the present process has said so many lines.
    pub async fn says(&self, lines: usize) {
        let mut said = self.lines.subscribe();
        // The sender lives as long as this.
        let _ = said.wait_for(|said| *said >= lines).await;
    }

    /// Waits until the present process has ended, or is about to, although nobody ended it.
    pub async fn ends_by_itself(&self) {
        let mut gone = self.gone.subscribe();
        // The sender lives as long as this.
        let _ = gone.wait_for(|gone| *gone).await;
    }

    /// Kills it at once, and returns when it is dead. Whether it was there and alive.
    pub fn kill(&self) -> bool {
        let mut child = lock(&self.child);
        let Some(mut victim) = child.take() else {
            return false;
        };
        self.up.send_replace(false);
        let ended = victim.try_wait().expect("it can be asked");
        victim.kill().expect("it can be killed");
        let status = victim.wait().expect("it can be waited for");
        let killed = ended.is_none() && status.signal() == Some(SIGKILL);
        if !killed {
            let how = format!("it ended by itself, {status}:\n{}", self.said());
            lock(&self.ended).get_or_insert(how);
            self.gone.send_replace(true);
        }
        killed
    }

    /// # Panics
    /// If a process has ended by itself.
    pub fn never_ended_by_itself(&self) {
        let ended = lock(&self.ended);
        assert_eq!(ended.as_deref(), None);
    }

    /// Has it stop by itself.
    pub async fn stop(&self) {
        self.up.send_replace(false);
        let mut child = lock(&self.child).take().expect("it runs");
        let kill = format!("kill -TERM {}", child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.is_ok_and(|sent| sent.success()));
        let ended = tokio::task::spawn_blocking(move || child.wait());
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        let status = ended
            .expect("it ends in time")
            .expect("no panic")
            .expect("a status");
        assert!(status.success(), "{}", self.said());
    }

    /// The last lines of what it said.
    pub fn said(&self) -> String {
        let said = lock(&self.said);
        said[said.len().saturating_sub(LAST)..].join("\n")
    }

    /// The lines that name one of these, and when it was started.
    pub fn said_of(&self, names: &[&str]) -> String {
        let said = lock(&self.said);
        let of = |line: &&String| {
            listening(line).is_some() || names.iter().any(|name| line.contains(name))
        };
        said.iter()
            .filter(of)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = lock(&self.child).take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn is_present(child: &Option<Child>, pid: u32) -> bool {
    child.as_ref().is_some_and(|child| child.id() == pid)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The address in a `listening` line.
fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("listening")?;
    let (_, rest) = rest.split_once("address=")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    Some(rest[..end.unwrap_or(rest.len())].to_owned())
}
