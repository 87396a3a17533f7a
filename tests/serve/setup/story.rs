//! All goes well, in each of its ways.

use super::browser::{Browser, Page, bare};
use crate::process::{Bench, Process, Serving};
use drawbridge::sandbox::NewPr;
use std::os::unix::fs::PermissionsExt as _;

/// Says who may do what with a page.
fn is_guarded(page: &Page) {
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    for inline in ["<script", "<style", " style=", " onclick="] {
        assert!(!page.text.contains(inline), "{inline} in {}", page.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_server_is_set_up_in_the_browser_and_serves_without_a_restart() {
    let bench = Bench::new().await;
    let old_secret = bench.github.webhook_secret();
    let browser = Browser::inside(bare(&bench)).await;
    let (alive, waiting) = (
        browser.open_path("/healthz").await,
        browser.open_path("/readyz").await,
    );
    assert_eq!((alive.status, waiting.status), (200, 503));
    assert!(
        waiting.text.contains("no app is set up yet"),
        "{}",
        waiting.text
    );
    let delivery = browser
        .send(browser.post(&browser.serving.hook(), &[]))
        .await;
    assert_eq!(delivery.status, 503, "GitHub keeps it for later");

    let form = browser.open_path("/setup").await;
    is_guarded(&form);
    let review = browser.choose("store").await;
    is_guarded(&review);
    assert_eq!(review.status, 200, "{}", review.text);
    for seen in [
        "drawbridge-acme",
        "acme",
        "/api/github/webhooks",
        "pull requests",
    ] {
        assert!(review.text.contains(seen), "no {seen} in {}", review.text);
    }
    let policy = review.header("content-security-policy");
    assert!(
        policy.contains(&format!("form-action 'self' {}", bench.github.api_url())),
        "{policy}"
    );

    let back = browser.register(&review).await;
    let done = browser.open(&back).await;
    assert_eq!(done.status, 200, "{}", done.text);
    is_guarded(&done);
    let install = format!(
        "{}/apps/drawbridge-acme/installations/new",
        bench.github.api_url()
    );
    assert!(done.text.contains(&install), "{}", done.text);

    // Served, at the same address, by the same process; and the setup is gone.
    assert_eq!(browser.serving.get("/readyz").await.0, 200);
    for gone in ["/setup", "/setup/style.css", back.as_str()] {
        let url = if gone.starts_with("http") {
            gone.to_owned()
        } else {
            browser.serving.url(gone)
        };
        assert_eq!(browser.open(&url).await.status, 404, "{gone}");
    }
    assert_ne!(bench.github.webhook_secret(), old_secret);
    bench.github.open_pr(NewPr::by("sam"));
    bench.github.deliveries_settled().await;
    let statuses: Vec<_> = bench
        .github
        .deliveries()
        .iter()
        .map(|one| one.status)
        .collect();
    assert!(
        !statuses.is_empty() && statuses.iter().all(|status| *status == Some(202)),
        "{statuses:?}"
    );

    let file = bench.data_dir().join("credentials.toml");
    let mode = std::fs::metadata(&file)
        .expect("it is stored")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let said = ends(browser);
    for secret in [
        bench.github.webhook_secret(),
        "PRIVATE KEY".to_owned(),
        "client_secret".to_owned(),
    ] {
        assert!(!said.contains(&secret), "{secret} in {said}");
    }

    // The next start needs nobody.
    let again = Serving::start(bare(&bench));
    bench.github.deliver_to(&again.hook());
    assert_eq!(again.get("/readyz").await.0, 200);
    assert_eq!(again.get("/setup").await.0, 404);
    bench.github.open_pr(NewPr::by("pat"));
    bench.github.deliveries_settled().await;
    let last = bench.github.deliveries().last().and_then(|one| one.status);
    assert_eq!(last, Some(202));
}

/// Stops it as a service manager does; all that it said.
fn ends(browser: Browser) -> String {
    let process = browser.process();
    process.signal("TERM");
    let ended = process.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    ended.out + &ended.err
}

/// The variables in a text, as a shell or a file of variables takes them.
fn variables(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .map(|line| line.rsplit('>').next().unwrap_or(line));
    let pair = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let known = matches!(
            name,
            "APP_ID" | "CLIENT_ID" | "CLIENT_SECRET" | "WEBHOOK_SECRET" | "PRIVATE_KEY"
        );
        known.then(|| (name.to_owned(), value.to_owned()))
    };
    lines.filter_map(pair).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_variables_is_shown_them_once_and_nothing_is_stored() {
    for print in [false, true] {
        let bench = Bench::new().await;
        let mut command = bare(&bench);
        if print {
            command.arg("--print-credentials");
        }
        let browser = Browser::inside(command).await;
        let review = browser.choose("show").await;
        let done = browser.open(&browser.register(&review).await).await;
        assert_eq!(done.status, 200, "{}", done.text);
        assert_eq!(browser.serving.get("/readyz").await.0, 200);
        let said = ends(browser);
        let (with, without) = if print {
            (said, done.text)
        } else {
            (done.text, said)
        };
        assert!(
            !without.contains(&bench.github.webhook_secret()),
            "{without}"
        );
        let given = variables(&with);
        assert_eq!(given.len(), 5, "{with}");
        assert!(!bench.data_dir().join("credentials.toml").exists());
        let mut next = bare(&bench);
        next.envs(given);
        assert_eq!(Serving::start(next).get("/readyz").await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_a_setup_that_nobody_finishes() {
    let bench = Bench::new().await;
    let browser = Browser::outside(bare(&bench));
    assert!(browser.listens_at().ip().is_loopback());
    ends(browser);
    let again = Process::start(bare(&bench));
    again.out.wait_for("address", |line| {
        line.contains("/setup?token=").then_some(())
    });
    let said = again.out.so_far();
    assert!(!said.contains("cut off"), "nothing was under way: {said}");
}
