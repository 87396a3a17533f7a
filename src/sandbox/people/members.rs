//! Accounts, membership, roles, and the installation.

use std::collections::BTreeMap;

use crate::sandbox::model::access::{Grants, Level};
use crate::sandbox::{Permission, Sandbox, Visibility};

impl Sandbox {
    /// The id of a user, made on first mention. (Every other method makes users on first mention too.)
    pub fn add_user(&self, login: &str) -> u64 {
        self.edit(|hub| hub.ensure_user(login))
    }

    /// The id of a bot account, such as `dependabot[bot]`.
    pub fn add_bot(&self, login: &str) -> u64 {
        let login = if login.ends_with("[bot]") {
            login.to_owned()
        } else {
            format!("{login}[bot]")
        };
        self.edit(|hub| hub.ensure_user(&login))
    }

    /// Somebody joins the organisation, or changes whether that can be seen; sends `organization` `member_added`.
    pub fn add_org_member(&self, login: &str, visibility: Visibility) {
        self.edit(|hub| hub.set_member(login, Some(visibility)))
            .unwrap_or_else(|why| panic!("{login} can't join: {why}"));
    }

    /// Somebody leaves the organisation; sends `organization` `member_removed`.
    pub fn remove_org_member(&self, login: &str) {
        self.edit(|hub| hub.set_member(login, None))
            .unwrap_or_else(|why| panic!("{login} can't leave: {why}"));
    }

    /// Gives somebody a role on the repository; sends `member` `added`, `edited` or `removed`.
    pub fn set_permission(&self, login: &str, permission: Permission) {
        self.edit(|hub| hub.set_permission(hub.main, login, permission));
    }

    /// Makes the repository private or public; nothing is sent.
    pub fn set_private(&self, private: bool) {
        self.edit(|hub| {
            let main = hub.main;
            hub.repo_mut(main).private = private;
        });
    }

    /// One more repository of the owner, part of the installation; sends `installation_repositories` `added`.
    pub fn add_repo(&self, name: &str) -> u64 {
        self.edit(|hub| {
            let admin = hub.admin_login();
            let id = hub.add_repo(name, &admin);
            hub.announce_selection(id, true);
            id
        })
    }

    /// Takes a repository out of the installation, or back in; sends `installation_repositories`.
    pub fn select_repo(&self, repo_id: u64, selected: bool) {
        self.edit(|hub| hub.select_repo(repo_id, selected));
    }

    /// Gives the repository a new name; the old one redirects. Sends `repository` `renamed`.
    pub fn rename_repo(&self, new_name: &str) {
        self.edit(|hub| hub.rename_repo(hub.main, new_name));
    }

    /// Archives the repository, or ends that; sends `repository` `archived` or `unarchived`.
    pub fn archive_repo(&self, archived: bool) {
        self.edit(|hub| {
            let main = hub.main;
            hub.repo_mut(main).archived = archived;
            hub.announce_repository(main, if archived { "archived" } else { "unarchived" });
        });
    }

    /// Gives the repository to another account, the installation with it; sends `repository` `transferred`.
    pub fn transfer_repo(&self, to: &str) {
        self.edit(|hub| hub.transfer_repo(hub.main, to));
    }

    /// Sends `repository` with this action (`privatized` …) without changing anything.
    pub fn announce_repository(&self, action: &str) {
        self.edit(|hub| hub.announce_repository(hub.main, action));
    }

    /// Suspends the installation, or ends that; sends `installation` `suspend` or `unsuspend`.
    pub fn suspend_installation(&self, suspended: bool) {
        self.edit(|hub| hub.suspend(suspended));
    }

    /// Sends `installation` with this action; from `deleted` to `created` there is no installation.
    pub fn announce_installation(&self, action: &str) {
        self.edit(|hub| hub.announce_installation(action));
    }

    /// Makes every installation token invalid, as a revocation does.
    pub fn revoke_tokens(&self) {
        self.edit(|hub| hub.tokens.clear());
    }

    /// Changes a permission of the app: `Some("read")`, `Some("write")`, or `None` to take it away. Tokens handed out before
    /// lose what the app loses.
    pub fn set_app_permission(&self, name: &str, level: Option<&str>) {
        let level = level.map(|text| {
            Level::parse(text).unwrap_or_else(|| panic!("{text:?} is no level of a permission"))
        });
        self.edit(|hub| hub.set_grant(name, level));
    }

    /// Subscribes the app to an event, or ends that.
    pub fn set_app_event(&self, event: &str, subscribed: bool) {
        self.edit(|hub| {
            let app = hub.app;
            let Some(app) = hub.apps.get_mut(&app) else {
                return;
            };
            if subscribed {
                app.events.insert(event.to_owned());
            } else {
                app.events.remove(event);
            }
        });
    }

    /// The app's permissions as it has them now.
    pub fn app_permissions(&self) -> BTreeMap<String, String> {
        let words = |grants: &Grants| {
            grants
                .iter()
                .map(|(name, level)| (name.clone(), level.as_str().to_owned()))
                .collect()
        };
        self.look(|hub| words(&hub.our_app().grants))
    }
}
