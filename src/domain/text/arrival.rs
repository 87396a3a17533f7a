//! What a delivery says, in a few words, for the journal.

use super::plain;
use crate::domain::deed::Deed;
use crate::domain::event::{
    BuildStatus, Button, Event, InstallationChange, MergeGroupChange, PullChange, RepositoryChange,
};
use crate::domain::ids::RepoName;

/// Of a delivery from a repository that is not enabled. Not each of them is shown.
pub fn not_enabled_there(repo: &RepoName) -> String {
    format!("{repo} is not enabled; of what it tells one delivery a minute is shown")
}

/// An event in a few words. Names from outside are in it, as [`plain`] shows them.
pub fn event_in_words(event: &Event) -> String {
    match event {
        Event::Pull { repo, change, hint } => {
            let what = match change {
                PullChange::Opened => "opened",
                PullChange::Pushed => "pushed to",
                PullChange::Closed => "closed",
                PullChange::Labels => "labelled",
                PullChange::Other => "changed",
            };
            format!("{}#{} was {what}", repo.name, hint.number)
        }
        Event::Comment {
            repo,
            number,
            author,
            lines,
            ..
        } => format!(
            "{} commented on {}#{number}, {} that may be commands",
            plain(&author.login),
            repo.name,
            super::plural(lines.len(), "line", "lines"),
        ),
        Event::MirrorPushed {
            repo,
            number,
            after,
            ..
        } => match after {
            Some(sha) => format!("the mirror of {}#{number} is at {}", repo.name, sha.short()),
            None => format!("the mirror of {}#{number} was deleted", repo.name),
        },
        Event::BuildChanged {
            repo, sha, build, ..
        } => {
            let state = match build.status {
                BuildStatus::Queued => "is queued",
                BuildStatus::Running => "runs",
                BuildStatus::Ended(end) => end.as_str(),
            };
            let name = plain(&build.name);
            format!("{name} at {} in {}: {state}", sha.short(), repo.name)
        }
        Event::BranchPushed {
            repo,
            branch,
            after,
            ..
        } => match after {
            Some(sha) => format!("{} of {} is at {}", plain(branch), repo.name, sha.short()),
            None => format!("{} of {} was deleted", plain(branch), repo.name),
        },
        Event::AnchorFound { repo, sha, .. } => {
            format!("a branch of ours holds {} in {}", sha.short(), repo.name)
        }
        Event::MergeGroup {
            repo, sha, change, ..
        } => match change {
            MergeGroupChange::Requested => {
                format!("a merge group at {} in {}", sha.short(), repo.name)
            }
            MergeGroupChange::Gone => {
                format!(
                    "the merge group at {} in {} is gone",
                    sha.short(),
                    repo.name
                )
            }
        },
        Event::JobReported { job, .. } => {
            format!("{} of {} reports", plain(&job.job), plain(&job.pipeline))
        }
        Event::JobChanged { job } => {
            format!("{} of {} changed", plain(&job.job), plain(&job.pipeline))
        }
        Event::GatePressed {
            repo,
            sha,
            button,
            sender,
            ..
        } => {
            let button = match button {
                Button::Approve => "OK to test",
                Button::Rerun => "Re-run",
            };
            let who = plain(&sender.login);
            format!("{who} pressed {button} at {} in {}", sha.short(), repo.name)
        }
        Event::Dashboard {
            repo,
            number,
            by,
            deed,
            ..
        } => {
            let what = match deed {
                Deed::Sync => "Sync",
                Deed::Rerun(_) => "Re-run",
                Deed::Cancel(_) => "Cancel",
                Deed::Approve(_) => "Approve",
            };
            format!(
                "{} pressed {what} on {}#{number}",
                plain(&by.login),
                repo.name
            )
        }
        Event::RepositoryChanged { repo, change } => {
            let what = match change {
                RepositoryChange::Configuration => "may have another configuration",
                RepositoryChange::Identity => "has another name, owner, visibility or branch",
                RepositoryChange::Archived => "is archived",
                RepositoryChange::Gone => "is gone",
            };
            format!("{} {what}", repo.name)
        }
        Event::PeopleChanged { .. } => "somebody joined, left or got other rights".to_owned(),
        Event::InstallationChanged {
            installation,
            change,
        } => {
            let what = match change {
                InstallationChange::Available => "is there, with what it covers".to_owned(),
                InstallationChange::Suspended => "is suspended".to_owned(),
                InstallationChange::Deleted => "was deleted".to_owned(),
                InstallationChange::Removed(repos) => {
                    let many = super::plural(repos.len(), "repository", "repositories");
                    format!("does not cover {many} any more")
                }
            };
            format!("installation {installation} {what}")
        }
    }
}
