//! Going on by hand in a sandbox that stays: `drawbridge sandbox open-pr` and the like, from another terminal.

use super::story::board::jobs;
use anyhow::{Context, bail};
use clap::error::ErrorKind;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// How GitHub says that a workflow run ended.
const CONCLUSIONS: [&str; 7] = [
    "success",
    "failure",
    "cancelled",
    "timed_out",
    "skipped",
    "neutral",
    "startup_failure",
];

/// Where the sandbox is, as it printed.
#[derive(Args)]
pub struct Where {
    /// The sandbox's address, as `drawbridge sandbox --stay` printed it
    #[arg(long, env = "DRAWBRIDGE_SANDBOX", value_name = "URL")]
    sandbox: Option<String>,
}

impl Where {
    /// clap does not say that a variable would do.
    fn address(&self) -> Result<&str, clap::Error> {
        self.sandbox.as_deref().ok_or_else(|| {
            clap::Error::raw(
                ErrorKind::MissingRequiredArgument,
                "which sandbox is meant? Set DRAWBRIDGE_SANDBOX (or --sandbox) to the address that `drawbridge sandbox --stay` printed\n",
            )
        })
    }
}

/// What is committed.
#[derive(Args)]
pub struct Commit {
    /// Change this file; may be repeated
    #[arg(long, value_name = "PATH", default_value = "src/lib.rs")]
    file: Vec<String>,
    /// Without a verified signature
    #[arg(long)]
    unsigned: bool,
}

impl Commit {
    fn body(&self, author: &str) -> Value {
        // Never what was there before, so that it is a change.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let content = format!("by hand, {} ns\n", now.unwrap_or_default().as_nanos());
        let files: Vec<_> = self.file.iter().map(|path| (path, &content)).collect();
        json!([{ "author": author, "verified": !self.unsigned, "files": files }])
    }
}

/// What one can do.
#[derive(Subcommand)]
pub enum ByHand {
    /// Somebody opens a pull request
    OpenPr {
        /// Who; anybody who is not mel, vera or maya is a stranger
        #[arg(long)]
        author: String,
        /// Its title
        #[arg(long, default_value = "A pull request")]
        title: String,
        /// As a draft
        #[arg(long)]
        draft: bool,
        #[command(flatten)]
        commit: Commit,
        #[command(flatten)]
        at: Where,
    },
    /// The author pushes another commit
    Push {
        /// The pull request's number
        pr: u64,
        #[command(flatten)]
        commit: Commit,
        #[command(flatten)]
        at: Where,
    },
    /// Somebody comments
    Comment {
        /// The pull request's number
        pr: u64,
        /// Who
        #[arg(long)]
        by: String,
        /// What, such as "/ok to test 0123abc"
        body: String,
        #[command(flatten)]
        at: Where,
    },
    /// Somebody puts a label on a pull request
    Label {
        /// The pull request's number
        pr: u64,
        /// Which, such as api-docs
        label: String,
        /// Take it off
        #[arg(long)]
        remove: bool,
        /// Who
        #[arg(long, default_value = "maya")]
        by: String,
        #[command(flatten)]
        at: Where,
    },
    /// A job's workflow run ends
    FinishJob {
        /// The job's name, as the gate shows it, or its workflow run's id
        job: String,
        /// How
        #[arg(default_value = "success", value_parser = CONCLUSIONS)]
        conclusion: String,
        #[command(flatten)]
        at: Where,
    },
    /// Somebody closes the pull request
    Close {
        /// The pull request's number
        pr: u64,
        /// Who
        #[arg(long, default_value = "maya")]
        by: String,
        #[command(flatten)]
        at: Where,
    },
    /// Show every pull request, branch, check, comment and workflow run, as JSON
    State {
        #[command(flatten)]
        at: Where,
    },
}

/// Prints how to go on in a sandbox with so many pull requests.
pub(super) fn explain(address: &str, pulls: u64) {
    let (pull, next) = (pulls + 1, pulls + 2);
    println!(
        "\nBoth stay until you press Ctrl-C. From another terminal:\n\n  \
         export DRAWBRIDGE_SANDBOX={address}\n  \
         drawbridge sandbox open-pr --author mel                # gets the number {pull}\n  \
         drawbridge sandbox finish-job \"build (amd64)\" failure\n  \
         drawbridge sandbox comment {pull} --by vera /retest\n  \
         drawbridge sandbox label {pull} api-docs\n  \
         drawbridge sandbox open-pr --author sam --unsigned     # gets the number {next}\n  \
         drawbridge sandbox comment {next} --by vera \"/ok to test <sha>\"\n  \
         drawbridge sandbox push {next} --file docs/guide.md\n  \
         drawbridge sandbox close {next}\n  \
         drawbridge sandbox state"
    );
}

/// Does it, and prints what the sandbox answered.
pub(super) async fn perform(deed: ByHand) -> anyhow::Result<()> {
    let (at, deed, body) = match deed {
        ByHand::OpenPr {
            author,
            title,
            draft,
            commit,
            at,
        } => {
            let commits = commit.body(&author);
            let body =
                json!({ "author": author, "title": title, "draft": draft, "commits": commits });
            (at, "open-pr", body)
        }
        ByHand::Push { pr, commit, at } => {
            let state = state(at.address()?).await?;
            let pulls = state["pull_requests"].as_array();
            let pull = pulls.and_then(|pulls| pulls.iter().find(|pull| pull["number"] == pr));
            let author = pull.and_then(|pull| pull["author"].as_str());
            let author = author.with_context(|| format!("there is no pull request {pr}"))?;
            let body = json!({ "pr": pr, "commits": commit.body(author) });
            (at, "push", body)
        }
        ByHand::Comment { pr, by, body, at } => {
            (at, "comment", json!({ "pr": pr, "by": by, "body": body }))
        }
        ByHand::Label {
            pr,
            label,
            remove,
            by,
            at,
        } => {
            let deed = if remove { "unlabel" } else { "label" };
            (at, deed, json!({ "pr": pr, "label": label, "by": by }))
        }
        ByHand::FinishJob {
            job,
            conclusion,
            at,
        } => {
            let run = run_of(&state(at.address()?).await?, &job)?;
            let body = json!({ "run": run, "conclusion": conclusion });
            (at, "finish-run", body)
        }
        ByHand::Close { pr, by, at } => (at, "close", json!({ "pr": pr, "by": by })),
        ByHand::State { at } => return show(&state(at.address()?).await?),
    };
    let address = at.address()?;
    let (client, url) = reach(address, deed)?;
    show(&answer(client.post(url).json(&body).send().await, address).await?)
}

/// All there is to see; each dispatched run with the job that a gate links to it.
async fn state(address: &str) -> anyhow::Result<Value> {
    let look = async |what: &str| -> anyhow::Result<Value> {
        let (client, url) = reach(address, what)?;
        answer(client.get(url).send().await, address).await
    };
    let mut state = look("state").await?;
    let mut dispatched = look("dispatched").await?;
    for run in dispatched.as_array_mut().into_iter().flatten() {
        let id = run["run_id"].as_u64();
        run["job"] = json!(linked(&state).find_map(|(job, run)| (run == id).then_some(job)));
    }
    state["dispatched"] = dispatched;
    Ok(state)
}

/// The jobs in the gates of all pull requests, with the workflow runs they link to.
fn linked(state: &Value) -> impl Iterator<Item = (String, Option<u64>)> {
    let pulls = state["pull_requests"].as_array().into_iter().flatten();
    let checks = pulls.flat_map(|pull| pull["checks"].as_array().into_iter().flatten());
    let ours = checks.filter(|check| check["app_id"] == state["app_id"]);
    ours.flat_map(|check| jobs(check["summary"].as_str().unwrap_or_default()))
        .map(|row| (row.job, row.run))
}

/// The one run under way that is meant: by its id, the job that is linked to it, or the workflow's name.
fn run_of(state: &Value, meant: &str) -> anyhow::Result<u64> {
    let runs = state["runs"].as_array().into_iter().flatten();
    let open = runs.filter(|run| run["status"] != "completed");
    let open: Vec<(u64, String, &str)> = open
        .filter_map(|run| {
            let id = run["id"].as_u64()?;
            let job = linked(state).find_map(|(job, run)| (run == Some(id)).then_some(job));
            let name = job.or_else(|| Some(run["name"].as_str()?.to_owned()))?;
            Some((id, name, run["head_branch"].as_str().unwrap_or_default()))
        })
        .collect();
    let named = open
        .iter()
        .filter(|(id, name, _)| name.eq_ignore_ascii_case(meant) || id.to_string() == meant);
    let list = |runs: &[&(u64, String, &str)]| {
        let lines = runs
            .iter()
            .map(|(id, name, on)| format!("\n  {id}  {name}, {on}"));
        lines.collect::<String>()
    };
    match named.collect::<Vec<_>>().as_slice() {
        [(id, _, _)] => Ok(*id),
        [] if open.is_empty() => bail!("no job called {meant:?} is under way, nor any other"),
        [] => bail!(
            "no job called {meant:?} is under way. There are:{}",
            list(&open.iter().collect::<Vec<_>>())
        ),
        many => bail!("say which {meant} by its number:{}", list(many)),
    }
}

fn show(answer: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(answer)?);
    Ok(())
}

/// A client for a sandbox, and the address of one of its deeds. No proxy: a sandbox is on this machine.
fn reach(address: &str, deed: &str) -> anyhow::Result<(reqwest::Client, reqwest::Url)> {
    let url = format!("{}/_sandbox/{deed}", address.trim_end_matches('/'));
    let url = reqwest::Url::parse(&url).with_context(|| {
        format!(
            "DRAWBRIDGE_SANDBOX (--sandbox) has to be the address that `drawbridge sandbox --stay` printed, not {address:?}"
        )
    })?;
    Ok((reqwest::Client::builder().no_proxy().build()?, url))
}

async fn answer(
    answer: reqwest::Result<reqwest::Response>,
    address: &str,
) -> anyhow::Result<Value> {
    let answer = answer.with_context(|| {
        format!("nothing answers at {address}; is `drawbridge sandbox --stay` running?")
    })?;
    let status = answer.status();
    let body: Value = answer
        .json()
        .await
        .context("the answer is not from a sandbox")?;
    if !status.is_success() {
        bail!(
            "{}",
            body["message"].as_str().unwrap_or("the sandbox refused")
        );
    }
    Ok(body)
}
