//! Connections that can be cut: a dropped connection is one of the faults, and must look like one to the client.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Cuts one connection: once used, nothing is read from it or written to it any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shears(Arc<AtomicBool>);

impl Shears {
    pub(crate) fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        match self.0.load(Ordering::SeqCst) {
            true => Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "cut by the sandbox",
            )),
            false => Ok(()),
        }
    }
}

/// A listener that remembers its connections, so that a shutdown can cut those still open.
#[derive(Debug)]
pub(crate) struct Wire {
    listener: TcpListener,
    open: Connections,
}

/// All connections that may still be open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<Vec<Weak<AtomicBool>>>>);

impl Connections {
    pub(crate) fn cut_all(&self) {
        for connection in self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            if let Some(flag) = connection.upgrade() {
                Shears(flag).cut();
            }
        }
    }

    fn add(&self, shears: &Shears) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| connection.strong_count() > 0);
        open.push(Arc::downgrade(&shears.0));
    }
}

impl Wire {
    pub(crate) fn new(listener: TcpListener, open: Connections) -> Self {
        Self { listener, open }
    }
}

impl Listener for Wire {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            // An error of one connection (or of too many open files) is none of the listener's: try the next.
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    let shears = Shears::default();
                    self.open.add(&shears);
                    return (Line { stream, shears }, from);
                }
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Wire>> for Shears {
    fn connect_info(stream: IncomingStream<'_, Wire>) -> Self {
        stream.io().shears.clone()
    }
}

/// A TCP connection with shears on it.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    shears: Shears,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.shears.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.shears.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shears.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
