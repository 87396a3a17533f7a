//! What the tests of the stand-in GitHub share: a client with its token, and an ear for webhooks.
#![allow(dead_code)] // Each test file uses its own part.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use drawbridge::sandbox::{Options, Sandbox};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

pub const REPO: &str = "/repos/acme/engine";

/// A client of the stand-in.
pub struct Client {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    pub token: String,
}

impl Client {
    /// A fresh stand-in, and a token of its installation.
    pub async fn start() -> Self {
        let sandbox = Sandbox::start(Options::default())
            .await
            .expect("the stand-in starts");
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut client = Self {
            sandbox,
            http,
            token: String::new(),
        };
        client.token = client.new_token(json!({})).await;
        client
    }

    pub fn jwt(&self, from_now: i64, to_now: i64) -> String {
        let now = chrono::Utc::now().timestamp();
        let claims = json!({ "iss": self.sandbox.app_id().to_string(), "iat": now + from_now, "exp": now + to_now });
        self.sign(&claims)
    }

    pub fn sign(&self, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.sandbox.private_key_pem().as_bytes()).unwrap();
        encode(&Header::new(Algorithm::RS256), claims, &key).unwrap()
    }

    pub async fn new_token(&self, narrowed: Value) -> String {
        let path = format!(
            "/app/installations/{}/access_tokens",
            self.sandbox.installation_id()
        );
        let answer = self
            .request(Method::POST, &path, &self.jwt(-30, 300))
            .json(&narrowed)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub fn request(&self, method: Method, path: &str, secret: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.api_url());
        self.http
            .request(method, url)
            .header("authorization", format!("Bearer {secret}"))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path, &self.token)
            .send()
            .await
            .unwrap()
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let answer = self
            .request(method, path, &self.token)
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PATCH, path, body).await
    }

    pub async fn delete(&self, path: &str) -> u16 {
        self.request(Method::DELETE, path, &self.token)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }
}

/// What an ear heard: headers and raw body.
pub type Heard = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Listens for webhooks and answers with whatever status is set.
pub struct Ear {
    pub url: String,
    pub heard: Heard,
    pub answer: watch::Sender<u16>,
}

impl Ear {
    pub async fn open() -> Self {
        let heard = Heard::default();
        let (answer, status) = watch::channel(202);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let ears = heard.clone();
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| async move {
            ears.lock().unwrap().push((headers, body));
            StatusCode::from_u16(*status.borrow()).unwrap()
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, heard, answer }
    }

    pub fn events(&self) -> Vec<String> {
        let text = |headers: &HeaderMap| headers["x-github-event"].to_str().unwrap().to_owned();
        self.heard
            .lock()
            .unwrap()
            .iter()
            .map(|(headers, _)| text(headers))
            .collect()
    }
}
