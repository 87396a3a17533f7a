//! Where the server listens.

use super::{Given, SettingError, given, wrong};
use std::net::SocketAddr;

impl Given {
    /// The address to listen on. The port may be 0: a free one is taken.
    ///
    /// # Errors
    /// The host is no address.
    pub fn address(&self) -> Result<SocketAddr, SettingError> {
        let host = given(self.host.clone()).unwrap_or_else(|| "127.0.0.1".to_owned());
        let address = match host.as_str() {
            "localhost" => "127.0.0.1",
            other => other,
        };
        let ip = address.parse().map_err(|_| {
            let remedy =
                "Use 127.0.0.1 behind a proxy on this machine, or 0.0.0.0 for all addresses.";
            wrong("HOST", format!("{host:?} is not an IP address"), remedy)
        })?;
        Ok(SocketAddr::new(ip, self.port.unwrap_or(3000)))
    }
}

impl SettingError {
    /// Nobody can know beforehand which port a server took.
    pub(crate) fn free_port() -> Self {
        let remedy = "Give the port that the server's log names in its line `listening`.";
        wrong("PORT", "0 is no port to ask at", remedy)
    }
}
