//! `push`: to a mirror, or to any other branch; the configuration is read from the default branch.

use super::{DecodeError, Decoded, Delivery, NO_INSTALLATION, ignored};
use crate::domain::config;
use crate::domain::event::Event;
use crate::domain::ids::Sha;
use crate::domain::pull::mirrored_number;
use serde::Deserialize;

/// A push of at least this many commits is taken to touch everything: GitHub cuts long lists.
const MAYBE_CUT_COMMITS: usize = 20;
/// The same for the files of one commit.
const MAYBE_CUT_FILES: usize = 300;

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    name: String,
    before: String,
    after: String,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
    #[serde(default)]
    commits: Vec<WireCommit>,
}

#[derive(Deserialize)]
struct WireCommit {
    #[serde(default)]
    added: Vec<String>,
    #[serde(default)]
    modified: Vec<String>,
    #[serde(default)]
    removed: Vec<String>,
}

pub(super) fn decode(delivery: &Delivery<'_>) -> Result<Decoded, DecodeError> {
    let Some((repo, sender)) = delivery.scene()? else {
        return ignored(NO_INSTALLATION);
    };
    let payload: Payload = delivery.read()?;
    let Some(branch) = payload.name.strip_prefix("refs/heads/") else {
        return ignored("a push of a tag");
    };
    // GitHub writes the side that a new or deleted branch does not have as zeros.
    let there = |sha: &str| -> Result<Option<Sha>, DecodeError> {
        Ok(Some(delivery.sha(sha)?).filter(|sha| !sha.is_zero()))
    };
    let after = there(&payload.after)?.filter(|_| !payload.deleted);
    if let Some(number) = mirrored_number(branch) {
        return Ok(Decoded::Event(Event::MirrorPushed {
            repo,
            number,
            after,
            sender,
        }));
    }
    let before = there(&payload.before)?.filter(|_| !payload.created);
    let configuration = branch == repo.default_branch && may_configure(&payload);
    Ok(Decoded::Event(Event::BranchPushed {
        branch: delivery.branch(branch)?,
        repo,
        after,
        before,
        configuration,
    }))
}

/// Whether the push may have changed the configuration or a file it refers to. When in doubt, it is read again.
fn may_configure(push: &Payload) -> bool {
    let uncertain = push.created || push.deleted || push.forced;
    if uncertain || push.commits.is_empty() || push.commits.len() >= MAYBE_CUT_COMMITS {
        return true;
    }
    push.commits.iter().any(|commit| {
        let lists = [&commit.added, &commit.modified, &commit.removed];
        lists.iter().map(|list| list.len()).sum::<usize>() >= MAYBE_CUT_FILES
            || lists.into_iter().flatten().any(|path| configures(path))
    })
}

fn configures(path: &str) -> bool {
    let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    config::PATHS.contains(&path) || (yaml && path.starts_with(".github/"))
}
