//! The app on GitHub: asking as itself and as its installations.

mod grants;

use super::app_info::AppInfo;
use super::ask::{Ask, Digest};
use super::auth::Signer;
use super::classify::{self, Answer};
use super::counted::Class;
use super::decode::Identity;
use super::error::GitHubError;
use super::etag::EtagCache;
use super::http::Timeouts;
use super::key::AppKey;
use super::pace::{Begun, BudgetLeft, Lanes, Limits, Priority, RequestKind};
use super::repository::Repository;
use super::tokens::{Scope, Token, Tokens};
use super::transport::{Transport, Wire, site_of};
use crate::clock::Clock;
use crate::domain::ids::{InstallationId, Repo};
use crate::telemetry::{Metrics, Repeat};
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// By so many seconds the clocks may differ without a refused JWT being made again: `iat` is set back by a minute.
const TOLERATED_SKEW: u64 = 20;

/// What the client is made of.
pub struct ClientOptions {
    /// `https://api.github.com`, or `https://host/api/v3` of a GitHub Enterprise Server.
    pub api_url: String,
    /// The app's id or client id.
    pub app_id: String,
    /// The app's private key.
    pub key: AppKey,
    /// The clock that JWTs are dated by; corrected by GitHub's.
    pub clock: Arc<dyn Clock>,
    /// How much may be asked of GitHub.
    pub limits: Limits,
    /// Where requests are counted.
    pub metrics: Metrics,
}

/// GitHub, as the app meets it. Cheap to clone; all clones share connections, tokens and kept answers.
#[derive(Clone)]
pub struct GitHub(Arc<Inner>);

struct Inner {
    transport: Transport,
    metrics: Metrics,
    signer: Signer,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    kept: Mutex<EtagCache>,
    lanes: Lanes,
    /// Permissions that were reported as missing.
    missing: Mutex<BTreeSet<(InstallationId, String)>>,
    /// `https://github.com`, where people see what the API gives.
    web: String,
    app: OnceCell<AppInfo>,
    /// Who the app was at an earlier start; counts until GitHub says it.
    known: OnceLock<Identity>,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GitHub")
    }
}

impl GitHub {
    /// Makes the client; nothing is asked yet. Must be called within a tokio runtime.
    pub fn new(options: ClientOptions) -> anyhow::Result<Self> {
        Self::with_timeouts(options, Timeouts::default())
    }

    pub(super) fn with_timeouts(
        options: ClientOptions,
        timeouts: Timeouts,
    ) -> anyhow::Result<Self> {
        let transport = Transport::new(&options.api_url, timeouts)?;
        Ok(Self::with_transport(options, transport))
    }

    /// Makes a client that speaks over `wire` in place of HTTP.
    ///
    /// # Errors
    /// The address in `options` is none of an API.
    pub fn over(options: ClientOptions, wire: Arc<dyn Wire>) -> anyhow::Result<Self> {
        let transport = Transport::over_wire(&options.api_url, wire)?;
        Ok(Self::with_transport(options, transport))
    }

    fn with_transport(options: ClientOptions, transport: Transport) -> Self {
        Self(Arc::new(Inner {
            transport,
            metrics: options.metrics,
            signer: Signer::new(options.app_id.trim().to_owned(), options.key),
            tokens: Tokens::default(),
            kept: Mutex::default(),
            lanes: Lanes::new(options.limits, options.clock.clone()),
            missing: Mutex::default(),
            web: site_of(&options.api_url),
            clock: options.clock,
            app: OnceCell::new(),
            known: OnceLock::new(),
        }))
    }

    /// Where people see it: `https://github.com`, or `https://host` of an own server.
    pub fn site(&self) -> String {
        self.0.transport.site()
    }

    /// A handle for one repository.
    pub fn of(&self, repo: &Repo) -> Repository {
        Repository::new(self.clone(), repo.clone())
    }

    /// The right to begin with what leads to a request of this kind, for as long as it is held.
    ///
    /// # Errors
    /// How long to stay away, as the installation's limits are reached.
    pub fn begin(
        &self,
        installation: InstallationId,
        priority: Priority,
        kind: RequestKind,
    ) -> Result<Begun, Duration> {
        self.0.lanes.begin(installation, priority, kind)
    }

    /// Until when those of a class had better stay away from an installation, for people to look at.
    pub fn used_up_until(
        &self,
        installation: InstallationId,
        priority: Priority,
    ) -> Option<DateTime<Utc>> {
        self.0.lanes.used_up_until(installation, priority)
    }

    /// What is left of what each installation may ask.
    pub fn budgets(&self) -> Vec<(InstallationId, BudgetLeft)> {
        self.0.lanes.budgets()
    }

    /// What GitHub says of the app; asked until it succeeded once, then remembered. Success means that the
    /// credentials were accepted.
    pub async fn app(&self) -> Result<AppInfo, GitHubError> {
        let ask = || async {
            let ask = Ask::get("/app".to_owned(), "asking who the app is");
            self.ask_as_app(&ask).await?.json(&ask.doing)
        };
        self.0.app.get_or_try_init(ask).await.cloned()
    }

    /// Who the app is: as GitHub says, or said to an earlier process; asks if that is not known.
    pub async fn identity(&self) -> Result<Identity, GitHubError> {
        match (self.0.app.get(), self.0.known.get()) {
            (None, Some(known)) => Ok(known.clone()),
            _ => Ok(self.app().await?.identity()),
        }
    }

    /// Takes up what GitHub said of the app to an earlier process.
    pub fn was_known_as(&self, me: Identity) {
        // It is taken up once, at the start.
        let _ = self.0.known.set(me);
    }

    /// Forgets the tokens of an installation, the answers kept for it and what it lacked: it was deleted or suspended, or
    /// its permissions or repositories changed.
    pub fn forget(&self, installation: InstallationId) {
        self.0.tokens.forget(installation);
        self.kept().forget(installation);
        self.missing().retain(|(of, _)| *of != installation);
    }

    /// Asks as the app itself. A JWT that was refused because of a wrong clock is made again by GitHub's, once.
    pub(super) async fn ask_as_app(&self, ask: &Ask) -> Result<Answer, GitHubError> {
        let inner = &*self.0;
        let mut second = false;
        loop {
            let dated_by = inner.signer.skew();
            let jwt = inner
                .signer
                .jwt(inner.clock.now())
                .ok_or_else(|| GitHubError::unusable(&ask.doing, "the app's key can't sign"))?;
            let answer = self.send(Class::App, ask, &jwt, None).await?;
            inner.signer.learn(answer.date(), inner.clock.now());
            let news = inner.signer.skew().abs_diff(dated_by) > TOLERATED_SKEW;
            if answer.status == StatusCode::UNAUTHORIZED && news && !second {
                second = true;
                inner.metrics.requests().repeated(Repeat::Clock);
                continue;
            }
            return classify::checked(answer, &ask.doing, self.now());
        }
    }

    /// Asks in somebody's name: what they may ask is their own, and no installation's.
    pub(super) async fn ask_as_user(
        &self,
        token: &SecretString,
        ask: &Ask,
    ) -> Result<Answer, GitHubError> {
        let answer = self.send(Class::User, ask, token, None).await?;
        classify::checked(answer, &ask.doing, self.now())
    }

    /// Asks as an installation, when it is this class's turn. A token that GitHub no longer accepts is replaced once
    /// (tokens are revoked when an installation's permissions change).
    pub(super) async fn ask_as(
        &self,
        scope: &Scope,
        priority: Priority,
        ask: &Ask,
    ) -> Result<Answer, GitHubError> {
        let token = self.token(scope).await?;
        let answer = self.exchange(scope, priority, ask, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return classify::checked(answer, &ask.doing, self.now());
        }
        let slot = self.0.tokens.slot(scope);
        slot.lock().await.drop_token(&token);
        self.0.metrics.requests().repeated(Repeat::Token);
        let token = self.token(scope).await?;
        let answer = self.exchange(scope, priority, ask, &token).await?;
        classify::checked(answer, &ask.doing, self.now())
    }

    /// One request and its answer. What GitHub says still holds is answered from what was kept.
    async fn exchange(
        &self,
        scope: &Scope,
        priority: Priority,
        ask: &Ask,
        token: &Token,
    ) -> Result<Answer, GitHubError> {
        let inner = &*self.0;
        let key = ask.keep.then(|| (scope.clone(), ask.path.clone()));
        // An ETag belongs to the token it came with.
        let kept = key
            .as_ref()
            .and_then(|key| self.kept().get(key, token.serial));
        let pass = inner
            .lanes
            .enter(scope.installation, priority, ask)
            .await
            .map_err(|wait| GitHubError::Resting {
                doing: ask.doing.clone(),
                retry_after: wait,
            })?;
        let etag = kept.as_ref().map(|(etag, _)| etag.as_str());
        let class = Class::Installation(priority);
        let mut answer = self.send(class, ask, &token.secret, etag).await?;
        inner.signer.learn(answer.date(), inner.clock.now());
        pass.answered(&answer);
        if answer.status == StatusCode::OK
            && let Some(Digest(digest)) = &ask.digest
        {
            answer.body = digest(&answer)?;
        }
        let Some(key) = key else { return Ok(answer) };
        match (answer.status, kept) {
            (StatusCode::NOT_MODIFIED, Some((_, body))) => {
                answer.status = StatusCode::OK;
                answer.body = body;
            }
            (StatusCode::NOT_MODIFIED, None) => {
                return Err(GitHubError::transient(&ask.doing, "GitHub answered 304"));
            }
            (StatusCode::OK, _) => match answer.header(header::ETAG).map(str::to_owned) {
                Some(etag) => {
                    let kept = (etag, answer.body.clone());
                    self.kept().put(key, token.serial, kept);
                }
                None => self.kept().remove(&key),
            },
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => self.kept().remove(&key),
            _ => {}
        }
        Ok(answer)
    }

    /// Does not ask again whether an answer still holds.
    pub(super) fn distrust(&self, scope: &Scope, path: &str) {
        self.kept().remove(&(scope.clone(), path.to_owned()));
    }

    /// The token of a scope; at most one request for it is under way. `NotFound`: the installation has no such repository.
    pub(super) async fn token(&self, scope: &Scope) -> Result<Token, GitHubError> {
        let since = Instant::now();
        let slot = self.0.tokens.slot(scope);
        let mut slot = slot.lock().await;
        if let Some(token) = slot.token(self.now()) {
            return Ok(token);
        }
        if let Some(error) = slot.known_failure(since, self.now()) {
            return Err(error);
        }
        match self.new_token(scope).await {
            Ok(new) => Ok(slot.keep(new)),
            Err(error) => {
                match &error {
                    GitHubError::NotFound { .. } if scope.is_of_another() => {
                        slot.is_absent(error.clone(), self.now());
                    }
                    _ => slot.fail(error.clone()),
                }
                Err(error)
            }
        }
    }

    /// By how many seconds GitHub's clock is ahead of ours, as its last answer said.
    pub fn clock_skew(&self) -> i64 {
        self.0.signer.skew()
    }

    /// The app's id or client id, as the operator gave it.
    pub fn configured_id(&self) -> &str {
        self.0.signer.app_id()
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    /// Where requests are counted.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The time by GitHub's clock, as far as it is known.
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.signer.corrected(self.0.clock.now())
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, EtagCache> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
