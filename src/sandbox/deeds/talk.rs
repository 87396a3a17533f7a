//! Comments and reactions.

use serde_json::{Value, json};

use crate::sandbox::model::issues::{Comment, REACTIONS, Reaction};
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::show;

/// Whether a reaction was there already.
pub(crate) enum Reacted {
    New(Reaction),
    Before(Reaction),
}

impl Hub {
    /// A comment by a user, or by an app in the name of its bot. GitHub takes at most 65,536 characters.
    pub(crate) fn add_comment(
        &mut self,
        repo: u64,
        number: u64,
        user: u64,
        via_app: Option<u64>,
        body: &str,
    ) -> Deed<u64> {
        if body.chars().count() > 65_536 {
            return Err(Refused::new(
                "body is too long (maximum is 65536 characters)",
            ));
        }
        let (id, now) = (self.id(), self.tick());
        self.issue_mut(repo, number)?.updated_at = now;
        let (body, reactions) = (body.to_owned(), Vec::new());
        self.comments.insert(
            id,
            Comment {
                id,
                repo,
                number,
                user,
                body,
                via_app,
                created_at: now,
                updated_at: now,
                reactions,
            },
        );
        self.emit_comment(id, "created", user, json!({}))?;
        Ok(id)
    }

    pub(crate) fn edit_comment(&mut self, id: u64, by: u64, body: &str) -> Deed<()> {
        let now = self.tick();
        let comment = self.comment_mut(id)?;
        let old = std::mem::replace(&mut comment.body, body.to_owned());
        comment.updated_at = now;
        self.emit_comment(
            id,
            "edited",
            by,
            json!({ "changes": { "body": { "from": old } } }),
        )
    }

    pub(crate) fn delete_comment(&mut self, id: u64, by: u64) -> Deed<()> {
        self.emit_comment(id, "deleted", by, json!({}))?;
        self.tick();
        self.comments.remove(&id);
        Ok(())
    }

    pub(crate) fn comment(&self, id: u64) -> Deed<&Comment> {
        self.comments
            .get(&id)
            .ok_or_else(|| Refused::new(format!("there is no comment {id}")))
    }

    fn comment_mut(&mut self, id: u64) -> Deed<&mut Comment> {
        self.comments
            .get_mut(&id)
            .ok_or_else(|| Refused::new(format!("there is no comment {id}")))
    }

    fn emit_comment(&mut self, id: u64, action: &str, by: u64, extra: Value) -> Deed<()> {
        let comment = self.comment(id)?;
        let repo = comment.repo;
        let mut body = json!({
            "issue": show::talk::issue(self, repo, comment.number)?,
            "comment": show::talk::comment(self, comment),
        });
        if let (Value::Object(body), Value::Object(extra)) = (&mut body, extra) {
            body.extend(extra);
        }
        self.emit("issue_comment", Some(action), Some(repo), by, body);
        Ok(())
    }

    /// A reaction; each account has each reaction once.
    pub(crate) fn react(&mut self, id: u64, user: u64, content: &str) -> Deed<Reacted> {
        if !REACTIONS.contains(&content) {
            return Err(Refused::new(format!("{content:?} is no reaction")));
        }
        let (new, now) = (self.id(), self.tick());
        let comment = self.comment_mut(id)?;
        if let Some(same) = comment
            .reactions
            .iter()
            .find(|r| r.user == user && r.content == content)
        {
            return Ok(Reacted::Before(same.clone()));
        }
        let reaction = Reaction {
            id: new,
            user,
            content: content.to_owned(),
            created_at: now,
        };
        comment.reactions.push(reaction.clone());
        Ok(Reacted::New(reaction))
    }
}
