//! Faults on order: what a real network and a real GitHub do now and then.

use std::time::Duration;

use globset::Glob;

use super::Sandbox;

/// A fault for the next requests that match.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The method, or `*`.
    pub method: String,
    /// The OpenAPI template itself, or a glob over it or over the path as asked; `*` crosses slashes.
    pub route_glob: String,
    /// How many requests it hits.
    pub times: u32,
    /// What happens to them.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault for one request.
    pub fn once(method: &str, route_glob: &str, kind: FaultKind) -> Self {
        Self::times(1, method, route_glob, kind)
    }

    /// A fault for several requests.
    pub fn times(times: u32, method: &str, route_glob: &str, kind: FaultKind) -> Self {
        Self {
            method: method.to_owned(),
            route_glob: route_glob.to_owned(),
            times,
            kind,
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Answered with this status and GitHub's usual error body; nothing is done.
    Status(u16),
    /// 503 with a `retry-after` of so many seconds: something behind the one request is away; nothing is done.
    Unavailable {
        /// Seconds in `retry-after`.
        retry_after: u64,
    },
    /// Answered with this status and a page of HTML, as a proxy does; nothing is done.
    Html(u16),
    /// 403 for too much at once.
    SecondaryLimit {
        /// Seconds in `retry-after`; `None` leaves the header out.
        retry_after: Option<u64>,
    },
    /// 403 for too much in the hour.
    PrimaryLimit {
        /// Seconds until `x-ratelimit-reset`.
        reset_in_s: u64,
    },
    /// 403 "Resource not accessible by integration".
    MissingPermission,
    /// Handled, but only after this long.
    Delay(Duration),
    /// No answer and nothing done: the connection ends.
    DropConnection,
    /// Done, but the connection ends before the answer.
    AnswerLost,
    /// Waits until [`Sandbox::release_hung`], then is handled.
    Hang,
    /// Done, and answered with well-formed JSON of the wrong shape.
    WrongJson,
    /// Done, but the connection ends in the middle of the answer.
    HalfAnswer,
}

/// Whether a request is meant by a method and a route glob.
pub(crate) fn matches(method: &str, glob: &str, asked: &str, route: &str, path: &str) -> bool {
    let right_method = method == "*" || method.eq_ignore_ascii_case(asked);
    right_method
        && (glob == route
            || Glob::new(glob)
                .map(|glob| glob.compile_matcher())
                .is_ok_and(|glob| glob.is_match(route) || glob.is_match(path)))
}

/// A callback for one request.
type Once = Box<dyn FnOnce(&Sandbox) + Send>;

/// Faults and callbacks that wait for their request.
#[derive(Default)]
pub(crate) struct Traps {
    faults: Vec<Fault>,
    hooks: Vec<(String, String, Once)>,
}

impl Traps {
    pub(crate) fn add_fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(crate) fn add_hook(&mut self, method: &str, glob: &str, once: Once) {
        self.hooks.push((method.to_owned(), glob.to_owned(), once));
    }

    pub(crate) fn clear(&mut self) {
        self.faults.clear();
        self.hooks.clear();
    }

    /// How many orders have not met their request.
    pub(crate) fn unmet(&self) -> usize {
        self.hooks.len() + self.faults.len()
    }

    /// The oldest fault for this request; it is used up by one.
    pub(crate) fn take_fault(&mut self, asked: &str, route: &str, path: &str) -> Option<FaultKind> {
        let hit = |fault: &Fault| matches(&fault.method, &fault.route_glob, asked, route, path);
        let index = self.faults.iter().position(hit)?;
        let fault = &mut self.faults[index];
        fault.times = fault.times.saturating_sub(1);
        let kind = fault.kind.clone();
        if fault.times == 0 {
            self.faults.remove(index);
        }
        Some(kind)
    }

    /// The callbacks for this request, oldest first.
    pub(crate) fn take_hooks(&mut self, asked: &str, route: &str, path: &str) -> Vec<Once> {
        let (hit, rest) = std::mem::take(&mut self.hooks)
            .into_iter()
            .partition(|(method, glob, _)| matches(method, glob, asked, route, path));
        self.hooks = rest;
        let hit: Vec<(String, String, Once)> = hit;
        hit.into_iter().map(|(_, _, once)| once).collect()
    }
}
