//! `/healthz` and `/readyz`.

use super::process::{Bench, Process, drawbridge, read};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_for_images_without_curl_asks_where_the_server_listens() {
    let bench = Bench::new().await;
    bench
        .github
        .fault(Fault::times(1000, "GET", "/app", FaultKind::Status(502)));
    let mut everywhere = bench.command(&[]);
    everywhere.env("HOST", "0.0.0.0");
    let serving = bench.serve_with(everywhere);
    let port = serving.address.port().to_string();
    let ask = |args: &[&str]| {
        let mut command = drawbridge(&[&["health"], args].concat());
        // Nobody asks a proxy for what is on the same machine.
        command
            .env("HOST", "0.0.0.0")
            .env("PORT", &port)
            .env("http_proxy", "http://127.0.0.1:1");
        let ended = Process::start(command).end();
        (ended.code, ended.out + &ended.err)
    };
    let alive = "{\"status\":\"alive\"}";
    assert_eq!(ask(&[]), (Some(0), alive.to_owned()));
    let (code, said) = ask(&["--ready"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("can't be reached"), "{said}");
    bench.github.clear_faults();
    assert_eq!(ask(&["--ready"]).0, Some(0));

    // The flag wins, as it does for the server; so does the environment over the file, which is read for what is missing.
    let (code, said) = ask(&["--port", "1"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("http://127.0.0.1:1/healthz"), "{said}");
    let file = bench.data_dir().join("settings.toml");
    std::fs::write(
        &file,
        format!("host = \"::ffff:127.0.0.1\"\nport = {port}\n"),
    )
    .expect("a file");
    let mut of_file = drawbridge(&["health"]);
    of_file.env("DRAWBRIDGE_CONFIG", &file);
    assert_eq!(Process::start(of_file).end().code, Some(0));

    for (setting, value) in [("HOST", "not-an-address"), ("PORT", "0")] {
        let mut command = drawbridge(&["health"]);
        command.env(setting, value);
        let ended = Process::start(command).end();
        assert_eq!(ended.code, Some(2));
        assert!(ended.err.contains(setting), "{}", ended.err);
    }
}
