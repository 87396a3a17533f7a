//! Requests to GitHub.

use super::{buckets, made};
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};
use std::time::Duration;

/// Why a request was made again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// GitHub did not accept the token any more.
    Token,
    /// The clock was wrong, so the app's own token was.
    Clock,
    /// The repository has another name now.
    Renamed,
}

/// What is counted of them.
pub struct Requests {
    answers: IntCounterVec,
    seconds: HistogramVec,
    repeats: [IntCounter; 3],
}

impl Requests {
    pub(super) fn new(registry: &Registry) -> Self {
        let opts = Opts::new(
            "drawbridge_github_requests_total",
            "Requests to GitHub, by route, class and the answer's status (`none`: there was no answer).",
        );
        let labels = ["method", "route", "class", "status"];
        let answers = made(registry, IntCounterVec::new(opts, &labels));
        let opts = HistogramOpts::new(
            "drawbridge_github_request_seconds",
            "How long GitHub took to answer, by route.",
        )
        .buckets(buckets::ASKING.to_vec());
        let seconds = made(registry, HistogramVec::new(opts, &["method", "route"]));
        let opts = Opts::new(
            "drawbridge_github_repeats_total",
            "Requests to GitHub that were made again at once, by reason.",
        );
        let repeats = made(registry, IntCounterVec::new(opts, &["reason"]));
        Self {
            answers,
            seconds,
            repeats: ["token", "clock", "renamed"].map(|why| repeats.with_label_values(&[why])),
        }
    }

    /// One ended. `route` is a template; `status`: `None` if there was no answer.
    pub fn ended(
        &self,
        method: &str,
        route: &'static str,
        class: &'static str,
        status: Option<http::StatusCode>,
        after: Duration,
    ) {
        let status = status.as_ref().map_or("none", http::StatusCode::as_str);
        self.answers
            .with_label_values(&[method, route, class, status])
            .inc();
        self.seconds
            .with_label_values(&[method, route])
            .observe(after.as_secs_f64());
    }

    /// One is made again at once.
    pub fn repeated(&self, why: Repeat) {
        self.repeats[why as usize].inc();
    }
}
