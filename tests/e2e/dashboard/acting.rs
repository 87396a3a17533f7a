//! What people do on the page of a pull request.

use super::forms::{self, Form, pairs};
use super::sign_in::{Browser, later};
use super::{Seen, TOKEN, Visitor, make_private, town};
use crate::support::Town;
use drawbridge::sandbox::{FaultKind, Permission};
use drawbridge::web::Access;

const PAGE: &str = "/r/acme/engine/pull/1";
const PERMISSION: &str = "/repos/{owner}/{repo}/collaborators/{username}/permission";

/// What the form of this button carries; `None`: the page has no such button.
fn to(deed: &str) -> String {
    format!("{PAGE}/{deed}")
}

fn form_of(page: &Seen, deed: &str) -> Option<Form> {
    forms::form_of(page, &to(deed))
}

async fn send(browser: &mut Browser, deed: &str, form: &[(String, String)]) -> Seen {
    forms::send(browser, &to(deed), form).await
}

/// Opens the page, presses the button, and waits for what comes of it.
async fn press(town: &Town, browser: &mut Browser, deed: &str) {
    let led = forms::press(browser, PAGE, &to(deed)).await.is(303);
    assert_eq!(led.header("location"), format!("{PAGE}?asked={deed}"));
    town.settle().await;
}

/// Opens the page and presses the button of a deed that is somebody else's.
pub(super) async fn refused(browser: &mut Browser, deed: &str) {
    let said = forms::press(browser, PAGE, &to(deed)).await.is(403);
    said.says("That is not yours to do");
}

pub(super) async fn signed_in(town: &Town, login: &str) -> Browser {
    let mut browser = Browser::of(town);
    browser.sign_in("/", login).await.is(303);
    browser
}

/// A pull request that waits for a vetter, and one who has signed in.
async fn with_vera(access: Access) -> (Town, u64, Browser) {
    let mut town = town(access, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let vera = signed_in(&town, "vera").await;
    (town, pr, vera)
}

#[tokio::test]
async fn a_vetter_approves_the_commit_that_the_page_shows() {
    let (mut town, pr, mut vera) = with_vera(Access::Private).await;
    let page = vera.get(PAGE).await.is(200);
    page.says("Approve this commit");
    let head = town.head(pr);
    assert!(
        form_of(&page, "approve")
            .unwrap()
            .contains(&("sha".to_owned(), head.clone()))
    );
    press(&town, &mut vera, "approve").await;
    town.mirrored(pr);
    town.told(pr);
    let page = vera.get(&format!("{PAGE}?asked=approve")).await.is(200);
    page.says("Asked to approve the commit that the page showed");
    page.says(&format!("vera approved {head} on the dashboard"));
    page.says("vera pressed Approve on acme/engine#1");
    assert!(form_of(&page, "approve").is_none(), "it is approved");
    town.finish().await;
}

#[tokio::test]
async fn a_head_that_moved_meanwhile_is_not_approved_and_the_page_says_so() {
    let (mut town, pr, mut vera) = with_vera(Access::Private).await;
    let read = vera.get(PAGE).await.is(200);
    town.push(pr).await;
    town.told(pr);
    for deed in ["approve", "sync"] {
        let form = form_of(&read, deed).unwrap();
        send(&mut vera, deed, &form).await.is(303);
    }
    town.settle().await;
    town.gate(pr).is("action_required");
    let page = vera.get(PAGE).await.is(200);
    page.says("and it was not done: meanwhile")
        .says("is the head");
    page.says("vera asked on the dashboard to look again");
    assert!(town.github().branch("pull-request/1").is_none());
    town.finish().await;
}

#[tokio::test]
async fn rights_are_githubs_of_that_moment_and_not_the_sessions() {
    let (town, pr, mut vera) = with_vera(Access::Open).await;
    // Everybody sees everything here; that is no right to do anything, nor to have GitHub asked for more than that right.
    let mut sam = signed_in(&town, "sam").await;
    town.github().clear_exchanges();
    for deed in ["approve", "approve"] {
        refused(&mut sam, deed).await;
    }
    town.settle().await;
    let asked: Vec<String> = town.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].ends_with("/collaborators/sam/permission"),
        "{asked:?}"
    );
    // Who had the right when they signed in has it no more.
    town.github().set_permission("vera", Permission::Read);
    town.settle().await;
    refused(&mut vera, "approve").await;
    let page = vera.get(PAGE).await.is(200);
    page.does_not_say("on the dashboard");
    // Where GitHub does not say so at that moment, it is asked again before anything is done.
    town.github().set_permission("vera", Permission::Read);
    town.settle().await;
    town.fault("GET", PERMISSION, FaultKind::MissingPermission);
    press(&town, &mut vera, "approve").await;
    vera.get(PAGE)
        .await
        .is(200)
        .says("vera can't approve a head");
    town.gate(pr).is("action_required");
    assert!(town.github().branch("pull-request/1").is_none());
    town.finish().await;
}

#[tokio::test]
async fn what_failed_is_run_again_and_what_runs_is_cancelled() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    let pr = town.mirrored_pr().await;
    town.build_ends(pr, "build", "failure").await;
    town.gate(pr).is("failure");
    let mut mel = signed_in(&town, "mel").await;
    town.github().clear_exchanges();
    press(&town, &mut mel, "rerun").await;
    let reruns = town.writes();
    assert!(
        reruns
            .iter()
            .any(|call| call.ends_with("/rerun-failed-jobs")),
        "{reruns:?}"
    );
    mel.get(PAGE)
        .await
        .is(200)
        .says("mel asked on the dashboard to run again what failed");
    press(&town, &mut mel, "cancel").await;
    let cancels = town.writes();
    assert!(
        cancels.iter().any(|call| call.ends_with("/cancel")),
        "{cancels:?}"
    );
    town.finish().await;
}

#[tokio::test]
async fn only_a_persons_own_form_does_anything_and_only_once() {
    let (town, _, mut vera) = with_vera(Access::Open).await;
    let mut maya = signed_in(&town, "maya").await;
    let page = vera.get(PAGE).await.is(200);
    let form = form_of(&page, "approve").unwrap();
    let with = |name: &str, value: &str| {
        let change = |(key, old): &(String, String)| match key == name {
            true => (key.clone(), value.to_owned()),
            false => (key.clone(), old.clone()),
        };
        form.iter().map(change).collect::<Vec<_>>()
    };
    // Somebody else's form, or one without its key; a form of another site; nobody's; one that is odd.
    send(&mut maya, "approve", &form).await.is(403);
    send(&mut vera, "approve", &with("key", "")).await.is(403);
    send(&mut vera, "approve", &with("once", "x")).await.is(400);
    send(&mut vera, "approve", &with("sha", "main"))
        .await
        .is(400);
    send(&mut vera, "merge", &form).await.is(404);
    send(&mut vera, "approve", &[]).await.is(400);
    let path = format!("{PAGE}/approve");
    let pairs = pairs(&form);
    let elsewhere = vera.request().with("sec-fetch-site", "cross-site");
    elsewhere.post(&path, &pairs).await.is(403);
    let elsewhere = vera.request().with("origin", "https://evil.example");
    elsewhere.post(&path, &pairs).await.is(403);
    Visitor::of(&town).post(&path, &pairs).await.is(401);
    let machine = Visitor::of(&town).with_token(TOKEN);
    machine
        .post(&path, &pairs)
        .await
        .is(403)
        .says("A token is nobody in particular");
    let mut operator = Browser::of(&town);
    operator.post("/sign-in", &[("token", TOKEN)]).await.is(303);
    operator.post(&path, &pairs).await.is(403);
    operator
        .get(PAGE)
        .await
        .is(200)
        .says("The token is nobody in particular");
    town.settle().await;
    assert!(town.github().branch("pull-request/1").is_none());
    // Sent twice it counts once; and a hundred times is not a person.
    let sync = form_of(&page, "sync").unwrap();
    let mut odd = sync.clone();
    odd.retain(|(name, _)| name != "once");
    odd.push(("once".to_owned(), "x".to_owned()));
    send(&mut vera, "sync", &odd).await.is(400);
    for _ in 0..2 {
        send(&mut vera, "sync", &sync).await.is(303);
    }
    town.settle().await;
    let page = vera.get(PAGE).await.is(200);
    assert_eq!(
        page.text()
            .matches("asked on the dashboard to look again")
            .count(),
        1
    );
    // (The minute may end meanwhile.)
    let mut refused = false;
    for _ in 0..100 {
        refused |= send(&mut vera, "sync", &sync).await.status == 429;
    }
    assert!(refused);
    town.finish().await;
}

#[tokio::test]
async fn who_may_not_see_a_repository_does_nothing_in_it() {
    let (town, _, mut vera) = with_vera(Access::Private).await;
    make_private(&town).await;
    let form = form_of(&vera.get(PAGE).await, "approve").unwrap();
    town.github().set_permission("sam", Permission::Read);
    let mut sam = signed_in(&town, "sam").await;
    town.github().set_permission("sam", Permission::None);
    later(&town, 4).await;
    let hidden = send(&mut sam, "approve", &form).await.is(404);
    let missing = sam
        .post("/r/acme/nothing/pull/1/approve", &[])
        .await
        .is(404);
    assert_eq!(hidden.body, missing.body);
    town.settle().await;
    let page = Visitor::of(&town).with_token(TOKEN).get(PAGE).await;
    page.does_not_say("on the dashboard");
    town.finish().await;
}
