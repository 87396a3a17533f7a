//! The settings file, and the directory the state is kept in.

use super::process::{Bench, Ended, Process, Serving};
use super::settings::is_refused;
use std::process::Command;

fn with_file(bench: &Bench, content: &str) -> Command {
    let file = bench.data_dir().join("settings.toml");
    std::fs::write(&file, content).expect("a file");
    bench.command(&["--config", file.to_str().expect("a path")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_in_the_file_is_found_by_its_line_and_not_quoted() {
    let bench = Bench::new().await;
    for (content, line, words) in [
        ("app_idd = \"c4n4ry\"\n", 1, "app_idd"),
        (
            "port = 0\n\n# a comment\nwebhook_secrets = \"c4n4ry\"\n",
            4,
            "webhook_secrets",
        ),
        ("port = 0\n[github]\napp_id = \"c4n4ry\"\n", 2, "github"),
        ("port = 0\nwebhook_secret = c4n4ry\n", 2, ""),
        ("port = 0\nwebhook_secret = \"c4n4ry\n", 2, ""),
        ("port = 0\nwebhook_secret \"c4n4ry\"\n", 2, ""),
        ("host = \"0.0.0.0\"\nport = \"c4n4ry\"\n", 2, ""),
        ("port = 70000\n", 1, ""),
        ("host = \"127.0.0.1\"\n\nlog_format = \"c4n4ry\"\n", 3, ""),
        ("webhook_secret = [\"c4n4ry\"]\n", 1, ""),
        ("port = 0\nport = 1\n", 2, ""),
    ] {
        is_refused(
            with_file(&bench, content),
            &["settings.toml", &format!("line {line}:"), words],
        );
    }
    let missing = bench.command(&["--config", "/no/such/file.toml"]);
    is_refused(missing, &["--config", "/no/such/file.toml"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_settings_may_stand_in_the_file() {
    let bench = Bench::new().await;
    let content = format!(
        "app_id = \"{}\"\nprivate_key = '''{}'''\nwebhook_secret = \"from the file\"\ngithub_api_url = \"{}\"\nhost = \"127.0.0.1\"\n\
         port = 0\npublic_url = \"https://example.com/\"\ndata_dir = \"{}\"\nlog_level = \"debug\"\nlog_format = \"json\"\n",
        bench.github.app_id(),
        bench.github.private_key_pem(),
        bench.github.api_url(),
        bench.data_dir().join("state-of-file").display(),
    );
    let mut command = with_file(&bench, &content);
    for name in [
        "APP_ID",
        "PRIVATE_KEY",
        "WEBHOOK_SECRET",
        "GITHUB_API_URL",
        "PORT",
        "DATA_DIR",
    ] {
        command.env_remove(name);
    }
    let serving = bench.serve_with(command);
    assert_eq!(serving.get("/readyz").await.0, 200);
    assert!(bench.data_dir().join("state-of-file").is_dir());
    let line = serving.process.err.wait_for("address", |line| {
        line.contains("https://example.com")
            .then(|| line.to_owned())
    });
    assert!(
        line.contains("https://example.com/api/github/webhooks"),
        "{line}"
    );
    let ping = super::refusals::signed_with(&serving, "from the file", "ping", b"{}");
    assert_eq!(super::process::read(ping).await.0, 202);
}

/// Ends with code 1 and a message that has all of these words.
fn fails(command: Command, words: &[&str]) -> Ended {
    let ended = Process::start(command).end();
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (Some(1), ""),
        "{}",
        ended.err
    );
    for word in words {
        assert!(
            ended.err.contains(word),
            "{word:?} is not in: {}",
            ended.err
        );
    }
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_dir_that_can_not_be_used_is_named() {
    let bench = Bench::new().await;
    let file = bench.data_dir().join("file");
    std::fs::write(&file, "").expect("a file");
    // Not by permissions: they mean nothing to root, who runs tests in containers.
    let mut below_a_file = bench.command(&[]);
    below_a_file.env("DATA_DIR", file.join("data"));
    fails(
        below_a_file,
        &["can't use DATA_DIR", file.to_str().expect("a path")],
    );

    let first = Serving::start(bench.command(&[]));
    let ended = fails(
        bench.command(&[]),
        &[
            "can't use DATA_DIR",
            "another process has this directory open",
        ],
    );
    assert!(
        ended
            .err
            .contains(bench.data_dir().to_str().expect("a path")),
        "{}",
        ended.err
    );
    assert_eq!(first.get("/healthz").await.0, 200);
}
