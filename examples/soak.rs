//! A long life of the store in a short time: deliveries are accepted and taken in, as the engine does it, over some
//! thousand pull requests that open, change and close; every 100,000 deliveries the size of the directory and the memory of
//! the process are printed.
//!
//!     cargo run --release --example soak -- 1000000

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use drawbridge::domain::event::{Event, RepositoryChange};
use drawbridge::domain::ids::{
    DeliveryId, InstallationId, OwnerKind, PrNumber, Repo, RepoId, RepoName, Sha, Subject, UserId,
};
use drawbridge::domain::pull::PullState;
use drawbridge::domain::trust::PullView;
use drawbridge::store::{
    Accepted, Change, Delivery, EntryKind, HistoryEntry, Record, Retention, SledStore, StateDir,
    Store,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So many pull requests are worked on at a time; a new one takes the place of the oldest.
const OPEN: u64 = 2_000;
/// So many deliveries come for each.
const EACH: u64 = 20;
/// So many come at the same time.
const AT_ONCE: u64 = 64;
/// After so many nothing comes for a second: sled tidies up while nobody writes, and no server is always busy.
const IN_A_ROW: u64 = 2_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let total: u64 = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 1_000_000,
    };
    let step = (total / 10).max(1);
    let dir = tempfile::tempdir()?;
    // A delivery every 3 seconds, so a million take a month and ids and histories grow old meanwhile.
    let begin = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let store = Arc::new(SledStore::open(dir.path(), begin)?);
    let began = Instant::now();
    println!("deliveries     seconds  directory MiB  memory MiB");
    let mut done = 0;
    while done < total {
        let some = (done..(done + AT_ONCE).min(total))
            .map(|number| tokio::spawn(take_in(store.clone(), number, begin)));
        for task in futures::future::join_all(some).await {
            task??;
        }
        let before = done;
        done = (done + AT_ONCE).min(total);
        if before / IN_A_ROW != done / IN_A_ROW {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // Four times a day by the deliveries' clock, as the server does it.
        if before / 7_200 != done / 7_200 {
            let retention = Retention {
                history: TimeDelta::days(7),
                closed: TimeDelta::days(3),
            };
            store.prune(at(begin, done), retention).await?;
        }
        if before / step != done / step {
            println!(
                "{done:>10}  {:>10.1}  {:>13}  {:>10}",
                began.elapsed().as_secs_f64(),
                mib(size(dir.path())?),
                mib(resident()?)
            );
        }
    }
    let store = Arc::into_inner(store).context("somebody still has the store")?;
    store.close().await?;
    let compacted = StateDir::new(dir.path()).compact(at(begin, total))?;
    println!(
        "what is left, written anew: {} MiB, {:?}",
        mib(compacted.after),
        compacted.counts
    );
    Ok(())
}

fn at(begin: DateTime<Utc>, number: u64) -> DateTime<Utc> {
    begin + TimeDelta::seconds(3 * i64::try_from(number).unwrap_or(i64::MAX / 3))
}

/// One delivery: accepted, and then taken in with a new state and a line of history.
async fn take_in(store: Arc<SledStore>, number: u64, begin: DateTime<Utc>) -> anyhow::Result<()> {
    let now = at(begin, number);
    let round = number / (OPEN * EACH);
    let pull = round * OPEN + number % OPEN + 1;
    let repo = repository();
    let mut state = PullState::new(repo.clone(), PrNumber(pull), true);
    state.stale = false;
    if number / OPEN % EACH == EACH - 1 {
        state.view = Some(closed(pull, now)?);
    }
    state.trouble = Some("what a title, a summary and a comment take ".repeat(40));
    let subject = Subject::Pull(state.key());
    let event = Event::RepositoryChanged {
        repo,
        change: RepositoryChange::Configuration,
    };
    let accepted = store
        .accept(Delivery {
            id: DeliveryId::parse(&format!("delivery-{number}"))?,
            received_at: now,
            event_name: "pull_request".into(),
            entries: vec![(subject.clone(), event)],
            note: String::new(),
        })
        .await?;
    let Accepted::Fresh(entries) = accepted else {
        anyhow::bail!("delivery {number} counts as a duplicate");
    };
    let done = entries.iter().map(|entry| entry.id).collect();
    let line = HistoryEntry {
        subject: subject.clone(),
        at: now,
        kind: EntryKind::Decision,
        deliveries: Vec::new(),
        what: "somebody pushed, and it was judged again".into(),
    };
    store
        .commit(Change {
            records: vec![Record::Pull(Box::new(state))],
            done,
            due: vec![(subject, None)],
            from: Some(now),
            history: vec![line],
        })
        .await?;
    Ok(())
}

/// The pull request as it is after its last delivery.
fn closed(number: u64, at: DateTime<Utc>) -> anyhow::Result<PullView> {
    Ok(PullView {
        number: PrNumber(number),
        open: false,
        draft: false,
        title: "A change".into(),
        author: None,
        head: Sha::parse(&format!("{number:040x}"))?,
        base: "main".into(),
        base_sha: None,
        labels: BTreeSet::new(),
        commits: 1,
        changed_files: 1,
        updated_at: at,
        created_at: at,
    })
}

fn repository() -> Repo {
    Repo {
        id: RepoId(1),
        installation: InstallationId(1),
        name: RepoName::parse("acme/site").expect("a name"),
        owner: UserId(1),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".into(),
    }
}

fn size(dir: &std::path::Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() {
            size(&entry.path())?
        } else {
            about.len()
        };
    }
    Ok(sum)
}

/// The memory of this process that is not swapped out, as Linux tells it; 0 elsewhere.
fn resident() -> std::io::Result<u64> {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return Ok(0);
    };
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    Ok(kib.unwrap_or(0) * 1024)
}

/// With one digit behind the point.
fn mib(bytes: u64) -> String {
    let tenths = bytes * 10 / (1024 * 1024);
    format!("{}.{}", tenths / 10, tenths % 10)
}
