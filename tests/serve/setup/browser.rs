//! A browser without scripts: it has one cookie, and follows what it is shown.

use crate::process::{Bench, Lines, PATIENCE, Process, Serving, drawbridge};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use std::net::SocketAddr;
use std::process::Command;

/// A server without any credentials that is to work with the stand-in.
pub fn bare(bench: &Bench) -> Command {
    let mut command = drawbridge(&["serve"]);
    command
        .env("GITHUB_API_URL", bench.github.api_url())
        .env("PORT", "0")
        .env("PUBLIC_URL", "http://127.0.0.1:0")
        .env("DATA_DIR", bench.data_dir());
    command
}

/// A page as it came.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Page {
    /// What an attribute that begins so holds.
    pub fn value(&self, begin: &str) -> String {
        let (_, rest) = self
            .text
            .split_once(begin)
            .unwrap_or_else(|| panic!("no {begin} in {}", self.text));
        let value = rest.split('"').next().expect("an attribute");
        value.replace("&quot;", "\"").replace("&amp;", "&")
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str());
        value.and_then(Result::ok).unwrap_or_default()
    }
}

pub struct Browser {
    pub serving: Serving,
    pub cookie: String,
    http: reqwest::Client,
}

/// The address that the terminal shows, the one after `seen` others.
pub fn address(out: &Lines, seen: usize) -> String {
    out.wait_for_nth("address with a token", seen, |line| {
        let line = line.trim();
        line.contains("/setup?token=").then(|| line.to_owned())
    })
}

impl Browser {
    /// Starts the server and stays outside.
    pub fn outside(command: Command) -> Self {
        let serving = Serving::start(command);
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            serving,
            cookie: String::new(),
            http,
        }
    }

    /// Starts the server and opens the address of the terminal.
    pub async fn inside(command: Command) -> Self {
        let mut browser = Self::outside(command);
        let address = address(&browser.serving.process.out, 0);
        let page = browser.open(&address).await;
        assert_eq!(page.status, 303, "{}", page.text);
        let cookie = page.headers.get(SET_COOKIE).expect("a cookie");
        let cookie = cookie.to_str().expect("a text");
        browser.cookie = cookie.split(';').next().expect("a pair").to_owned();
        browser
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let answer = request
            .header(COOKIE, &self.cookie)
            .send()
            .await
            .expect("an answer");
        Page {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.expect("a text"),
        }
    }

    pub fn get(&self, url: &str) -> reqwest::RequestBuilder {
        self.http.get(url)
    }

    pub async fn open(&self, url: &str) -> Page {
        self.send(self.http.get(url)).await
    }

    pub async fn open_path(&self, path: &str) -> Page {
        self.open(&self.serving.url(path)).await
    }

    pub fn post(&self, url: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.http
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// Fills the form in as somebody of `acme` would, and sends it.
    pub async fn choose(&self, keep: &str) -> Page {
        let form = self.open_path("/setup").await;
        assert_eq!(form.status, 200, "{}", form.text);
        let fields = [
            ("key", form.value("name=\"key\" value=\"")),
            ("owner", "organisation".to_owned()),
            ("organisation", "acme".to_owned()),
            ("name", String::new()),
            ("keep", keep.to_owned()),
        ];
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        self.send(self.post(&self.serving.url("/setup"), &fields))
            .await
    }

    /// Presses the button; where GitHub leads the browser.
    pub async fn register(&self, review: &Page) -> String {
        let action = review.value("<form method=\"post\" action=\"");
        let manifest = review.value("name=\"manifest\" value=\"");
        let page = self
            .send(self.post(&action, &[("manifest", &manifest)]))
            .await;
        assert_eq!(page.status, 302, "{}", page.text);
        let back = page.headers.get(LOCATION).expect("an address");
        back.to_str().expect("a text").to_owned()
    }

    pub fn process(self) -> Process {
        self.serving.process
    }

    pub fn listens_at(&self) -> SocketAddr {
        self.serving.address
    }
}
