//! Queueing webhooks.

use serde_json::{Map, Value, json};

use crate::sandbox::model::Hub;
use crate::sandbox::model::log::{Entry, Stage};
use crate::sandbox::show;

/// Events that GitHub delivers to every app.
const ALWAYS: [&str; 2] = ["installation", "installation_repositories"];

impl Hub {
    /// Queues a webhook about a repository, if the installation covers it and is not suspended and the app
    /// subscribes to the event. `body` holds what is
    /// particular to the event; what all events carry is added here.
    pub(crate) fn emit(
        &mut self,
        event: &str,
        action: Option<&str>,
        repo: Option<u64>,
        actor: u64,
        body: Value,
    ) {
        let silent = self.installation.suspended_at.is_some() && event != "installation";
        let unasked =
            !ALWAYS.contains(&event) && !self.our_app().events.iter().any(|one| one == event);
        let foreign = repo.is_some_and(|repo| !self.installation.repositories.contains(&repo));
        if silent || foreign || unasked {
            return;
        }
        let mut payload = Map::new();
        if let Some(action) = action {
            payload.insert("action".into(), json!(action));
        }
        if let Value::Object(body) = body {
            payload.extend(body);
        }
        if let Some(repo) = repo {
            let shown = if event == "push" {
                show::repo::in_push(self, repo)
            } else {
                show::repo::full(self, repo)
            };
            payload.insert("repository".into(), shown);
        }
        if self.is_organization() {
            payload.insert("organization".into(), show::user::organization(self));
        }
        if !payload.contains_key("installation") {
            let id = self.installation.id;
            payload.insert(
                "installation".into(),
                json!({ "id": id, "node_id": show::node("I", id) }),
            );
        }
        payload.insert("sender".into(), show::user::simple(self, actor));
        self.enqueue(event, action, repo, Value::Object(payload));
    }

    /// Puts a finished payload in line.
    pub(crate) fn enqueue(
        &mut self,
        event: &str,
        action: Option<&str>,
        repository: Option<u64>,
        payload: Value,
    ) -> String {
        let stage = match (self.holding, &self.target) {
            (true, _) => Stage::Held,
            (false, None) => Stage::Unsent,
            (false, Some(_)) => Stage::Queued,
        };
        let (id, guid, at) = (self.id(), self.guid(), self.clock.mark());
        let (event, action) = (event.to_owned(), action.map(str::to_owned));
        let redelivery = false;
        let entry = Entry {
            id,
            guid,
            event,
            action,
            payload,
            repository,
            stage,
            redelivery,
            at,
            response: None,
        };
        let guid = entry.guid.clone();
        self.log.push(entry);
        guid
    }

    /// Puts a second attempt of an earlier delivery in line, under the same guid, and says its own id.
    pub(crate) fn enqueue_again(&mut self, index: usize, stage: Stage) -> u64 {
        let (id, at) = (self.id(), self.tick());
        let again = Entry {
            id,
            at,
            stage,
            redelivery: true,
            response: None,
            ..self.log[index].clone()
        };
        self.log.push(again);
        id
    }
}
