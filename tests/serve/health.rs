//! `/healthz` and `/readyz`.

use super::process::{Bench, read};
use super::refusals::signed;
use drawbridge::sandbox::{Fault, FaultKind};
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_alive_and_ready() {
    let bench = Bench::new().await;
    let serving = bench.serve();
    assert_eq!(
        serving.get("/healthz").await,
        (200, "{\"status\":\"alive\"}\n".to_owned())
    );
    assert_eq!(
        serving.get("/readyz").await,
        (200, "{\"status\":\"ready\"}\n".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_key_that_github_refuses_it_is_alive_but_not_ready_and_says_why() {
    let bench = Bench::new().await;
    let other = RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).expect("a key");
    let other = other.to_pkcs1_pem(LineEnding::LF).expect("a PEM");
    let mut command = bench.command(&[]);
    command.env("PRIVATE_KEY", other.as_str());
    let serving = bench.serve_with(command);
    assert_eq!(serving.get("/healthz").await.0, 200);
    let (status, answer) = serving.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(
        answer.contains("APP_ID") && answer.contains("PRIVATE_KEY"),
        "{answer}"
    );
    // Nothing is accepted that can't be understood yet; GitHub lists it as failed, and it can be sent again.
    assert_eq!(read(signed(&serving, &bench, "ping", b"{}")).await.0, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_github_is_away_it_is_not_ready_and_then_it_is() {
    let bench = Bench::new().await;
    bench
        .github
        .fault(Fault::times(1000, "GET", "/app", FaultKind::Status(502)));
    let serving = bench.serve();
    let (status, answer) = serving.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(answer.contains("can't be reached"), "{answer}");
    assert_eq!(serving.get("/healthz").await.0, 200);
    bench.github.clear_faults();
    assert_eq!(serving.get("/readyz").await.0, 200);
    assert_eq!(read(signed(&serving, &bench, "ping", b"{}")).await.0, 202);

    let mut command = bench.command(&[]);
    command
        .env("GITHUB_API_URL", "http://127.0.0.1:1")
        .env("DATA_DIR", bench.data_dir().join("other"));
    let alone = bench.serve_with(command);
    let (status, answer) = alone.get("/readyz").await;
    assert_eq!(
        (status, answer.contains("can't be reached")),
        (503, true),
        "{answer}"
    );
}
