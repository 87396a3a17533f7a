//! How the servers that are asked for something are known: by the machine's root certificates.

use anyhow::Context as _;
use hyper_rustls::ConfigBuilderExt as _;
use rustls::ClientConfig;
use std::sync::{Arc, OnceLock};

/// For a client's connections. The certificates are read once.
///
/// # Errors
/// When there are none, or they can't be read.
pub(crate) fn client_config() -> anyhow::Result<ClientConfig> {
    static READ: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(config) = READ.get() {
        return Ok(config.clone());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("setting TLS up")?
        .with_native_roots()
        .context(
            "reading the machine's root certificates (the package is often called ca-certificates)",
        )?
        .with_no_client_auth();
    Ok(READ.get_or_init(|| config).clone())
}
