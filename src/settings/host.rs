//! A GitHub's host, and where its REST API is.

/// Whether a text can be the host, perhaps with a port, of a server.
pub(crate) fn is_host(text: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    !text.is_empty() && text.chars().all(harmless)
}

/// The REST API of a GitHub that people see at this host.
pub(crate) fn api_of(host: &str) -> String {
    match host {
        "github.com" => "https://api.github.com".to_owned(),
        // GitHub Enterprise Cloud with data residency.
        host if host.ends_with(".ghe.com") => format!("https://api.{host}"),
        host => format!("https://{host}/api/v3"),
    }
}
