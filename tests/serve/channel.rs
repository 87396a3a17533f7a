//! A smee channel in this process: it tells of what is posted to it, as JSON that it has read and written anew, and forgets it.

use crate::process::{Bench, Serving};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use drawbridge::sandbox::{NewPr, Visibility};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, watch};

#[derive(Clone)]
struct Channel {
    url: String,
    /// Who listens now.
    listener: Arc<Mutex<Option<mpsc::UnboundedSender<String>>>>,
    /// How many have connected so far.
    connected: watch::Sender<usize>,
}

impl Channel {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let channel = Self {
            url: format!("http://{}/abc", listener.local_addr().expect("an address")),
            listener: Arc::default(),
            connected: watch::Sender::new(0),
        };
        let routes = Router::new()
            .route("/abc", get(listen).post(take))
            .with_state(channel.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        channel
    }

    /// Tells whoever listens; a channel keeps nothing for those who do not.
    fn say(&self, text: &str) {
        let listener = self.listener.lock().expect("a lock");
        if let Some(listener) = listener.as_ref() {
            let _ = listener.send(text.to_owned());
        }
    }

    async fn connections(&self, count: usize) {
        let mut connected = self.connected.subscribe();
        let reached = connected.wait_for(|seen| *seen >= count);
        tokio::time::timeout(crate::process::PATIENCE, reached)
            .await
            .expect("the server connects")
            .expect("the channel is open");
    }

    /// Sends whoever listens away.
    fn cut(&self) {
        self.listener.lock().expect("a lock").take();
    }
}

async fn listen(State(channel): State<Channel>) -> Response {
    let (say, said) = mpsc::unbounded_channel();
    say.send("id: 0\nevent: ready\ndata: {}\n\n".to_owned())
        .expect("it is open");
    *channel.listener.lock().expect("a lock") = Some(say);
    channel.connected.send_modify(|count| *count += 1);
    let said = futures::stream::unfold(said, async |mut said| {
        let text = said.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(text), said))
    });
    (
        [("content-type", "text/event-stream")],
        Body::from_stream(said.boxed()),
    )
        .into_response()
}

async fn take(State(channel): State<Channel>, headers: HeaderMap, body: Bytes) {
    let mut message = json!({ "body": serde_json::from_slice::<Value>(&body).expect("JSON"), "query": {}, "timestamp": 1 });
    for (name, value) in &headers {
        message[name.as_str()] = json!(value.to_str().expect("a text"));
    }
    channel.say(&format!(
        "event: ping\ndata: {{}}\n\nid: 1\ndata: {message}\n\n"
    ));
}

async fn serve(bench: &Bench, channel: &Channel) -> Serving {
    let mut command = bench.command(&[]);
    command.env("WEBHOOK_PROXY_URL", &channel.url);
    let serving = bench.serve_with(command);
    channel.connections(1).await;
    bench.github.deliver_to(&channel.url);
    serving
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_of_a_channel_are_acted_on_like_any_other_also_after_it_broke_off() {
    let bench = Bench::new().await;
    let channel = Channel::open().await;
    let _serving = serve(&bench, &channel).await;
    bench.github.add_org_member("mel", Visibility::Public);
    bench.enable();
    bench.mirrored(bench.github.open_pr(NewPr::by("mel"))).await;
    channel.cut();
    channel.connections(2).await;
    bench.mirrored(bench.github.open_pr(NewPr::by("mel"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_believed_no_more_than_anybody() {
    let bench = Bench::new().await;
    let channel = Channel::open().await;
    let serving = serve(&bench, &channel).await;
    let forged = json!({ "x-github-event": "ping", "x-github-delivery": "1", "x-hub-signature-256": format!("sha256={}", "0".repeat(64)), "body": {} });
    for text in [
        "data: nonsense\n\n",
        "data: {}\n\n",
        &format!("data: {forged}\n\n"),
    ] {
        channel.say(text);
    }
    let refused = |line: &str| line.contains("its signature does not match").then_some(());
    serving.process.err.wait_for("refusal", refused);
    assert_eq!(serving.get("/readyz").await.0, 200);
}
