//! Settings: each that is missing or wrong ends the process with code 2 and one message, which names it and says what to do.

use super::process::{Bench, Ended, Process, Serving};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use std::net::TcpListener;
use std::process::Command;

/// What no message may show.
const CANARY: &str = "c4n4ry";

/// Ends with code 2 and a short message that has all of these words.
pub fn is_refused(command: Command, words: &[&str]) -> Ended {
    let ended = Process::start(command).end();
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (Some(2), ""),
        "{words:?}: {}",
        ended.err
    );
    for word in words {
        assert!(
            ended.err.contains(word),
            "{word:?} is not in: {}",
            ended.err
        );
    }
    assert!(ended.err.lines().count() <= 4, "{}", ended.err);
    assert!(!ended.err.contains(CANARY), "{}", ended.err);
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_variable_counts_as_none() {
    let bench = Bench::new().await;
    let mut command = bench.command(&[]);
    for name in ["HOST", "GHE_HOST", "PUBLIC_URL", "LOG_LEVEL"] {
        command.env(name, "");
    }
    let serving = bench.serve_with(command);
    assert!(serving.address.ip().is_loopback());
    assert_eq!(serving.get("/readyz").await.0, 200);
}

/// A setting, its value (`None`: missing), and words of the message.
type Case<'a> = (&'a str, Option<&'a str>, &'a [&'a str]);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_or_wrong_setting_is_named_with_how_to_get_it() {
    let bench = Bench::new().await;
    let key = RsaPrivateKey::from_pkcs1_pem(&bench.github.private_key_pem()).expect("a key");
    let public = key
        .to_public_key()
        .to_public_key_pem(LineEnding::LF)
        .expect("a PEM");
    let certificate = format!("-----BEGIN CERTIFICATE-----\n{CANARY}\n-----END CERTIFICATE-----\n");
    let cut = &bench.github.private_key_pem()[..400];
    let generate = "Private keys → Generate";
    let cases: &[Case<'_>] = &[
        ("APP_ID", None, &["APP_ID: is missing", "settings page"]),
        ("APP_ID", Some(""), &["APP_ID: is missing", "settings page"]),
        (
            "PRIVATE_KEY",
            None,
            &["PRIVATE_KEY or PRIVATE_KEY_PATH: is missing", generate],
        ),
        (
            "PRIVATE_KEY",
            Some(""),
            &["PRIVATE_KEY or PRIVATE_KEY_PATH: is missing", generate],
        ),
        (
            "PRIVATE_KEY",
            Some("c4n4ry"),
            &["PRIVATE_KEY: ", "-----BEGIN", generate],
        ),
        (
            "PRIVATE_KEY",
            Some(&public),
            &["PRIVATE_KEY: ", "a public key", generate],
        ),
        (
            "PRIVATE_KEY",
            Some(&certificate),
            &["PRIVATE_KEY: ", "a certificate", generate],
        ),
        (
            "PRIVATE_KEY",
            Some(cut),
            &["PRIVATE_KEY: ", "cut off", generate],
        ),
        (
            "WEBHOOK_SECRET",
            None,
            &["WEBHOOK_SECRET: is missing", "under Webhook"],
        ),
        (
            "WEBHOOK_SECRET",
            Some(""),
            &["WEBHOOK_SECRET: is missing", "under Webhook"],
        ),
        ("WEBHOOK_SECRET", Some("  "), &["WEBHOOK_SECRET: ", "empty"]),
        (
            "WEBHOOK_SECRET",
            Some("c4n4ry,,c4n4ry2"),
            &["WEBHOOK_SECRET: ", "empty", "commas"],
        ),
        (
            "WEBHOOK_SECRET",
            Some("c4n4ry,"),
            &["WEBHOOK_SECRET: ", "empty"],
        ),
        (
            "HOST",
            Some("example"),
            &["HOST: ", "\"example\"", "127.0.0.1"],
        ),
        ("PORT", Some("http"), &["PORT", "'http'", "0 to 65535"]),
        ("PORT", Some("65536"), &["PORT", "'65536'", "0 to 65535"]),
        (
            "GITHUB_API_URL",
            Some("api.github.com"),
            &["GITHUB_API_URL: ", "\"api.github.com\"", "https://"],
        ),
        (
            "GITHUB_API_URL",
            Some("ftp://github.com"),
            &["GITHUB_API_URL: ", "https://"],
        ),
        ("PUBLIC_URL", Some("example"), &["PUBLIC_URL: ", "https://"]),
        (
            "PUBLIC_URL",
            Some("https://me:word@drawbridge.example.com"),
            &["PUBLIC_URL: has a user name or password", "before the @"],
        ),
        (
            "LOG_LEVEL",
            Some("loud"),
            &["LOG_LEVEL: ", "\"loud\"", "debug"],
        ),
        ("LOG_LEVEL", Some("info,inof"), &["LOG_LEVEL: ", "debug"]),
        (
            "LOG_LEVEL",
            Some("info,drawbridge=loud"),
            &["LOG_LEVEL: ", "debug"],
        ),
        (
            "LOG_FORMAT",
            Some("xml"),
            &["LOG_FORMAT", "'xml'", "text, json"],
        ),
    ];
    for (name, value, words) in cases {
        let mut command = bench.command(&[]);
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
        is_refused(command, words);
    }
    let mut host = bench.command(&[]);
    host.env_remove("GITHUB_API_URL")
        .env("GHE_HOST", "https://github.example.com/");
    is_refused(host, &["GHE_HOST: ", "github.example.com"]);
    let ended = Process::start(bench.command(&["--no-such-flag"])).end();
    assert_eq!(ended.code, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_that_can_not_be_used_is_named() {
    let bench = Bench::new().await;
    let with_path = |path: &std::path::Path| {
        let mut command = bench.command(&[]);
        command
            .env_remove("PRIVATE_KEY")
            .env("PRIVATE_KEY_PATH", path);
        command
    };
    let missing = bench.data_dir().join("missing.pem");
    is_refused(
        with_path(&missing),
        &["PRIVATE_KEY_PATH: can't read", "missing.pem"],
    );
    is_refused(
        with_path(bench.data_dir()),
        &["PRIVATE_KEY_PATH: can't read"],
    );
    let garbage = bench.data_dir().join("garbage.pem");
    for content in [CANARY.as_bytes(), b"\xff\xfe\x00", b""] {
        std::fs::write(&garbage, content).expect("a file");
        is_refused(with_path(&garbage), &["PRIVATE_KEY_PATH: ", "garbage.pem"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_read_in_every_form_it_comes_in() {
    let bench = Bench::new().await;
    let pkcs1 = bench.github.private_key_pem();
    let key = RsaPrivateKey::from_pkcs1_pem(&pkcs1).expect("a key");
    let pkcs8 = key.to_pkcs8_pem(LineEnding::LF).expect("a PEM").to_string();
    let path = bench.data_dir().join("key.pem");
    std::fs::write(&path, &pkcs8).expect("a file");
    let path = path.to_str().expect("a path");
    for (name, value) in [
        ("PRIVATE_KEY", pkcs1.replace('\n', "\\n")),
        ("PRIVATE_KEY", BASE64_STANDARD.encode(&pkcs1)),
        ("PRIVATE_KEY", pkcs8.clone()),
        ("PRIVATE_KEY", BASE64_STANDARD.encode(&pkcs8)),
        ("PRIVATE_KEY_PATH", path.to_owned()),
    ] {
        let mut command = bench.command(&[]);
        command.env_remove("PRIVATE_KEY").env(name, value);
        let serving = bench.serve_with(command);
        assert_eq!(serving.get("/readyz").await.0, 200, "{name}");
        serving.process.signal("TERM");
        serving.process.end();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let bench = Bench::new().await;
    let busy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = busy.local_addr().expect("an address").port();
    let file = bench.data_dir().join("settings.toml");
    std::fs::write(
        &file,
        format!("port = {taken}\nwebhook_secret = \"of the file\"\nlog_level = \"off\"\n"),
    )
    .expect("a file");
    let file = file.to_str().expect("a path");
    let command = |args: &[&str], port: Option<&str>| {
        let mut command =
            bench.command(&[&["--config", file, "--log-level", "info"], args].concat());
        match port {
            Some(port) => command.env("PORT", port),
            None => command.env_remove("PORT"),
        };
        command
    };
    let in_use = |command: Command| {
        let ended = Process::start(command).end();
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(1), ""),
            "{}",
            ended.err
        );
        let said = format!("can't listen on 127.0.0.1:{taken}: choose another HOST or PORT");
        assert!(ended.err.contains(&said), "{}", ended.err);
    };
    let serves = |command: Command| {
        let serving = Serving::start(command);
        serving.process.signal("TERM");
        assert_eq!(serving.process.end().code, Some(0));
    };
    in_use(command(&[], None));
    serves(command(&[], Some("0")));
    in_use(command(&[], Some(&taken.to_string())));
    serves(command(&["--port", "0"], Some(&taken.to_string())));
    in_use(command(&["--port", &taken.to_string()], Some("0")));
}
