//! Making commits.

use std::sync::Arc;

use crate::sandbox::WEB_FLOW_ID;
use crate::sandbox::model::git::{Commit, Person, Tree, object_id};
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::people::build::NewCommit;

impl Hub {
    /// Adds a commit on top of `parent` to the network of `repo`; no ref moves.
    pub(crate) fn commit(&mut self, repo: u64, parent: Option<&str>, new: &NewCommit) -> String {
        let mut tree: Tree = parent
            .and_then(|sha| self.objects.get(sha))
            .map(|c| c.tree.as_ref().clone())
            .unwrap_or_default();
        for (from, to) in &new.renamed {
            if let Some(content) = tree.remove(from) {
                tree.insert(to.clone(), content);
            }
        }
        for (path, content) in &new.files {
            match content {
                Some(content) => tree.insert(path.clone(), Arc::from(content.as_str())),
                None => tree.remove(path),
            };
        }
        if new.files.is_empty() && new.renamed.is_empty() {
            let number = self.id();
            tree.insert(
                format!("work/{number}.txt"),
                Arc::from(format!("work {number}\n")),
            );
        }
        let (author, committer) = (
            self.person(new.author.as_deref()),
            self.person(new.committer.as_deref()),
        );
        self.add_commit(Commit {
            sha: String::new(),
            network: self.repo(repo).network(),
            tree: Arc::new(tree),
            parents: parent.map(str::to_owned).into_iter().collect(),
            message: new.message.clone(),
            author,
            committer,
            verified: new.verified,
            reason: new.reason.clone(),
            renamed: new.renamed.clone(),
            date: chrono::DateTime::UNIX_EPOCH,
        })
    }

    /// Stamps and names a commit.
    fn add_commit(&mut self, commit: Commit) -> String {
        let (date, nonce) = (self.tick(), self.id().to_string());
        let parents = commit.parents.join(" ");
        let sha = object_id(&[
            "commit",
            &nonce,
            &parents,
            &commit.message,
            &commit.author.email,
        ]);
        self.objects.add(Commit {
            sha: sha.clone(),
            date,
            ..commit
        });
        sha
    }

    /// The commit that joins `head` into `base`, made by GitHub for `by`.
    pub(crate) fn merge_commit(
        &mut self,
        repo: u64,
        base: &str,
        head: &str,
        by: u64,
        message: String,
    ) -> Deed<String> {
        let missing = || Refused::new("a commit of the merge is missing");
        let mut tree = self
            .objects
            .get(base)
            .ok_or_else(missing)?
            .tree
            .as_ref()
            .clone();
        let theirs = Arc::clone(&self.objects.get(head).ok_or_else(missing)?.tree);
        for change in self.objects.changes(base, head) {
            if let Some(old) = change
                .previous
                .as_ref()
                .or((change.status == "removed").then_some(&change.path))
            {
                tree.remove(old);
            }
            if let Some(content) = theirs.get(&change.path) {
                tree.insert(change.path.clone(), Arc::clone(content));
            }
        }
        let login = self.user(by).login.clone();
        Ok(self.add_commit(Commit {
            sha: String::new(),
            network: self.repo(repo).network(),
            tree: Arc::new(tree),
            parents: vec![base.to_owned(), head.to_owned()],
            message,
            author: self.person_of(&login, by),
            committer: self.person_of("web-flow", WEB_FLOW_ID),
            verified: true,
            reason: "valid".into(),
            renamed: Vec::new(),
            date: chrono::DateTime::UNIX_EPOCH,
        }))
    }

    fn person(&mut self, login: Option<&str>) -> Person {
        match login {
            Some(login) => {
                let id = self.ensure_user(login);
                self.person_of(login, id)
            }
            None => Person {
                name: "Nobody Known".into(),
                email: "nobody@nowhere.example".into(),
                account: None,
            },
        }
    }

    fn person_of(&self, login: &str, id: u64) -> Person {
        let email = match id {
            WEB_FLOW_ID => "noreply@github.com".to_owned(),
            id => format!(
                "{id}+{}@users.noreply.github.com",
                login.replace(['[', ']'], "")
            ),
        };
        let name = if id == WEB_FLOW_ID { "GitHub" } else { login };
        Person {
            name: name.to_owned(),
            email,
            account: Some(id),
        }
    }
}
