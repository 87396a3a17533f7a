//! Signing in with GitHub.

use super::{Seen, TOKEN, Visitor, make_private, town};
use crate::support::Town;
use chrono::TimeDelta;
use drawbridge::sandbox::{FaultKind, Permission};
use drawbridge::web::Access;
use std::collections::BTreeMap;

/// Somebody's browser: it keeps cookies, and sends them back.
pub struct Browser {
    visitor: Visitor,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn of(town: &Town) -> Self {
        Self {
            visitor: Visitor::of(town),
            cookies: BTreeMap::new(),
        }
    }

    pub fn request(&self) -> Visitor {
        let pairs = self.cookies.iter();
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        match pairs.is_empty() {
            true => self.visitor.clone(),
            false => self.visitor.clone().with("cookie", &pairs.join("; ")),
        }
    }

    fn keep(&mut self, seen: Seen) -> Seen {
        for cookie in seen.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (pair, rest) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match rest.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        seen
    }

    pub async fn get(&mut self, path: &str) -> Seen {
        let seen = self.request().get(path).await;
        self.keep(seen)
    }

    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Seen {
        let seen = self.request().post(path, form).await;
        self.keep(seen)
    }

    /// Leaves for GitHub; where GitHub leads back to once `login` has agreed.
    async fn agree(&mut self, next: &str, login: &str) -> String {
        let away = self
            .get(&format!("/sign-in/github?next={next}"))
            .await
            .is(303);
        agreed(away.header("location"), login).await
    }

    pub async fn sign_in(&mut self, next: &str, login: &str) -> Seen {
        let back = self.agree(next, login).await;
        self.get(&back).await
    }

    /// Whether it has a session that shows this.
    async fn shows(&mut self, path: &str) -> u16 {
        self.get(path).await.status
    }
}

/// What GitHub answers to who comes to its page and is `login`: the path that it leads back to.
async fn agreed(page: &str, login: &str) -> String {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let answer = client.build().unwrap().get(format!("{page}&login={login}"));
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    let (_, path) = to.split_once("://").unwrap();
    path[path.find('/').unwrap()..].to_owned()
}

/// So many minutes pass.
pub(super) async fn later(town: &Town, minutes: i64) {
    town.playground.pass(TimeDelta::minutes(minutes)).await;
}

const ENGINE: &str = "/r/acme/engine";

#[tokio::test]
async fn who_signs_in_with_github_sees_what_github_shows_them() {
    let town = town(Access::Private, "enabled: true\n").await;
    make_private(&town).await;
    let mut mel = Browser::of(&town);
    mel.get("/sign-in")
        .await
        .is(200)
        .says("Sign in with GitHub");
    mel.get(ENGINE).await.is(401).says("Sign in with GitHub");
    let back = mel.sign_in("/r/acme/engine", "mel").await.is(303);
    assert_eq!(back.header("location"), ENGINE);
    mel.get(ENGINE).await.is(200).says("Signed in: mel");
    mel.get("/")
        .await
        .is(200)
        .says("acme/engine")
        .does_not_say("Installations");
    let mut sam = Browser::of(&town);
    let nothing = sam.sign_in("/", "sam").await.is(403);
    nothing.says("There is nothing here for you");
    assert_eq!(sam.shows(ENGINE).await, 401, "he has not signed in");
    // Who had a right once has signed in, and sees nothing any more.
    town.github().set_permission("sam", Permission::Read);
    sam.sign_in("/", "sam").await.is(303);
    town.github().set_permission("sam", Permission::None);
    later(&town, 4).await;
    let hidden = sam.get(ENGINE).await.is(404);
    let missing = sam.get("/r/acme/nothing").await.is(404);
    assert_eq!(hidden.body, missing.body);
    sam.get("/").await.is(200).does_not_say("acme/engine");
    mel.post("/sign-out", &[]).await.is(303);
    mel.get(ENGINE).await.is(401);
    town.finish().await;
}

#[tokio::test]
async fn what_somebody_may_see_is_asked_again_and_again() {
    let town = town(Access::Private, "enabled: true\n").await;
    make_private(&town).await;
    let mut vera = Browser::of(&town);
    vera.sign_in("/", "vera").await.is(303);
    assert_eq!(vera.shows(ENGINE).await, 200);
    town.github().set_permission("vera", Permission::None);
    town.settle().await;
    assert_eq!(vera.shows(ENGINE).await, 200, "a moment ago they might");
    later(&town, 4).await;
    assert_eq!(vera.shows(ENGINE).await, 404);
    town.github().set_permission("vera", Permission::Read);
    town.settle().await;
    later(&town, 4).await;
    assert_eq!(vera.shows(ENGINE).await, 200);
    // While GitHub can't be asked, its last answer is good for a quarter of an hour.
    later(&town, 14).await;
    town.fault("GET", "/user/installations", FaultKind::Html(502));
    assert_eq!(vera.shows(ENGINE).await, 200);
    assert_eq!(
        vera.shows(ENGINE).await,
        200,
        "and is not asked for each page"
    );
    later(&town, 1).await;
    town.fault("GET", "/user/installations", FaultKind::Html(502));
    let nothing = vera.get(ENGINE).await.is(503);
    nothing.says("GitHub can't be asked what you may see");
    later(&town, 1).await;
    assert_eq!(vera.shows(ENGINE).await, 200);
    // Who takes the app's right to ask in their name back is signed out.
    town.github().revoke_user_tokens();
    later(&town, 4).await;
    assert_eq!(vera.shows(ENGINE).await, 401);
    town.finish().await;
}

#[tokio::test]
async fn a_sign_in_belongs_to_one_browser_and_is_good_once() {
    let town = town(Access::Private, "enabled: true\n").await;
    let mut mel = Browser::of(&town);
    let back = mel.agree("/", "mel").await;
    // Somebody else is led to it, with a sign-in of their own under way or without one.
    let stale = "This sign-in can't be gone on with";
    let mut victim = Browser::of(&town);
    victim.get(&back).await.is(400).says(stale);
    victim.agree("/", "vera").await;
    victim.get(&back).await.is(400).says(stale);
    assert_eq!(victim.shows(ENGINE).await, 401);
    assert!(victim.cookies.is_empty(), "what was under way is over");
    // A code alone is worth nothing in another browser: it belongs to the first one's challenge.
    let own = victim.agree("/", "vera").await;
    let state = own.split("state=").nth(1).unwrap();
    let code = back
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let injected = format!("/sign-in/callback?code={code}&state={state}");
    victim
        .get(&injected)
        .await
        .is(400)
        .says("GitHub did not take this sign-in");
    assert_eq!(victim.shows(ENGINE).await, 401);
    // The code was used up by that.
    mel.get(&back).await.is(400);
    let back = mel.agree("/", "mel").await;
    let cookie = mel.cookies.clone();
    mel.get(&back).await.is(303);
    mel.get(&back).await.is(400).says(stale);
    assert_eq!(mel.shows(ENGINE).await, 200, "the session is not hurt");
    mel.cookies.extend(cookie);
    mel.get(&back)
        .await
        .is(400)
        .says("GitHub did not take this sign-in");
    // It is over after ten minutes, and nobody makes one up.
    let back = mel.agree("/", "mel").await;
    later(&town, 11).await;
    mel.get(&back).await.is(400).says(stale);
    let back = mel.agree("/", "mel").await;
    mel.cookies
        .insert("drawbridge_signing_in".to_owned(), "AAAA".repeat(40));
    mel.get(&back).await.is(400).says(stale);
    town.finish().await;
}

#[tokio::test]
async fn a_sign_in_that_goes_wrong_is_told_kindly_and_leaves_nothing() {
    let town = town(Access::Private, "enabled: true\n").await;
    let mut sam = Browser::of(&town);
    let back = sam.agree("/", "").await;
    sam.get(&back).await.is(403).says("you did not agree");
    assert!(sam.cookies.is_empty());
    let back = sam.agree("/", "sam").await;
    town.fault("GET", "/user", FaultKind::Html(502));
    let away = sam.get(&back).await.is(503);
    away.says("GitHub can't be asked at the moment")
        .says("Sign in with GitHub");
    assert!(sam.cookies.is_empty());
    let back = sam.agree("/", "sam").await;
    let state = back.split("state=").nth(1).unwrap();
    let odd = format!("/sign-in/callback?error=redirect_uri_mismatch%3Cb%3E&state={state}");
    let odd = sam.get(&odd).await.is(500);
    odd.says("GitHub says redirect_uri_mismatchb")
        .says("CLIENT_SECRET");
    for path in ["/sign-in/callback", "/sign-in/callback?code=a&state="] {
        sam.get(path).await.is(400).says("Please begin again");
    }
    // Nobody is sent away by another site, or to one.
    let elsewhere = sam.request().with("sec-fetch-site", "cross-site");
    let led = elsewhere.get("/sign-in/github").await.is(303);
    assert_eq!(led.header("location"), "/sign-in");
    for next in ["//evil.example", "https://evil.example", "/%5Cevil.example"] {
        let back = sam.sign_in(next, "mel").await.is(303);
        assert_eq!(back.header("location"), "/", "{next}");
    }
    town.finish().await;
}

#[tokio::test]
async fn a_new_sign_in_ends_the_one_before() {
    let town = town(Access::Private, "enabled: true\n").await;
    let mut browser = Browser::of(&town);
    let form = [("token", TOKEN)];
    browser.post("/sign-in", &form).await.is(303);
    let mut before = browser.cookies.clone();
    browser.sign_in("/", "mel").await.is(303);
    browser.get(ENGINE).await.is(200).says("Signed in: mel");
    std::mem::swap(&mut browser.cookies, &mut before);
    assert_eq!(browser.shows(ENGINE).await, 401, "the operator's is over");
    browser.cookies = before.clone();
    browser.post("/sign-in", &form).await.is(303);
    browser.cookies = before;
    assert_eq!(browser.shows(ENGINE).await, 401, "mel's is over");
    // What is too large for this form is not read.
    let long = "a".repeat(9_000);
    browser.post("/sign-in", &[("token", &long)]).await.is(413);
    town.finish().await;
}

#[tokio::test]
async fn a_stream_ends_with_the_session_that_it_belongs_to() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    let mut mel = Browser::of(&town);
    mel.sign_in("/", "mel").await.is(303);
    let stream = mel.request().request(reqwest::Method::GET, "/events");
    let mut stream = stream.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    mel.post("/sign-out", &[]).await.is(303);
    let pr = town.member_pr().await;
    town.mirrored(pr);
    let mut heard = String::new();
    while let Ok(Some(chunk)) = stream.chunk().await {
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(
        heard.contains("event: ready") && !heard.contains("changed"),
        "{heard}"
    );
    town.finish().await;
}
