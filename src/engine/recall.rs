//! After a loss of data: what people said on a pull request is read again, once (`domain::pull::Recalled`).

use super::{Engine, Failure};
use crate::domain::config::RepoConfig;
use crate::domain::event::{AccountKind, Event, Thread};
use crate::domain::pull::{Findings, PullState, Recalled};
use crate::domain::text;
use crate::github::{GitHubError, Repository};

impl Engine {
    /// What was said on a pull request, if data was lost and it was not read again since.
    pub(super) async fn recalled(
        &self,
        github: &Repository,
        state: &PullState,
    ) -> Result<Option<Recalled>, GitHubError> {
        let lost_at = self.lost_at();
        let Some(lost_at) = lost_at.filter(|_| state.recalled != lost_at) else {
            return Ok(None);
        };
        let said = github.unedited_commands(state.number).await?;
        Ok(Some(Recalled { lost_at, said }))
    }

    /// Adds it to what was found out, and who of those who approved may approve now.
    pub(super) async fn recall(
        &self,
        findings: &mut Findings,
        recalled: Recalled,
        config: &RepoConfig,
    ) -> Result<(), Failure> {
        for said in recalled.said.iter().filter(|said| said.names_a_head()) {
            let asked = findings.vetters.contains_key(&said.by.id);
            if asked || said.by.kind != AccountKind::User || config.is_listed_vetter(&said.by) {
                continue;
            }
            let (people, repo) = (&self.shared.people, &findings.repository.repo);
            let may = people
                .may_write(&self.shared.github, repo, &said.by, self.now())
                .await?;
            findings.vetters.insert(said.by.id, may);
        }
        findings.recalled = Some(recalled);
        Ok(())
    }

    /// Why an event from before a loss of data is let be: a comment that the app has answered, whose commands are not followed a
    /// second time. Where nobody can say whether it has, it is let be, too: what it approved is read again when the pull request
    /// can be looked at.
    pub(super) async fn is_let_be(
        &self,
        event: &Event,
    ) -> Result<Option<&'static str>, GitHubError> {
        let (
            Some(_),
            Event::Comment {
                repo,
                number,
                thread,
                comment,
                ..
            },
        ) = (self.lost_at(), event)
        else {
            return Ok(None);
        };
        let github = match thread {
            Thread::Pull => self.shared.github.of(repo),
            Thread::Issue => self.shared.github.of(repo).on_issues(),
        };
        let marker = text::answer_marker(*comment);
        match github.is_answered(*number, *comment, &marker).await {
            Ok(true) => Ok(Some("answered before data was lost")),
            Ok(false) => Ok(None),
            Err(error)
                if error.needs_somebody() || matches!(error, GitHubError::NotFound { .. }) =>
            {
                tracing::warn!(%error, "can't ask whether a comment from before a loss of data was answered");
                Ok(Some("may have been answered before data was lost"))
            }
            Err(error) => Err(error),
        }
    }
}
