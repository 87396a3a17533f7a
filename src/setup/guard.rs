//! Who may enter. The token of the terminal is changed for a cookie at once, so that it does not stay in the address, in the
//! browser's history or in a proxy's log; a browser that is led here by another site, or by a name that only pretends to be ours
//! (DNS rebinding), has neither.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::RngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq as _;

const COOKIE: &str = "drawbridge-setup";

/// So many browsers may be in the setup; one is usual. The oldest has to leave.
const SESSIONS: usize = 8;

pub(super) struct Guard {
    state: Mutex<State>,
    public: Option<Origin>,
}

struct State {
    token: String,
    /// The one before: it is told from a wrong one.
    used: Option<String>,
    sessions: Vec<Session>,
}

/// A browser that has shown the token.
#[derive(Clone)]
pub(super) struct Session {
    cookie: String,
    /// What our own forms carry.
    pub form_key: String,
}

/// What becomes of a token.
pub(super) enum Redeemed {
    /// It was right: the cookie to set.
    Cookie(String),
    /// It was right, once; there is another one now.
    Used,
    Wrong,
}

/// Where a browser sees us: `https://host`, perhaps with a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    authority: String,
    /// What addresses of ours begin with.
    pub base: String,
}

impl Origin {
    fn of(url: &str) -> Option<Self> {
        let uri: http::Uri = url.parse().ok()?;
        Some(Self {
            authority: uri.authority()?.as_str().to_lowercase(),
            base: url.trim_end_matches('/').to_owned(),
        })
    }

    fn is_https(&self) -> bool {
        self.base.starts_with("https://")
    }
}

/// 32 bytes that nobody guesses.
pub(super) fn new_secret() -> String {
    let mut bytes = [0_u8; 32];
    OsRng.fill_bytes(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Compares in constant time, whatever the lengths.
pub(super) fn same(ours: &str, theirs: &str) -> bool {
    Sha256::digest(ours).ct_eq(&Sha256::digest(theirs)).into()
}

impl Guard {
    pub(super) fn new(public_url: Option<&str>) -> Self {
        Self {
            state: Mutex::new(State {
                token: new_secret(),
                used: None,
                sessions: Vec::new(),
            }),
            public: public_url.and_then(Origin::of),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token that is good now.
    pub(super) fn token(&self) -> String {
        self.state().token.clone()
    }

    /// Changes a token for a cookie. Once: then another token is the good one.
    pub(super) fn redeem(&self, token: &str, origin: &Origin) -> Redeemed {
        let mut state = self.state();
        if !same(&state.token, token) {
            let used = state.used.as_ref().is_some_and(|used| same(used, token));
            return if used {
                Redeemed::Used
            } else {
                Redeemed::Wrong
            };
        }
        let session = Session {
            cookie: new_secret(),
            form_key: new_secret(),
        };
        // Lax, because GitHub leads the browser back to us; that it may act is proven by the state then.
        let secure = if origin.is_https() { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
            session.cookie
        );
        if state.sessions.len() == SESSIONS {
            state.sessions.remove(0);
        }
        state.sessions.push(session);
        let used = std::mem::replace(&mut state.token, new_secret());
        state.used = Some(used);
        Redeemed::Cookie(cookie)
    }

    /// The browser that asks, if it has shown the token before.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let shown = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)?
            .1;
        let state = self.state();
        let mut found = None;
        for session in &state.sessions {
            if same(&session.cookie, shown) {
                found = Some(session.clone());
            }
        }
        found
    }

    /// Where the browser believes us to be. A name has to be the operator's or `localhost`: any other could be somebody else's
    /// that was pointed at this machine. `None`: it is.
    pub(super) fn origin(&self, headers: &HeaderMap) -> Option<Origin> {
        let host = headers.get(header::HOST)?.to_str().ok()?.to_lowercase();
        if let Some(public) = &self.public
            && public.authority == host
        {
            return Some(public.clone());
        }
        let authority: http::uri::Authority = host.parse().ok()?;
        let name = authority.host().trim_matches(['[', ']']);
        let known = name == "localhost" || name.parse::<IpAddr>().is_ok();
        let plain = !host.contains('@');
        (known && plain).then(|| Origin {
            base: format!("http://{host}"),
            authority: host,
        })
    }
}

/// Whether a form was sent from a page of ours, as far as the browser says. It says `null` for an origin, because our pages tell
/// nobody where one came from; the form's key tells the rest.
pub(super) fn is_from(origin: &Origin, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let ours = |given: &str| {
        given == "null"
            || Origin::of(given).is_some_and(|given| given.authority == origin.authority)
    };
    text("origin").is_none_or(ours)
        && text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"))
}
