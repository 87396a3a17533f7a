//! What a pull request wants to run, by its own record.

use super::{OrderKind, Repeat, RunsState, Wish};
use crate::domain::config::RepoConfig;
use crate::domain::pipeline::Pipeline;
use crate::domain::pull::PullState;
use crate::domain::run::TriggerKind;
use chrono::{DateTime, Utc};

impl RunsState {
    /// Follows a pull request: a run of each of its pipelines for the head that may run, none once it is closed. While
    /// a new head waits for vetting the runs of the one before go on.
    pub fn follow_pull(&mut self, pull: &PullState, config: &RepoConfig, now: DateTime<Utc>) {
        let pipelines: Vec<&Pipeline> = Pipeline::for_pulls(&config.pipelines).collect();
        self.follow_configuration(&pipelines, now);
        if pull.view.as_ref().is_some_and(|view| !view.open) {
            self.withdraw("the pull request was closed", now);
            return;
        }
        let Some(head) = pull.open_head().filter(|_| pull.may_run()) else {
            return;
        };
        let new_stand = self.stand_at(head, pull.stand(), now);
        if new_stand {
            // The mirror was away and is back: what was built for its stand before does not count.
            self.withdraw_at(head, "the mirror was set up anew", now);
        }
        if pull.looks != self.looks_taken {
            self.read_builds();
            self.looks_taken = pull.looks;
        }
        let taken = self.orders_taken;
        let commands = pull.orders.iter().filter_map(|order| match &order.kind {
            OrderKind::Start { pipeline, args } if order.number > taken && order.sha == *head => {
                let pipeline = pipelines.iter().find(|known| known.name == *pipeline)?;
                Some((*pipeline, TriggerKind::Command, args.as_str(), Repeat::Yes))
            }
            _ => None,
        });
        let heads = pipelines
            .iter()
            .filter(|pipeline| pipeline.is_on(TriggerKind::PullRequest))
            .map(|pipeline| (*pipeline, TriggerKind::PullRequest, "", Repeat::No));
        let mut fresh = Vec::new();
        for (pipeline, trigger, args, repeat) in heads.chain(commands) {
            let Some(scene) = pull.scene(trigger, args) else {
                continue;
            };
            let wish = Wish {
                pipeline,
                scene,
                repeat,
            };
            if self.want(&wish, now) {
                fresh.push(pipeline.name.clone());
            }
        }
        self.take_orders(&pull.orders, &fresh, now);
        // A report of others may have come before anybody here listened for it.
        if new_stand && self.follows_reports() {
            self.read_builds();
        }
    }
}
