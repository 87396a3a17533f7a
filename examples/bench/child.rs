//! A server in a process of its own, as it would run, and what it costs there.

use anyhow::{Context, bail};
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

pub struct Server {
    child: Child,
    pub at: SocketAddr,
}

impl Server {
    /// Starts it, and waits until a line of what it prints names the address that it listens on.
    pub fn start(mut command: Command) -> anyhow::Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let shown = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().context(shown.clone())?;
        let (told, heard) = mpsc::channel();
        follow(child.stdout.take().context("no output")?, told.clone());
        follow(child.stderr.take().context("no output")?, told);
        let Ok(at) = heard.recv() else {
            bail!("{shown} ended and named no address: {}", child.wait()?);
        };
        Ok(Self { child, at })
    }

    /// Its resident memory in MiB.
    pub fn resident(&self) -> anyhow::Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most that was ever resident, in MiB.
    pub fn most_resident(&self) -> anyhow::Result<u64> {
        self.memory("VmHWM:")
    }

    /// A line of `proc_pid_status(5)`, in MiB.
    fn memory(&self, name: &'static str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.context(name)?.parse::<u64>()? / 1024)
    }

    /// Ends it as an operator would.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let ended = self.child.wait()?;
        anyhow::ensure!(ended.success(), "it ended with {ended}");
        Ok(())
    }

    /// The time that it has kept processors busy (`proc_pid_stat(5)`, utime and stime, in hundredths of a second).
    pub fn busy(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name stands in parentheses, and may hold anything.
        let (_, rest) = stat.rsplit_once(')').context("no name")?;
        let ticks = rest.split_whitespace().skip(11).take(2);
        let ticks = ticks.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says where it listens, and reads on so that nothing stands still.
fn follow(from: impl Read + Send + 'static, told: mpsc::Sender<SocketAddr>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some(at) = address(&line) {
                // Who waited may have what they need already.
                let _ = told.send(at);
            }
        }
    });
}

/// The first address of this machine in a line that says that somebody listens.
fn address(line: &str) -> Option<SocketAddr> {
    let line = line.to_lowercase().replace("localhost:", "127.0.0.1:");
    let (_, rest) = line.split_once("listening")?;
    let (_, port) = rest.split_once("127.0.0.1:")?;
    let digits = port.split(|c: char| !c.is_ascii_digit()).next()?;
    format!("127.0.0.1:{digits}").parse().ok()
}
