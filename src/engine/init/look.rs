//! What is read of a repository for a first configuration.

use super::Engine;
use crate::domain::config::{LARGEST_FILE, PATHS, SCHEMA_PATH};
use crate::domain::ids::Sha;
use crate::domain::init::{
    self, LARGEST_WORKFLOW, MOST_FILTER_FILES, MOST_WORKFLOWS, Place, Reading, Suggestion,
    WORKFLOWS,
};
use crate::github::{GitHubError, Repository};
use std::collections::BTreeMap;

impl Engine {
    /// Reads the workflows at a commit, as many and as large as is reasonable.
    pub(super) async fn look_at_workflows(
        &self,
        github: &Repository,
        base: &Sha,
    ) -> Result<Suggestion, GitHubError> {
        let mut files = github.directory(WORKFLOWS, base).await?;
        files.retain(|file| file.name.ends_with(".yml") || file.name.ends_with(".yaml"));
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let more = files.len().saturating_sub(MOST_WORKFLOWS);
        let mut readings = Vec::new();
        for file in files.into_iter().take(MOST_WORKFLOWS) {
            let said = match file.size > LARGEST_WORKFLOW {
                true => Err(format!("it has more than {LARGEST_WORKFLOW} bytes")),
                false => readable(github, &format!("{WORKFLOWS}/{}", file.name), base).await?,
            };
            let reading = thinking(move || match said {
                Ok(text) => init::read(&file.name, &text),
                Err(why) => Reading {
                    file: file.name,
                    said: Err(why),
                },
            });
            readings.push(reading.await?);
        }
        let mut filter_files = BTreeMap::new();
        let named = init::named_filter_files(&readings);
        for path in named.into_iter().take(MOST_FILTER_FILES) {
            if let Ok(text) = readable(github, &path, base).await?
                && text.len() <= LARGEST_FILE
            {
                filter_files.insert(path, text);
            }
        }
        let place = Place {
            schema: self.schema_address(),
            filter_files,
            more,
        };
        thinking(move || init::suggest(&readings, &place)).await
    }

    /// Where editors find the schema of the configuration, if it is known where the server is reached.
    pub fn schema_address(&self) -> Option<String> {
        let url = self.shared.backends.public_url()?;
        Some(format!("{url}{SCHEMA_PATH}"))
    }
}

/// Does what takes a processor for a moment, on a thread of its own.
async fn thinking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, GitHubError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| GitHubError::unusable("reading the workflows", error.to_string()))
}

/// The text of a file, or why it has none.
async fn readable(
    github: &Repository,
    path: &str,
    at: &Sha,
) -> Result<Result<String, String>, GitHubError> {
    match github.file(path, Some(at)).await {
        Ok(Some(text)) => Ok(Ok(text)),
        Ok(None) => Ok(Err("it is not there".to_owned())),
        Err(GitHubError::Refused {
            status: 200,
            message,
            ..
        }) => Ok(Err(message)),
        Err(error) => Err(error),
    }
}

/// The repository's own configuration, whatever is in it; not that of its organisation.
pub(super) async fn own_file(
    github: &Repository,
    at: Option<&Sha>,
) -> Result<Option<&'static str>, GitHubError> {
    for path in PATHS {
        match github.file(path, at).await {
            Ok(None) => {}
            Ok(Some(_)) | Err(GitHubError::Refused { status: 200, .. }) => return Ok(Some(path)),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
