//! Credentials from an earlier setup, and settings beside them.

use super::browser::{Browser, bare};
use crate::process::{Bench, Serving};
use crate::settings::is_refused;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

async fn set_up(bench: &Bench) {
    let browser = Browser::inside(bare(bench)).await;
    let review = browser.choose("store").await;
    let done = browser.open(&browser.register(&review).await).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let process = browser.process();
    process.signal("TERM");
    assert_eq!(process.end().code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_and_stored_credentials_never_mix() {
    let bench = Bench::new().await;
    set_up(&bench).await;
    let mut one = bare(&bench);
    one.env("APP_ID", "1");
    is_refused(one, &["PRIVATE_KEY or PRIVATE_KEY_PATH: is missing"]);
    let mut secret = bare(&bench);
    secret.env("CLIENT_SECRET", "c4n4ry");
    is_refused(secret, &["APP_ID: is missing"]);
    let mut half = bench.command(&[]);
    half.env("CLIENT_ID", "Iv1");
    is_refused(half, &["CLIENT_SECRET: is missing, and CLIENT_ID is given"]);
    // All of them given: the file is not even read.
    let file = bench.data_dir().join("credentials.toml");
    fs::write(&file, "broken").expect("a file");
    assert_eq!(bench.serve().get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stored_credentials_go_to_their_own_github_only() {
    let bench = Bench::new().await;
    set_up(&bench).await;
    let mut elsewhere = bare(&bench);
    elsewhere
        .env_remove("GITHUB_API_URL")
        .env("GHE_HOST", "ghe.example.com");
    is_refused(
        elsewhere,
        &["GITHUB_API_URL: ", "ghe.example.com", "credentials.toml"],
    );
    let mut unsaid = bare(&bench);
    unsaid.env_remove("GITHUB_API_URL");
    assert_eq!(Serving::start(unsaid).get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_credentials_that_others_may_read_is_refused() {
    let bench = Bench::new().await;
    set_up(&bench).await;
    let file = bench.data_dir().join("credentials.toml");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("its rights");
    is_refused(
        bare(&bench),
        &["others may read", "credentials.toml", "chmod 600"],
    );
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("its rights");
    fs::write(&file, "webhook_secret = \"c4n4ry\"\napp_id = \"c4n4ry\"").expect("a file");
    is_refused(bare(&bench), &["credentials.toml", "set the app up anew"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setup_that_was_cut_off_is_remembered() {
    let bench = Bench::new().await;
    let unfinished = bench.data_dir().join("credentials.toml.new");
    fs::write(&unfinished, "# An app is being registered").expect("a file");
    fs::set_permissions(&unfinished, Permissions::from_mode(0o600)).expect("its rights");
    let browser = Browser::inside(bare(&bench)).await;
    let out = &browser.serving.process.out;
    out.wait_for("notice", |line| {
        line.contains("nobody has its key").then_some(())
    });
    assert!(
        browser
            .open_path("/setup")
            .await
            .text
            .contains("nobody has its key")
    );
    let review = browser.choose("store").await;
    let done = browser.open(&browser.register(&review).await).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(!unfinished.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_setups_on_one_directory_neither_takes_the_other_s_place() {
    let bench = Bench::new().await;
    let first = Browser::inside(bare(&bench)).await;
    let second = Browser::inside(bare(&bench)).await;
    let back = second.register(&second.choose("store").await).await;
    let done = first.register(&first.choose("store").await).await;
    assert_eq!(first.open(&done).await.status, 200);
    let file = bench.data_dir().join("credentials.toml");
    let stored = std::fs::read_to_string(&file).expect("it is stored");

    let page = second.open(&back).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(
        page.text.contains("another app was stored here meanwhile"),
        "{}",
        page.text
    );
    assert!(page.text.contains("WEBHOOK_SECRET="), "{}", page.text);
    assert_eq!(std::fs::read_to_string(&file).expect("it stays"), stored);
    let ended = second.process().end();
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert_eq!(first.serving.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_are_nowhere_else_are_not_lost_where_the_server_can_not_begin() {
    let bench = Bench::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let mut command = bare(&bench);
    command.env("DASHBOARD_PORT", port.to_string());
    let browser = Browser::inside(command).await;
    let back = browser.register(&browser.choose("show").await).await;
    let page = browser.open(&back).await;
    assert!(page.text.contains("could not begin"), "{}", page.text);
    let ended = browser.process().end();
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let secret = format!("WEBHOOK_SECRET={}", bench.github.webhook_secret());
    assert!(ended.out.contains(&secret), "{}", ended.out);
    assert!(!ended.err.contains(&secret), "it is not logged");
}
