//! Answers of the sandbox, learnt when they are first asked for and filled in for each pull request.

use super::pulls::Author;
use super::{Asked, Call, Pull, World};
use anyhow::Context;
use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use reqwest::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Answers {
    sandbox: String,
    http: Client,
    learnt: Mutex<HashMap<(Author, &'static str), Arc<Template>>>,
}

/// A text with gaps.
struct Template(Vec<(String, Gap)>);

#[derive(Clone, Copy)]
enum Gap {
    Number,
    Head,
    Before,
    OpenedAt,
    PushedAt,
    End,
}

impl Answers {
    pub(super) fn of(world: &World) -> anyhow::Result<Self> {
        Ok(Self {
            sandbox: world.sandbox.api_url(),
            http: Client::builder().no_proxy().build()?,
            learnt: Mutex::default(),
        })
    }

    /// A pull request, its commits, its files, or how its head differs from its base.
    pub(super) async fn about(
        &self,
        world: &World,
        call: &Call,
        pull: Pull,
        asked: &Asked<'_>,
    ) -> anyhow::Result<String> {
        if asked.page() > 1 {
            return Ok("[]".to_owned());
        }
        let rest = match call {
            Call::Commits(_) => "/commits?per_page=100",
            Call::Files(_) => "/files?per_page=100",
            Call::Compare(_) => "/compare",
            _ => "",
        };
        let key = (world.author(pull), rest);
        let known = {
            let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
            learnt.get(&key).cloned()
        };
        let template = match known {
            Some(template) => template,
            None => {
                let (model, name) = (world.model(pull), world.name(0));
                let path = match asked.path.split_once("/compare/") {
                    Some((_, ends)) => {
                        let ends = ends.replace(&world.head(pull), &model.head);
                        format!("/repos/{name}/compare/{ends}")
                    }
                    None => format!("/repos/{name}/pulls/{}{rest}", model.number),
                };
                let mut headers = asked.request.headers.clone();
                headers.remove(header::IF_NONE_MATCH);
                // The sandbox's tokens are good for one repository, and the model is in the first.
                let answer = self.fetch(&Method::GET, &path, headers, "").await?;
                let (status, text) = (answer.status(), answer.text().await?);
                anyhow::ensure!(status.is_success(), "the sandbox answered {status}: {text}");
                let template = Arc::new(Template::of(world, pull, text)?);
                let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
                learnt.insert(key, template.clone());
                template
            }
        };
        Ok(template.fill(world, pull))
    }

    /// Passes a request on, and its answer back.
    pub(super) async fn pass_on(&self, asked: &Asked<'_>) -> anyhow::Result<Response> {
        let (method, headers) = (&asked.request.method, asked.request.headers.clone());
        let body = std::str::from_utf8(asked.body)?;
        let answer = self.fetch(method, asked.path, headers, body).await?;
        let status = StatusCode::from_u16(answer.status().as_u16())?;
        let mut passed = Response::builder().status(status);
        for name in ["content-type", "etag", "link", "date"] {
            if let Some(value) = answer.headers().get(name) {
                passed = passed.header(name, value.as_bytes());
            }
        }
        Ok(passed.body(Body::from(answer.bytes().await?))?)
    }

    async fn fetch(
        &self,
        method: &Method,
        path: &str,
        mut headers: HeaderMap,
        body: &str,
    ) -> anyhow::Result<reqwest::Response> {
        for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
            headers.remove(name);
        }
        let url = format!("{}{path}", self.sandbox);
        let request = self.http.request(method.clone(), url).headers(headers);
        request
            .body(body.to_owned())
            .send()
            .await
            .context("the sandbox")
    }
}

impl Template {
    fn of(world: &World, pull: Pull, text: String) -> anyhow::Result<Self> {
        let model = world.model(pull);
        let value: serde_json::Value = serde_json::from_str(&text)?;
        let stamp = |field: &str| value[field].as_str().map(|at| format!("{field}\":\"{at}"));
        let mut marks = vec![
            (format!("\"number\":{},", model.number), Gap::Number),
            (model.head.clone(), Gap::Head),
            (model.before.clone(), Gap::Before),
        ];
        marks.extend(stamp("created_at").map(|mark| (mark, Gap::OpenedAt)));
        marks.extend(stamp("updated_at").map(|mark| (mark, Gap::PushedAt)));
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((at, mark, gap)) = marks
            .iter()
            .filter_map(|(mark, gap)| Some((rest.find(mark.as_str())?, mark, *gap)))
            .min_by_key(|(at, ..)| *at)
        {
            parts.push((rest[..at].to_owned(), gap));
            rest = &rest[at + mark.len()..];
        }
        parts.push((rest.to_owned(), Gap::End));
        Ok(Self(parts))
    }

    fn fill(&self, world: &World, pull: Pull) -> String {
        let (opened_at, pushed_at) = world.stamps();
        let mut filled = String::with_capacity(32 * 1024);
        for (text, gap) in &self.0 {
            filled.push_str(text);
            match gap {
                Gap::Number => filled.push_str(&format!("\"number\":{},", pull.number)),
                Gap::Head => filled.push_str(&world.head(pull)),
                Gap::Before => filled.push_str(&world.before(pull)),
                Gap::OpenedAt => filled.push_str(&format!("created_at\":\"{opened_at}")),
                Gap::PushedAt => filled.push_str(&format!("updated_at\":\"{pushed_at}")),
                Gap::End => {}
            }
        }
        filled
    }
}
