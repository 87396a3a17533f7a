//! GitHub's JSON, as far as we read it, where questions and deliveries share it.

mod builds;

pub(super) use builds::{DISPATCH, WireCheckRun, WireRun, WireStatus, WireSuite};

use crate::domain::event::{Account, AccountKind};
use crate::domain::ids::{InstallationId, InvalidId, OwnerKind, Repo, RepoId, RepoName, UserId};
use serde::{Deserialize, Serialize};

/// The most characters of a name that are kept. GitHub's own limits are far below, except for names of workflows.
const LONGEST_NAME: usize = 200;
/// The same of a branch.
const LONGEST_BRANCH: usize = 255;
/// The longest address that is kept.
const LONGEST_URL: usize = 2000;

/// A name from outside, bounded.
pub(super) fn bounded(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// A branch's name, bounded.
pub(super) fn branch(name: &str) -> String {
    name.chars().take(LONGEST_BRANCH).collect()
}

/// An account. GitHub writes `null` or `{}` where there is none.
#[derive(Deserialize)]
pub(super) struct WireAccount {
    id: Option<u64>,
    login: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl WireAccount {
    pub fn account(&self) -> Option<Account> {
        Some(Account {
            id: UserId(self.id?),
            login: bounded(self.login.as_deref().unwrap_or_default()),
            kind: match self.kind.as_deref() {
                Some("User") => AccountKind::User,
                Some("Bot") => AccountKind::Bot,
                _ => AccountKind::Other,
            },
        })
    }

    pub fn id(&self) -> Option<UserId> {
        self.id.map(UserId)
    }
}

/// The account, if there is one.
pub(super) fn account(wire: Option<&WireAccount>) -> Option<Account> {
    wire.and_then(WireAccount::account)
}

/// A thing of which only the number matters.
#[derive(Deserialize)]
pub(super) struct WireId {
    pub id: u64,
}

#[derive(Serialize, Deserialize)]
struct WireOwner {
    id: u64,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// A repository, in full.
#[derive(Serialize, Deserialize)]
pub(super) struct WireRepo {
    id: u64,
    full_name: String,
    owner: WireOwner,
    default_branch: String,
}

impl WireRepo {
    pub fn is_default(&self, branch: &str) -> bool {
        self.default_branch == branch
    }

    pub fn repo(&self, installation: InstallationId) -> Result<Repo, InvalidId> {
        Ok(Repo {
            id: RepoId(self.id),
            installation,
            name: RepoName::parse(&self.full_name)?,
            owner: UserId(self.owner.id),
            owner_kind: match self.owner.kind.as_deref() {
                Some("Organization") => OwnerKind::Organisation,
                _ => OwnerKind::User,
            },
            default_branch: self.default_branch.chars().take(255).collect(),
        })
    }
}

/// An app, as it stands in checks.
#[derive(Deserialize)]
pub(super) struct WireApp {
    pub id: u64,
    #[serde(default)]
    pub slug: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
}

/// Whether it may stand in a link that people click.
fn is_web_address(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() <= LONGEST_URL && url.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_and_its_absence_too() {
        let read = |json: &str| {
            serde_json::from_str::<Option<WireAccount>>(json)
                .unwrap()
                .and_then(|wire| wire.account())
        };
        let octocat =
            read(r#"{"login":"octocat","id":1,"type":"User","site_admin":false}"#).unwrap();
        assert_eq!((octocat.id, octocat.kind), (UserId(1), AccountKind::User));
        assert_eq!(
            read(r#"{"login":"x[bot]","id":2,"type":"Bot"}"#)
                .unwrap()
                .kind,
            AccountKind::Bot
        );
        assert_eq!(
            read(r#"{"login":"x","id":2,"type":"Mannequin"}"#)
                .unwrap()
                .kind,
            AccountKind::Other
        );
        assert_eq!(
            read(r#"{"login":"x","id":2}"#).unwrap().kind,
            AccountKind::Other
        );
        assert_eq!(read("{}"), None);
        assert_eq!(read("null"), None);
    }

    #[test]
    fn only_web_addresses_become_links() {
        for (url, good) in [
            ("https://github.com/a/b/actions/runs/1", true),
            ("http://127.0.0.1:1/x", true),
            ("javascript:alert(1)", false),
            ("https://x/ y", false),
            ("https://x/\u{202e}", false),
        ] {
            assert_eq!(is_web_address(url), good, "{url}");
        }
    }
}
