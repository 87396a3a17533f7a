//! A process, watched: what it prints, how it ends. Nothing here waits for time to pass, only for things to happen.

use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{Options, Sandbox};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything here takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The binary with an environment that holds nothing but what a test puts there.
pub fn drawbridge(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drawbridge"));
    command.args(args).env_clear();
    for kept in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// What a process printed so far, line by line.
#[derive(Clone, Default)]
pub struct Lines(Arc<(Mutex<Printed>, Condvar)>);

#[derive(Default)]
struct Printed {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    fn follow(&self, from: impl Read + Send + 'static) {
        let lines = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                lines.lock().lines.push(line);
                lines.0.1.notify_all();
            }
            lines.lock().ended = true;
            lines.0.1.notify_all();
        });
    }

    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first line that `find` finds something in, waited for.
    pub fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        self.wait_for_nth(what, 0, find)
    }

    /// The line after `passed` others that `find` finds something in, waited for.
    pub fn wait_for_nth<T>(
        &self,
        what: &str,
        passed: usize,
        find: impl Fn(&str) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut printed = self.lock();
        loop {
            if let Some(found) = printed
                .lines
                .iter()
                .filter_map(|line| find(line))
                .nth(passed)
            {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !printed.ended && !left.is_zero(),
                "no {what} in:\n{}",
                printed.lines.join("\n")
            );
            printed = self
                .0
                .1
                .wait_timeout(printed, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// What was printed so far.
    pub fn so_far(&self) -> String {
        self.lock().lines.join("\n")
    }

    /// All of it, once the process closed it.
    pub fn all(&self) -> String {
        let closed = |printed: &mut Printed| !printed.ended;
        let waited = self.0.1.wait_timeout_while(self.lock(), PATIENCE, closed);
        waited
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .lines
            .join("\n")
    }
}

/// A running process; killed when dropped.
pub struct Process {
    pid: u32,
    ended: bool,
    exit: mpsc::Receiver<ExitStatus>,
    pub out: Lines,
    pub err: Lines,
}

/// How a process ended, and all it printed.
pub struct Ended {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Process {
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (out, err) = (Lines::default(), Lines::default());
        out.follow(child.stdout.take().expect("a pipe"));
        err.follow(child.stderr.take().expect("a pipe"));
        let pid = child.id();
        let (ended, exit) = mpsc::channel();
        std::thread::spawn(move || {
            // Nobody may be waiting any more.
            let _ = ended.send(child.wait().expect("a child can be waited for"));
        });
        Self {
            pid,
            ended: false,
            exit,
            out,
            err,
        }
    }

    pub fn id(&self) -> u32 {
        self.pid
    }

    /// Sends `TERM`, `INT` or `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.pid)])
            .status();
        // Panicking once more while a test fails would hide why it does.
        assert!(
            sent.is_ok_and(|sent| sent.success()) || std::thread::panicking(),
            "no process to send {name} to"
        );
    }

    /// Waits for its end.
    pub fn end_within(mut self, patience: Duration) -> Ended {
        let status = self.exit.recv_timeout(patience).unwrap_or_else(|_| {
            let said = self.err.lock().lines.join("\n");
            panic!("the process does not end in time; it said:\n{said}")
        });
        self.ended = true;
        Ended {
            code: status.code(),
            out: self.out.all(),
            err: self.err.all(),
        }
    }

    pub fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended && self.exit.try_recv().is_err() {
            self.signal("KILL");
            // Whoever comes next may use what it held, such as its directory.
            let _ = self.exit.recv_timeout(PATIENCE);
        }
    }
}

/// A stand-in GitHub and what is needed to serve it.
pub struct Bench {
    pub github: Sandbox,
    pub data: TempDir,
}

impl Bench {
    pub async fn new() -> Self {
        let github = Sandbox::start(Options::default())
            .await
            .expect("the stand-in starts");
        Self {
            github,
            data: TempDir::new().expect("a directory"),
        }
    }

    /// `drawbridge serve` with all it needs; a test adds or takes away.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = drawbridge(&[&["serve"], args].concat());
        command
            .env("APP_ID", self.github.app_id().to_string())
            .env("PRIVATE_KEY", self.github.private_key_pem())
            .env("WEBHOOK_SECRET", self.github.webhook_secret())
            .env("GITHUB_API_URL", self.github.api_url())
            .env("PORT", "0")
            .env("DATA_DIR", self.data_dir());
        command
    }

    /// Enables the app in `acme/engine`.
    pub fn enable(&self) {
        let config = ".github/drawbridge.yaml";
        self.github
            .write_file("engine", config, "enabled: true\n", "maya");
    }

    /// Waits until a pull request has its mirror.
    pub async fn mirrored(&self, pr: u64) {
        let is_there = |github: &Sandbox| github.branch(&format!("pull-request/{pr}")).is_some();
        self.github.wait_until("it is mirrored", is_there).await;
    }

    /// Waits until a pull request's head has its gate.
    pub async fn gated(&self, pr: u64) {
        let is_there = |github: &Sandbox| github.check(&github.head(pr), GATE_NAME).is_some();
        self.github.wait_until("it has its gate", is_there).await;
    }

    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Serves, and has the stand-in deliver there.
    pub fn serve(&self) -> Serving {
        self.serve_with(self.command(&[]))
    }

    pub fn serve_with(&self, command: Command) -> Serving {
        let serving = Serving::start(command);
        self.github.deliver_to(&serving.hook());
        serving
    }
}

/// A server that listens.
pub struct Serving {
    pub process: Process,
    pub address: SocketAddr,
    pub http: reqwest::Client,
}

impl Serving {
    pub fn start(command: Command) -> Self {
        let process = Process::start(command);
        let address = process.err.wait_for("`listening` line", listening);
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("a client");
        Self {
            process,
            address,
            http,
        }
    }

    pub fn hook(&self) -> String {
        self.url("/api/github/webhooks")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Status and body of a GET.
    pub async fn get(&self, path: &str) -> (u16, String) {
        read(self.http.get(self.url(path))).await
    }
}

/// The address in a `listening` line, text or JSON.
fn listening(line: &str) -> Option<SocketAddr> {
    if !line.contains("listening") {
        return None;
    }
    let (_, rest) = line.split_once("address")?;
    let from = rest.find(|c: char| c.is_ascii_digit())?;
    let end = rest[from..].find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    rest[from..]
        .get(..end.unwrap_or(rest.len() - from))?
        .parse()
        .ok()
}

/// Sends a request; status and body of the answer.
pub async fn read(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.expect("an answer");
    (
        answer.status().as_u16(),
        answer.text().await.expect("a text"),
    )
}
