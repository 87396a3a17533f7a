//! Addresses without TLS. Secrets that travel to another machine in the open can be read on the way; the operator may still want it
//! so, in a network of their own.

use http::Uri;

/// Says so where it is so. `of`: whose address it is.
pub(crate) fn warn_of_plain_http(of: &str, to: &Uri) {
    if is_open(to) {
        tracing::warn!(
            of,
            "its url is http://, so its secrets can be read on the way; use https:// unless the network is your own"
        );
    }
}

fn is_open(to: &Uri) -> bool {
    let host = to.host().unwrap_or_default();
    let local = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    to.scheme_str() == Some("http") && !local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_machine_without_tls_is_open() {
        for (url, open) in [
            ("http://otel.example:4318/v1/traces", true),
            ("http://10.0.0.7/jobs", true),
            ("https://otel.example/v1/traces", false),
            ("http://localhost:4318", false),
            ("http://127.0.0.1:4318", false),
            ("http://[::1]:4318", false),
        ] {
            assert_eq!(is_open(&url.parse().unwrap()), open, "{url}");
        }
    }
}
