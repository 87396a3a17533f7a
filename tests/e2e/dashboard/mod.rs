//! The dashboard as people and machines see it, over HTTP.

mod access;
mod acting;
mod again;
mod api;
mod builds;
mod contributors;
mod copied;
mod details;
mod forms;
mod headers;
mod history;
mod hostile;
mod lists;
mod live;
mod pages;
mod payloads;
mod runs;
mod sign_in;
mod waits;

use crate::support::{CONFIG, Town};
use drawbridge::playground::Setup;
use drawbridge::sandbox::{Permission, Visibility};
use drawbridge::web::Access;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// What opens the dashboard in these stories.
const TOKEN: &str = "a-token-of-the-operators";

/// The usual town, with a dashboard for these.
async fn town(access: Access, config: &str) -> Town {
    let town = Town::set_up(Setup {
        dashboard: Some(access),
        dashboard_tokens: vec![TOKEN.into(), "the-one-before-that".into()],
        ..Setup::default()
    })
    .await;
    town.github().add_org_member("mel", Visibility::Private);
    town.github().set_permission("vera", Permission::Write);
    town.write(CONFIG, config).await;
    town
}

/// Its repository is made private, and the app hears of it.
async fn make_private(town: &Town) {
    town.github().set_private(true);
    town.github().announce_repository("privatized");
    town.settle().await;
}

/// Somebody with a browser, or a program.
#[derive(Clone)]
struct Visitor {
    client: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

/// What was answered.
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Visitor {
    /// A person of whom nothing is known.
    fn of(town: &Town) -> Self {
        let url = town.playground.app().dashboard_url();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            client: client.build().unwrap(),
            base: url
                .expect("there is a dashboard")
                .trim_end_matches('/')
                .to_owned(),
            headers: HeaderMap::new(),
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        let name = HeaderName::from_static(name);
        self.headers
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    /// A program with a token.
    fn with_token(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.client
            .request(method, url)
            .headers(self.headers.clone())
    }

    async fn get(&self, path: &str) -> Seen {
        seen(self.request(reqwest::Method::GET, path)).await
    }

    /// Sends a form.
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Seen {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let request = self.request(reqwest::Method::POST, path);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        seen(request.body(body.finish())).await
    }

    /// The JSON of the API.
    #[track_caller]
    fn json(&self, path: &str) -> impl Future<Output = Value> + use<> {
        let asked = self.request(reqwest::Method::GET, &format!("/api/v1{path}"));
        async move {
            let seen = seen(asked).await;
            assert_eq!(seen.status, 200, "{}", seen.body);
            serde_json::from_str(&seen.body).unwrap()
        }
    }
}

async fn seen(request: reqwest::RequestBuilder) -> Seen {
    let answer = request.send().await.unwrap();
    Seen {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: answer.text().await.unwrap(),
    }
}

impl Seen {
    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// What one reads on the page, without its markup.
    fn text(&self) -> String {
        let mut text = String::new();
        let mut within = false;
        for c in self.body.chars() {
            match c {
                '<' => within = true,
                '>' => {
                    within = false;
                    text.push(' ');
                }
                c if !within => text.push(c),
                _ => {}
            }
        }
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn says(&self, words: &str) -> &Self {
        let text = self.text();
        assert!(text.contains(words), "{words:?} in: {text}");
        self
    }

    #[track_caller]
    fn does_not_say(&self, words: &str) -> &Self {
        assert!(!self.body.contains(words), "no {words:?} in: {}", self.body);
        self
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}
