//! Files of a repository (GitHub, "Get repository content").

use super::{encoded, encoded_path};
use crate::domain::ids::{RepoName, Sha};
use crate::github::ask::Ask;
use crate::github::error::GitHubError;
use crate::github::repository::Repository;
use crate::github::tokens::Purpose;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// An entry of a repository. A directory is answered with a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum WireContent {
    Entry(WireEntry),
    #[serde(deserialize_with = "a_list")]
    Directory,
}

/// A list of whatever.
fn a_list<'de, D: Deserializer<'de>>(answer: D) -> Result<(), D::Error> {
    Vec::<IgnoredAny>::deserialize(answer).map(drop)
}

#[derive(Deserialize)]
struct WireEntry {
    #[serde(rename = "type")]
    kind: String,
    encoding: Option<String>,
    content: Option<String>,
}

impl Repository {
    /// The text of a file at a commit, or at the tip of the default branch; `None` if there is no such file. What is
    /// there but is no text file (a directory, a submodule, not UTF-8, above 1 MiB) is `Refused`.
    pub async fn file(&self, path: &str, at: Option<&Sha>) -> Result<Option<String>, GitHubError> {
        self.own_text(path, at.map(Sha::as_str)).await
    }

    /// Like [`Self::file`], at the tip of a branch.
    pub async fn file_on(&self, path: &str, branch: &str) -> Result<Option<String>, GitHubError> {
        self.own_text(path, Some(&format!("refs/heads/{branch}")))
            .await
    }

    /// The text of a file of another repository of the same owner, at the tip of its default branch; `None` also if
    /// the app is not installed on it and not everybody may read it.
    pub async fn file_of(
        &self,
        holder: &RepoName,
        path: &str,
    ) -> Result<Option<String>, GitHubError> {
        let (address, doing) = address(holder, path, None)?;
        let mut ask = Ask::get(address, doing);
        if self.reaches(holder, Purpose::Files).await? {
            ask = ask.by(Purpose::Files).in_name_of(holder);
        }
        match self.text(&ask).await {
            Err(
                GitHubError::MissingPermission { .. } | GitHubError::Refused { status: 403, .. },
            ) => Ok(None),
            other => other,
        }
    }

    async fn own_text(&self, path: &str, at: Option<&str>) -> Result<Option<String>, GitHubError> {
        let (address, doing) = address(&self.repo.name, path, at)?;
        self.text(&Ask::get(address, doing)).await
    }

    async fn text(&self, ask: &Ask) -> Result<Option<String>, GitHubError> {
        let content = match self.get_kept(ask).await {
            Ok(content) => content,
            Err(GitHubError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        decoded(content)
            .map(Some)
            .map_err(|message| GitHubError::unusable(&ask.doing, message))
    }
}

/// Where a file is, and what asking for it is called.
fn address(repo: &RepoName, path: &str, at: Option<&str>) -> Result<(String, String), GitHubError> {
    let doing = format!("reading {}", crate::github::error::plain(path, 100));
    let mut address = format!("/repos/{repo}/contents/{}", encoded_path(path, &doing)?);
    if let Some(at) = at {
        address.push_str(&format!("?ref={}", encoded(at)));
    }
    Ok((address, doing))
}

fn decoded(content: WireContent) -> Result<String, &'static str> {
    let entry = match content {
        WireContent::Entry(entry) => entry,
        WireContent::Directory => return Err("it is a directory"),
    };
    match (
        entry.kind.as_str(),
        entry.encoding.as_deref(),
        entry.content,
    ) {
        ("file", Some("base64"), Some(content)) => {
            let content: String = content.split_ascii_whitespace().collect();
            let bytes = BASE64_STANDARD
                .decode(content)
                .map_err(|_| "its content is not base64")?;
            String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text")
        }
        // GitHub answers with the encoding `none` for files above 1 MB.
        ("file", ..) => Err("it is too large"),
        ("submodule", ..) => Err("it is a submodule"),
        _ => Err("it is no file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_decoded_and_everything_else_is_named() {
        for (json, expected) in [
            (
                r#"{"type":"file","encoding":"base64","content":"aGVs\nbG8=\n"}"#,
                Ok("hello"),
            ),
            (
                r#"{"type":"file","encoding":"base64","content":""}"#,
                Ok(""),
            ),
            (
                r#"{"type":"file","encoding":"base64","content":"//8="}"#,
                Err("it is not UTF-8 text"),
            ),
            (
                r#"{"type":"file","encoding":"none","content":""}"#,
                Err("it is too large"),
            ),
            (r#"[{"type":"file"}]"#, Err("it is a directory")),
            (r#"{"type":"submodule"}"#, Err("it is a submodule")),
            (
                r#"{"type":"symlink","target":"../x"}"#,
                Err("it is no file"),
            ),
        ] {
            let content = serde_json::from_str(json).unwrap();
            assert_eq!(
                decoded(content).as_deref(),
                expected.as_ref().copied(),
                "{json}"
            );
        }
    }
}
