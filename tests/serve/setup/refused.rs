//! What goes wrong, and who stays outside.

use super::browser::{Browser, address, bare};
use crate::process::Bench;
use drawbridge::sandbox::{Fault, FaultKind};

const CONVERSIONS: &str = "/app-manifests/{code}/conversions";

fn conversions(bench: &Bench) -> usize {
    let asked = bench.github.exchanges();
    asked.iter().filter(|one| one.route == CONVERSIONS).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_token_nobody_sees_or_does_anything() {
    let bench = Bench::new().await;
    let mut browser = Browser::outside(bare(&bench));
    let url = browser.serving.url("/setup");
    let callback = browser.serving.url("/setup/callback?code=a&state=b");
    for asked in [
        browser.get(&url),
        browser.get(&format!("{url}?token=")),
        browser.get(&format!("{url}?token={}", "A".repeat(43))),
        browser.get(&callback),
        browser.post(&url, &[("owner", "own"), ("name", "mine")]),
        browser.get(&url).header("cookie", "drawbridge-setup=A"),
    ] {
        let page = browser.send(asked).await;
        assert_eq!(page.status, 403, "{}", page.text);
        assert!(!page.text.contains("<form"), "{}", page.text);
    }
    // A name that somebody has pointed at this machine.
    let token = address(&browser.serving.process.out, 0);
    let rebound = browser
        .send(browser.get(&token).header("host", "evil.example"))
        .await;
    assert_eq!(rebound.status, 421, "{}", rebound.text);

    let entered = browser.open(&token).await;
    assert_eq!(
        (entered.status, entered.header("location")),
        (303, url.as_str())
    );
    let again = browser.open(&token).await;
    assert_eq!(again.status, 403, "a token is good once");
    assert_ne!(
        address(&browser.serving.process.out, 1),
        token,
        "a new one is shown"
    );
    browser.cookie = entered
        .header("set-cookie")
        .split(';')
        .next()
        .expect("a pair")
        .to_owned();

    let key = browser
        .open_path("/setup")
        .await
        .value("name=\"key\" value=\"");
    let fields = [
        ("owner", "own"),
        ("name", "mine"),
        ("public_url", "http://127.0.0.1:1"),
    ];
    let with_key = [&fields[..], &[("key", key.as_str())]].concat();
    for foreign in [
        browser.post(&url, &fields),
        browser
            .post(&url, &with_key)
            .header("origin", "https://evil.example"),
        browser
            .post(&url, &with_key)
            .header("sec-fetch-site", "cross-site"),
        browser.get(&callback),
    ] {
        let page = browser.send(foreign).await;
        assert_eq!(page.status, 403, "{}", page.text);
    }
    let ours = browser
        .send(browser.post(&url, &with_key).header("origin", "null"))
        .await;
    assert_eq!(ours.status, 200, "{}", ours.text);
    assert_eq!(conversions(&bench), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_is_shown_at_its_field_and_what_was_typed_stays() {
    let bench = Bench::new().await;
    let mut command = bare(&bench);
    command.env_remove("PUBLIC_URL");
    let browser = Browser::inside(command).await;
    let key = browser
        .open_path("/setup")
        .await
        .value("name=\"key\" value=\"");
    let fields = [
        ("key", key.as_str()),
        ("owner", "organisation"),
        ("organisation", "<b>\"acme"),
        ("public_url", "nowhere"),
    ];
    let page = browser
        .send(browser.post(&browser.serving.url("/setup"), &fields))
        .await;
    assert_eq!(page.status, 422);
    for seen in [
        "value=\"&lt;b&gt;&quot;acme\"",
        "as it stands in its address",
        "begins with https://",
    ] {
        assert!(page.text.contains(seen), "no {seen} in {}", page.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_github_refuses_is_told_and_the_setup_goes_on() {
    let bench = Bench::new().await;
    let browser = Browser::inside(bare(&bench)).await;
    let first = browser.register(&browser.choose("store").await).await;
    let (before, state) = first.split_once("code=").expect("a code");
    let (_, state) = state.split_once('&').expect("a state");
    let page = browser
        .open(&format!("{before}code=invented&{state}"))
        .await;
    assert_eq!(page.status, 502);
    assert!(page.text.contains("used before"), "{}", page.text);
    // Its state is used up, and nothing is stored.
    assert_eq!(browser.open(&first).await.status, 403);
    assert!(!bench.data_dir().join("credentials.toml.new").exists());

    let back = browser.register(&browser.choose("store").await).await;
    bench.github.fault(Fault::once(
        "POST",
        "/app-manifests/*/conversions",
        FaultKind::Status(502),
    ));
    let away = browser.open(&back).await;
    assert_eq!(away.status, 502);
    assert!(away.text.contains("Reload this page"), "{}", away.text);
    assert_eq!(browser.open(&back).await.status, 200);
    assert_eq!(browser.serving.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_codes_one_is_taken() {
    let bench = Bench::new().await;
    let browser = Browser::inside(bare(&bench)).await;
    let one = browser.register(&browser.choose("store").await).await;
    let other = browser.register(&browser.choose("store").await).await;
    let (one, other) = tokio::join!(browser.open(&one), browser.open(&other));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
    assert_eq!(
        conversions(&bench),
        1,
        "the other app's credentials were not even asked for"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_nothing_is_noticed_before_the_code_is_used_up() {
    let bench = Bench::new().await;
    // In its place nobody, not even root, can write a file.
    let blocked = bench.data_dir().join("credentials.toml.new");
    std::fs::create_dir(&blocked).expect("a directory");
    std::fs::set_permissions(
        &blocked,
        std::os::unix::fs::PermissionsExt::from_mode(0o700),
    )
    .expect("its rights");
    let mut command = bare(&bench);
    command.env("LOG_LEVEL", "info");
    let refused = crate::process::Process::start(command).end();
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(
        refused.err.contains("credentials.toml.new"),
        "{}",
        refused.err
    );
    std::fs::remove_dir(&blocked).expect("it is empty");

    let browser = Browser::inside(bare(&bench)).await;
    let back = browser.register(&browser.choose("store").await).await;
    std::fs::create_dir(&blocked).expect("a directory");
    let page = browser.open(&back).await;
    assert_eq!(page.status, 500);
    assert!(page.text.contains("were not asked for"), "{}", page.text);
    assert_eq!(conversions(&bench), 0);
    std::fs::remove_dir(&blocked).expect("it is empty");
    assert_eq!(
        browser.open(&back).await.status,
        200,
        "the code is still good"
    );
}
