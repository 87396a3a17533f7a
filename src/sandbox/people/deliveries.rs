//! The webhook sender in a test's hands: where to, when, in what order, and again.

use serde_json::Value;

use crate::sandbox::model::log::{Entry, Stage};
use crate::sandbox::{Delivery, Sandbox, deliver};

fn view(entry: &Entry) -> Delivery {
    Delivery {
        guid: entry.guid.clone(),
        event: entry.event.clone(),
        action: entry.action.clone(),
        payload: entry.payload.clone(),
        status: match entry.stage {
            Stage::Done(status) => Some(status),
            _ => None,
        },
        redelivery: entry.redelivery,
    }
}

impl Sandbox {
    /// Sends webhooks to this URL from now on. What happened before is in the log, not sent.
    pub fn deliver_to(&self, url: &str) {
        self.edit(|hub| hub.target = Some(url.to_owned()));
    }

    /// Sends webhooks nowhere from now on, as while the app is down: they are logged as failed.
    pub fn deliver_nowhere(&self) {
        self.edit(|hub| hub.target = None);
    }

    /// While held, new deliveries wait in [`Sandbox::held`]. Ending it lets those that still wait go, in order.
    pub fn hold_deliveries(&self, hold: bool) {
        self.edit(|hub| {
            hub.holding = hold;
            let next = if hub.target.is_some() {
                Stage::Queued
            } else {
                Stage::Unsent
            };
            for entry in hub
                .log
                .iter_mut()
                .filter(|entry| !hold && entry.stage == Stage::Held)
            {
                entry.stage = next;
            }
        });
    }

    /// Deliveries are listed, and what they held is not shown.
    pub fn hide_payloads(&self) {
        self.edit(|hub| hub.hides_payloads = true);
    }

    /// The deliveries that are held back, oldest first.
    pub fn held(&self) -> Vec<Delivery> {
        self.look(|hub| {
            hub.log
                .iter()
                .filter(|entry| entry.stage == Stage::Held)
                .map(view)
                .collect()
        })
    }

    /// Sends one held delivery now, whatever its place, and says the answer's status.
    pub async fn deliver(&self, guid: &str) -> u16 {
        let id = self.edit(|hub| {
            let entry = hub
                .log
                .iter_mut()
                .find(|entry| entry.guid == guid && entry.stage == Stage::Held)?;
            entry.stage = Stage::Sending;
            Some(entry.id)
        });
        let id = id.unwrap_or_else(|| panic!("no delivery {guid} is held"));
        deliver::send(self, id).await
    }

    /// Loses one held delivery: the log shows it as failed, and it can be redelivered.
    pub fn drop_delivery(&self, guid: &str) {
        let found = self.edit(|hub| {
            let entry = hub
                .log
                .iter_mut()
                .find(|entry| entry.guid == guid && entry.stage == Stage::Held)?;
            entry.stage = Stage::Unsent;
            Some(())
        });
        found.unwrap_or_else(|| panic!("no delivery {guid} is held"));
    }

    /// GitHub keeps its deliveries for some days: what was attempted until now is not listed any more.
    pub fn forget_deliveries(&self) {
        self.edit(|hub| hub.log.retain(|entry| entry.status_code().is_none()));
    }

    /// Every delivery and every redelivery, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.look(|hub| hub.log.iter().map(view).collect())
    }

    /// Sends a delivery again under the same guid, at once and also while others are held; says the answer's status.
    pub async fn redeliver(&self, guid: &str) -> u16 {
        let id = self.edit(|hub| {
            let index = hub.log.iter().position(|entry| entry.guid == guid)?;
            Some(hub.enqueue_again(index, Stage::Sending))
        });
        let id = id.unwrap_or_else(|| panic!("there was no delivery {guid}"));
        deliver::send(self, id).await
    }

    /// Queues a payload of the test's own making, and says its guid.
    pub fn send_event(&self, event: &str, payload: Value) -> String {
        let action = payload
            .get("action")
            .and_then(Value::as_str)
            .map(str::to_owned);
        self.edit(|hub| hub.enqueue(event, action.as_deref(), None, payload))
    }

    /// Waits until nothing is queued or on the wire. Held deliveries don't count.
    pub async fn deliveries_settled(&self) {
        let seen = |sandbox: &Self| {
            sandbox.look(|hub| {
                let unanswered =
                    |entry: &&Entry| matches!(entry.stage, Stage::Queued | Stage::Sending);
                (hub.log.iter().filter(unanswered).count(), hub.log.len())
            })
        };
        // However many there are: what is waited for is that it goes on.
        loop {
            let now = seen(self);
            if now.0 == 0 {
                return;
            }
            self.wait_until("the next delivery is answered", |sandbox| {
                seen(sandbox) != now
            })
            .await;
        }
    }
}
