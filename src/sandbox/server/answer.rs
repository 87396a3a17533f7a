//! Answers, and GitHub's way of refusing.

use serde_json::{Value, json};

use crate::sandbox::model::Refused;

const DOCS: &str = "https://docs.github.com/rest";

/// An answer before it becomes HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

/// What a route says: done, or refused with an answer of its own.
pub(crate) type Outcome = Result<Reply, Reply>;

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Some(body),
        }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn created(body: Value) -> Self {
        Self::new(201, body)
    }

    pub(crate) fn no_content() -> Self {
        Self {
            status: 204,
            headers: Vec::new(),
            body: None,
        }
    }

    /// A page for a browser.
    pub(crate) fn page(main: &str) -> Self {
        let page = format!("<!DOCTYPE html><html lang=\"en\"><title>GitHub</title>{main}</html>");
        let html = "text/html; charset=utf-8";
        Self::ok(Value::String(page)).header("content-type", html)
    }

    /// GitHub's error body: message, where to read about it, and the status as a string.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::new(
            status,
            json!({ "message": message, "documentation_url": DOCS, "status": status.to_string() }),
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::error(404, "Not Found")
    }

    /// 422 with the field that is wrong.
    pub(crate) fn invalid(resource: &str, field: &str, code: &str, message: &str) -> Self {
        let mut reply = Self::error(422, "Validation Failed");
        if let Some(body) = &mut reply.body {
            body["errors"] =
                json!([{ "resource": resource, "field": field, "code": code, "message": message }]);
        }
        reply
    }

    /// 422 with only a message.
    pub(crate) fn unprocessable(message: &str) -> Self {
        Self::error(422, message)
    }

    pub(crate) fn not_accessible() -> Self {
        Self::error(403, "Resource not accessible by integration")
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Refused> for Reply {
    fn from(why: Refused) -> Self {
        Reply::unprocessable(&why.0)
    }
}
