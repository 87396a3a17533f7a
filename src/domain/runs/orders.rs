//! What people order on a pull request, once their right to do so is established.

use super::RunsState;
use crate::domain::ids::Sha;
use crate::domain::run::{Excuse, Rank};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An order for the runs of one head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Counted for each pull request, from 1.
    pub number: u64,
    /// The only head it is for.
    pub sha: Sha,
    /// Login of who gave it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: OrderKind,
}

/// What is ordered. Jobs by name, or by the name that all jobs of a matrix share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// `/retest`: these again; none named: those that failed.
    Retest(Vec<String>),
    /// `/test`: these, whatever their conditions say.
    Test(Vec<String>, Rank),
    /// `/skip`: these count as passed.
    Skip {
        /// Which.
        jobs: Vec<String>,
        /// Why.
        reason: String,
    },
    /// `/cancel`
    Cancel,
    /// The command of a pipeline.
    Start {
        /// The pipeline's name.
        pipeline: String,
        /// What stood behind the command.
        args: String,
    },
}

impl RunsState {
    /// Takes the orders that were not taken yet. `/test` and `/skip` hold for the head: they also reach a run of it that has
    /// just begun (`fresh`, by pipeline).
    pub fn take_orders(&mut self, orders: &[Order], fresh: &[String], now: DateTime<Utc>) {
        for order in orders {
            let new = order.number > self.orders_taken;
            for (name, line) in &mut self.lines {
                let reaches = new || (order.holds() && fresh.contains(name));
                let runs = line
                    .runs
                    .iter_mut()
                    .filter(|run| reaches && run.counts() && run.scene.sha == order.sha);
                for run in runs {
                    match &order.kind {
                        OrderKind::Retest(jobs) => drop(run.retest(jobs)),
                        OrderKind::Test(jobs, rank) => {
                            drop(run.force(jobs, &order.by, *rank));
                        }
                        OrderKind::Skip { jobs, reason } => {
                            let excuse = Excuse {
                                by: order.by.clone(),
                                reason: reason.clone(),
                                at: order.at,
                            };
                            drop(run.excuse(jobs, excuse));
                        }
                        OrderKind::Cancel => {
                            let why = format!("cancelled by {}", order.by);
                            run.cancel(&why, now);
                        }
                        OrderKind::Start { .. } => {}
                    }
                }
            }
            self.orders_taken = self.orders_taken.max(order.number);
        }
    }
}

impl Order {
    /// Whether it holds for the head, and not only for what runs now.
    fn holds(&self) -> bool {
        matches!(self.kind, OrderKind::Test(..) | OrderKind::Skip { .. })
    }
}
