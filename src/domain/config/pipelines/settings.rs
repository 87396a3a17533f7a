//! What a pipeline says of itself besides its jobs.

use super::keys::PipelineKey;
use super::read::{Entries, choice};
use crate::domain::config::ConfigError;
use crate::domain::config::values::boolean;
use crate::domain::config::yaml::{Source, Value};
use crate::domain::pipeline::{Concurrency, Publish};

/// The keys of a pipeline that are taken over as they are.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) publish: Publish,
    pub(super) concurrency: Option<Concurrency>,
    pub(super) fail_fast: bool,
    pub(super) ignore_changes: bool,
}

impl Settings {
    /// Lays what a pipeline says over this.
    pub(super) fn lay(
        &mut self,
        source: Source<'_>,
        what: &str,
        entries: &Entries,
    ) -> Result<(), ConfigError> {
        for (key, node) in entries {
            let key = PipelineKey::known(source, what, key)?;
            let some = (node.value != Value::Null).then_some(node);
            let flag = || boolean(source, key.name(), node);
            match key {
                PipelineKey::Publish => {
                    let words = [("check", Publish::Check), ("status", Publish::Status)];
                    let chosen = some.map(|node| choice(source, key.name(), node, &words));
                    self.publish = chosen.transpose()?.unwrap_or_default();
                }
                PipelineKey::Concurrency => {
                    let words = [
                        ("cancel", Concurrency::Cancel),
                        ("queue", Concurrency::Queue),
                    ];
                    let chosen = some.map(|node| choice(source, key.name(), node, &words));
                    self.concurrency = chosen.transpose()?;
                }
                PipelineKey::FailFast => self.fail_fast = flag()?.unwrap_or(false),
                PipelineKey::IgnoreChanges => self.ignore_changes = flag()?.unwrap_or(false),
                PipelineKey::On | PipelineKey::Extends | PipelineKey::Check | PipelineKey::Jobs => {
                }
            }
        }
        Ok(())
    }
}
