//! Visitors who are slow, silent or many, over real connections. Nothing is timed: a connection that would never be
//! closed makes its test never end.

use super::*;
use axum::body::Bytes;
use axum::routing::{get, post};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

async fn served(bounds: Bounds) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/", post(|body: Bytes| async move { body }));
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, routes, bounds, async {
        let _ = stopped.await;
    }));
    Served {
        address,
        stop,
        server,
    }
}

/// Bounds that let nobody wait but those whom `patient` changes.
fn short(change: impl Fn(&mut Bounds)) -> Bounds {
    let hour = Duration::from_secs(3600);
    let mut bounds = Bounds {
        headers: hour,
        request: hour,
        connection: hour,
        connections: 100,
    };
    change(&mut bounds);
    bounds
}

const SHORT: Duration = Duration::from_millis(50);

/// Says this, and listens until the server hangs up.
async fn says(address: SocketAddr, words: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(words).await.unwrap();
    heard(&mut stream).await
}

async fn heard(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // A server that hangs up while something is on its way to it resets the connection.
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn who_does_not_say_what_he_wants_is_hung_up_on() {
    let served = served(short(|bounds| bounds.headers = SHORT)).await;
    for words in [
        &b""[..],
        b"G",
        b"POST / HTTP/1.1\r\nhost: x\r\nx-slow: ",
        b"PRI * HTTP/2.0\r\n",
        // Answered, and then silent.
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let answer = says(served.address, words).await;
        let complete = words.ends_with(b"\r\n\r\n");
        assert_eq!(answer.contains("here"), complete, "{words:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_ends_with_an_answer() {
    let served = served(short(|bounds| bounds.request = SHORT)).await;
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    let answer = says(served.address, head).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("please send it again"), "{answer}");
}

#[tokio::test]
async fn who_asks_without_end_and_reads_nothing_is_hung_up_on() {
    let served = served(short(|bounds| {
        bounds.connection = SHORT;
        bounds.request = SHORT;
    }))
    .await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let asked = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
    while stream.write_all(&asked).await.is_ok() {}
}

#[tokio::test]
async fn a_crowd_that_says_nothing_delays_and_does_not_shut_out() {
    let served = served(short(|bounds| {
        bounds.connections = 3;
        bounds.headers = SHORT;
    }))
    .await;
    let mut crowd = Vec::new();
    for _ in 0..30 {
        crowd.push(TcpStream::connect(served.address).await.unwrap());
    }
    assert!(says(served.address, GET).await.ends_with("here"));
}

#[tokio::test]
async fn above_the_limit_one_waits_until_a_place_is_free() {
    let served = served(short(|bounds| bounds.connections = 1)).await;
    let first = TcpStream::connect(served.address).await.unwrap();
    let second = tokio::spawn(says(served.address, GET));
    drop(first);
    assert!(second.await.unwrap().ends_with("here"));
}

#[tokio::test]
async fn a_stop_lets_the_request_under_way_end_and_waits_for_nobody_who_is_silent() {
    let served = served(short(|_| {})).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut asking = TcpStream::connect(served.address).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";
    asking.write_all(head).await.unwrap();
    let mut go_on = [0; 12];
    asking.read_exact(&mut go_on).await.unwrap();
    served.stop.send(()).unwrap();
    assert_eq!(heard(&mut silent).await, "");
    asking.write_all(b"told").await.unwrap();
    assert!(heard(&mut asking).await.ends_with("told"));
    served.server.await.unwrap();
}
