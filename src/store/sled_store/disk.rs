//! The open database: its trees, and how it is opened.

use super::closed::Closed;
use super::flusher::Epoch;
use super::portable::Header;
use super::recent::Recent;
use super::records::{decode, encode, failed, undecodable};
use super::{Loss, StoreError, keys, sequence};
use chrono::{DateTime, Utc};
use sled::{Config, Db, Tree};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// The layout of trees, keys and values that this version reads and writes.
const SCHEMA: u64 = 1;
/// sled's memory for pages; it uses some more for what was just written.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// What no `flush` asked for is on disk after this time.
const FLUSH_EVERY_MS: u64 = 500;
/// How often the directory's lock is tried: a process that is just ending may hold it a moment longer.
pub(super) const LOCK_ATTEMPTS: u32 = 10;
/// How often sled's own lock is tried, which no other process of this version has while we hold the directory's: sled's threads of
/// the store that was just closed may take a while on a busy machine.
const SLED_ATTEMPTS: u32 = 200;
pub(super) const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// `StoreError::doing` when the files themselves are damaged; anything else is no reason to set them aside.
pub(super) const RECOVERING: &str = "recovering the store from its files";
const OPENING: &str = "opening the store";

pub(super) const SCHEMA_KEY: &[u8] = b"schema";
const BORN_AT_KEY: &[u8] = b"born_at";
const LOSS_KEY: &[u8] = b"loss";
/// The place of the next entry in `inbox`.
pub(super) const INBOX_NEXT: &[u8] = b"inbox_next";
/// The place of the next entry in `aside`.
pub(super) const ASIDE_NEXT: &[u8] = b"aside_next";

/// All trees. The methods of this type block; they run on threads that may.
#[derive(Debug)]
pub(super) struct Disk {
    pub db: Db,
    /// Which one it is of those that this process has had in use.
    pub epoch: Epoch,
    /// `schema`, `born_at`, `loss`, `inbox_next`, `aside_next`.
    pub meta: Tree,
    /// place → `StoredEntry`.
    pub inbox: Tree,
    /// delivery id → when it came (milliseconds since 1970) and a note.
    pub seen: Tree,
    /// place → `Aside`.
    pub aside: Tree,
    /// repository, number → `PullState`.
    pub pulls: Tree,
    /// repository, SHA → `HeadState`.
    pub heads: Tree,
    /// repository → `RepoState`.
    pub repos: Tree,
    /// repository, subject → `StoredRuns`.
    pub runs: Tree,
    /// repository, SHA, the key in `runs` → nothing; subjects other than pull requests.
    pub runs_at: Tree,
    /// subject → `Due`.
    pub due: Tree,
    /// repository, SHA of the gate, number → nothing.
    pub by_head: Tree,
    /// person, repository, number → nothing; open pull requests that the person opened, or whose trust hung on the person.
    pub by_author: Tree,
    /// subject, place → `HistoryEntry`.
    pub history: Tree,
    /// subject → the place of its next line in `history`.
    pub history_next: Tree,
    /// name → what the mark says.
    pub marks: Tree,
    /// place → row, or nothing; see `listed::places`.
    pub lists: Tree,
    /// place turned round → `Arrival`.
    pub journal: Tree,
    /// subject, place turned round → nothing.
    pub journal_of: Tree,
    /// delivery → its place in `journal`.
    pub journal_at: Tree,
    /// What was used just now.
    pub recent: Recent,
    /// When this store was first created.
    pub born_at: DateTime<Utc>,
    /// All of it was read since it was opened, and is sound: how much the records took, in bytes.
    pub sound: OnceLock<u64>,
    /// It is about to be closed: whoever reads all of it need not go on.
    pub leaving: AtomicBool,
    /// A transaction was applied in part, and why.
    pub torn: OnceLock<String>,
    /// What may be missing, as it stands in `meta`.
    loss: RwLock<Option<Loss>>,
    /// Held alone by whoever forgets records or reads several that have to be of one moment; shared by all other changes.
    changing: RwLock<()>,
}

impl Disk {
    /// Opens the store in `dir`, and creates both if they are not there. Everything in it was read once when this returns, unless
    /// it takes more than `large` bytes and was closed as it should be.
    pub fn open(dir: &Path, now: DateTime<Utc>, large: u64) -> Result<Self, StoreError> {
        let closed = Closed::take(dir);
        // The note is on disk when it is written; the mark may be an older one after a loss of power.
        let written = sequence::read_mark(dir).max(closed.map(|note| note.sequence));
        let is_large = std::fs::metadata(dir.join("db")).is_ok_and(|db| db.len() > large);
        guarded(dir, move |dir| {
            let disk = Self::start(&open_locked(&config().path(dir), dir)?, now)?;
            if let Some(lack) = disk.lacks(written.unwrap_or(0))? {
                return Err(failed(RECOVERING)(lack));
            }
            let seen = disk.sequence()?;
            if !is_large || closed.is_none_or(|closed| closed.sequence != seen) {
                disk.verify_once()?;
            }
            disk.make_lists()?;
            disk.find_places()?;
            disk.db.flush().map_err(storage)?;
            Ok(disk)
        })
    }

    /// Opens what there is and looks at it, whatever is wrong with it; creates nothing.
    pub fn look_at<T: Send + 'static>(
        dir: &Path,
        now: DateTime<Utc>,
        look: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        guarded(dir, move |dir| {
            look(&Self::start(&open_locked(&config().path(dir), dir)?, now)?)
        })
    }

    /// A store that is gone when it is dropped.
    pub fn temporary(now: DateTime<Utc>) -> Result<Self, StoreError> {
        let db = config().temporary(true).open().map_err(failed(OPENING))?;
        let disk = Self::start(&db, now)?;
        disk.verify_once()?;
        disk.make_lists()?;
        Ok(disk)
    }

    fn start(db: &Db, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let tree = |name: &str| db.open_tree(name).map_err(storage);
        let meta = tree("meta")?;
        // Before anything else is read: a newer version may have changed all of it.
        check_schema(&meta)?;
        let disk = Self {
            epoch: Epoch::default(),
            born_at: born_at(&meta, now)?,
            sound: OnceLock::new(),
            leaving: AtomicBool::new(false),
            torn: OnceLock::new(),
            loss: RwLock::new(loss(&meta)?),
            meta,
            inbox: tree("inbox")?,
            seen: tree("seen")?,
            aside: tree("aside")?,
            pulls: tree("pulls")?,
            heads: tree("heads")?,
            repos: tree("repos")?,
            runs: tree("runs")?,
            runs_at: tree("runs_at")?,
            due: tree("due")?,
            by_head: tree("by_head")?,
            by_author: tree("by_author")?,
            history: tree("history")?,
            history_next: tree("history_next")?,
            marks: tree("marks")?,
            lists: tree("lists")?,
            journal: tree("journal")?,
            journal_of: tree("journal_of")?,
            journal_at: tree("journal_at")?,
            recent: Recent::new(),
            changing: RwLock::new(()),
            db: db.clone(),
        };
        disk.raise_counters()?;
        Ok(disk)
    }

    /// Counters stand behind the last entry.
    pub fn raise_counters(&self) -> Result<(), StoreError> {
        raise_counter(&self.meta, INBOX_NEXT, &self.inbox)?;
        raise_counter(&self.meta, ASIDE_NEXT, &self.aside)
    }

    /// Whether something can be written.
    pub fn probe(&self) -> Result<(), StoreError> {
        const DOING: &str = "trying whether the disk can be written to";
        self.meta
            .insert("probe", &rand::random::<u64>().to_be_bytes())
            .map_err(failed(DOING))?;
        self.flush()
    }

    /// Takes over from the store that was written with this header.
    pub fn continue_as(&self, header: &Header) -> Result<(), StoreError> {
        self.continue_from(header.born_at, header.sequence, header.loss.clone())
    }

    /// Takes over from `other`; on disk when it returns.
    pub fn take_over(&self, other: &Self) -> Result<(), StoreError> {
        self.continue_from(other.born_at, other.sequence()?, other.loss())?;
        self.flush()
    }

    fn continue_from(
        &self,
        born_at: DateTime<Utc>,
        sequence: u64,
        loss: Option<Loss>,
    ) -> Result<(), StoreError> {
        const DOING: &str = "taking over from another store";
        let born_at = encode(DOING, &born_at)?;
        self.meta
            .insert(BORN_AT_KEY, born_at)
            .map_err(failed(DOING))?;
        self.count_from(sequence)?;
        self.note_loss(loss)
    }

    /// The right to change something, together with others.
    pub fn shared(&self) -> RwLockReadGuard<'_, ()> {
        self.changing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to change something, or to see that nothing changes.
    pub fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.changing
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What may be missing.
    pub fn loss(&self) -> Option<Loss> {
        self.loss
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes what may be missing; `None`: nothing any more. On disk only after the next flush.
    pub fn note_loss(&self, loss: Option<Loss>) -> Result<(), StoreError> {
        const DOING: &str = "noting what may be missing from the store";
        match &loss {
            Some(loss) => self.meta.insert(LOSS_KEY, encode(DOING, loss)?),
            None => self.meta.remove(LOSS_KEY),
        }
        .map_err(failed(DOING))?;
        *self.loss.write().unwrap_or_else(PoisonError::into_inner) = loss;
        Ok(())
    }
}

/// Runs `work` on a thread of its own: sled is known to panic on some damaged files, and there that ends as an error.
fn guarded<T: Send + 'static>(
    dir: &Path,
    work: impl FnOnce(&Path) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    create_private(dir)?;
    let dir = dir.to_owned();
    std::thread::Builder::new()
        .name("drawbridge-open".into())
        .spawn(move || work(&dir))
        .map_err(failed(OPENING))?
        .join()
        .unwrap_or_else(|_| Err(failed(RECOVERING)("sled panicked; its message is above")))
}

fn config() -> Config {
    Config::new()
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .mode(sled::Mode::LowSpace)
}

/// Creates the directory readable for its owner only: what is said about private repositories is in it.
pub(super) fn create_private(dir: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| about(dir, &error.to_string()))
}

/// Creates a file, readable for its owner only.
pub(super) fn create_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What was renamed or deleted in a directory stays so after a loss of power.
pub(super) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

fn open_locked(config: &Config, dir: &Path) -> Result<Db, StoreError> {
    let mut attempts = 1;
    loop {
        match config.open() {
            Ok(db) => return Ok(db),
            Err(error) if !is_lock(&error) => {
                return Err(match storage(error) {
                    damaged if damaged.doing == RECOVERING => damaged,
                    other => about(dir, &other.cause),
                });
            }
            Err(_) if attempts < SLED_ATTEMPTS => {
                attempts += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(_) => return Err(in_use(dir, STOP_IT)),
        }
    }
}

/// What a server that can't have the directory is told.
pub(super) const STOP_IT: &str = "stop it, or give this one a directory of its own";

/// Somebody else has the directory open.
pub(super) fn in_use(dir: &Path, remedy: &str) -> StoreError {
    about(
        dir,
        &format!("another process has this directory open; {remedy}"),
    )
}

/// sled has no error of its own for a lock that is held, only these words (`Config::try_lock` in 0.34.7).
fn is_lock(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(io) if io.to_string().starts_with("could not acquire lock"))
}

/// Tells damaged files from all else that can go wrong.
fn storage(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Corruption { .. } | sled::Error::ReportableBug(_) => failed(RECOVERING)(error),
        other => failed(OPENING)(other),
    }
}

pub(super) fn about(dir: &Path, cause: &str) -> StoreError {
    failed(OPENING)(format!("{}: {cause}", dir.display()))
}

fn check_schema(meta: &Tree) -> Result<(), StoreError> {
    let Some(value) = meta.get(SCHEMA_KEY).map_err(storage)? else {
        meta.insert(SCHEMA_KEY, &SCHEMA.to_be_bytes())
            .map_err(storage)?;
        return Ok(());
    };
    match keys::number_in(&value) {
        Some(SCHEMA) => Ok(()),
        Some(version) => Err(failed(OPENING)(format!(
            "it is written in schema {version} and this version of Drawbridge knows schema {SCHEMA} only; \
             run the version that wrote it, or restore a snapshot from before the upgrade"
        ))),
        None => Err(undecodable(RECOVERING, meta, SCHEMA_KEY, "not a number")),
    }
}

fn born_at(meta: &Tree, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    if let Some(then) = meta.get(BORN_AT_KEY).map_err(storage)? {
        return decode(RECOVERING, meta, BORN_AT_KEY, &then);
    }
    let value = encode(OPENING, &now)?;
    meta.insert(BORN_AT_KEY, value).map_err(storage)?;
    Ok(now)
}

fn loss(meta: &Tree) -> Result<Option<Loss>, StoreError> {
    let value = meta.get(LOSS_KEY).map_err(storage)?;
    value
        .map(|value| decode(RECOVERING, meta, LOSS_KEY, &value))
        .transpose()
}

/// A place is never given twice: the counter stands behind the last entry, whatever became of the counter.
fn raise_counter(meta: &Tree, counter: &[u8], entries: &Tree) -> Result<(), StoreError> {
    let stored = meta.get(counter).map_err(storage)?;
    let stored = stored.and_then(|value| keys::number_in(&value));
    let last = entries.last().map_err(storage)?;
    let last = last
        .and_then(|(key, _)| keys::trailing_number(&key))
        .unwrap_or(0);
    let next = stored.unwrap_or(1).max(last.saturating_add(1));
    if stored != Some(next) {
        meta.insert(counter, &next.to_be_bytes()).map_err(storage)?;
    }
    Ok(())
}
