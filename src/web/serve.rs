//! Takes connections and bounds what each may cost: whoever is slow, silent or many costs a place for a while, not the
//! server. HTTP/1.1 only; TLS and HTTP/2 end at the proxy in front.

use super::answer::Answer;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::{Service, ServiceExt as _};

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How long a request's line and headers may take, and how long nothing may be said between two requests.
    pub headers: Duration,
    /// How long a request may take from its headers to its answer. GitHub itself hangs up after 10 s.
    pub request: Duration,
    /// How long a connection lives; then it is closed after the request under way.
    pub connection: Duration,
    /// How many connections are open at a time; more wait until one of them ends.
    pub connections: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            request: Duration::from_secs(30),
            connection: Duration::from_secs(300),
            // Below the 1,024 open files that many systems allow a process, with room for our own connections and files.
            connections: 512,
        }
    }
}

/// Where a request comes from: the other end of its connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub IpAddr);

/// Serves until `stopped`, then lets the requests under way end.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    bounds: Bounds,
    stopped: impl Future<Output = ()>,
) {
    let routes = routes.layer(from_fn(move |request, next| {
        in_time(request, next, bounds.request)
    }));
    let places = Arc::new(Semaphore::new(bounds.connections));
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            Some(((stream, peer), place)) = next(&listener, &places) => {
                let routes = routes.clone().map_request(move |mut request: hyper::Request<Incoming>| {
                    request.extensions_mut().insert(peer);
                    request
                });
                connections.spawn(talk(stream, routes, bounds, stopping.clone(), place));
            }
        }
    }
    drop((listener, stop));
    while connections.join_next().await.is_some() {}
}

/// The next connection and its place; `None` where one broke off before it was taken.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<((TcpStream, Peer), OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, from)) => Some(((stream, Peer(from.ip())), place)),
        Err(error) => {
            tracing::warn!(%error, "can't take a connection; trying again");
            // Most likely no file is left to open; one that ends leaves one.
            sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn talk<S>(
    stream: TcpStream,
    routes: S,
    bounds: Bounds,
    mut stopping: watch::Receiver<()>,
    _place: OwnedSemaphorePermit,
) where
    S: Service<hyper::Request<Incoming>, Response = Response, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.headers);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke off");
            }
            return;
        }
        _ = stopping.changed() => {}
        () = sleep(bounds.connection) => {}
    }
    connection.as_mut().graceful_shutdown();
    // Who does not read its answers is not waited for.
    let _ = timeout(bounds.request, connection).await;
}

async fn in_time(request: Request, next: Next, limit: Duration) -> axum::response::Response {
    match timeout(limit, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => Answer(
            StatusCode::REQUEST_TIMEOUT,
            "this took too long; please send it again",
        )
        .into_response(),
    }
}

#[cfg(test)]
mod tests;
