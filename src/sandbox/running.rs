//! The running stand-in: start, stop, and the one lock around its state.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use jsonwebtoken::DecodingKey;
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use rsa::traits::PublicKeyParts;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use super::deeds::{Founding, found};
use super::faults::Traps;
use super::model::Hub;
use super::model::access::Kind;
use super::tasks::Tasks;
use super::wire::{Connections, Wire};
use super::{deliver, server};

/// What kind of account owns the repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    /// An organisation, with members.
    Organization,
    /// One person.
    User,
}

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The app's slug; its bot account is `{slug}[bot]`.
    pub app_slug: String,
    /// The owner's login.
    pub org: String,
    /// Organisation or personal account.
    pub owner_kind: OwnerKind,
    /// The repository's name.
    pub repo: String,
    /// What deliveries are signed with.
    pub webhook_secret: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            app_slug: "drawbridge".to_owned(),
            org: "acme".to_owned(),
            owner_kind: OwnerKind::Organization,
            repo: "engine".to_owned(),
            webhook_secret: "a secret for the sandbox".to_owned(),
        }
    }
}

/// A running stand-in GitHub. Clones are the same one.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
}

/// What all clones share.
pub(crate) struct Inner {
    hub: Mutex<Hub>,
    pub(crate) traps: Mutex<Traps>,
    /// Ticks with every change; what [`Sandbox::wait_until`] waits on.
    pub(crate) ticks: watch::Sender<u64>,
    /// Wakes the webhook sender.
    pub(crate) wake: Notify,
    /// Moves on with each [`Sandbox::release_hung`].
    pub(crate) released: watch::Sender<u64>,
    pub(crate) http: reqwest::Client,
    pub(crate) public_key: DecodingKey,
    connections: Connections,
    tasks: Tasks,
}

impl Sandbox {
    /// Makes a key, an app, its owner `org` (owned by user `maya`), an installation and a repository with one commit on
    /// `main`, and listens.
    ///
    /// # Errors
    /// If the address can't be bound or no key can be made.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("binding the stand-in GitHub to {}", options.listen))?;
        let address = listener
            .local_addr()
            .context("asking for the stand-in's own address")?;
        let key = tokio::task::spawn_blocking(|| RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048))
            .await
            .context("waiting for the app's key")?
            .context("making the app's key")?;
        let private_key_pem = key
            .to_pkcs1_pem(LineEnding::LF)
            .context("writing the app's key")?
            .to_string();
        let public_key =
            DecodingKey::from_rsa_raw_components(&key.n().to_bytes_be(), &key.e().to_bytes_be());
        let hub = found(Founding {
            base: format!("http://{address}"),
            slug: &options.app_slug,
            owner: &options.org,
            owner_kind: match options.owner_kind {
                OwnerKind::Organization => Kind::Organization,
                OwnerKind::User => Kind::User,
            },
            repo: &options.repo,
            founder: "maya",
            webhook_secret: options.webhook_secret,
            private_key_pem,
        });
        let connections = Connections::default();
        let inner = Inner {
            hub: Mutex::new(hub),
            traps: Mutex::default(),
            ticks: watch::Sender::new(0),
            wake: Notify::new(),
            released: watch::Sender::new(0),
            http: reqwest::Client::builder()
                .no_proxy()
                // The server closes one after ten idle seconds: a delivery that came just then would be lost.
                .pool_idle_timeout(Duration::from_secs(5))
                .build()
                .context("making the webhook sender's client")?,
            public_key,
            connections: connections.clone(),
            tasks: Tasks::default(),
        };
        let sandbox = Self {
            inner: Arc::new(inner),
        };
        let serving = server::serve(sandbox.clone(), Wire::new(listener, connections));
        let tasks = vec![
            tokio::spawn(serving),
            tokio::spawn(deliver::run(sandbox.clone())),
        ];
        sandbox.inner.tasks.keep(tasks);
        Ok(sandbox)
    }

    /// Stops listening and sending, and cuts what is still open.
    pub async fn shutdown(&self) {
        let cut = || {
            self.inner.connections.cut_all();
            self.release_hung();
        };
        self.inner.tasks.stop(cut).await;
    }

    /// The base of the REST API, as `GITHUB_API_URL`.
    pub fn api_url(&self) -> String {
        self.look(|hub| hub.base.clone())
    }

    /// The app's id.
    pub fn app_id(&self) -> u64 {
        self.look(|hub| hub.app)
    }

    /// The app's client id, which a JWT may name instead.
    pub fn client_id(&self) -> String {
        self.look(|hub| hub.our_app().client_id.clone())
    }

    /// The app's private key: PEM, PKCS#1, as GitHub hands it out.
    pub fn private_key_pem(&self) -> String {
        self.look(|hub| hub.private_key_pem.clone())
    }

    /// The secret that deliveries are signed with.
    pub fn webhook_secret(&self) -> String {
        self.look(|hub| hub.webhook_secret.clone())
    }

    /// The installation's id.
    pub fn installation_id(&self) -> u64 {
        self.look(|hub| hub.installation.id)
    }

    /// The repository's id.
    pub fn repo_id(&self) -> u64 {
        self.look(|hub| hub.main)
    }

    /// `owner/name` of the repository, as it is called now.
    pub fn full_name(&self) -> String {
        self.look(|hub| hub.full_name(hub.main))
    }

    /// The id of the app's bot account.
    pub fn bot_user_id(&self) -> u64 {
        self.look(|hub| hub.our_app().bot)
    }

    fn lock(&self) -> MutexGuard<'_, Hub> {
        // A panic elsewhere is reported by itself; the state is still worth looking at.
        self.inner
            .hub
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the state.
    pub(crate) fn look<R>(&self, read: impl FnOnce(&Hub) -> R) -> R {
        read(&self.lock())
    }

    /// Changes the state, then tells whoever waits.
    pub(crate) fn edit<R>(&self, change: impl FnOnce(&mut Hub) -> R) -> R {
        let result = change(&mut self.lock());
        self.tell();
        result
    }

    /// Changes the state without telling: for the sender itself, which would wake itself for ever.
    pub(crate) fn edit_quietly<R>(&self, change: impl FnOnce(&mut Hub) -> R) -> R {
        change(&mut self.lock())
    }

    /// Wakes the webhook sender and everyone who waits for a condition.
    pub(crate) fn tell(&self) {
        self.inner.wake.notify_one();
        self.inner.ticks.send_modify(|count| *count += 1);
    }
}
