//! `[connections.NAME]`: external systems, their secrets, and who may use them. Only the operator says these.

use super::{SettingError, wrong};
use crate::backends::{Connection, Connections, GitLabConnection, HttpConnection, Pattern};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The keys of the file's secrets; each may also be a file (`…_file`) or in the environment (`CONNECTION_NAME_…`).
const SECRETS: [&str; 4] = ["token", "trigger_token", "api_token", "webhook_token"];

/// A connection as given. One struct for all types, so that a mistake is found by its line.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenConnection {
    #[serde(rename = "type")]
    kind: Kind,
    url: Option<String>,
    repositories: Option<Vec<String>>,
    token: Option<SecretString>,
    token_file: Option<PathBuf>,
    status_url: Option<String>,
    project: Option<Project>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    trigger_token: Option<SecretString>,
    trigger_token_file: Option<PathBuf>,
    api_token: Option<SecretString>,
    api_token_file: Option<PathBuf>,
    webhook_token: Option<SecretString>,
    webhook_token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Http,
    GitLab,
}

/// A GitLab project: `group/project`, or its number.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "expected a project's path or number")]
enum Project {
    Number(u64),
    Path(String),
}

/// Takes secrets that are in the environment over those in the file.
pub(super) fn complete(
    connections: &mut BTreeMap<String, GivenConnection>,
    env: impl Fn(&str) -> Option<String>,
) {
    for (name, given) in connections {
        for key in SECRETS {
            let value = env(&variable(name, key)).filter(|value| !value.is_empty());
            if let Some(value) = value {
                let (secret, file) = given.secret(key);
                *secret = Some(SecretString::from(value));
                *file = None;
            }
        }
    }
}

/// `CONNECTION_GITLAB_MAIN_API_TOKEN`.
fn variable(name: &str, key: &str) -> String {
    format!("CONNECTION_{name}_{key}")
        .replace('-', "_")
        .to_ascii_uppercase()
}

/// Checks all of them.
pub(super) fn check(
    given: BTreeMap<String, GivenConnection>,
    public_url: Option<&str>,
) -> Result<Connections, SettingError> {
    let mut connections = Connections::default();
    for (name, given) in given {
        let sound = name.len() <= 60
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !sound {
            return Err(wrong(
                "connections",
                format!("{name:?} can't be the name of a connection"),
                "Use lower-case letters, digits and `-`, and a letter first.",
            ));
        }
        let (connection, patterns) = Checking { name: &name, given }.check(public_url)?;
        connections.add(name, connection, patterns);
    }
    Ok(connections)
}

impl GivenConnection {
    fn secret(&mut self, key: &str) -> (&mut Option<SecretString>, &mut Option<PathBuf>) {
        match key {
            "trigger_token" => (&mut self.trigger_token, &mut self.trigger_token_file),
            "api_token" => (&mut self.api_token, &mut self.api_token_file),
            "webhook_token" => (&mut self.webhook_token, &mut self.webhook_token_file),
            _ => (&mut self.token, &mut self.token_file),
        }
    }
}

struct Checking<'a> {
    name: &'a str,
    given: GivenConnection,
}

impl Checking<'_> {
    fn check(
        mut self,
        public_url: Option<&str>,
    ) -> Result<(Connection, Vec<Pattern>), SettingError> {
        let patterns = self.patterns()?;
        let given = &self.given;
        let url = given.url.clone().unwrap_or_default();
        let connection = match given.kind {
            Kind::Http => {
                let project = given.project.is_some().then_some("project");
                let reference = given.reference.is_some().then_some("ref");
                self.has_none_of(
                    "http",
                    &["trigger_token", "api_token", "webhook_token"],
                    project.or(reference),
                )?;
                self.address("url", &url)?;
                let status_url = self.given.status_url.clone();
                if let Some(url) = &status_url {
                    self.address("status_url", &url.replace("{id}", "id"))?;
                    if !url.contains("{id}") {
                        return Err(self.wrong(
                            "status_url",
                            "has no place for the job",
                            "Write {id} where the name of the job goes: https://example.com/jobs/{id}.",
                        ));
                    }
                }
                if public_url.is_none() {
                    return Err(wrong(
                        "PUBLIC_URL",
                        format!(
                            "is missing, and the connection {:?} has to know where its jobs report",
                            self.name
                        ),
                        "Set it to the address at which the service reaches this server, such as https://drawbridge.example.com.",
                    ));
                }
                Connection::Http(HttpConnection {
                    url,
                    token: self.secret("token")?,
                    status_url,
                })
            }
            Kind::GitLab => {
                let status_url = given.status_url.is_some().then_some("status_url");
                self.has_none_of("gitlab", &["token"], status_url)?;
                self.address("url", &url)?;
                if url.contains('?') {
                    return Err(self.wrong(
                        "url",
                        "is not the address of a GitLab server",
                        "Give the server's address alone, such as https://gitlab.example.com.",
                    ));
                }
                Connection::GitLab(GitLabConnection {
                    url: url.trim_end_matches('/').to_owned(),
                    project: self.project()?,
                    reference: self.reference()?,
                    trigger_token: self.needed(
                        "trigger_token",
                        "Make one in the project: Settings → CI/CD → Pipeline trigger tokens.",
                    )?,
                    api_token: self.needed(
                        "api_token",
                        "Make a project access token with the role Developer or higher and the scope `api`.",
                    )?,
                    webhook_token: self.secret("webhook_token")?,
                })
            }
        };
        Ok((connection, patterns))
    }

    fn patterns(&self) -> Result<Vec<Pattern>, SettingError> {
        let remedy = "List them as owner/name, or owner/* for all repositories of an owner.";
        let given = self.given.repositories.as_deref().unwrap_or_default();
        if given.is_empty() {
            return Err(self.wrong(
                "repositories",
                "is missing: without it no repository may use the connection",
                remedy,
            ));
        }
        let parse = |text: &String| {
            Pattern::parse(text).ok_or_else(|| {
                self.wrong(
                    "repositories",
                    format!("{text:?} names no repository"),
                    remedy,
                )
            })
        };
        given.iter().map(parse).collect()
    }

    /// That nothing is given that only the other type has.
    fn has_none_of(
        &mut self,
        kind: &str,
        secrets: &[&str],
        other: Option<&str>,
    ) -> Result<(), SettingError> {
        let secret = secrets.iter().find(|key| {
            let (secret, file) = self.given.secret(key);
            secret.is_some() || file.is_some()
        });
        match secret.copied().or(other) {
            Some(key) => Err(self.wrong(
                key,
                format!("is no key of a connection of the type {kind:?}"),
                "Remove it, or mend `type`.",
            )),
            None => Ok(()),
        }
    }

    fn project(&self) -> Result<String, SettingError> {
        let project = match &self.given.project {
            Some(Project::Number(number)) => number.to_string(),
            Some(Project::Path(path)) => path.trim_matches('/').to_owned(),
            None => String::new(),
        };
        let sound = !project.is_empty() && project.chars().all(|c| c.is_ascii_graphic());
        if sound
            && !project
                .split('/')
                .any(|part| matches!(part, "" | "." | ".."))
        {
            return Ok(project);
        }
        Err(self.wrong(
            "project",
            "is missing or not a project",
            "Give its path, such as group/project, or its number (project page → ⋮ → Copy project ID).",
        ))
    }

    fn reference(&self) -> Result<String, SettingError> {
        match &self.given.reference {
            Some(reference) if !reference.trim().is_empty() => Ok(reference.trim().to_owned()),
            _ => Err(self.wrong(
                "ref",
                "is missing",
                "Give the branch or tag of the project whose .gitlab-ci.yml is run, such as main.",
            )),
        }
    }

    fn needed(&mut self, key: &str, remedy: &str) -> Result<SecretString, SettingError> {
        let secret = self.secret(key)?;
        secret.ok_or_else(|| {
            let remedy = format!(
                "{remedy} Set it here, as {key}_file, or as {} in the environment.",
                variable(self.name, key)
            );
            self.wrong(key, "is missing", remedy)
        })
    }

    /// A secret from wherever it was given.
    fn secret(&mut self, key: &str) -> Result<Option<SecretString>, SettingError> {
        let (secret, file) = self.given.secret(key);
        let secret = match (secret.take(), file.take()) {
            (Some(_), Some(_)) => {
                return Err(self.wrong(
                    key,
                    format!("and {key}_file are both given"),
                    "Keep one of them.",
                ));
            }
            (Some(secret), None) => secret,
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => SecretString::from(text.trim_end_matches(['\n', '\r'])),
                Err(error) => {
                    return Err(self.wrong(
                        &format!("{key}_file"),
                        format!("can't read {}: {error}", path.display()),
                        "Name a file that this process may read.",
                    ));
                }
            },
            (None, None) => return Ok(None),
        };
        let text = secret.expose_secret();
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(self.wrong(
                key,
                "is empty, or has blanks or other characters that no token has",
                "Give the token alone.",
            ));
        }
        Ok(Some(secret))
    }

    /// An address that requests may go to. Nothing of it is shown but for its key: it might hold a secret.
    fn address(&self, key: &str, url: &str) -> Result<(), SettingError> {
        let uri: Option<http::Uri> = url.parse().ok();
        let authority = uri
            .as_ref()
            .filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
            .and_then(http::Uri::authority);
        let what = match authority {
            None => "is missing or not an address that begins with https:// or http://",
            Some(authority) if authority.as_str().contains('@') => {
                "holds a user or a password, which logs and errors could show"
            }
            Some(authority) if authority.host().is_empty() => "names no host",
            Some(_) if url.contains('#') => "has a fragment (#…), which is never sent",
            Some(_) => return Ok(()),
        };
        Err(self.wrong(
            key,
            what,
            "Give an address such as https://ci.example.com/jobs; secrets have keys of their own.",
        ))
    }

    fn wrong(&self, key: &str, what: impl Into<String>, remedy: impl Into<String>) -> SettingError {
        wrong(format!("connections.{}.{key}", self.name), what, remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Given;
    use super::*;

    fn checked(path: &str) -> Connections {
        let given = Given::default().complete(Some(path.as_ref()), |_| None);
        let given = given.unwrap_or_else(|error| panic!("{error}"));
        let url = given.public_url.clone();
        check(given.connections, url.as_deref()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn names(connections: &Connections) -> Vec<&str> {
        connections.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_example_file_is_sound() {
        let connections = checked("deploy/drawbridge.toml.example");
        assert_eq!(names(&connections), ["bakery", "gitlab-main"]);
    }

    #[test]
    fn the_connections_of_the_documentation_are_sound() {
        let mut all = String::new();
        for page in ["docs/backends/http.md", "docs/backends/README.md"] {
            let text = std::fs::read_to_string(page).unwrap();
            for block in text.split("```toml\n").skip(1) {
                all.push_str(block.split("```").next().unwrap());
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("settings.toml");
        std::fs::write(&file, all.replace('…', "x")).unwrap();
        let connections = checked(file.to_str().unwrap());
        assert_eq!(names(&connections), ["bakery", "gitlab-main"]);
    }

    #[test]
    fn what_is_given_does_not_show_its_secrets() {
        let variable = variable("gitlab-main", "api_token");
        assert_eq!(variable, "CONNECTION_GITLAB_MAIN_API_TOKEN");
        let connections = checked("deploy/drawbridge.toml.example");
        let shown: Vec<String> = connections
            .iter()
            .map(|(_, connection)| format!("{connection:?}"))
            .collect();
        assert!(!shown.join("").contains("put-the"), "{shown:?}");
    }
}
