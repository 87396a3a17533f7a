//! Texts with places for documented values: `image-${{ sha }}`. Plain substitution, no code.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that an input may name, between `${{` and `}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// `sha`: the commit that is built.
    Sha,
    /// `branch`: the branch that holds it: the mirror, the pushed branch, the merge group's.
    Branch,
    /// `base_sha`: the commit it is compared with: the head of the base branch, or what stood there before the push.
    BaseSha,
    /// `base_branch`: the pull request's or merge group's base; for a push the branch itself.
    BaseBranch,
    /// `merge_base`: the newest commit that base and head have in common.
    MergeBase,
    /// `repository`: `owner/name`.
    Repository,
    /// `pipeline`: the pipeline's name.
    Pipeline,
    /// `job`: the job's expanded name.
    Job,
    /// `run`: the number of the run, counted for each pipeline and subject.
    Run,
    /// `attempt`: 1 for the first start of the job in this run.
    Attempt,
    /// `trigger`: `pull_request`, `merge_group`, `push`, `schedule` or `command`.
    Trigger,
    /// `pr.number`: empty where there is no pull request.
    PrNumber,
    /// `pr.author`: the login of who opened it.
    PrAuthor,
    /// `command.args`: what stood behind the command, in one text.
    CommandArgs,
    /// `matrix.NAME`.
    Matrix(String),
    /// `needs.JOB.outputs.NAME`; JOB as under `jobs` of the pipeline, in `needs` of this job.
    Output {
        /// The expanded name of the job.
        job: String,
        /// The output's name.
        name: String,
    },
    /// `needs.JOB.result`: `success`, `failure`, `skipped`, ….
    Result(String),
}

/// A text with places, parsed: pieces in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(pub Vec<Piece>);

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// As it is.
    Text(String),
    /// The value's text goes here.
    Value(Value),
}

impl Template {
    /// The text, with each value as `lookup` gives it.
    pub fn render(&self, lookup: impl Fn(&Value) -> String) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Value(value) => text.push_str(&lookup(value)),
            }
        }
        text
    }

    /// The values it names.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Value(value) => Some(value),
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha => f.write_str("sha"),
            Self::Branch => f.write_str("branch"),
            Self::BaseSha => f.write_str("base_sha"),
            Self::BaseBranch => f.write_str("base_branch"),
            Self::MergeBase => f.write_str("merge_base"),
            Self::Repository => f.write_str("repository"),
            Self::Pipeline => f.write_str("pipeline"),
            Self::Job => f.write_str("job"),
            Self::Run => f.write_str("run"),
            Self::Attempt => f.write_str("attempt"),
            Self::Trigger => f.write_str("trigger"),
            Self::PrNumber => f.write_str("pr.number"),
            Self::PrAuthor => f.write_str("pr.author"),
            Self::CommandArgs => f.write_str("command.args"),
            Self::Matrix(name) => write!(f, "matrix.{name}"),
            Self::Output { job, name } => write!(f, "needs.{job}.outputs.{name}"),
            Self::Result(job) => write!(f, "needs.{job}.result"),
        }
    }
}
