//! What is to run for a subject: asks GitHub what it has to, and says it to the runs' record.

use super::pull::Naming;
use super::runs::Pass;
use super::{Engine, Failure};
use crate::domain::config::RepoConfig;
use crate::domain::filter;
use crate::domain::ids::RunSubject;
use crate::domain::pipeline::{Pipeline, Trigger, Value, schedule};
use crate::domain::run::{Changed, Run, Scene, TriggerKind};
use crate::domain::runs::{Repeat, RunsState, Told, Wish};
use crate::domain::trust::Listing;
use crate::github::GitHubError;
use crate::store::EntryKind;

impl Engine {
    /// Says to `pass.state` what is wanted now.
    pub(super) async fn wishes(&self, pass: &mut Pass) -> Result<(), Failure> {
        let now = self.now();
        let repository = self
            .configuration(&pass.state.repo, Naming::Earlier)
            .await?;
        pass.state.repo = repository.repo.clone();
        let Some(config) = repository.enabled() else {
            pass.state
                .withdraw("Drawbridge is not enabled here any more", now);
            pass.state.stale = false;
            return Ok(());
        };
        for account in pass.state.pressed.clone() {
            let people = &self.shared.people;
            let may = config.is_listed_vetter(&account)
                || people
                    .may_write(&self.shared.github, &pass.state.repo, &account, now)
                    .await?;
            pass.state.pressed.retain(|waiting| *waiting != account);
            if may {
                pass.state.retest();
                let what = format!("{} runs failed jobs again", account.login);
                pass.happened(now, EntryKind::Decision, what);
            }
        }
        match pass.state.subject.clone() {
            RunSubject::Pull(_) => {
                if let Some(pull) = &pass.pull {
                    pass.state.follow_pull(pull, config, now);
                }
            }
            RunSubject::MergeGroup(branch) => self.for_group(pass, config, &branch).await?,
            RunSubject::Branch(branch) => self.for_branch(pass, config, &branch).await?,
            RunSubject::Schedule => self.for_schedule(pass, config).await?,
        }
        pass.state.stale = false;
        Ok(())
    }

    async fn for_group(
        &self,
        pass: &mut Pass,
        config: &RepoConfig,
        branch: &str,
    ) -> Result<(), Failure> {
        let now = self.now();
        let Some(told) = pass.state.told.clone() else {
            return Ok(());
        };
        // Whoever can send an old delivery again could end a group that is still waited for, so GitHub is asked. It may have told
        // of the end before its branch is gone: then it is asked again whenever there is other news of these runs.
        let ending = told.gone && pass.state.runs().any(Run::counts);
        if !(pass.state.stale || ending) {
            return Ok(());
        }
        let github = self.shared.github.of(&pass.state.repo);
        match github.branch_head(branch).await? {
            Some(head) if head == told.sha && pass.state.stale => {}
            // Nothing is new, or its own delivery is on its way, or was late.
            Some(_) => return Ok(()),
            None => {
                pass.state.group_is_gone(now);
                return Ok(());
            }
        }
        let for_groups = Pipeline::for_groups(&config.pipelines);
        let for_groups: Vec<&Pipeline> = for_groups.iter().collect();
        let place = Place {
            trigger: TriggerKind::MergeGroup,
            told: &told,
            branch,
        };
        self.wish(pass, config, &for_groups, &place).await
    }

    async fn for_branch(
        &self,
        pass: &mut Pass,
        config: &RepoConfig,
        branch: &str,
    ) -> Result<(), Failure> {
        let now = self.now();
        let is_for_it = |pipeline: &&Pipeline| pipeline.is_for_push(branch);
        let pipelines: Vec<&Pipeline> = config.pipelines.iter().filter(is_for_it).collect();
        pass.state.follow_configuration(&pipelines, now);
        if pipelines.is_empty() || !pass.state.stale {
            return Ok(());
        }
        let github = self.shared.github.of(&pass.state.repo);
        let Some(sha) = github.branch_head(branch).await? else {
            pass.state.withdraw("the branch is gone", now);
            return Ok(());
        };
        let before = pass.state.pushed_onto(&sha);
        let told = Told {
            sha,
            before,
            base_branch: branch.to_owned(),
            gone: false,
        };
        let place = Place {
            trigger: TriggerKind::Push,
            told: &told,
            branch,
        };
        self.wish(pass, config, &pipelines, &place).await
    }

    async fn for_schedule(&self, pass: &mut Pass, config: &RepoConfig) -> Result<(), Failure> {
        let now = self.now();
        let is_scheduled = |pipeline: &&Pipeline| pipeline.is_on(TriggerKind::Schedule);
        let pipelines: Vec<&Pipeline> = config.pipelines.iter().filter(is_scheduled).collect();
        pass.state.follow_configuration(&pipelines, now);
        let mut due = Vec::new();
        for (name, line) in &mut pass.state.lines {
            if !pipelines.iter().any(|pipeline| pipeline.name == *name) {
                // Should it come back, nothing was missed meanwhile.
                line.ticked = None;
            }
        }
        for pipeline in pipelines {
            let line = pass.state.lines.entry(pipeline.name.clone()).or_default();
            // What was missed before it was first seen is nobody's loss; what was missed since then runs once.
            let since = *line.ticked.get_or_insert(now);
            let next = |after| {
                let ticks = pipeline.on.iter().filter_map(|trigger| match trigger {
                    Trigger::Schedule(cron) => schedule::next_tick(cron, after),
                    _ => None,
                });
                ticks.min()
            };
            if next(since).is_some_and(|tick| tick <= now) {
                due.push(pipeline);
            }
            pass.next_tick = [pass.next_tick, next(now)].into_iter().flatten().min();
        }
        if due.is_empty() {
            return Ok(());
        }
        let github = self.shared.github.of(&pass.state.repo);
        let branch = pass.state.repo.default_branch.clone();
        let Some(sha) = github.branch_head(&branch).await? else {
            return Ok(());
        };
        let told = Told {
            sha,
            before: None,
            base_branch: branch.clone(),
            gone: false,
        };
        let place = Place {
            trigger: TriggerKind::Schedule,
            told: &told,
            branch: &branch,
        };
        self.wish(pass, config, &due, &place).await?;
        for pipeline in due {
            if let Some(line) = pass.state.lines.get_mut(&pipeline.name) {
                line.ticked = Some(now);
            }
        }
        Ok(())
    }

    /// Wishes for a run of each of these pipelines at one place.
    async fn wish(
        &self,
        pass: &mut Pass,
        config: &RepoConfig,
        pipelines: &[&Pipeline],
        place: &Place<'_>,
    ) -> Result<(), Failure> {
        let scene = self.scene(&pass.state, config, pipelines, place).await?;
        let now = self.now();
        pass.state.stands_at(&place.told.sha, now);
        for pipeline in pipelines {
            let wish = Wish {
                pipeline,
                scene: scene.clone(),
                repeat: match place.trigger {
                    TriggerKind::Schedule => Repeat::Yes,
                    _ => Repeat::No,
                },
            };
            pass.state.want(&wish, now);
        }
        Ok(())
    }

    /// What runs that are no pull request's are for. Only what a job asks for is asked of GitHub.
    async fn scene(
        &self,
        state: &RunsState,
        config: &RepoConfig,
        pipelines: &[&Pipeline],
        place: &Place<'_>,
    ) -> Result<Scene, GitHubError> {
        let github = self.shared.github.of(&state.repo);
        let Told {
            sha,
            before,
            base_branch,
            ..
        } = place.told;
        let asks_what_changed = pipelines
            .iter()
            .any(|pipeline| pipeline.asks_what_changed());
        let asks_for_merge_base = pipelines
            .iter()
            .any(|pipeline| pipeline.names(&Value::MergeBase));
        let merge_base = match before {
            Some(before) if asks_what_changed || asks_for_merge_base => {
                Some(github.merge_base(before, sha).await?)
            }
            _ => None,
        };
        let changed = match before {
            Some(before) if asks_what_changed => match github.compare_files(before, sha).await? {
                // After a forced push GitHub does not list what only the old commit had.
                _ if place.trigger == TriggerKind::Push && merge_base.as_ref() != Some(before) => {
                    Changed::Everything
                }
                Listing::Complete(files) => filter::touched(&config.filters, &files),
                Listing::TooLong(_) | Listing::NotNeeded => Changed::Everything,
            },
            _ => Changed::Everything,
        };
        Ok(Scene {
            repository: state.repo.name.clone(),
            trigger: place.trigger,
            sha: sha.clone(),
            branch: place.branch.to_owned(),
            base_branch: base_branch.clone(),
            base_sha: before.clone(),
            merge_base,
            pull: None,
            changed,
            args: String::new(),
        })
    }
}

/// Where runs that are no pull request's take place.
struct Place<'a> {
    trigger: TriggerKind,
    told: &'a Told,
    branch: &'a str,
}
