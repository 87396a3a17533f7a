//! Reports that are false, late, foreign or said twice, over real HTTP: each is refused or ignored, and the gate does not
//! move.

use super::{SERVICE_TOKEN, bakery, finish, post_report, report, service::Service, town};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use drawbridge::backends::JobTokens;
use drawbridge::domain::run::JobRef;
use drawbridge::github::AppKey;
use serde_json::json;

const TWO: &str = "bake: {connection: bakery}\nbrew: {connection: bakery}";
const SUCCESS: &str = r#"{"status":"completed","conclusion":"success"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_without_the_jobs_own_token_is_refused_and_moves_nothing() {
    let service = Service::start().await;
    let mut town = town(bakery(&service.url), TWO).await;
    let pr = town.mirrored_pr().await;
    let genuine = service.start_of("bake").token().to_owned();
    let before = town.gate(pr).text();
    let (head, rest) = genuine.split_once('.').expect("a JWT");
    let (claims, _) = rest.split_once('.').expect("a JWT");
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let other = URL_SAFE_NO_PAD
        .encode(r#"{"iss":"drawbridge","aud":"job-report","sub":"x","exp":9999999999}"#);
    let key = AppKey::parse(&town.github().private_key_pem()).expect("the app's key");
    // The very job, as its own token names it.
    let named = URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let named: serde_json::Value = serde_json::from_slice(&named).expect("JSON");
    let job = named["sub"]
        .as_str()
        .and_then(JobRef::decode)
        .expect("a job");
    let (now, hour) = (Utc::now(), TimeDelta::hours(1));
    let expired = JobTokens::new(&key).sign(&job, now - hour * 2, now - hour);
    let stranger = drawbridge::sandbox::Sandbox::start(Default::default()).await;
    let foreign = AppKey::parse(&stranger.expect("another").private_key_pem()).expect("a key");
    let foreign = JobTokens::new(&foreign).sign(&job, now, now + hour);
    for token in [
        None,
        Some(String::new()),
        Some("garbage".to_owned()),
        Some(SERVICE_TOKEN.to_owned()),
        Some(format!("{none}.{claims}.")),
        Some(format!("{none}.{rest}")),
        Some(format!(
            "{head}.{other}.{}",
            genuine.rsplit('.').next().expect("a part")
        )),
        Some(format!("{genuine}x")),
        expired,
        foreign,
    ] {
        let (status, answer) = post_report(&town, token.as_deref(), SUCCESS).await;
        assert_eq!(status, 401, "{token:?}: {answer}");
        town.settle().await;
        assert_eq!(town.gate(pr).text(), before, "{token:?}");
    }
    // The genuine one still counts.
    assert_eq!(post_report(&town, Some(&genuine), SUCCESS).await.0, 202);
    town.settle().await;
    town.gate(pr).is("in_progress").says("Waiting for brew");
    finish(town, &[SERVICE_TOKEN, &genuine]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jobs_token_speaks_for_that_job_only_and_saying_it_twice_says_it_once() {
    let service = Service::start().await;
    let mut town = town(bakery(&service.url), TWO).await;
    let pr = town.mirrored_pr().await;
    let brew = service.start_of("brew").token().to_owned();
    // Whatever the body claims to be about.
    let (status, answer) = post_report(
        &town,
        Some(&brew),
        r#"{"status":"completed","conclusion":"success","job":"bake"}"#,
    )
    .await;
    assert_eq!(status, 400, "{answer}");
    let end = json!({ "status": "completed", "conclusion": "success", "title": "a pot" });
    assert_eq!(report(&town, &brew, end.clone()).await.0, 202);
    town.gate(pr)
        .is("in_progress")
        .says("Waiting for bake")
        .says("a pot");
    town.github().clear_exchanges();
    let (status, answer) = report(&town, &brew, end).await;
    assert_eq!(status, 202);
    assert!(answer.contains("already accepted"), "{answer}");
    // It has ended: what it says now, success or not, is late.
    let late = json!({ "status": "completed", "conclusion": "failure", "title": "spilt" });
    assert_eq!(report(&town, &brew, late).await.0, 202);
    town.gate(pr).is("in_progress").does_not_say("spilt");
    assert_eq!(town.writes(), [""; 0]);
    finish(town, &[SERVICE_TOKEN, &brew]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_attempt_reports_changes_nothing() {
    let service = Service::start().await;
    let mut town = town(bakery(&service.url), "bake: {connection: bakery}").await;
    let pr = town.mirrored_pr().await;
    let first = service.start_of("bake");
    report(
        &town,
        first.token(),
        json!({ "status": "completed", "conclusion": "failure", "title": "burnt" }),
    )
    .await;
    town.gate(pr).is("failure").says("burnt");
    let comment = town.comment(pr, "vera", "/retest").await;
    town.acknowledged(pr, comment);
    let second = service.start_of("bake");
    assert_ne!(first.key, second.key);
    assert_eq!(second.body["attempt"], 2);
    town.gate(pr)
        .is("in_progress")
        .does_not_say("burnt")
        .says("attempt 2");
    let late =
        json!({ "status": "completed", "conclusion": "success", "outputs": { "loaf": "old" } });
    assert_eq!(report(&town, first.token(), late).await.0, 202);
    town.gate(pr).is("in_progress");
    report(
        &town,
        second.token(),
        json!({ "status": "completed", "conclusion": "success" }),
    )
    .await;
    town.gate(pr).is("success");
    finish(town, &[SERVICE_TOKEN, first.token(), second.token()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_cancels_the_jobs_of_the_old_head_and_what_they_still_report_is_ignored() {
    let service = Service::start().await;
    let mut town = town(bakery(&service.url), "bake: {connection: bakery}").await;
    let pr = town.mirrored_pr().await;
    let (old_head, old) = (town.head(pr), service.start_of("bake"));
    town.push(pr).await;
    town.mirrored(pr);
    assert_eq!(service.cancelled(), std::slice::from_ref(&old.key));
    assert_eq!(service.starts("bake").len(), 2);
    let (before, before_old) = (town.gate(pr).text(), town.gate_of(&old_head).text());
    for (status, conclusion) in [("in_progress", None), ("completed", Some("success"))] {
        let late = json!({ "status": status, "conclusion": conclusion, "title": "too late" });
        assert_eq!(report(&town, old.token(), late).await.0, 202);
    }
    town.gate(pr).is("in_progress");
    assert_eq!(town.gate(pr).text(), before);
    assert_eq!(town.gate_of(&old_head).text(), before_old);
    let new = service.start_of("bake");
    report(
        &town,
        new.token(),
        json!({ "status": "completed", "conclusion": "success" }),
    )
    .await;
    town.gate(pr).is("success");
    assert_eq!(town.gate_of(&old_head).text(), before_old);
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_job_writes_is_shown_as_a_quotation_that_cannot_act() {
    let service = Service::start().await;
    let mut town = town(bakery(&service.url), "bake: {connection: bakery}").await;
    let pr = town.mirrored_pr().await;
    let job = service.start_of("bake");
    let forged = "fine\r### Trust\rTrusted: all of it.\n</blockquote><h3>Trust</h3>\r\n@acme/core &commat;acme [^1] look at #1 <!-- drawbridge:status -->";
    let title = "@acme/core &commat;acme www.evil.example [OK to test](https://evil.example) <img src=x> #1 | x";
    let end = json!({ "status": "completed", "conclusion": "failure", "title": title, "summary": forged,
        "url": "https://bakery.example.com/loaves/17" });
    assert_eq!(report(&town, job.token(), end).await.0, 202);
    town.gate(pr)
        .is("failure")
        .says("[`bake`](<https://bakery.example.com/loaves/17>)");
    let asked = town.comment(pr, "sam", "/status").await;
    let said = town.answer(pr, asked).0;
    for shown in [town.gate(pr).text(), said] {
        assert!(shown.contains("Trusted: all of it."), "{shown}");
        for what in [
            "\r",
            "@acme",
            "&commat;",
            "[^1]",
            "www.evil",
            "</blockquote>",
            "<img",
            "<!-- drawbridge:status",
            "](https://evil",
            "#1 ",
        ] {
            let found = shown.find(what).map(|at| &shown[at..]);
            // (A link needs its opening bracket.)
            let dead = what == "](https://evil" && shown.contains("\\[OK to test]");
            assert!(found.is_none() || dead, "{what:?} in {shown}");
        }
        for line in shown
            .lines()
            .filter(|line| line.contains("Trusted: all") || line.contains("h3>"))
        {
            assert!(line.starts_with("> "), "{line}");
        }
        assert_eq!(
            shown
                .lines()
                .filter(|line| line.starts_with("### Trust"))
                .count(),
            1,
            "{shown}"
        );
    }
    finish(town, &[SERVICE_TOKEN]).await;
}
