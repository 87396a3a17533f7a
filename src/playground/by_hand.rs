//! Going on by hand in a sandbox that stays: `drawbridge sandbox open-pr` and the like, from another terminal.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Where the sandbox is, as it printed.
#[derive(Args)]
pub struct Where {
    /// The sandbox's address, as `drawbridge sandbox --stay` printed it
    #[arg(long, env = "DRAWBRIDGE_SANDBOX", value_name = "URL")]
    sandbox: String,
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
        /// With a commit that has no verified signature
        #[arg(long)]
        unsigned: bool,
        #[command(flatten)]
        at: Where,
    },
    /// The author pushes another commit
    Push {
        /// The pull request's number
        pr: u64,
        /// Without a verified signature
        #[arg(long)]
        unsigned: bool,
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
    /// The build on the mirror ends
    FinishBuild {
        /// The pull request's number
        pr: u64,
        /// success, failure, cancelled, …
        #[arg(long, default_value = "success")]
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
    /// Show every pull request, branch, check and comment
    State {
        #[command(flatten)]
        at: Where,
    },
}

/// Prints how to go on.
pub(super) fn explain(address: &str) {
    println!(
        "\nBoth stay until you press Ctrl-C. From another terminal:\n\n  \
         export DRAWBRIDGE_SANDBOX={address}\n  \
         drawbridge sandbox open-pr --author sam\n  \
         drawbridge sandbox comment 3 --by vera \"/ok to test <sha>\"\n  \
         drawbridge sandbox push 3\n  \
         drawbridge sandbox finish-build 3 --conclusion success\n  \
         drawbridge sandbox close 3\n  \
         drawbridge sandbox state"
    );
}

/// Does it, and prints what the sandbox answered.
pub(super) async fn perform(deed: ByHand) -> anyhow::Result<()> {
    let commit = |unsigned: bool| json!([{ "verified": !unsigned }]);
    let (at, deed, body) = match deed {
        ByHand::OpenPr {
            author,
            title,
            draft,
            unsigned,
            at,
        } => {
            let body = json!({ "author": author, "title": title, "draft": draft, "commits": commit(unsigned) });
            (at, "open-pr", body)
        }
        ByHand::Push { pr, unsigned, at } => {
            (at, "push", json!({ "pr": pr, "commits": commit(unsigned) }))
        }
        ByHand::Comment { pr, by, body, at } => {
            (at, "comment", json!({ "pr": pr, "by": by, "body": body }))
        }
        ByHand::FinishBuild { pr, conclusion, at } => (
            at,
            "finish-build",
            json!({ "pr": pr, "conclusion": conclusion }),
        ),
        ByHand::Close { pr, by, at } => (at, "close", json!({ "pr": pr, "by": by })),
        ByHand::State { at } => return show(&at.sandbox).await,
    };
    let (client, url) = reach(&at.sandbox, deed)?;
    print(client.post(url).json(&body).send().await, &at.sandbox).await
}

async fn show(address: &str) -> anyhow::Result<()> {
    let (client, url) = reach(address, "state")?;
    print(client.get(url).send().await, address).await
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

async fn print(answer: reqwest::Result<reqwest::Response>, address: &str) -> anyhow::Result<()> {
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
    println!("{}", serde_json::to_string_pretty(&body)?);
    Ok(())
}
