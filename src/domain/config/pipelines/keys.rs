//! The keys of a pipeline and of a job, once for reading, "did you mean" and the documentation.

use crate::domain::config::ConfigError;
use crate::domain::config::values::did_you_mean_or_known;
use crate::domain::config::yaml::Source;
use crate::domain::printable::printable;
use serde_saphyr::Spanned;

macro_rules! keys {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name { $($variant),* }

        impl $name {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

keys! {
    /// A key of a pipeline, in the order of the documentation.
    PipelineKey {
        On = "on",
        Extends = "extends",
        Check = "check",
        Publish = "publish",
        Concurrency = "concurrency",
        FailFast = "fail_fast",
        IgnoreChanges = "ignore_changes",
        Jobs = "jobs",
    }
}

keys! {
    /// A key of a job or of a template, in the order of the documentation.
    JobKey {
        Extends = "extends",
        Needs = "needs",
        NeedsAny = "needs_any",
        Changes = "changes",
        Labels = "labels",
        Branches = "branches",
        IfAuthor = "if_author",
        Required = "required",
        Timeout = "timeout",
        Retries = "retries",
        Matrix = "matrix",
        Inputs = "inputs",
        Workflow = "workflow",
        Check = "check",
        App = "app",
        Dispatch = "dispatch",
        Connection = "connection",
        Ref = "ref",
    }
}

/// The names of all keys of a pipeline.
pub fn pipeline_keys() -> impl Iterator<Item = &'static str> + Clone {
    PipelineKey::ALL.iter().map(|key| key.name())
}

/// The names of all keys of a job.
pub fn job_keys() -> impl Iterator<Item = &'static str> + Clone {
    JobKey::ALL.iter().map(|key| key.name())
}

impl PipelineKey {
    /// The key of that name; an error with the likeliest remedy if there is none.
    pub(super) fn known(
        source: Source<'_>,
        what: &str,
        name: &Spanned<String>,
    ) -> Result<Self, ConfigError> {
        let found = Self::ALL.iter().find(|key| key.name() == name.value);
        found.copied().ok_or_else(|| {
            let hint = if job_keys().any(|key| key == name.value) {
                format!("`{}` belongs to a job, under `jobs:`", name.value)
            } else {
                did_you_mean_or_known(&name.value, "Known keys here", pipeline_keys())
            };
            unknown(source, what, name, &hint)
        })
    }
}

impl JobKey {
    /// The key of that name; an error with the likeliest remedy if there is none.
    pub(super) fn known(
        source: Source<'_>,
        what: &str,
        name: &Spanned<String>,
    ) -> Result<Self, ConfigError> {
        let found = Self::ALL.iter().find(|key| key.name() == name.value);
        found.copied().ok_or_else(|| {
            let hint = match name.value.as_str() {
                // What GitHub's workflows have and people will try.
                "if" => "Conditions are `changes`, `labels`, `branches` and `if_author`".to_owned(),
                "runs-on" | "run" | "steps" | "uses" | "image" => {
                    "What a job does stands in its backend: `workflow`, `check`, `dispatch` or `connection`"
                        .to_owned()
                }
                other if pipeline_keys().any(|key| key == other) => {
                    format!("`{other}` belongs to the pipeline, beside `jobs:`")
                }
                other => did_you_mean_or_known(other, "Known keys here", job_keys()),
            };
            unknown(source, what, name, &hint)
        })
    }

    /// Whether it says what executes the job. `app` and `ref` only say more of `check` and `connection`.
    pub(super) fn is_backend(self) -> bool {
        matches!(
            self,
            Self::Workflow | Self::Check | Self::Dispatch | Self::Connection
        )
    }
}

fn unknown(source: Source<'_>, what: &str, name: &Spanned<String>, hint: &str) -> ConfigError {
    let message = format!("{what}: unknown key `{}`", printable(&name.value, 60));
    source.error(name.referenced, message, Some(hint))
}
