//! Where traces go, by the names that OpenTelemetry gives its settings.

use super::address::web_address;
use super::{Given, SettingError, wrong};
use crate::telemetry::Collector;
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

/// What OTLP adds to an address for all kinds ("OTLP Exporter Configuration").
const TRACES: &str = "/v1/traces";

impl Given {
    /// Where traces go; `None`: nowhere.
    ///
    /// # Errors
    /// The address or a header is none.
    pub fn collector(&self) -> Result<Option<Collector>, SettingError> {
        const SETTING: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let Some(base) = super::given(self.otel_exporter_otlp_endpoint.clone()) else {
            return Ok(None);
        };
        let base = base.trim().trim_end_matches('/');
        let url = web_address(SETTING, &format!("{base}{TRACES}"))?;
        if url.query().is_some() || url.authority().is_some_and(|of| of.as_str().contains('@')) {
            return Err(wrong(
                SETTING,
                "it holds a user or a query",
                "Give the address alone, and what proves the server there in OTEL_EXPORTER_OTLP_HEADERS.",
            ));
        }
        let headers = self.otel_exporter_otlp_headers.as_ref().map(headers);
        Ok(Some(Collector {
            url,
            headers: headers.transpose()?.unwrap_or_default(),
            service: super::given(self.otel_service_name.clone())
                .unwrap_or_else(|| env!("CARGO_PKG_NAME").to_owned()),
        }))
    }
}

/// `name=value`, several with commas between them. No error shows a value.
fn headers(list: &SecretString) -> Result<Vec<(String, SecretString)>, SettingError> {
    let each = list
        .expose_secret()
        .split(',')
        .filter(|one| !one.trim().is_empty());
    let each = each.enumerate().map(|(at, one)| {
        let header = one.split_once('=').filter(|(name, value)| {
            let name = HeaderName::try_from(name.trim());
            name.is_ok() && HeaderValue::from_str(value.trim()).is_ok()
        });
        let (name, value) = header.ok_or_else(|| {
            wrong(
                "OTEL_EXPORTER_OTLP_HEADERS",
                format!("the header in place {} is none", at + 1),
                "Give name=value, or several with commas between them, such as `api-key=…`.",
            )
        })?;
        Ok((name.trim().to_owned(), value.trim().into()))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(endpoint: &str, headers: Option<&str>) -> Result<Option<Collector>, String> {
        let given = Given {
            otel_exporter_otlp_endpoint: Some(endpoint.to_owned()),
            otel_exporter_otlp_headers: headers.map(SecretString::from),
            ..Given::default()
        };
        given.collector().map_err(|error| error.to_string())
    }

    #[test]
    fn traces_go_to_the_place_for_traces_below_the_address() {
        assert!(Given::default().collector().unwrap().is_none());
        for base in ["https://otel.example", "https://otel.example/"] {
            let to = of(base, Some("api-key=x=y, tenant=acme")).unwrap().unwrap();
            assert_eq!(to.url, "https://otel.example/v1/traces");
            assert_eq!(to.service, "drawbridge");
            let headers = to
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.expose_secret()));
            let headers: Vec<_> = headers.collect();
            assert_eq!(headers, [("api-key", "x=y"), ("tenant", "acme")]);
        }
    }

    #[test]
    fn a_wrong_address_or_header_is_named_without_its_secret() {
        for (endpoint, headers, names) in [
            ("otel.example:4317", None, "OTEL_EXPORTER_OTLP_ENDPOINT"),
            (
                "https://u:c4n4ry@otel.example",
                None,
                "OTEL_EXPORTER_OTLP_ENDPOINT",
            ),
            (
                "https://otel.example",
                Some("c4n4ry"),
                "OTEL_EXPORTER_OTLP_HEADERS",
            ),
            (
                "https://otel.example",
                Some("a=b,c 4=c4n4ry"),
                "OTEL_EXPORTER_OTLP_HEADERS",
            ),
        ] {
            let error = of(endpoint, headers).unwrap_err();
            assert!(error.starts_with(names), "{error}");
            assert!(!error.contains("c4n4ry"), "{error}");
        }
    }
}
