//! The store as its callers see it, on a temporary database or in a directory of its own.

mod changes;
mod damage;
mod deliveries;
mod due;
mod imports;
mod lists;
mod opening;
mod prune;
mod recent;
mod snapshots_taken;
mod torn;
mod unread;

use super::*;
use crate::domain::event::{Account, AccountKind, Event, RepositoryChange};
use crate::domain::gate::{Configures, Gate, GateStatus, HeadState};
use crate::domain::ids::{
    DeliveryId, InstallationId, OwnerKind, PrNumber, PullKey, Repo, RepoId, RepoName, Sha, Subject,
    UserId,
};
use crate::domain::pull::{GateAt, PullState};
use crate::domain::repository::RepoState;
use crate::store::EntryKind;
use std::collections::BTreeSet;

fn store() -> SledStore {
    SledStore::temporary().unwrap()
}

/// The database itself.
fn disk(store: &SledStore) -> Arc<Disk> {
    store.holder.disk("testing").unwrap()
}

/// A time, in days after the first.
fn day(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + number * 86_400, 123_456_789).unwrap()
}

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

fn repository(id: u64) -> Repo {
    Repo {
        id: RepoId(id),
        installation: InstallationId(1),
        name: RepoName::parse(&format!("acme/r{id}")).unwrap(),
        owner: UserId(1),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".into(),
    }
}

/// An entry for the subject `Repository(repo)`.
fn entry(repo: u64) -> (Subject, Event) {
    let event = Event::RepositoryChanged {
        repo: repository(repo),
        change: RepositoryChange::Configuration,
    };
    (Subject::Repository(RepoId(repo)), event)
}

fn delivery_on(day_number: i64, id: &str, entries: Vec<(Subject, Event)>) -> Delivery {
    Delivery {
        id: DeliveryId::parse(id).unwrap(),
        received_at: day(day_number),
        event_name: "push".into(),
        entries,
        note: String::new(),
    }
}

fn delivery(id: &str, entries: Vec<(Subject, Event)>) -> Delivery {
    delivery_on(0, id, entries)
}

fn fresh(accepted: Accepted) -> Vec<InboxEntry> {
    match accepted {
        Accepted::Fresh(entries) => entries,
        Accepted::Duplicate => panic!("it counts as a duplicate"),
    }
}

/// The pull request `number` of repository `repo`, opened by `author`, with its gate at `gate`.
fn pull(repo: u64, number: u64, author: u64, gate: Option<char>) -> PullState {
    let mut state = PullState::new(repository(repo), PrNumber(number), true);
    state.author = Some(Account {
        id: UserId(author),
        login: format!("user-{author}"),
        kind: AccountKind::User,
    });
    state.gate = gate.map(|digit| GateAt {
        sha: sha(digit),
        gate: Gate {
            status: GateStatus::Queued,
            title: "title".into(),
            summary: "summary".into(),
            approve_button: false,
            link: None,
        },
        names: crate::domain::pull::implied_gates(),
        runs_count: false,
    });
    state
}

/// What is known of the first thousand pull requests of a repository.
async fn pulls_of(store: &SledStore, repo: RepoId) -> Vec<PullState> {
    let numbers = (1..=1000).map(PrNumber).collect();
    store.pulls(repo, numbers).await.unwrap()
}

fn write(states: Vec<PullState>) -> Change {
    Change {
        records: states
            .into_iter()
            .map(|state| Record::Pull(Box::new(state)))
            .collect(),
        ..Change::default()
    }
}

fn line(subject: &Subject, what: &str) -> HistoryEntry {
    HistoryEntry {
        subject: subject.clone(),
        at: day(0),
        kind: EntryKind::Decision,
        deliveries: Vec::new(),
        what: what.into(),
    }
}
