//! Deliveries as GitHub sends them, over connections that stay open, with as little work of our own as can be: the load runs on the
//! machine that it measures.

use anyhow::{Context, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One delivery, to be sent again and again under new ids.
#[derive(Clone)]
pub struct Delivery {
    pub event: String,
    pub body: Vec<u8>,
    /// Of the body, as `X-Hub-Signature-256` has it. The id is not part of it.
    pub signature: String,
}

/// How it went.
pub struct Load {
    pub rate: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// Sends over so many connections for so long. Each has one delivery under way at a time.
pub async fn send(
    to: SocketAddr,
    delivery: &Delivery,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Load> {
    let began = Instant::now();
    let senders = (0..connections).map(|_| {
        let delivery = delivery.clone();
        tokio::spawn(async move { one(to, &delivery, began + time).await })
    });
    let mut all = Vec::new();
    for sent in futures::future::join_all(senders).await {
        all.extend(sent??);
    }
    let took = began.elapsed();
    all.sort_unstable();
    let at = |part: usize| all.get(all.len() * part / 100).copied();
    Ok(Load {
        rate: all.len() as f64 / took.as_secs_f64(),
        p50: at(50).context("nothing was answered")?,
        p99: at(99).context("nothing was answered")?,
    })
}

/// What one connection saw: how long each answer took.
async fn one(to: SocketAddr, delivery: &Delivery, end: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut line = Line::open(to).await?;
    let mut took = Vec::new();
    while Instant::now() < end {
        took.push(line.deliver(delivery).await?.elapsed());
    }
    Ok(took)
}

/// Sends each once, over so many connections, at least `apart` of one another. When each was sent, in their order.
pub async fn send_each(
    to: SocketAddr,
    deliveries: Vec<Delivery>,
    connections: usize,
    apart: Duration,
) -> anyhow::Result<Vec<Instant>> {
    let (began, deliveries) = (Instant::now(), Arc::new(deliveries));
    let next = Arc::new(AtomicUsize::new(0));
    let senders = (0..connections).map(|_| {
        let (deliveries, next) = (deliveries.clone(), next.clone());
        tokio::spawn(async move {
            let mut line = Line::open(to).await?;
            let mut sent = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(delivery) = deliveries.get(index) else {
                    return anyhow::Ok(sent);
                };
                let at = began + apart * u32::try_from(index)?;
                tokio::time::sleep_until(at.into()).await;
                sent.push((index, line.deliver(delivery).await?));
            }
        })
    });
    let mut all = Vec::new();
    for sent in futures::future::join_all(senders).await {
        all.extend(sent??);
    }
    all.sort_unstable();
    Ok(all.into_iter().map(|(_, at)| at).collect())
}

/// The middle one.
pub fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A connection that stays open.
struct Line {
    to: SocketAddr,
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Line {
    async fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            to,
            stream,
            request: Vec::with_capacity(32 * 1024),
            answer: Vec::with_capacity(4096),
        })
    }

    /// Sends under a new id, and waits for the answer. When it began to send.
    async fn deliver(&mut self, delivery: &Delivery) -> anyhow::Result<Instant> {
        let (to, id) = (self.to, uuid::Uuid::new_v4());
        self.request.clear();
        self.request.extend_from_slice(
            format!(
                "POST /api/github/webhooks HTTP/1.1\r\nhost: {to}\r\nuser-agent: GitHub-Hookshot/bench\r\n\
                 content-type: application/json\r\nx-github-event: {}\r\nx-github-delivery: {id}\r\n\
                 x-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
                delivery.event,
                delivery.signature,
                delivery.body.len()
            )
            .as_bytes(),
        );
        self.request.extend_from_slice(&delivery.body);
        let began = Instant::now();
        self.stream.write_all(&self.request).await?;
        read_answer(&mut self.stream, &mut self.answer).await?;
        Ok(began)
    }
}

/// Reads one answer to its end; anything but a success is an error.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> anyhow::Result<()> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            bail!("the connection was closed");
        }
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(&answer[..head])?;
        if !text.starts_with("HTTP/1.1 2") {
            bail!("{text}");
        }
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().ok())?
        });
        let whole = head + 4 + length.unwrap_or(0);
        while answer.len() < whole {
            if stream.read_buf(answer).await? == 0 {
                bail!("the connection was closed");
            }
        }
        return Ok(());
    }
}
