//! The app on GitHub: asking as itself and as its installations.

use super::auth::{NewToken, Signer, Token, Tokens};
use super::classify::{self, Answer};
use super::decode::Identity;
use super::error::GitHubError;
use super::etag::EtagCache;
use super::key::AppKey;
use super::transport::{Ask, Timeouts, Transport};
use super::wire::WireRepo;
use crate::clock::Clock;
use crate::domain::ids::{InstallationId, Repo, RepoId};
use bytes::Bytes;
use http::header;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;
use tokio::sync::OnceCell;

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
}

/// What GitHub says of the app itself ("Get the authenticated app").
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppInfo {
    /// The app's number.
    pub id: u64,
    /// Its name in addresses; it comments as `{slug}[bot]`.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it asks installations for: `checks` → `write`.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    /// The events it subscribes to.
    #[serde(default)]
    pub events: Vec<String>,
}

impl AppInfo {
    /// Who we are, for telling our own doings from others'.
    pub fn identity(&self) -> Identity {
        Identity {
            app_id: self.id,
            slug: self.slug.clone(),
        }
    }
}

/// GitHub, as the app meets it. Cheap to clone; all clones share connections, tokens and kept answers.
#[derive(Clone)]
pub struct GitHub(Arc<Inner>);

struct Inner {
    transport: Transport,
    signer: Signer,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    kept: Mutex<EtagCache>,
    app: OnceCell<AppInfo>,
    /// Who the app was at an earlier start; counts until GitHub says it.
    known: OnceLock<Identity>,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GitHub")
    }
}

/// One repository, asked with the token of its installation.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(super) github: GitHub,
    pub(super) repo: Repo,
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
        Ok(Self(Arc::new(Inner {
            transport: Transport::new(&options.api_url, timeouts)?,
            signer: Signer::new(options.app_id.trim().to_owned(), options.key),
            clock: options.clock,
            tokens: Tokens::default(),
            kept: Mutex::default(),
            app: OnceCell::new(),
            known: OnceLock::new(),
        })))
    }

    /// A handle for one repository.
    pub fn of(&self, repo: &Repo) -> Repository {
        Repository {
            github: self.clone(),
            repo: repo.clone(),
        }
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

    /// Forgets the token of an installation and the answers kept for it: it was deleted or suspended.
    pub fn forget(&self, installation: InstallationId) {
        self.0.tokens.forget(installation);
        self.kept().forget(installation.0);
    }

    /// Asks as the app itself. A JWT that was refused because of a wrong clock is made again by GitHub's, once.
    pub(super) async fn ask_as_app(&self, ask: &Ask) -> Result<Answer, GitHubError> {
        let inner = &*self.0;
        let mut second = false;
        loop {
            let jwt = inner
                .signer
                .jwt(inner.clock.now())
                .ok_or_else(|| GitHubError::unusable(&ask.doing, "the app's key can't sign"))?;
            let answer = inner.transport.send(ask, &jwt, None).await?;
            let news = inner.signer.learn(answer.date(), inner.clock.now());
            if answer.status == StatusCode::UNAUTHORIZED && news && !second {
                second = true;
                continue;
            }
            return classify::checked(answer, &ask.doing, self.now());
        }
    }

    /// Asks as an installation. A token that GitHub no longer accepts is replaced once (tokens are revoked when an
    /// installation's permissions change).
    pub(super) async fn ask_as(
        &self,
        installation: InstallationId,
        ask: &Ask,
        etag: Option<&str>,
    ) -> Result<Answer, GitHubError> {
        let token = self.token(installation).await?;
        let answer = self.0.transport.send(ask, &token.secret, etag).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return classify::checked(answer, &ask.doing, self.now());
        }
        self.0
            .tokens
            .slot(installation)
            .lock()
            .await
            .drop_token(&token);
        let token = self.token(installation).await?;
        // An ETag belongs to the token it came with.
        let answer = self.0.transport.send(ask, &token.secret, None).await?;
        classify::checked(answer, &ask.doing, self.now())
    }

    /// The installation's token; at most one request for it is under way.
    async fn token(&self, installation: InstallationId) -> Result<Token, GitHubError> {
        let since = Instant::now();
        let slot = self.0.tokens.slot(installation);
        let mut slot = slot.lock().await;
        if let Some(token) = slot.token(self.now()) {
            return Ok(token);
        }
        if let Some(error) = slot.failure_since(since) {
            return Err(error);
        }
        let path = format!("/app/installations/{installation}/access_tokens");
        let ask = Ask::new(Method::POST, path, "getting a token for the installation");
        let new: Result<NewToken, _> = match self.ask_as_app(&ask).await {
            Ok(answer) => answer.json(&ask.doing),
            Err(error) => Err(error),
        };
        match new {
            Ok(new) => Ok(slot.keep(new)),
            Err(error) => {
                slot.fail(error.clone());
                Err(error)
            }
        }
    }

    /// A GET whose last answer is kept and only confirmed when asked again.
    async fn get_kept(
        &self,
        installation: InstallationId,
        ask: &Ask,
    ) -> Result<Bytes, GitHubError> {
        let key = (installation.0, ask.path.clone());
        let kept = self.kept().get(&key);
        let etag = kept.as_ref().map(|(etag, _)| etag.as_str());
        let answer = self
            .ask_as(installation, ask, etag)
            .await
            .inspect_err(|error| {
                if !error.is_transient() {
                    self.kept().remove(&key);
                }
            })?;
        match (answer.status, kept) {
            (StatusCode::NOT_MODIFIED, Some((_, body))) => Ok(body),
            (StatusCode::NOT_MODIFIED, None) => {
                Err(GitHubError::transient(&ask.doing, "GitHub answered 304"))
            }
            _ => {
                match answer.header(header::ETAG) {
                    Some(etag) => self.kept().put(key, etag.to_owned(), answer.body.clone()),
                    None => self.kept().remove(&key),
                }
                Ok(answer.body)
            }
        }
    }

    /// The app's id or client id, as the operator gave it.
    pub fn configured_id(&self) -> &str {
        self.0.signer.app_id()
    }

    /// The time by GitHub's clock, as far as it is known.
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.signer.corrected(self.0.clock.now())
    }

    pub(super) fn kept(&self) -> std::sync::MutexGuard<'_, EtagCache> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Repository {
    /// Which one.
    pub fn id(&self) -> RepoId {
        self.repo.id
    }

    /// The repository this handle is for.
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// `/repos/{owner}/{name}` and what follows.
    pub(super) fn path(&self, rest: fmt::Arguments<'_>) -> String {
        format!("/repos/{}{rest}", self.repo.name)
    }

    /// Asks as the repository's installation. GitHub leads a GET of a renamed repository on by itself; anything else is
    /// asked again by the name that the repository's number has now, once.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Answer, GitHubError> {
        let answer = self.github.ask_as(self.repo.installation, ask, None).await;
        match answer {
            Err(error) if error.is_moved() && ask.method != Method::GET => {
                let Some(path) = self.renamed(&ask.path).await? else {
                    return Err(error);
                };
                let ask = Ask {
                    path,
                    ..ask.clone()
                };
                self.github.ask_as(self.repo.installation, &ask, None).await
            }
            answer => answer,
        }
    }

    /// A path of this repository by the name that it has now; `None`: it has the same.
    async fn renamed(&self, path: &str) -> Result<Option<String>, GitHubError> {
        let by_number = format!("/repositories/{}", self.repo.id);
        let ask = Ask::get(by_number, "looking for the renamed repository");
        let answer = self
            .github
            .ask_as(self.repo.installation, &ask, None)
            .await?;
        let wire: WireRepo = answer.json(&ask.doing)?;
        let now = wire
            .repo(self.repo.installation)
            .map_err(|error| GitHubError::unusable(&ask.doing, error.to_string()))?;
        let rest = path.strip_prefix(&self.path(format_args!("")));
        let moved = now.id == self.repo.id && now.name != self.repo.name;
        Ok(rest
            .filter(|_| moved)
            .map(|rest| format!("/repos/{}{rest}", now.name)))
    }

    pub(super) async fn ask_json<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, GitHubError> {
        self.ask(ask).await?.json(&ask.doing)
    }

    /// Like [`Self::ask_json`], with the kept answer where GitHub says that it still holds.
    pub(super) async fn get_kept<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, GitHubError> {
        let body = self.github.get_kept(self.repo.installation, ask).await?;
        let answer = Answer {
            status: StatusCode::OK,
            headers: http::HeaderMap::new(),
            body,
        };
        answer.json(&ask.doing).inspect_err(|_| {
            // Otherwise GitHub would go on confirming what can't be read.
            let key = (self.repo.installation.0, ask.path.clone());
            self.github.kept().remove(&key);
        })
    }

    /// All pages of a list, each taken out of its answer by `items`; at most `most_pages` of 100.
    pub(super) async fn pages<P: DeserializeOwned, T>(
        &self,
        ask: &Ask,
        most_pages: usize,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, GitHubError> {
        let mut all = Vec::new();
        for page in 1..=most_pages {
            let mut ask = ask.clone();
            let joint = if ask.path.contains('?') { '&' } else { '?' };
            ask.path
                .push_str(&format!("{joint}per_page=100&page={page}"));
            let answer = self.ask(&ask).await?;
            let new = items(answer.json(&ask.doing)?);
            let full = new.len() >= 100;
            all.extend(new);
            if !answer.has_next().unwrap_or(full) {
                break;
            }
        }
        Ok(all)
    }
}
