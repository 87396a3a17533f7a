//! Pages of lists.

use super::disk::Disk;
use super::listed::{places, read};
use super::records::failed;
use super::{StoreError, keys};
use crate::domain::ids::{PrNumber, PullKey, RepoId};
use crate::store::lists::{
    Among, Asked, Cursor, MOST_LOOKS, Page, PullRow, RepoRow, RunsRow, Search,
};
use serde::de::DeserializeOwned;
use sled::{IVec, Tree};

const DOING: &str = "listing";

/// What is taken out of `tree` below `prefix`: of each key, without the prefix, and its value what `take` makes of them.
pub(super) fn page<T>(
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
    let mut page = Page {
        rows: Vec::new(),
        next: None,
        looks: 0,
    };
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
        let prefix = [places::PULLS, &keys::repo(repo)].concat();
        page(&self.lists, &prefix, asked, |_, value| {
            let Some(row) = read(value).filter(|row: &PullRow| row.has_words(&search.words)) else {
                return Ok(None);
            };
            let of = crate::domain::ids::RunSubject::Pull(row.number);
            let runs: Option<RunsRow> = self.row(&places::runs(repo, &of))?;
            let stage = row.stage_with(runs.as_ref());
            let wanted = search.stage.is_none_or(|wanted| wanted == stage);
            Ok(wanted.then_some((row, runs)))
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
                Some(number) => self.row(&places::pull(PullKey {
                    repo,
                    number: PrNumber(number),
                })),
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
