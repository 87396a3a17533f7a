//! The server's address, open all the time, whatever is behind it: first the setup, then the app, on the same listener and without a
//! request that finds nobody.

use super::serve::{Bounds, serve};
use axum::Router;
use axum::extract::Request;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tower::{ServiceExt as _, service_fn};

/// An address that is listened on.
pub struct Door {
    address: SocketAddr,
    behind: Arc<RwLock<Router>>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    /// Closed with the last connection.
    ended: watch::Receiver<()>,
}

impl Door {
    /// Begins to answer with `routes`.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn open(listener: TcpListener, routes: Router) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let behind = Arc::new(RwLock::new(routes));
        let current = behind.clone();
        let front = service_fn(move |request: Request| {
            let routes = current
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            async move {
                let answer: Result<_, Infallible> = routes.oneshot(request).await;
                answer
            }
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let front = Router::new().fallback_service(front);
        let (serving, ended) = watch::channel(());
        let server = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serve(listener, front, Bounds::default(), stopped).await;
            drop(serving);
        });
        Ok(Self {
            address,
            behind,
            stop,
            server,
            ended,
        })
    }

    /// Answers with other routes from the next request on.
    pub fn lead_to(&self, routes: Router) {
        *self.behind.write().unwrap_or_else(PoisonError::into_inner) = routes;
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resolves when the door was closed or dropped and the requests under way have been answered.
    pub fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut ended = self.ended.clone();
        async move { while ended.changed().await.is_ok() {} }
    }

    /// Takes no more connections, and lets the requests under way end as long as `patience` lasts.
    pub async fn close(self, patience: Duration) {
        let _ = self.stop.send(());
        if tokio::time::timeout(patience, self.server).await.is_err() {
            tracing::warn!("closing connections that did not end");
        }
    }
}
