//! A delivery is taken in again, because somebody asks for it on its page.

use super::acting::signed_in;
use super::forms::{self, Form, pairs};
use super::sign_in::Browser;
use super::{Seen, TOKEN, Visitor, town};
use crate::support::{CONFIG, Town, mirror};
use drawbridge::sandbox::{Delivery, FaultKind, Permission};
use drawbridge::web::Access;
use serde_json::json;

const PERMISSION: &str = "/repos/{owner}/{repo}/collaborators/{username}/permission";

/// The delivery of what somebody commented last.
fn comment(town: &Town, by: &str) -> String {
    let all = town.github().deliveries();
    let of = |one: &&Delivery| one.payload["comment"]["user"]["login"] == by;
    let found = all.iter().rev().find(of).expect("a comment");
    format!("/deliveries/{}", found.guid)
}

/// Where the form of a delivery's page is sent.
fn again(page: &str) -> String {
    format!("{page}/again")
}

fn form_of(page: &Seen, of: &str) -> Option<Form> {
    forms::form_of(page, &again(of))
}

async fn send(browser: &mut Browser, page: &str, form: &[(String, String)]) -> Seen {
    forms::send(browser, &again(page), form).await
}

async fn press(browser: &mut Browser, page: &str) -> Seen {
    forms::press(browser, page, &again(page)).await
}

#[tokio::test]
async fn what_was_missed_is_looked_at_when_somebody_has_an_older_delivery_taken_in_again() {
    let mut town = town(Access::Private, "enabled: false\n").await;
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    let all = town.github().deliveries();
    let pushed = all.iter().rev().find(|one| one.event == "push");
    let page = format!("/deliveries/{}", pushed.expect("a push").guid);
    // Nobody tells of this one.
    town.loses_deliveries();
    town.github().deliver_nowhere();
    town.write(CONFIG, "enabled: true\n").await;
    let webhook = town.playground.app().webhook_url();
    town.github().deliver_to(&webhook);
    let mut vera = signed_in(&town, "vera").await;
    let led = press(&mut vera, &page).await.is(303);
    town.settle().await;
    town.mirrored(pr);
    let seen = vera.get(led.header("location")).await.is(200);
    seen.says("Taken in again, as");
    let (_, new) = led.header("location").split_once("?again=").unwrap();
    let seen = vera.get(&format!("/deliveries/{new}")).await.is(200);
    seen.says("vera had the delivery")
        .says("( push ) taken in again on the dashboard");
    town.finish().await;
}

#[tokio::test]
async fn what_was_obeyed_is_not_obeyed_twice_and_old_news_moves_nothing() {
    let config = "\
enabled: true
pipelines:
  ci:
    on: pull_request
    jobs:
      build: {workflow: go.yml, inputs: {job: '${{ job }}'}}
";
    let mut town = town(Access::Private, "enabled: true\n").await;
    town.github().set_workflows(&[]);
    town.workflow("go.yml", &["job"]).await;
    town.write(CONFIG, config).await;
    let pr = town.change("src/a.rs").await;
    town.job_ends(pr, "build", "failure").await;
    let said = town.comment(pr, "vera", "/retest").await;
    town.acknowledged(pr, said);
    town.all_end_on(&mirror(pr)).await;
    town.push(pr).await;
    town.mirrored(pr);
    town.job_ends(pr, "build", "failure").await;
    let mut vera = signed_in(&town, "vera").await;
    let mut pages = vec![comment(&town, "vera")];
    let all = town.github().deliveries();
    let of_pull = all
        .iter()
        .filter(|one| one.payload["pull_request"].is_object());
    pages.extend(of_pull.map(|one| format!("/deliveries/{}", one.guid)));
    assert!(pages.len() >= 3, "{pages:?}");
    town.github().clear_exchanges();
    for page in &pages {
        press(&mut vera, page).await.is(303);
        town.settle().await;
    }
    assert_eq!(town.writes(), [""; 0]);
    town.gate(pr).is("failure").says("build: failed");
    town.finish().await;
}

#[tokio::test]
async fn a_comment_that_is_older_than_a_week_and_the_press_of_a_button_are_not_taken_in_again() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.press(pr, "sam").await;
    town.not_mirrored(pr);
    let pressed = format!(
        "/deliveries/{}",
        town.delivery("check_run", "requested_action").guid
    );
    let said = town.comment(pr, "sam", "/sync").await;
    town.acknowledged(pr, said);
    let page = comment(&town, "sam");
    super::sign_in::later(&town, 8 * 24 * 60).await;
    let mut vera = signed_in(&town, "vera").await;
    press(&mut vera, &page)
        .await
        .is(409)
        .says("a comment that is older than a week commands nothing");
    press(&mut vera, &pressed)
        .await
        .is(409)
        .says("press it again there");
    town.settle().await;
    town.not_mirrored(pr);
    vera.get("/r/acme/engine/pull/1")
        .await
        .does_not_say("taken in again");
    town.finish().await;
}

#[tokio::test]
async fn it_takes_the_right_to_write_of_that_moment_and_a_form_of_ones_own() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let said = town.comment(pr, "sam", "/sync").await;
    town.acknowledged(pr, said);
    let page = comment(&town, "sam");
    town.github().set_permission("rita", Permission::Read);
    let mut rita = signed_in(&town, "rita").await;
    let mut vera = signed_in(&town, "vera").await;
    press(&mut rita, &page)
        .await
        .is(403)
        .says("rita can't have deliveries taken in again");
    let form = form_of(&vera.get(&page).await.is(200), &page).unwrap();
    // Somebody else's form, none, one of another site; nobody's; a machine's.
    send(&mut rita, &page, &form)
        .await
        .is(403)
        .says("That came from another site");
    send(&mut vera, &page, &[]).await.is(400);
    let odd = [form[0].clone(), ("once".to_owned(), "x".to_owned())];
    send(&mut vera, &page, &odd).await.is(400);
    let path = format!("{page}/again");
    let pairs = pairs(&form);
    let elsewhere = vera.request().with("sec-fetch-site", "cross-site");
    elsewhere.post(&path, &pairs).await.is(403);
    Visitor::of(&town).post(&path, &pairs).await.is(401);
    let machine = Visitor::of(&town).with_token(TOKEN);
    machine
        .post(&path, &pairs)
        .await
        .is(403)
        .says("A token is nobody in particular");
    machine
        .get(&page)
        .await
        .is(200)
        .says("to have it taken in again");
    // Where GitHub can't be asked nothing is done.
    town.fault("GET", PERMISSION, FaultKind::Status(500));
    send(&mut vera, &page, &form)
        .await
        .is(503)
        .says("Nothing was done");
    // Who had the right when they signed in has it no more.
    town.github().set_permission("vera", Permission::Read);
    send(&mut vera, &page, &form).await.is(403);
    // That costs no further question, until GitHub tells of another right.
    town.github().clear_exchanges();
    send(&mut vera, &page, &form).await.is(403);
    let asked = town.github().exchanges();
    assert!(
        !asked
            .iter()
            .any(|one| one.path.ends_with("/vera/permission")),
        "{asked:?}"
    );
    town.github().set_permission("vera", Permission::Write);
    town.settle().await;
    let of_pull = "/r/acme/engine/pull/1";
    vera.get(of_pull).await.does_not_say("taken in again");
    // Sent twice it counts once.
    for _ in 0..2 {
        send(&mut vera, &page, &form).await.is(303);
    }
    town.settle().await;
    let seen = vera.get(of_pull).await.is(200);
    assert_eq!(
        seen.text()
            .matches("taken in again on the dashboard")
            .count(),
        1
    );
    // Whom GitHub does not show the repository any more, there is nothing.
    super::make_private(&town).await;
    town.github().set_permission("rita", Permission::None);
    super::sign_in::later(&town, 4).await;
    send(&mut rita, &page, &form).await.is(404);
    town.finish().await;
}

#[tokio::test]
async fn what_is_not_whole_is_not_taken_in_again() {
    let mut town = town(Access::Private, "enabled: true\n").await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let mut vera = signed_in(&town, "vera").await;
    // What was taken out may have said something else.
    let said = town.comment(pr, "mel", "/status ghp_0123456789").await;
    town.answer(pr, said);
    let page = comment(&town, "mel");
    let seen = vera.get(&page).await.is(200);
    seen.says("What looks like a secret was taken out of its payload");
    assert!(form_of(&seen, &page).is_none());
    let whole = format!(
        "/deliveries/{}",
        town.delivery("pull_request", "opened").guid
    );
    let form = form_of(&vera.get(&whole).await, &whole);
    let form = form.expect("this one is whole");
    send(&mut vera, &page, &form).await.is(409);
    // What could not be read gets another try; it is the same as before.
    let payload = json!({ "action": "created", "repository": { "id": town.github().repo_id() } });
    let guid = town.github().send_event("issue_comment", payload);
    town.settle().await;
    let page = format!("/deliveries/{guid}");
    press(&mut vera, &page)
        .await
        .is(409)
        .says("It still can't be read");
    // What was changed on the disk is nothing.
    let page = format!(
        "/deliveries/{}",
        town.delivery("pull_request", "opened").guid
    );
    for file in std::fs::read_dir(town.playground.data_dir().join("payloads")).unwrap() {
        let path = file.unwrap().path();
        let changed = std::fs::read(&path).unwrap();
        let changed: Vec<u8> = changed.iter().map(|byte| byte ^ 1).collect();
        std::fs::write(path, changed).unwrap();
    }
    assert!(form_of(&vera.get(&page).await.is(200), &page).is_none());
    send(&mut vera, &page, &form).await.is(409);
    town.settle().await;
    vera.get("/r/acme/engine/pull/1")
        .await
        .does_not_say("taken in again");
    town.finish().await;
}
