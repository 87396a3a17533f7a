//! Where metrics are shown.

use super::address::ip;
use super::{Given, SettingError, wrong};
use std::net::{Ipv4Addr, SocketAddr};

impl Given {
    /// Where metrics are shown; `None`: nowhere. `webhook` and `dashboard` are where others listen.
    pub(super) fn metrics_address(
        &self,
        webhook: SocketAddr,
        dashboard: Option<SocketAddr>,
    ) -> Result<Option<SocketAddr>, SettingError> {
        let host = super::given(self.metrics_host.clone());
        let host = host.map(|text| ip("METRICS_HOST", &text)).transpose()?;
        let Some(port) = self.metrics_port else {
            return match host {
                None => Ok(None),
                Some(_) => Err(wrong(
                    "METRICS_PORT",
                    "is missing, and METRICS_HOST is given",
                    "Give the port at which metrics are shown, or leave out METRICS_HOST.",
                )),
            };
        };
        let address = SocketAddr::new(host.unwrap_or(Ipv4Addr::LOCALHOST.into()), port);
        // They are for those who run the server, and deliveries come from everywhere.
        for (taken, by) in [
            (Some(webhook), "deliveries come in"),
            (dashboard, "the dashboard is"),
        ] {
            if taken == Some(address) && port != 0 {
                return Err(wrong(
                    "METRICS_PORT",
                    format!("{port} at {} is where {by}", address.ip()),
                    "Give another port, or leave out METRICS_HOST and METRICS_PORT to show no metrics.",
                ));
            }
        }
        Ok(Some(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: Option<&str>, port: Option<u16>) -> Result<Option<String>, String> {
        let given = Given {
            metrics_host: host.map(str::to_owned),
            metrics_port: port,
            ..Given::default()
        };
        let webhook = ([127, 0, 0, 1], 3000).into();
        let dashboard = ([10, 0, 0, 1], 3001).into();
        let address = given.metrics_address(webhook, Some(dashboard));
        address
            .map(|at| at.map(|at| at.to_string()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn they_are_shown_on_this_machine_alone_unless_the_operator_says_more_and_never_where_deliveries_come_in()
     {
        assert_eq!(of(None, None), Ok(None));
        assert_eq!(of(None, Some(9464)), Ok(Some("127.0.0.1:9464".into())));
        assert_eq!(
            of(Some("0.0.0.0"), Some(9464)),
            Ok(Some("0.0.0.0:9464".into()))
        );
        for (host, port, names) in [
            (Some("0.0.0.0"), None, "METRICS_PORT: is missing"),
            (None, Some(3000), "METRICS_PORT: 3000"),
            (Some("10.0.0.1"), Some(3001), "METRICS_PORT: 3001"),
            (Some("example.com"), Some(1), "METRICS_HOST: "),
        ] {
            let error = of(host, port).unwrap_err();
            assert!(error.starts_with(names), "{error}");
        }
    }
}
