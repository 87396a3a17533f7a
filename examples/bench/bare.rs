//! The limit: what is left when everything is taken away but reading a body and computing its HMAC.

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Serves on a free port, and prints where. The secret is in `WEBHOOK_SECRET`.
pub async fn serve() -> anyhow::Result<()> {
    let secret = std::env::var("WEBHOOK_SECRET")?;
    let take = move |headers: HeaderMap, body: Bytes| {
        let secret = secret.clone();
        async move {
            let signature = headers.get("x-hub-signature-256");
            let signature = signature.and_then(|value| value.as_bytes().strip_prefix(b"sha256="));
            let signature = signature.and_then(|digits| hex::decode(digits).ok());
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
                return StatusCode::INTERNAL_SERVER_ERROR;
            };
            mac.update(&body);
            match mac.verify_slice(&signature.unwrap_or_default()) {
                Ok(()) => StatusCode::ACCEPTED,
                Err(_) => StatusCode::UNAUTHORIZED,
            }
        }
    };
    let router = Router::new()
        .route("/api/github/webhooks", post(take))
        .layer(DefaultBodyLimit::max(32 * 1024 * 1024));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}
