//! Who may look at the dashboard, and where it listens.

use super::address::{ip, web_address};
use super::{Given, SettingError, wrong};
use crate::web::{Access, Tokens};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::net::SocketAddr;

/// Who may look, as it is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum DashboardAccess {
    /// There is no dashboard.
    Off,
    /// Those who are signed in or have a token.
    #[default]
    Private,
    /// Everybody, what concerns repositories that GitHub shows to everybody; the rest as with `private`.
    Public,
}

/// The dashboard's settings.
#[derive(Debug, Default)]
pub struct DashboardSettings {
    /// Who may look; `None`: there is no dashboard.
    pub access: Option<Access>,
    /// What machines, and people who have nothing else, prove themselves with.
    pub tokens: Tokens,
    /// Where people reach it, without a trailing slash; `None`: where the server is reached, unless it listens apart.
    pub url: Option<String>,
    /// Where it listens apart from the webhook.
    pub apart: Option<SocketAddr>,
}

/// A token that is guessed is no token.
const SHORTEST: usize = 16;

impl DashboardSettings {
    /// With the address where deliveries come in.
    pub(super) fn of(given: &Given, webhook: SocketAddr) -> Result<Self, SettingError> {
        let access = match given.dashboard.unwrap_or_default() {
            DashboardAccess::Off => None,
            DashboardAccess::Private => Some(Access::Private),
            DashboardAccess::Public => Some(Access::Public),
        };
        let tokens = match &given.dashboard_token {
            Some(list) => tokens(list)?,
            None => Tokens::default(),
        };
        let url = super::given(given.dashboard_url.clone());
        if let Some(url) = &url {
            let address = web_address("DASHBOARD_URL", url)?;
            if !matches!(address.path(), "" | "/") || address.query().is_some() {
                return Err(wrong(
                    "DASHBOARD_URL",
                    format!("{url:?} names more than a host"),
                    "Give the scheme, the host and the port alone: all pages begin at `/` there.",
                ));
            }
        }
        let own_host = super::given(given.dashboard_host.clone());
        let own_host = own_host.map(|text| ip("DASHBOARD_HOST", &text));
        let own_host = own_host.transpose()?;
        let apart = match (own_host, given.dashboard_port) {
            (None, None) => None,
            (Some(_), None) => {
                return Err(wrong(
                    "DASHBOARD_PORT",
                    "is missing, and DASHBOARD_HOST is given",
                    "Give the port that the dashboard listens on at that address, or leave out DASHBOARD_HOST.",
                ));
            }
            (own, Some(own_port)) => Some(SocketAddr::new(own.unwrap_or(webhook.ip()), own_port)),
        };
        if apart == Some(webhook) && webhook.port() != 0 {
            return Err(wrong(
                "DASHBOARD_PORT",
                format!(
                    "{} at {} is where deliveries come in",
                    webhook.port(),
                    webhook.ip()
                ),
                "Give another port, or leave out DASHBOARD_HOST and DASHBOARD_PORT to have both at one address.",
            ));
        }
        Ok(Self {
            access,
            tokens,
            url: url.map(|url| url.trim_end_matches('/').to_owned()),
            apart,
        })
    }
}

impl DashboardSettings {
    /// Where people reach it, if the server is reached at `public_url`; `None`: nobody has said it.
    pub fn address(&self, public_url: Option<&str>) -> Option<String> {
        let shared = public_url.filter(|_| self.apart.is_none());
        self.url.clone().or_else(|| shared.map(str::to_owned))
    }

    /// Whether people come by https, as far as is known.
    pub fn is_https(&self, public_url: Option<&str>) -> bool {
        let url = self.url.as_deref().or(public_url);
        url.is_some_and(|url| url.to_ascii_lowercase().starts_with("https://"))
    }
}

/// The tokens, none of which is named in an error.
fn tokens(list: &SecretString) -> Result<Tokens, SettingError> {
    let each = list.expose_secret().split(',').map(str::trim);
    let each: Vec<SecretString> = each.map(SecretString::from).collect();
    let short = |token: &SecretString| token.expose_secret().len() < SHORTEST;
    if each.iter().any(short) {
        return Err(wrong(
            "DASHBOARD_TOKEN",
            format!("a token is shorter than {SHORTEST} characters"),
            "Give one token, or several with commas between them, each for instance the output of `openssl rand -hex 32`.",
        ));
    }
    Ok(Tokens::new(each))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: Given) -> Result<DashboardSettings, String> {
        let checked = DashboardSettings::of(&given, ([127, 0, 0, 1], 3000).into());
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn by_default_it_is_private_and_where_deliveries_come_in() {
        let settings = of(Given::default()).unwrap();
        assert_eq!(settings.access, Some(Access::Private));
        assert_eq!(settings.apart, None);
        assert!(settings.tokens.is_empty());
    }

    #[test]
    fn a_token_that_can_be_guessed_is_refused_and_not_shown() {
        for list in [
            "short",
            "a-token-that-is-long-enough,short",
            "a-token-that-is-long-enough,",
        ] {
            let given = Given {
                dashboard_token: Some(list.into()),
                ..Given::default()
            };
            let error = of(given).unwrap_err();
            assert!(error.starts_with("DASHBOARD_TOKEN: "), "{error}");
            assert!(
                !error.contains("short\n") && !error.contains("a-token"),
                "{error}"
            );
        }
    }

    #[test]
    fn people_reach_it_where_the_operator_says_so_or_where_the_server_is() {
        let given = |url: Option<&str>, port| Given {
            dashboard_url: url.map(str::to_owned),
            dashboard_port: port,
            ..Given::default()
        };
        let public = Some("https://public.example");
        for (url, port, address, https) in [
            (None, None, public, true),
            (None, Some(3001), None, true),
            (
                Some("http://inside:3001/"),
                Some(3001),
                Some("http://inside:3001"),
                false,
            ),
            (Some("https://inside"), None, Some("https://inside"), true),
        ] {
            let settings = of(given(url, port)).unwrap();
            assert_eq!(settings.address(public).as_deref(), address, "{url:?}");
            assert_eq!(settings.is_https(public), https, "{url:?}");
        }
        let error = of(given(Some("inside"), None)).unwrap_err();
        assert!(error.starts_with("DASHBOARD_URL: "), "{error}");
    }

    #[test]
    fn it_listens_apart_where_the_operator_says_so() {
        let given = |host: Option<&str>, port| Given {
            dashboard_host: host.map(str::to_owned),
            dashboard_port: port,
            ..Given::default()
        };
        let apart = |given| of(given).map(|settings| settings.apart.map(|at| at.to_string()));
        assert_eq!(
            apart(given(None, Some(3001))),
            Ok(Some("127.0.0.1:3001".into()))
        );
        assert_eq!(
            apart(given(Some("10.0.0.1"), Some(3000))),
            Ok(Some("10.0.0.1:3000".into()))
        );
        for (wrong, names) in [
            (given(Some("10.0.0.1"), None), "DASHBOARD_PORT"),
            (given(None, Some(3000)), "DASHBOARD_PORT"),
            (given(Some("example.com"), Some(1)), "DASHBOARD_HOST"),
        ] {
            let error = apart(wrong).unwrap_err();
            assert!(error.starts_with(names), "{error}");
        }
    }
}
