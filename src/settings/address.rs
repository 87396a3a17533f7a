//! Addresses among the settings.

use super::{Given, SettingError, given, wrong};
use std::net::{IpAddr, SocketAddr};

impl Given {
    /// The address to listen on. The port may be 0: a free one is taken.
    ///
    /// # Errors
    /// The host is no address.
    pub fn address(&self) -> Result<SocketAddr, SettingError> {
        let host = given(self.host.clone()).unwrap_or_else(|| "127.0.0.1".to_owned());
        Ok(SocketAddr::new(
            ip("HOST", &host)?,
            self.port.unwrap_or(3000),
        ))
    }
}

/// The address of this machine that a setting names.
pub(super) fn ip(setting: &'static str, host: &str) -> Result<IpAddr, SettingError> {
    let address = match host {
        "localhost" => "127.0.0.1",
        other => other,
    };
    address.parse().map_err(|_| {
        let remedy = "Use 127.0.0.1 behind a proxy on this machine, or 0.0.0.0 for all addresses.";
        wrong(setting, format!("{host:?} is not an IP address"), remedy)
    })
}

impl SettingError {
    /// Nobody can know beforehand which port a server took.
    pub(crate) fn free_port() -> Self {
        let remedy = "Give the port that the server's log names in its line `listening`.";
        wrong("PORT", "0 is no port to ask at", remedy)
    }
}

/// A web address among the settings.
pub(super) fn web_address(setting: &'static str, url: &str) -> Result<http::Uri, SettingError> {
    let uri: Option<http::Uri> = url.parse().ok();
    let authority = uri.as_ref().and_then(http::Uri::authority);
    if authority.is_some_and(|at| at.as_str().contains('@')) {
        let remedy = "Give it without what stands before the @: addresses are logged and shown.";
        let what = "has a user name or password in it".to_owned();
        return Err(wrong(setting, what, remedy));
    }
    let sound = |uri: &http::Uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    };
    uri.filter(sound).ok_or_else(|| {
        let remedy = "Give an address that begins with https:// (or http:// on this machine).";
        wrong(setting, format!("{url:?} is not a web address"), remedy)
    })
}
