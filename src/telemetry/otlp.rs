//! Traces for a collector, by OTLP over HTTP. Only what the log has anyway is in them: the ids of deliveries, pull requests,
//! subjects, routes. They are handed over by a thread of their own; while the collector is away they are dropped, and nothing waits.

use crate::tls;
use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// How long one request may take.
const LONGEST: Duration = Duration::from_secs(10);
/// The largest answer that is read; it says nothing that is needed.
const LARGEST_ANSWER: usize = 64 * 1024;
/// How long the last traces may take at the end.
pub const LAST_SPANS: Duration = Duration::from_secs(1);

/// Where traces go.
#[derive(Debug, Clone)]
pub struct Collector {
    /// The address for traces, with its path.
    pub url: http::Uri,
    /// What proves us there, each as its name and its value.
    pub headers: Vec<(String, SecretString)>,
    /// As what we are shown.
    pub service: String,
}

/// The handing over; it goes on until [`Exporting::end`].
pub struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Begins. To be called within a tokio runtime, which has to run until the end.
    ///
    /// # Errors
    /// The machine's root certificates can't be read, or the collector's address is of no use.
    pub fn begin(to: &Collector) -> anyhow::Result<Self> {
        let headers = to.headers.iter();
        let headers: HashMap<String, String> = headers
            .map(|(name, value)| (name.clone(), value.expose_secret().to_owned()))
            .collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new()?)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(LONGEST)
            .with_endpoint(to.url.to_string())
            .with_headers(headers)
            .build()
            .context("OTEL_EXPORTER_OTLP_ENDPOINT is of no use")?;
        let resource = Resource::builder()
            .with_service_name(to.service.clone())
            .with_attribute(opentelemetry::KeyValue::new(
                "service.version",
                env!("CARGO_PKG_VERSION"),
            ))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(provider))
    }

    /// What turns spans into traces.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        // Requests to GitHub are spans of the level DEBUG, whatever the log shows.
        let ours = filter_fn(|of| {
            *of.level() <= Level::DEBUG && of.target().starts_with(env!("CARGO_PKG_NAME"))
        });
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_filter(ours)
    }

    /// Hands over what is left, within [`LAST_SPANS`].
    pub async fn end(self) {
        // It waits for its thread, which waits for this runtime.
        let ending = move || self.0.shutdown_with_timeout(LAST_SPANS);
        let ended = tokio::time::timeout(LAST_SPANS, tokio::task::spawn_blocking(ending)).await;
        if !matches!(ended, Ok(Ok(Ok(())))) {
            tracing::warn!("the last traces could not be handed over");
        }
    }
}

/// Sends requests for the exporter: no redirects, no proxies, as to all other addresses that the operator gives.
struct Sender {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Where requests are made; the exporter's thread is none of it.
    runtime: Handle,
    /// Whether the last one failed, so that it is said once.
    failing: AtomicBool,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl Sender {
    fn new() -> anyhow::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::client_config()?)
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            runtime: Handle::try_current().context("starting to export outside of a runtime")?,
            failing: AtomicBool::new(false),
        })
    }

    fn note(&self, why: Option<String>) {
        let was = self.failing.swap(why.is_some(), Ordering::Relaxed);
        match why {
            Some(why) if !was => {
                tracing::warn!(
                    why,
                    "traces can't be handed over; they are dropped until they can"
                );
            }
            None if was => tracing::info!("traces are handed over again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let asking = self.client.request(request.map(Full::new));
        let asked = self.runtime.spawn(async move {
            let reading = async {
                let (parts, body) = asking.await?.into_parts();
                let body = Limited::new(body, LARGEST_ANSWER).collect().await?;
                Ok::<_, HttpError>(Response::from_parts(parts, body.to_bytes()))
            };
            tokio::time::timeout(LONGEST, reading).await
        });
        let answer = match asked.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(late)) => Err(late.into()),
            Err(broken) => Err(broken.into()),
        };
        self.note(match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("the collector answers {}", answer.status())),
            // The error may name the address, which the operator gave without secrets in it.
            Err(error) => Some(error.to_string()),
        });
        answer
    }
}
