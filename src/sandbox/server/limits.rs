//! Refuses what an installation asks beyond its limits.

use super::answer::Reply;
use super::app::HOURLY;
use super::auth::Who;
use super::misbehave::refuse;
use crate::sandbox::Sandbox;
use crate::sandbox::faults::FaultKind;
use crate::sandbox::model::Hub;

/// A request that has come and is not answered yet.
pub(super) struct UnderWay(Sandbox);

impl UnderWay {
    pub(super) fn begin(sandbox: &Sandbox) -> Self {
        sandbox.edit_quietly(|hub| hub.limits.under_way += 1);
        Self(sandbox.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.edit_quietly(|hub| hub.limits.under_way -= 1);
    }
}

/// Takes a request into account, or refuses it as GitHub does.
pub(super) fn within(hub: &mut Hub, method: &str, who: &Who) -> Result<(), Reply> {
    let Who::Installation { .. } = who else {
        return Ok(());
    };
    if hub.requests_used >= HOURLY
        && let Some(reset_in_s) = hub.limits.renewed_in()
    {
        return Err(refuse(&FaultKind::PrimaryLimit { reset_in_s }, None));
    }
    hub.limits.take(method).map_err(|seconds| {
        let kind = FaultKind::SecondaryLimit {
            retry_after: Some(seconds),
        };
        refuse(&kind, None)
    })
}
