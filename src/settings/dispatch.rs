//! `[dispatch]`: which repositories may send a `repository_dispatch` to which others. Only the operator says this.

use super::{SettingError, wrong};
use crate::backends::{Connections, Pattern};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The section as given.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenDispatch {
    allow: BTreeMap<String, Vec<String>>,
}

impl GivenDispatch {
    /// Checks it, and adds it to what is connected.
    pub(super) fn check(self, connections: &mut Connections) -> Result<(), SettingError> {
        let parse = |text: &str| {
            Pattern::parse(text).ok_or_else(|| {
                wrong(
                    "dispatch.allow",
                    format!("{text:?} names no repository"),
                    "Write who may send, and to whom, as owner/name, or owner/* for all repositories of an owner: \
                     \"acme/engine\" = [\"acme/deploy\"].",
                )
            })
        };
        for (from, to) in self.allow {
            let to = to.iter().map(|to| parse(to)).collect::<Result<_, _>>()?;
            connections.allow_dispatch(parse(&from)?, to);
        }
        Ok(())
    }
}
