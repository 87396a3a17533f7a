//! What the metrics say is what happened.

use crate::support::numbers::{Numbers, label};
use crate::support::{Town, mirror};
use chrono::TimeDelta;
use drawbridge::sandbox::FaultKind;
use std::collections::BTreeMap;

const COMMITS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";

#[tokio::test]
async fn deliveries_verdicts_mirrors_and_requests_are_counted_and_nobody_is_named() {
    let mut town = Town::new().await;
    town.mirrored_pr().await;
    let strange = town.stranger_pr().await;
    town.told(strange);
    let approval = town.approve(strange).await;
    town.mirrored(strange);
    town.acknowledged(strange, approval);
    town.told(strange);
    let hook = town.playground.app().webhook_url();
    let forged = reqwest::Client::new()
        .post(hook)
        .header("x-hub-signature-256", format!("sha256={}", "0".repeat(64)))
        .header("x-github-event", "pull_request; drop")
        .body("{}");
    assert_eq!(forged.send().await.expect("an answer").status(), 401);
    let numbers = town.numbers().await;

    let deliveries = |event: &str, outcome: &str| {
        numbers.of(&format!(
            "drawbridge_deliveries_total{{event=\"{event}\",outcome=\"{outcome}\"}}"
        ))
    };
    assert_eq!(deliveries("pull_request", "accepted"), 2.0);
    assert_eq!(deliveries("issue_comment", "accepted"), 1.0);
    assert_eq!(deliveries("other", "bad_signature"), 1.0);
    let all = numbers.all("drawbridge_deliveries_total");
    let sent = town.github().deliveries().len() as f64;
    assert_eq!(all.map(|(_, count)| count).sum::<f64>(), sent + 1.0);
    for (verdict, count) in [("trusted", 1.0), ("needs_vetting", 1.0), ("approved", 1.0)] {
        let name = format!("drawbridge_verdicts_total{{verdict=\"{verdict}\"}}");
        assert_eq!(numbers.of(&name), count, "{verdict}");
    }
    assert_eq!(numbers.of("drawbridge_mirror_delay_seconds_count"), 2.0);
    assert!(numbers.of("drawbridge_mirror_delay_seconds_sum") > 0.0);
    let passes = "drawbridge_processing_seconds_count{subject=\"pull_request\"}";
    assert!(numbers.of(passes) >= 3.0);
    assert_eq!(numbers.of("drawbridge_inbox_entries"), 0.0);
    assert_eq!(numbers.of("drawbridge_ready"), 1.0);
    assert_eq!(numbers.of("drawbridge_data_lost"), 0.0);
    assert_eq!(numbers.of("drawbridge_defects_total"), 0.0);
    for there in ["drawbridge_store_bytes", "drawbridge_disk_free_bytes"] {
        assert!(numbers.of(there) > 0.0, "{there}");
    }
    let flushes = numbers.of("drawbridge_store_flush_seconds_count");
    assert!(flushes > 0.0 && numbers.of("drawbridge_store_flush_writes_sum") >= flushes);
    assert!(numbers.of("process_resident_memory_bytes") > 1e6);
    for name in numbers.names() {
        for hidden in [
            "acme",
            "engine",
            "mel",
            "sam",
            "vera",
            "drop",
            "\"other\",class",
        ] {
            assert!(!name.contains(hidden), "{name}");
        }
    }
    town.finish().await;
}

#[tokio::test]
async fn every_request_to_github_is_counted_by_its_route_and_status() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    town.faults(2, "GET", COMMITS, FaultKind::Status(502));
    town.push(pr).await;
    town.mirrored(pr);
    town.github().revoke_tokens();
    town.push(pr).await;
    town.mirrored(pr);
    let numbers = town.numbers().await;
    let mut made: BTreeMap<_, f64> = BTreeMap::new();
    for exchange in town.github().exchanges() {
        // By its number a repository is asked for under another address.
        let route = match exchange.path.starts_with("/repositories/") {
            true => "/repositories/{repository_id}".to_owned(),
            false => exchange.route,
        };
        let of = (exchange.method, route, exchange.status.to_string());
        *made.entry(of).or_default() += 1.0;
    }
    let mut counted: BTreeMap<_, f64> = BTreeMap::new();
    for (name, count) in numbers.all("drawbridge_github_requests_total") {
        let [method, route, status] = ["method", "route", "status"].map(|of| label(name, of));
        let of = (method.to_owned(), route.to_owned(), status.to_owned());
        *counted.entry(of).or_default() += count;
    }
    assert_eq!(counted, made);
    let urgent = numbers
        .all("drawbridge_github_requests_total")
        .any(|(name, _)| {
            label(name, "class") == "urgent" && label(name, "route").ends_with("/git/refs")
        });
    assert!(urgent, "mirrors go first");
    let tokens = numbers.of("drawbridge_github_repeats_total{reason=\"token\"}");
    assert!(tokens >= 1.0);
    assert_eq!(
        numbers.of("drawbridge_retries_total{subject=\"pull_request\"}"),
        2.0
    );
    town.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_inbox_and_what_it_refuses_can_be_seen() {
    let (mut town, first, second) = Town::with_a_full_inbox().await;
    town.playground.advance(TimeDelta::minutes(10));
    let numbers = town.numbers().await;
    let refused = "drawbridge_deliveries_total{event=\"pull_request\",outcome=\"full\"}";
    assert!(numbers.of(refused) >= 1.0);
    assert!(numbers.of("drawbridge_inbox_entries") >= 1.0);
    assert!(numbers.of("drawbridge_inbox_bytes") > numbers.of("drawbridge_inbox_limit_bytes"));
    assert!(numbers.of("drawbridge_inbox_oldest_seconds") >= 600.0);
    assert_eq!(numbers.of("drawbridge_lost_deliveries_total"), 0.0);
    town.github().release_hung();
    // What was refused is fetched once there is room.
    town.settle().await;
    town.playground.pass(TimeDelta::minutes(10)).await;
    town.settle().await;
    town.mirrored(first);
    town.mirrored(second);
    let numbers = town.numbers().await;
    assert!(numbers.of("drawbridge_lost_deliveries_total") >= 1.0);
    assert_eq!(numbers.of("drawbridge_inbox_oldest_seconds"), 0.0);
    town.finish().await;
}

#[tokio::test]
async fn jobs_of_a_repository_that_has_left_are_counted_no_more() {
    let mut town = Town::with_jobs(crate::support::jobs::BUILD_AND_TEST).await;
    town.change("src/a.rs").await;
    let waiting = r#"drawbridge_jobs{backend="workflow",state="waiting"}"#;
    assert!(town.numbers().await.has(waiting));
    let repo = town.github().repo_id();
    town.github().select_repo(repo, false);
    town.settle().await;
    let left: Vec<String> = town
        .numbers()
        .await
        .all("drawbridge_jobs")
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(left, Vec::<String>::new());
    town.finish().await;
}

#[tokio::test]
async fn jobs_are_counted_while_they_run_also_after_a_restart_and_runs_when_they_end() {
    let mut town = Town::with_jobs(crate::support::jobs::BUILD_AND_TEST).await;
    let pr = town.change("src/a.rs").await;
    let jobs = |state: &str| format!("drawbridge_jobs{{backend=\"workflow\",state=\"{state}\"}}");
    let run = |outcome: &str| {
        format!("drawbridge_runs_total{{for=\"pull_request\",outcome=\"{outcome}\"}}")
    };
    let one_runs_and_one_waits = |numbers: &Numbers| {
        let count = |of: &str| match numbers.has(&jobs(of)) {
            true => numbers.of(&jobs(of)),
            false => 0.0,
        };
        let begun: f64 = ["starting", "queued", "running"].map(count).iter().sum();
        (begun, count("waiting")) == (1.0, 1.0)
    };
    assert!(one_runs_and_one_waits(&town.numbers().await));
    town.restart().await;
    town.settle().await;
    // They are read beside all else.
    town.numbers_show("the two jobs", one_runs_and_one_waits)
        .await;
    town.job_ends(pr, "build", "success").await;
    town.job_ends(pr, "test", "failure").await;
    let numbers = town.numbers().await;
    assert_eq!(numbers.of(&run("failure")), 1.0);
    assert!(!numbers.has(&jobs("waiting")), "nothing waits any more");
    let comment = town.comment(pr, "vera", "/retest").await;
    town.acknowledged(pr, comment);
    town.all_end_on(&mirror(pr)).await;
    let numbers = town.numbers().await;
    assert_eq!(numbers.of(&run("success")), 1.0);
    let started =
        r#"drawbridge_backend_requests_total{backend="workflow",outcome="done",step="start"}"#;
    assert!(numbers.of(started) >= 2.0);
    // All that can be counted of backends was there at nought from the start: no other names came up.
    let of_backends = numbers.all("drawbridge_backend_requests_total").count();
    assert_eq!(of_backends, 4 * 3 * 5);
    town.finish().await;
}
