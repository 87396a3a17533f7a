//! GitHub's secondary limits for one installation ("Rate limits for the REST API"): in no minute more than this.

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

pub struct Limits {
    /// A request that reads costs one, one that writes five.
    points: u32,
    /// Requests that create something.
    creations: usize,
    /// What was answered in the last minute: when, its points, whether it created something.
    taken: VecDeque<(Instant, u32, bool)>,
    refused: usize,
}

impl Limits {
    /// Those of github.com.
    pub fn of_github() -> Self {
        Self {
            points: 900,
            creations: 80,
            taken: VecDeque::new(),
            refused: 0,
        }
    }

    pub(super) fn refused(&self) -> usize {
        self.refused
    }

    /// Takes a request in, or says no as GitHub does.
    pub(super) fn take(&mut self, method: &Method, now: Instant) -> Option<Response> {
        while self
            .taken
            .front()
            .is_some_and(|(at, ..)| now - *at >= MINUTE)
        {
            self.taken.pop_front();
        }
        let creates = method == Method::POST;
        let cost = if method == Method::GET { 1 } else { 5 };
        let points: u32 = self.taken.iter().map(|(_, cost, _)| cost).sum();
        let creations = self.taken.iter().filter(|(.., creates)| *creates).count();
        if points + cost <= self.points && (!creates || creations < self.creations) {
            self.taken.push_back((now, cost, creates));
            return None;
        }
        self.refused += 1;
        let oldest = self.taken.front().map_or(now, |(at, ..)| *at);
        let wait = (oldest + MINUTE).saturating_duration_since(now).as_secs() + 1;
        let message = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        let headers = [("retry-after", wait.to_string())];
        Some((StatusCode::FORBIDDEN, headers, message).into_response())
    }
}
