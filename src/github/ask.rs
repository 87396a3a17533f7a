//! A question to GitHub, before anybody asks it.

use super::classify::Answer;
use super::error::GitHubError;
use super::tokens::Purpose;
use crate::domain::ids::RepoName;
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use std::sync::Arc;

/// A question to GitHub.
#[derive(Clone)]
pub(super) struct Ask {
    pub method: Method,
    /// Path and query below the API's base, starting with `/`; every part already encoded.
    pub path: String,
    pub body: Option<Value>,
    /// What is being done, as a participle; stands in errors.
    pub doing: String,
    /// What its token has to allow.
    pub purpose: Purpose,
    /// The repository that it is about, if it is another one than its asker's.
    pub holder: Option<RepoName>,
    /// Whether its answer is kept and only confirmed when asked again.
    pub keep: bool,
    /// What is made of its answer before that is kept.
    pub digest: Option<Digest>,
    /// How its answer is to be written.
    pub accept: &'static str,
}

/// Makes of an answer what is needed of it.
#[derive(Clone)]
pub(super) struct Digest(pub Arc<Digesting>);

type Digesting = dyn Fn(&Answer) -> Result<Bytes, GitHubError> + Send + Sync;

impl Ask {
    pub fn new(method: Method, path: String, doing: impl Into<String>) -> Self {
        Self {
            method,
            path,
            body: None,
            doing: doing.into(),
            purpose: Purpose::Everyday,
            holder: None,
            keep: false,
            digest: None,
            accept: "application/vnd.github+json",
        }
    }

    /// What is no part of the REST API answers with a form unless it is asked for JSON.
    pub fn plain_json(mut self) -> Self {
        self.accept = "application/json";
        self
    }

    /// With a token that allows this.
    pub fn by(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// With a token of another repository of the same owner.
    pub fn in_name_of(mut self, holder: &RepoName) -> Self {
        self.holder = Some(holder.clone());
        self
    }

    pub fn get(path: String, doing: impl Into<String>) -> Self {
        Self::new(Method::GET, path, doing)
    }

    pub fn with(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// The path without its query, for the log.
    pub fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}
