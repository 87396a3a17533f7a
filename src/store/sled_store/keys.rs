//! How keys are written: numbers big-endian, so that sled's order is theirs, and every text ended by a zero byte,
//! so that no key is the beginning of another one's (a SHA-1 could begin a SHA-256).

use crate::domain::ids::{PrNumber, PullKey, RepoId, RunSubject, Subject, UserId};

/// The beginning of all keys of a repository in `pulls`, `heads` and `by_head`; its whole key in `repos`.
pub(super) fn repo(id: RepoId) -> Vec<u8> {
    id.0.to_be_bytes().to_vec()
}

/// A pull request's key in `pulls`.
pub(super) fn pull(key: PullKey) -> Vec<u8> {
    join(&[&key.repo.0.to_be_bytes(), &key.number.0.to_be_bytes()])
}

/// A head's key in `heads`; the beginning of its keys in `by_head`.
pub(super) fn head(repo: RepoId, sha: &str) -> Vec<u8> {
    join(&[&repo.0.to_be_bytes(), sha.as_bytes(), &[0]])
}

/// The key in `runs_at` that leads from a commit to runs for it.
pub(super) fn runs_at(repo: RepoId, sha: &str, subject: &RunSubject) -> Vec<u8> {
    join(&[&head(repo, sha), &runs(repo, subject)])
}

/// The same, from the key that the runs are stored under.
pub(super) fn runs_at_of(runs_key: &[u8], sha: &str) -> Option<Vec<u8>> {
    let (repo, _) = runs_key.split_first_chunk::<8>()?;
    Some(join(&[
        &head(RepoId(u64::from_be_bytes(*repo)), sha),
        runs_key,
    ]))
}

/// The key in `by_head` that leads from a head to a pull request.
pub(super) fn by_head(key: PullKey, sha: &str) -> Vec<u8> {
    join(&[&head(key.repo, sha), &key.number.0.to_be_bytes()])
}

/// The beginning of an author's keys in `by_author`.
pub(super) fn author(id: UserId) -> Vec<u8> {
    id.0.to_be_bytes().to_vec()
}

/// The key in `by_author` that leads from an author to a pull request.
pub(super) fn by_author(id: UserId, key: PullKey) -> Vec<u8> {
    join(&[&author(id), &pull(key)])
}

/// The pull request that a key in `by_author` leads to.
pub(super) fn pull_of_author(key: &[u8]) -> Option<PullKey> {
    let (_, rest) = key.split_first_chunk::<8>()?;
    let (repo, number) = rest.split_first_chunk::<8>()?;
    Some(PullKey {
        repo: RepoId(u64::from_be_bytes(*repo)),
        number: PrNumber(number_in(number)?),
    })
}

/// The number that a key ends with.
pub(super) fn trailing_number(key: &[u8]) -> Option<u64> {
    key.split_last_chunk::<8>()
        .map(|(_, number)| u64::from_be_bytes(*number))
}

/// A number that is all there is.
pub(super) fn number_in(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

/// A mark's key in `marks`.
pub(super) fn mark(name: &str) -> Vec<u8> {
    name.as_bytes().to_vec()
}

const PULL: &[u8] = b"p";
const HEAD: &[u8] = b"h";
const REPOSITORY: &[u8] = b"r";
const INSTALLATION: &[u8] = b"i";
const RUNS: &[u8] = b"x";
const DELIVERIES: &[u8] = b"d";
const INSTALLATIONS: &[u8] = b"a";
const COMPARISON: &[u8] = b"c";

/// A subject's key in `due` and `history_next`; the beginning of its keys in `history`.
pub(super) fn subject(subject: &Subject) -> Vec<u8> {
    match subject {
        Subject::Pull(key) => join(&[PULL, &pull(*key)]),
        Subject::Head(repo, sha) => join(&[HEAD, &head(*repo, sha.as_str())]),
        Subject::Repository(id) => join(&[REPOSITORY, &repo(*id)]),
        Subject::Installation(id) => join(&[INSTALLATION, &id.0.to_be_bytes()]),
        Subject::Runs(repo, subject) => join(&[RUNS, &runs(*repo, subject)]),
        Subject::Deliveries => DELIVERIES.to_vec(),
        Subject::Installations => INSTALLATIONS.to_vec(),
        Subject::Comparison(id) => join(&[COMPARISON, &repo(*id)]),
    }
}

/// The key of a subject's runs in `runs`. Git allows no zero byte in a branch's name, and none gets in here.
pub(super) fn runs(id: RepoId, subject: &RunSubject) -> Vec<u8> {
    let (kind, name): (&[u8], Vec<u8>) = match subject {
        RunSubject::Pull(number) => (b"p", number.0.to_be_bytes().to_vec()),
        RunSubject::MergeGroup(branch) => (b"g", join(&[branch.as_bytes(), &[0]])),
        RunSubject::Branch(branch) => (b"b", join(&[branch.as_bytes(), &[0]])),
        RunSubject::Schedule => (b"s", Vec::new()),
    };
    join(&[&repo(id), kind, &name])
}

/// The beginnings of the keys of all subjects of a repository.
pub(super) fn subjects_of(id: RepoId) -> [Vec<u8>; 5] {
    [PULL, HEAD, REPOSITORY, RUNS, COMPARISON].map(|kind| join(&[kind, &repo(id)]))
}

/// The key of one line of a subject's history.
pub(super) fn history(subject_key: &[u8], number: u64) -> Vec<u8> {
    join(&[subject_key, &number.to_be_bytes()])
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{InstallationId, Sha};

    #[test]
    fn no_subjects_key_begins_another_ones() {
        let subjects = [
            Subject::Pull(PullKey {
                repo: RepoId(1),
                number: PrNumber(2),
            }),
            Subject::Head(RepoId(1), Sha::parse(&"a".repeat(40)).unwrap()),
            Subject::Head(RepoId(1), Sha::parse(&"a".repeat(64)).unwrap()),
            Subject::Repository(RepoId(1)),
            Subject::Installation(InstallationId(1)),
            Subject::Deliveries,
            Subject::Installations,
            Subject::Comparison(RepoId(1)),
        ];
        for one in &subjects {
            for other in subjects.iter().filter(|other| *other != one) {
                assert!(
                    !subject(other).starts_with(&subject(one)),
                    "{one} begins {other}"
                );
            }
        }
    }

    #[test]
    fn an_authors_key_leads_back_to_the_pull_request() {
        let key = PullKey {
            repo: RepoId(u64::MAX),
            number: PrNumber(7),
        };
        assert_eq!(pull_of_author(&by_author(UserId(3), key)), Some(key));
        assert_eq!(pull_of_author(b"short"), None);
    }
}
