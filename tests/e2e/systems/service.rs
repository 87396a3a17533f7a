//! An HTTP service in a test's hands: it takes jobs, remembers what it was told, and answers as the test wants.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// What Drawbridge proves itself with.
pub const SERVICE_TOKEN: &str = "the-secret-of-the-bakery";

/// A service that listens.
#[derive(Clone)]
pub struct Service {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<Told>,
    ticks: watch::Sender<u64>,
}

#[derive(Default)]
struct Told {
    posts: Vec<Post>,
    asked: Vec<String>,
    mood: Mood,
    states: BTreeMap<String, Value>,
    /// Whether it knows no job any more.
    forgetful: bool,
}

impl Told {
    /// How a job stands; `None`: there is none.
    fn stands(&self, handle: &str) -> Option<Value> {
        let taken = |post: &Post| post.taken && post.key == handle;
        let known = !self.forgetful && self.posts.iter().any(taken);
        let said = self.states.get(handle).cloned();
        said.or_else(|| known.then(|| json!({ "status": "queued" })))
    }
}

/// What becomes of a request.
#[derive(Clone, Default)]
pub enum Mood {
    /// It is taken.
    #[default]
    Well,
    /// It is taken, and the answer breaks off.
    Lossy,
    /// This status, with `Retry-After` and a message; nothing is taken.
    Down(u16, u32, &'static str),
    /// It is taken, and nobody answers.
    Silent,
}

/// A request to the service.
#[derive(Debug, Clone)]
pub struct Post {
    /// Its idempotency key.
    pub key: String,
    pub body: Value,
    /// Whether it was taken.
    pub taken: bool,
}

impl Post {
    pub fn job(&self) -> &str {
        self.body["job"].as_str().unwrap_or_default()
    }

    /// What the job reports with.
    pub fn token(&self) -> &str {
        self.body["report"]["token"].as_str().expect("a token")
    }
}

impl Service {
    pub async fn start() -> Self {
        let inner = Arc::new(Inner {
            state: Mutex::default(),
            ticks: watch::Sender::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let url = format!("http://{}/jobs", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, inner }
    }

    /// From now on requests are met like this.
    pub fn is(&self, mood: Mood) {
        self.inner.state.lock().expect("a state").mood = mood;
    }

    /// What is answered to whoever asks how this job stands, instead of that it waits.
    pub fn stands(&self, handle: &str, report: Value) {
        let mut told = self.inner.state.lock().expect("a state");
        told.states.insert(handle.to_owned(), report);
    }

    /// It takes jobs, and knows nothing of them any more when it is asked.
    pub fn forgets(&self) {
        self.inner.state.lock().expect("a state").forgetful = true;
    }

    pub fn posts(&self) -> Vec<Post> {
        self.inner.state.lock().expect("a state").posts.clone()
    }

    /// How often it was asked how a job stands.
    pub fn asked(&self) -> usize {
        self.inner.state.lock().expect("a state").asked.len()
    }

    /// The starts of a job that were taken, each once, however often it was posted.
    pub fn starts(&self, job: &str) -> Vec<Post> {
        let mut keys = BTreeSet::new();
        let mut posts = self.posts();
        posts.retain(|post| post.taken && post.body["action"] == "start" && post.job() == job);
        posts.retain(|post| keys.insert(post.key.clone()));
        posts
    }

    /// The latest start of a job.
    #[track_caller]
    pub fn start_of(&self, job: &str) -> Post {
        let last = self.starts(job).pop();
        last.unwrap_or_else(|| panic!("{job} was not started"))
    }

    /// The ids of the starts that it was told to cancel.
    pub fn cancelled(&self) -> Vec<String> {
        let mut posts = self.posts();
        posts.retain(|post| post.body["action"] == "cancel");
        let id = |post: &Post| post.body["id"].as_str().unwrap_or_default().to_owned();
        posts.iter().map(id).collect()
    }

    pub async fn wait_until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let mut changed = self.inner.ticks.subscribe();
        let waiting = async {
            while !condition(self) {
                let _ = changed.changed().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(120), waiting).await;
        assert!(waited.is_ok(), "in vain until {what}: {:#?}", self.posts());
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let right = format!("Bearer {SERVICE_TOKEN}");
    assert_eq!(header("authorization"), Some(right.as_str()));
    let reply = |status: u16, body: Value| {
        let response = Response::builder().status(status);
        response
            .body(Body::from(body.to_string()))
            .expect("a response")
    };
    let mood = {
        let mut told = inner.state.lock().expect("a state");
        let mood = told.mood.clone();
        if method == Method::GET {
            let handle = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
            told.asked.push(handle.clone());
            let known = told.stands(&handle);
            drop(told);
            inner.ticks.send_modify(|count| *count += 1);
            return match known {
                Some(report) => reply(200, report),
                None => reply(404, json!({ "message": "no such loaf" })),
            };
        }
        told.posts.push(Post {
            key: header("idempotency-key").unwrap_or_default().to_owned(),
            body: serde_json::from_slice(&body).expect("JSON"),
            taken: !matches!(mood, Mood::Down(..)),
        });
        mood
    };
    inner.ticks.send_modify(|count| *count += 1);
    match mood {
        Mood::Well => reply(202, json!({})),
        Mood::Lossy => {
            let broken =
                futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
            Response::new(Body::from_stream(broken))
        }
        Mood::Down(status, after, message) => {
            let mut response = reply(status, json!({ "message": message }));
            response.headers_mut().insert("retry-after", after.into());
            response
        }
        Mood::Silent => std::future::pending().await,
    }
}
