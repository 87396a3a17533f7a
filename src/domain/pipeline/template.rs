//! Texts with places for documented values: `image-${{ sha }}`. Plain substitution, no code.

use crate::domain::printable::printable;
use crate::domain::similar;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that an input may name, between `${{` and `}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// `needs.JOB.outputs.NAME`.
    Output {
        /// The expanded name of the job.
        job: String,
        /// The output's name.
        name: String,
    },
    /// `needs.JOB.result`: `success`, `failure`, `skipped`, …; JOB as above.
    Result(String),
}

/// A text with places, parsed: pieces in their order. Stored as the text it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template(Vec<Piece>);

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// As it is.
    Text(String),
    /// The value's text goes here.
    Value(Value),
}

/// Why a template is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadTemplate {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Template {
    /// Reads a text. That its values exist where it is used (`matrix.…`, `needs.…`) is for the caller to check.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once("${{") {
            if !plain.is_empty() {
                pieces.push(Piece::Text(plain.to_owned()));
            }
            let Some((inside, after)) = after.split_once("}}") else {
                let shown = printable(after, 40);
                return Err(BadTemplate {
                    message: format!("`${{{{{shown}` has no end"),
                    hint: "Close it with `}}`".to_owned(),
                });
            };
            pieces.push(Piece::Value(Value::parse(inside.trim())?));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

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

    /// The same with each value as `change` gives it, or its first error.
    pub fn try_map<E>(
        &self,
        mut change: impl FnMut(&Value) -> Result<Value, E>,
    ) -> Result<Self, E> {
        let change = |piece: &Piece| match piece {
            Piece::Text(plain) => Ok(Piece::Text(plain.clone())),
            Piece::Value(value) => change(value).map(Piece::Value),
        };
        self.0
            .iter()
            .map(change)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TryFrom<String> for Template {
    type Error = BadTemplate;
    fn try_from(text: String) -> Result<Self, BadTemplate> {
        Self::parse(&text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.to_string()
    }
}

/// The text that it is parsed from, with one space on either side of each value.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|value| format!("${{{{ {value} }}}}")))
    }
}

/// The values without a name in them, in the order of the documentation.
const PLAIN: [(Value, &str); 14] = [
    (Value::Sha, "sha"),
    (Value::Branch, "branch"),
    (Value::BaseSha, "base_sha"),
    (Value::BaseBranch, "base_branch"),
    (Value::MergeBase, "merge_base"),
    (Value::Repository, "repository"),
    (Value::Pipeline, "pipeline"),
    (Value::Job, "job"),
    (Value::Run, "run"),
    (Value::Attempt, "attempt"),
    (Value::Trigger, "trigger"),
    (Value::PrNumber, "pr.number"),
    (Value::PrAuthor, "pr.author"),
    (Value::CommandArgs, "command.args"),
];

impl Value {
    /// Every value, in the order of the documentation. What is written in capitals stands for a name.
    pub fn documented() -> impl Iterator<Item = String> {
        let named = [
            Value::Matrix("NAME".to_owned()),
            Value::Output {
                job: "JOB".to_owned(),
                name: "NAME".to_owned(),
            },
            Value::Result("JOB".to_owned()),
        ];
        PLAIN
            .into_iter()
            .map(|(value, _)| value)
            .chain(named)
            .map(|value| value.to_string())
    }

    fn parse(text: &str) -> Result<Self, BadTemplate> {
        if let Some((value, _)) = PLAIN.iter().find(|(_, name)| *name == text) {
            return Ok(value.clone());
        }
        if let Some(name) = text.strip_prefix("matrix.").filter(|name| is_name(name)) {
            return Ok(Value::Matrix(name.to_owned()));
        }
        if let Some(of_job) = text.strip_prefix("needs.") {
            // From the end: a job's name may have dots, the name of an output has none.
            if let Some((job, name)) = of_job.rsplit_once(".outputs.")
                && !job.is_empty()
                && is_output(name)
            {
                return Ok(Value::Output {
                    job: job.to_owned(),
                    name: name.to_owned(),
                });
            }
            if let Some(job) = of_job.strip_suffix(".result").filter(|job| !job.is_empty()) {
                return Ok(Value::Result(job.to_owned()));
            }
        }
        let names = || Value::documented().collect::<Vec<_>>();
        let hint = if text.starts_with("needs.") {
            "Write `needs.JOB.outputs.NAME` (a NAME has letters, digits, `-` and `_`) or `needs.JOB.result`"
                .to_owned()
        } else if text.starts_with("secrets.") {
            "A repository's file never holds secrets: they belong to the backend itself".to_owned()
        } else {
            let bare = text.strip_prefix("github.").unwrap_or(text);
            let most = (bare.len() / 2).min(3);
            match similar::nearest(bare, names().iter().map(String::as_str), most) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Known values: {}", names().join(", ")),
            }
        };
        Err(BadTemplate {
            message: format!("unknown value `{}` in `${{{{ }}}}`", printable(text, 60)),
            hint,
        })
    }
}

/// Whether the text can be the name of a pipeline, a job or a key of a matrix.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 80
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_output(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matrix(name) => write!(f, "matrix.{name}"),
            Self::Output { job, name } => write!(f, "needs.{job}.outputs.{name}"),
            Self::Result(job) => write!(f, "needs.{job}.result"),
            plain => {
                let name = PLAIN.iter().find(|(value, _)| value == plain);
                f.write_str(name.map_or("", |(_, name)| name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use proptest::prelude::*;

    #[test]
    fn values_are_put_into_their_places() {
        let template = Template::parse("x-${{ sha }}:${{needs.a.b (1, c).outputs.digest}} $ {{ }}")
            .expect("valid");
        let text = template.render(|value| format!("<{value}>"));
        assert_eq!(text, "x-<sha>:<needs.a.b (1, c).outputs.digest> $ {{ }}");
        let output = Value::Output {
            job: "a.b (1, c)".to_owned(),
            name: "digest".to_owned(),
        };
        assert_eq!(
            template.values().cloned().collect::<Vec<_>>(),
            [Value::Sha, output]
        );
        assert_eq!(Template::parse(""), Ok(Template::default()));
    }

    #[test]
    fn every_documented_value_is_understood() {
        for name in Value::documented() {
            assert_eq!(Value::parse(&name).map(|value| value.to_string()), Ok(name));
        }
    }

    #[test]
    fn an_unknown_value_is_refused_with_a_remedy() {
        let rows = [
            "${{ sha",
            "${{ }}",
            "${{ shaa }}",
            "${{ github.sha }}",
            "${{ pr.title }}",
            "${{ secrets.TOKEN }}",
            "${{ needs.a.output.x }}",
            "${{ needs.a.outputs.x.y }}",
            "${{ matrix.a b }}",
            "${{ sha || 'x' }}",
        ];
        let all: Vec<String> = rows
            .iter()
            .map(|row| {
                let bad = Template::parse(row).expect_err(row);
                format!("{bad}. {}", bad.hint)
            })
            .collect();
        assert_snapshot!(all.join("\n"), @r"
        `${{ sha` has no end. Close it with `}}`
        unknown value `` in `${{ }}`. Known values: sha, branch, base_sha, base_branch, merge_base, repository, pipeline, job, run, attempt, trigger, pr.number, pr.author, command.args, matrix.NAME, needs.JOB.outputs.NAME, needs.JOB.result
        unknown value `shaa` in `${{ }}`. Did you mean `sha`?
        unknown value `github.sha` in `${{ }}`. Did you mean `sha`?
        unknown value `pr.title` in `${{ }}`. Known values: sha, branch, base_sha, base_branch, merge_base, repository, pipeline, job, run, attempt, trigger, pr.number, pr.author, command.args, matrix.NAME, needs.JOB.outputs.NAME, needs.JOB.result
        unknown value `secrets.TOKEN` in `${{ }}`. A repository's file never holds secrets: they belong to the backend itself
        unknown value `needs.a.output.x` in `${{ }}`. Write `needs.JOB.outputs.NAME` (a NAME has letters, digits, `-` and `_`) or `needs.JOB.result`
        unknown value `needs.a.outputs.x.y` in `${{ }}`. Write `needs.JOB.outputs.NAME` (a NAME has letters, digits, `-` and `_`) or `needs.JOB.result`
        unknown value `matrix.a b` in `${{ }}`. Known values: sha, branch, base_sha, base_branch, merge_base, repository, pipeline, job, run, attempt, trigger, pr.number, pr.author, command.args, matrix.NAME, needs.JOB.outputs.NAME, needs.JOB.result
        unknown value `sha || 'x'` in `${{ }}`. Known values: sha, branch, base_sha, base_branch, merge_base, repository, pipeline, job, run, attempt, trigger, pr.number, pr.author, command.args, matrix.NAME, needs.JOB.outputs.NAME, needs.JOB.result
        ");
    }

    proptest! {
        #[test]
        fn what_is_understood_survives_being_stored(pieces in prop::collection::vec(prop::sample::select(vec![
            "${{", "}}", " ", "sha", "needs.a", ".outputs.", "x", ".result", "matrix.", "$", "{", "}", "é",
        ]), 0..12)) {
            if let Ok(template) = Template::parse(&pieces.concat()) {
                let stored = serde_json::to_string(&template).expect("JSON");
                prop_assert_eq!(serde_json::from_str::<Template>(&stored).expect("JSON"), template);
            }
        }
    }
}
