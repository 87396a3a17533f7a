//! What the operator has connected: where it is, what proves us to it, and which repositories may use it.

use crate::domain::ids::RepoName;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt;

/// The connections, by name, and which repositories may send an event to which others.
#[derive(Clone, Default)]
pub struct Connections {
    named: BTreeMap<String, (Connection, Vec<Pattern>)>,
    dispatches: Vec<(Pattern, Vec<Pattern>)>,
}

/// One of them.
#[derive(Debug, Clone)]
pub enum Connection {
    /// A project on a GitLab server.
    GitLab(GitLabConnection),
    /// A service that speaks our own contract (`docs/backends/http.md`).
    Http(HttpConnection),
}

/// A project on a GitLab server. (`SecretString` does not show itself.)
#[derive(Debug, Clone)]
pub struct GitLabConnection {
    /// The server's address, without a slash at its end.
    pub url: String,
    /// The project's path or number.
    pub project: String,
    /// What is built where a job does not say.
    pub reference: String,
    /// Starts pipelines.
    pub trigger_token: SecretString,
    /// Reads, cancels and retries them.
    pub api_token: SecretString,
    /// What GitLab's webhook proves itself with, if there is one.
    pub webhook_token: Option<SecretString>,
}

/// A service that speaks our own contract.
#[derive(Debug, Clone)]
pub struct HttpConnection {
    /// Where jobs are posted to.
    pub url: String,
    /// What proves us to it.
    pub token: Option<SecretString>,
    /// Where a job's state can be read; `{id}` stands for what the service calls the job.
    pub status_url: Option<String>,
}

/// Which repositories: `owner/name`, or `owner/*` for all of an owner. Names compare without case, as on GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    owner: String,
    /// `None`: all.
    name: Option<String>,
}

impl Pattern {
    /// Reads a pattern. An owner has to be named: whoever installs the app must not get what others connected.
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let all = name == "*";
        let checked = RepoName::parse(&format!("{owner}/{}", if all { "x" } else { name })).ok()?;
        Some(Self {
            owner: checked.owner().to_ascii_lowercase(),
            name: (!all).then(|| checked.name().to_ascii_lowercase()),
        })
    }

    fn covers(&self, repo: &RepoName) -> bool {
        let name = self.name.as_deref();
        self.owner.eq_ignore_ascii_case(repo.owner())
            && name.is_none_or(|name| name.eq_ignore_ascii_case(repo.name()))
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.named.keys()).finish()
    }
}

impl Connections {
    /// Adds one, for these repositories.
    pub fn add(&mut self, name: String, connection: Connection, repositories: Vec<Pattern>) {
        self.named.insert(name, (connection, repositories));
    }

    /// Lets the repositories of one pattern send a `repository_dispatch` to those of others.
    pub fn allow_dispatch(&mut self, from: Pattern, to: Vec<Pattern>) {
        self.dispatches.push((from, to));
    }

    /// Whether a repository may send a `repository_dispatch` to another one; to itself it may.
    pub(super) fn allows_dispatch(&self, from: &RepoName, to: &RepoName) -> bool {
        let mut allowed = self.dispatches.iter();
        from == to
            || allowed.any(|(by, whom)| by.covers(from) && whom.iter().any(|one| one.covers(to)))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Connection)> {
        self.named
            .iter()
            .map(|(name, (connection, _))| (name.as_str(), connection))
    }

    /// A connection that this repository may use; otherwise a sentence that says which ones it may. Those of others are
    /// not named.
    pub(super) fn of(&self, repo: &RepoName, name: &str) -> Result<&Connection, String> {
        let mut usable = self
            .named
            .iter()
            .filter(|(_, (_, patterns))| patterns.iter().any(|pattern| pattern.covers(repo)));
        if let Some((_, (connection, _))) = usable.clone().find(|(known, _)| *known == name) {
            return Ok(connection);
        }
        let name = crate::domain::printable::printable(name, 60);
        let first = usable.next();
        let names: Vec<String> = first
            .into_iter()
            .chain(usable)
            .map(|(known, _)| format!("`{known}`"))
            .collect();
        let which = if names.is_empty() {
            "the server's operator has connected none for it".to_owned()
        } else {
            format!("it may use {}", names.join(", "))
        };
        Err(format!("{repo} has no connection `{name}`: {which}"))
    }

    pub(super) fn has_webhooks(&self) -> bool {
        self.webhook_tokens().next().is_some()
    }

    /// Compares with every token, in constant time.
    pub(super) fn has_webhook_token(&self, given: &[u8]) -> bool {
        let mut right = false;
        for token in self.webhook_tokens() {
            let (Some(ours), Some(theirs)) =
                (digest(token.expose_secret().as_bytes()), digest(given))
            else {
                continue;
            };
            right |= ours.verify_slice(&theirs.finalize().into_bytes()).is_ok();
        }
        right
    }

    fn webhook_tokens(&self) -> impl Iterator<Item = &SecretString> {
        self.named
            .values()
            .filter_map(|(connection, _)| match connection {
                Connection::GitLab(gitlab) => gitlab.webhook_token.as_ref(),
                Connection::Http(_) => None,
            })
    }
}

/// Makes texts of any length comparable in constant time.
fn digest(text: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"comparing webhook tokens").ok()?;
    mac.update(text);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(name: &str) -> RepoName {
        RepoName::parse(name).unwrap()
    }

    fn http() -> Connection {
        Connection::Http(HttpConnection {
            url: "https://x.example".into(),
            token: Some("hidden".into()),
            status_url: None,
        })
    }

    fn connections(each: &[(&str, &str)]) -> Connections {
        let mut all = Connections::default();
        for (name, pattern) in each {
            all.add(
                (*name).into(),
                http(),
                vec![Pattern::parse(pattern).unwrap()],
            );
        }
        all
    }

    #[test]
    fn a_pattern_names_an_owner() {
        for (pattern, covered, not) in [
            ("acme/engine", "Acme/Engine", "acme/engine2"),
            ("ACME/*", "acme/anything", "acme2/anything"),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            assert!(pattern.covers(&repo(covered)) && !pattern.covers(&repo(not)));
        }
        for bad in [
            "", "acme", "*", "*/*", "*/engine", "acme/", "acme/e*", "/x", "a/b/c", "a c/*",
        ] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_repository_gets_its_own_connections_and_hears_of_no_other() {
        let all = connections(&[
            ("bakery", "acme/*"),
            ("mill", "acme/engine"),
            ("secret-lab", "evil/*"),
        ]);
        assert!(all.of(&repo("acme/engine"), "mill").is_ok());
        assert!(all.of(&repo("acme/other"), "mill").is_err());
        assert_eq!(
            all.of(&repo("acme/engine"), "secret-lab").unwrap_err(),
            "acme/engine has no connection `secret-lab`: it may use `bakery`, `mill`"
        );
        assert_eq!(
            all.of(&repo("else/where"), "mill").unwrap_err(),
            "else/where has no connection `mill`: the server's operator has connected none for it"
        );
    }

    #[test]
    fn secrets_do_not_show_themselves() {
        let all = connections(&[("bakery", "acme/*")]);
        assert_eq!(format!("{all:?}"), "{\"bakery\"}");
        assert!(!format!("{:?}", http()).contains("hidden"));
    }

    #[test]
    fn only_a_webhook_s_own_token_is_known() {
        let mut all = Connections::default();
        for (name, token) in [("a", Some("one")), ("b", Some("two")), ("c", None)] {
            let connection = GitLabConnection {
                url: "https://gitlab.example.com".into(),
                project: "1".into(),
                reference: "main".into(),
                trigger_token: "t".into(),
                api_token: "p".into(),
                webhook_token: token.map(Into::into),
            };
            all.add(name.into(), Connection::GitLab(connection), Vec::new());
        }
        for (given, known) in [
            ("one", true),
            ("two", true),
            ("", false),
            ("t", false),
            ("onetwo", false),
        ] {
            assert_eq!(all.has_webhook_token(given.as_bytes()), known, "{given}");
        }
        assert!(!connections(&[("x", "a/b")]).has_webhook_token(b""));
    }
}
