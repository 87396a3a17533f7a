//! People and the installation: membership, roles, repositories joining, names changing.

use serde_json::json;

use crate::sandbox::model::access::{Level, Permission, Visibility};
use crate::sandbox::model::repo::Repo;
use crate::sandbox::model::{Deed, Hub, Refused};
use crate::sandbox::show;

impl Hub {
    pub(crate) fn new_repo(&mut self, name: &str, owner: u64, fork_of: Option<u64>) -> u64 {
        let (id, now) = (self.id(), self.tick());
        let repo = Repo {
            id,
            name: name.to_owned(),
            old_names: Vec::new(),
            owner,
            fork_of,
            private: false,
            archived: false,
            default_branch: "main".into(),
            refs: Default::default(),
            past: Default::default(),
            collaborators: Default::default(),
            issues: Default::default(),
            next_number: 1,
            created_at: now,
            updated_at: now,
        };
        self.repos.insert(id, repo);
        id
    }

    /// A user's fork of a repository, made on first need with the branches the source has then.
    pub(crate) fn ensure_fork(&mut self, source: u64, user: u64) -> u64 {
        if let Some(fork) = self
            .repos
            .values()
            .find(|repo| repo.owner == user && repo.fork_of == Some(source))
        {
            return fork.id;
        }
        let (name, main, head) = {
            let repo = self.repo(source);
            (
                repo.name.clone(),
                repo.default_branch.clone(),
                repo.branch(&repo.default_branch).cloned(),
            )
        };
        let fork = self.new_repo(&name, user, Some(source));
        if let Some(head) = head {
            self.repo_mut(fork)
                .refs
                .insert(format!("refs/heads/{main}"), head);
        }
        self.repo_mut(fork).default_branch = main;
        fork
    }

    pub(crate) fn set_member(&mut self, login: &str, visibility: Option<Visibility>) -> Deed<()> {
        if !self.is_organization() {
            return Err(Refused::new(
                "the owner is a personal account, which has no members",
            ));
        }
        let user = self.ensure_user(login);
        let was = self.members.get(&user).copied();
        let action = match visibility {
            Some(visibility) => {
                self.members.insert(user, visibility);
                "member_added"
            }
            None => {
                self.members.remove(&user);
                "member_removed"
            }
        };
        if was.is_some() == visibility.is_some() {
            return Ok(());
        }
        let actor = self.ensure_user(&self.admin_login());
        let org = self.user(self.owner).login.clone();
        let membership = json!({
            "url": format!("{}/orgs/{org}/memberships/{login}", self.base),
            "state": if visibility.is_some() { "active" } else { "inactive" },
            "role": "member",
            "organization_url": format!("{}/orgs/{org}", self.base),
            "user": show::user::simple(self, user),
        });
        self.emit(
            "organization",
            Some(action),
            None,
            actor,
            json!({ "membership": membership }),
        );
        Ok(())
    }

    pub(crate) fn set_permission(&mut self, repo: u64, login: &str, permission: Permission) {
        let user = self.ensure_user(login);
        let before = self.repo(repo).collaborators.get(&user).copied();
        let (action, changes) = match (before, permission) {
            (None, Permission::None) => return,
            (Some(_), Permission::None) => ("removed", None),
            (None, new) => (
                "added",
                Some(
                    json!({ "permission": { "to": new.legacy() }, "role_name": { "to": new.role_name() } }),
                ),
            ),
            (Some(old), new) => (
                "edited",
                Some(
                    json!({ "old_permission": { "from": old.role_name() }, "permission": { "from": old.role_name(), "to": new.role_name() } }),
                ),
            ),
        };
        let collaborators = &mut self.repo_mut(repo).collaborators;
        match permission {
            Permission::None => collaborators.remove(&user),
            some => collaborators.insert(user, some),
        };
        let actor = self.ensure_user(&self.admin_login());
        let mut body = json!({ "member": show::user::simple(self, user) });
        if let Some(changes) = changes {
            body["changes"] = changes;
        }
        self.emit("member", Some(action), Some(repo), actor, body);
    }

    pub(crate) fn rename_repo(&mut self, repo: u64, name: &str) {
        let old = self.repo(repo).name.clone();
        self.tick();
        let row = self.repo_mut(repo);
        row.old_names.push(old.clone());
        row.name = name.to_owned();
        let actor = self.ensure_user(&self.admin_login());
        let changes = json!({ "changes": { "repository": { "name": { "from": old } } } });
        self.emit("repository", Some("renamed"), Some(repo), actor, changes);
    }

    /// The repository goes to another account, and the installation with it. Unlike GitHub's, the old name leads nowhere.
    pub(crate) fn transfer_repo(&mut self, repo: u64, to: &str) {
        let owner = self.ensure_user(to);
        self.tick();
        let from = self.repo(repo).owner;
        self.repo_mut(repo).owner = owner;
        let actor = self.ensure_user(&self.admin_login());
        let from = json!({ "organization": show::user::simple(self, from) });
        let changes = json!({ "changes": { "owner": { "from": from } } });
        self.emit(
            "repository",
            Some("transferred"),
            Some(repo),
            actor,
            changes,
        );
    }

    /// Sends `repository` with the given action.
    pub(crate) fn announce_repository(&mut self, repo: u64, action: &str) {
        self.tick();
        let actor = self.ensure_user(&self.admin_login());
        self.emit("repository", Some(action), Some(repo), actor, json!({}));
    }

    /// A repository joins or leaves the installation's selection.
    pub(crate) fn select_repo(&mut self, repo: u64, selected: bool) {
        let changed = match selected {
            true => self.installation.repositories.insert(repo),
            false => self.installation.repositories.remove(&repo),
        };
        if changed {
            self.announce_selection(repo, selected);
        }
    }

    /// Tells the app that a repository joined or left.
    pub(crate) fn announce_selection(&mut self, repo: u64, selected: bool) {
        let listed = vec![show::repo::named(self, repo)];
        let (action, added, removed) = if selected {
            ("added", listed, vec![])
        } else {
            ("removed", vec![], listed)
        };
        let actor = self.ensure_user(&self.admin_login());
        let body = json!({
            "installation": show::app::installation(self),
            "repository_selection": "selected",
            "repositories_added": added,
            "repositories_removed": removed,
            "requester": null,
        });
        self.emit("installation_repositories", Some(action), None, actor, body);
    }

    pub(crate) fn suspend(&mut self, suspended: bool) {
        let now = self.tick();
        self.installation.suspended_at = suspended.then_some(now);
        self.installation.updated_at = now;
        self.announce_installation(if suspended { "suspend" } else { "unsuspend" });
    }

    /// Sends `installation` with the given action (`created`, `deleted`, `suspend`, `new_permissions_accepted` …). From
    /// `deleted` to `created` there is none.
    pub(crate) fn announce_installation(&mut self, action: &str) {
        match action {
            "created" => self.installation.deleted = false,
            "deleted" => self.installation.deleted = true,
            _ => {}
        }
        let repositories: Vec<_> = self
            .installation
            .repositories
            .iter()
            .map(|repo| show::repo::named(self, *repo))
            .collect();
        let actor = self.ensure_user(&self.admin_login());
        let body =
            json!({ "installation": show::app::installation(self), "repositories": repositories });
        self.emit("installation", Some(action), None, actor, body);
    }

    pub(crate) fn set_grant(&mut self, name: &str, level: Option<Level>) {
        let id = self.app;
        if let Some(app) = self.apps.get_mut(&id) {
            match level {
                Some(level) => app.grants.insert(name.to_owned(), level),
                None => app.grants.remove(name),
            };
        }
        self.announce_installation("new_permissions_accepted");
    }
}
