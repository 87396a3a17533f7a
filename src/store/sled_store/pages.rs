//! Pages of lists.

use super::disk::Disk;
use super::listed::{places, read};
use super::records::failed;
use super::{StoreError, keys};
use crate::domain::ids::{PrNumber, PullKey, RepoId, RunSubject};
use crate::store::lists::{
    Among, Asked, Cursor, MOST_LOOKS, Page, PullRow, RepoRow, RunsRow, Search, Stage, Waiting,
};
use chrono::DateTime;
use serde::de::DeserializeOwned;
use sled::{IVec, Tree};

const DOING: &str = "listing";

/// What is taken out of `tree` below `prefix`: of each key, without the prefix, and its value what `take` makes of them.
pub(super) fn page<T>(
    tree: &Tree,
    prefix: &[u8],
    asked: &Asked,
    take: impl FnMut(&[u8], &IVec) -> Result<Option<T>, StoreError>,
) -> Result<Page<T>, StoreError> {
    filled(Page::default(), tree, prefix, asked, take)
}

/// The same, behind what a page already has.
fn filled<T>(
    mut page: Page<T>,
    tree: &Tree,
    prefix: &[u8],
    asked: &Asked,
    mut take: impl FnMut(&[u8], &IVec) -> Result<Option<T>, StoreError>,
) -> Result<Page<T>, StoreError> {
    let mut from = prefix.to_vec();
    if let Some(Cursor(after)) = &asked.after {
        from.extend(after);
        // The first key behind it.
        from.push(0);
    }
    let mut last: Option<IVec> = None;
    for entry in tree.range(from..) {
        let (key, value) = entry.map_err(failed(DOING))?;
        let Some(rest) = key.strip_prefix(prefix) else {
            break;
        };
        if page.rows.len() >= asked.limit || page.looks >= MOST_LOOKS {
            page.next = last.map(|last| Cursor(last[prefix.len()..].to_vec()));
            break;
        }
        page.looks += 1;
        page.rows.extend(take(rest, &value)?);
        last = Some(key);
    }
    Ok(page)
}

impl Disk {
    fn row<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let value = self.lists.get(key).map_err(failed(DOING))?;
        Ok(value.and_then(|value| read(&value)))
    }

    pub fn repo_named(&self, name: &str) -> Result<Option<RepoRow>, StoreError> {
        // A name that came free may have been given again, and the one who had it is told of the renaming later: the newest
        // repository has it.
        let found = self.lists.scan_prefix(places::repo_named(name));
        let last = found.last().transpose().map_err(failed(DOING))?;
        Ok(last.and_then(|(_, value)| read(&value)))
    }

    pub fn repo_listed(&self, id: RepoId) -> Result<Option<RepoRow>, StoreError> {
        let place = self.lists.get(places::name_of(id)).map_err(failed(DOING))?;
        place.map_or(Ok(None), |place| self.row(&place))
    }

    pub fn list_repos(&self, among: &Among, asked: &Asked) -> Result<Page<RepoRow>, StoreError> {
        page(&self.lists, places::REPOS, asked, |_, value| {
            Ok(read(value).filter(|row: &RepoRow| among.has(row.id)))
        })
    }

    pub fn list_pulls(
        &self,
        repo: RepoId,
        search: &Search,
        asked: &Asked,
    ) -> Result<Page<(PullRow, Option<RunsRow>)>, StoreError> {
        let numbered = search.number();
        let first = match (numbered, &asked.after) {
            (Some(number), None) => self.searched(repo, number, search)?,
            _ => Page::default(),
        };
        if search.is_for_one() {
            return Ok(first);
        }
        let waiting = search.stage == Some(Stage::Vetting);
        let prefix = match waiting {
            true => places::waiting_in(repo),
            false => places::pulls_of(repo),
        };
        filled(first, &self.lists, &prefix, asked, |rest, value| {
            let row = match (waiting, keys::trailing_number(rest)) {
                (true, Some(number)) => self.pull_row(repo, PrNumber(number))?,
                (true, None) => None,
                (false, _) => read(value),
            };
            let row = row.filter(|row: &PullRow| Some(row.number) != numbered);
            row.map_or(Ok(None), |row| self.with_runs(row, search))
        })
    }

    /// The pull request of this number, if it is one that is looked for.
    fn searched(
        &self,
        repo: RepoId,
        number: PrNumber,
        search: &Search,
    ) -> Result<Page<(PullRow, Option<RunsRow>)>, StoreError> {
        let row = self.pull_row(repo, number)?;
        let found = row.map_or(Ok(None), |row| self.with_runs(row, search))?;
        Ok(Page {
            rows: found.into_iter().collect(),
            next: None,
            looks: 1,
        })
    }

    fn pull_row(&self, repo: RepoId, number: PrNumber) -> Result<Option<PullRow>, StoreError> {
        self.row(&places::pull(PullKey { repo, number }))
    }

    /// The row with its runs, if it is one that is looked for.
    fn with_runs(
        &self,
        row: PullRow,
        search: &Search,
    ) -> Result<Option<(PullRow, Option<RunsRow>)>, StoreError> {
        if !row.has_words(&search.words) {
            return Ok(None);
        }
        let of = RunSubject::Pull(row.number);
        let runs: Option<RunsRow> = self.row(&places::runs(row.repo, &of))?;
        let stage = row.stage_with(runs.as_ref());
        let wanted = search.stage.is_none_or(|wanted| wanted == stage);
        Ok(wanted.then_some((row, runs)))
    }

    pub fn waiting(&self, repo: RepoId) -> Result<Waiting, StoreError> {
        let all = Asked {
            after: None,
            limit: MOST_LOOKS,
        };
        let page = page(&self.lists, &places::waiting_in(repo), &all, |rest, _| {
            let since = rest.first_chunk().map(|since| u64::from_be_bytes(*since));
            Ok(since.map(|millis| i64::try_from(millis).unwrap_or(0)))
        })?;
        let oldest = page.rows.iter().find(|millis| **millis > 0);
        Ok(Waiting {
            count: page.rows.len(),
            more: page.next.is_some(),
            since: oldest.and_then(|millis| DateTime::from_timestamp_millis(*millis)),
        })
    }

    pub fn list_vetting(&self, among: &Among, asked: &Asked) -> Result<Page<PullRow>, StoreError> {
        page(&self.lists, places::VETTING, asked, |rest, _| {
            let key = rest.split_first_chunk::<8>().map(|(_, pull)| pull);
            let key = key.and_then(|pull| pull.split_first_chunk::<8>());
            let Some((repo, number)) = key else {
                return Ok(None);
            };
            let repo = RepoId(u64::from_be_bytes(*repo));
            match keys::number_in(number).filter(|_| among.has(repo)) {
                Some(number) => self.pull_row(repo, PrNumber(number)),
                None => Ok(None),
            }
        })
    }

    pub fn list_running(&self, among: &Among, asked: &Asked) -> Result<Page<RunsRow>, StoreError> {
        page(&self.lists, places::RUNNING, asked, |rest, _| {
            let repo = rest.first_chunk().map(|repo| u64::from_be_bytes(*repo));
            match repo.filter(|repo| among.has(RepoId(*repo))) {
                Some(_) => self.row(&[places::RUNS, rest].concat()),
                None => Ok(None),
            }
        })
    }

    pub fn list_runs(&self, repo: RepoId, asked: &Asked) -> Result<Page<RunsRow>, StoreError> {
        let prefix = [places::LATEST, &keys::repo(repo)].concat();
        page(&self.lists, &prefix, asked, |rest, _| {
            match rest.split_first_chunk::<8>() {
                Some((_, runs)) => self.row(&[places::RUNS, runs].concat()),
                None => Ok(None),
            }
        })
    }
}
