//! Who somebody is to the organisation and to the repository.

use super::encoded;
use crate::domain::event::{Account, AccountKind};
use crate::domain::ids::{OwnerKind, UserId};
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use crate::github::tokens::Purpose;
use crate::github::wire::WireAccount;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// What somebody may do in a repository. Own roles count as the one they are built on; `maintain` is `Write`, `triage`
/// is `Read`, as in GitHub's own `permission`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Nothing, or what everybody may.
    None,
    /// Read.
    Read,
    /// Push.
    Write,
    /// Everything.
    Admin,
}

#[derive(Deserialize)]
struct WirePermission {
    permission: String,
    user: Option<WireAccount>,
}

impl Repository {
    /// Whether `user` is a member of the organisation that owns the repository, publicly or not; in a personal
    /// account's repository, whether it is the owner.
    pub async fn is_member(&self, user: &Account) -> Result<bool, GitHubError> {
        if self.repo.owner_kind == OwnerKind::User {
            return Ok(user.id == self.repo.owner && user.kind == AccountKind::User);
        }
        let Some(login) = in_path(&user.login) else {
            return Ok(false);
        };
        let path = format!("/orgs/{}/members/{login}", self.repo.name.owner());
        let ask = Ask::get(path, "asking who is a member").by(Purpose::People);
        match self.ask(&ask).await {
            Ok(answer) if answer.status == StatusCode::NO_CONTENT => Ok(true),
            // Anything but GitHub's 204 (an intermediary's page, say) says nothing about the membership.
            Ok(_) => Err(GitHubError::transient(
                &ask.doing,
                "GitHub gave an answer that can't be read",
            )),
            Err(GitHubError::NotFound { .. }) => Ok(false),
            // "Response if requester is not an organization member": the app may only see public members.
            Err(GitHubError::Refused { status: 302, .. }) => Err(self.github.with_page(
                GitHubError::MissingPermission {
                    doing: ask.doing,
                    permission: "members=read".to_owned(),
                    page: None,
                },
                &self.repo,
            )),
            Err(error) => Err(error),
        }
    }

    /// What `user` may do in the repository. `None` also for another account that now has the login.
    pub async fn permission(&self, user: &Account) -> Result<Permission, GitHubError> {
        let Some(login) = in_path(&user.login) else {
            return Ok(Permission::None);
        };
        let ask = Ask::get(
            self.path(format_args!("/collaborators/{login}/permission")),
            "asking who may approve",
        );
        match self.get_kept::<WirePermission>(&ask).await {
            Ok(wire) => Ok(granted(&wire, user.id)),
            Err(GitHubError::NotFound { .. }) => Ok(Permission::None),
            Err(error) => Err(error),
        }
    }
}

/// A login as one segment of a path; `None` for what is no login and would ask something else.
fn in_path(login: &str) -> Option<String> {
    (!matches!(login, "" | "." | "..")).then(|| encoded(login))
}

fn granted(wire: &WirePermission, asked: UserId) -> Permission {
    if wire.user.as_ref().and_then(WireAccount::id) != Some(asked) {
        return Permission::None;
    }
    match wire.permission.as_str() {
        "admin" => Permission::Admin,
        "write" | "maintain" => Permission::Write,
        "read" | "triage" => Permission::Read,
        _ => Permission::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_the_account_s_own() {
        for (json, expected) in [
            (
                r#"{"permission":"admin","role_name":"admin","user":{"id":7,"login":"a"}}"#,
                Permission::Admin,
            ),
            (
                r#"{"permission":"write","role_name":"maintain","user":{"id":7}}"#,
                Permission::Write,
            ),
            (
                r#"{"permission":"read","role_name":"triage","user":{"id":7}}"#,
                Permission::Read,
            ),
            (r#"{"permission":"none","user":{"id":7}}"#, Permission::None),
            (
                r#"{"permission":"owner of everything","user":{"id":7}}"#,
                Permission::None,
            ),
            (
                r#"{"permission":"admin","user":{"id":8}}"#,
                Permission::None,
            ),
            (r#"{"permission":"admin","user":null}"#, Permission::None),
        ] {
            assert_eq!(
                granted(&serde_json::from_str(json).unwrap(), UserId(7)),
                expected,
                "{json}"
            );
        }
    }
}
