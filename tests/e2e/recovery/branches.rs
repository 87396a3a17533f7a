//! Branches besides the mirrors: pushes that nobody told of, and those that held a commit for runs of which nothing is known
//! any more.

use crate::support::Town;
use crate::support::jobs::POST_MERGE;

#[tokio::test]
async fn anchors_that_nobody_knows_are_removed_and_what_only_looks_like_one_stays() {
    let mut town = Town::with_jobs(POST_MERGE).await;
    town.all_end_on("main").await;
    let first = town.github().branch("main").expect("it is there");
    let second = town.github().write_file("engine", "a.txt", "a", "maya");
    town.settle().await;
    town.all_end_on("main").await;
    let left_behind = [
        format!("drawbridge/push/main/{first}"),
        format!("drawbridge/push/release/1.2/{first}"),
        format!("drawbridge/schedule/{second}"),
        format!("drawbridge/pull-request/7/{first}"),
    ];
    let somebodys = [
        ("drawbridge/notes".to_owned(), &first),
        (format!("drawbridge/push/main/{second}"), &first),
    ];
    let before = town.github().dispatched_runs().len();
    town.unheard(|github| {
        for branch in &left_behind {
            let (_, sha) = branch.rsplit_once('/').expect("it ends with its commit");
            github.push_branch(branch, sha, "vera");
        }
        for (branch, at) in &somebodys {
            github.push_branch(branch, at, "vera");
        }
    })
    .await;
    town.minutes_pass(10).await;
    for branch in &left_behind {
        assert_eq!(town.github().branch(branch), None, "{branch}");
    }
    for (branch, at) in &somebodys {
        assert_eq!(town.github().branch(branch).as_ref(), Some(*at), "{branch}");
    }
    assert_eq!(
        town.github().dispatched_runs().len(),
        before,
        "nothing starts"
    );
    // And that was that.
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    assert_eq!(town.writes(), Vec::<String>::new());
    town.finish().await;
}

#[tokio::test]
async fn an_anchor_in_use_stays() {
    let town = Town::with_jobs(POST_MERGE).await;
    town.all_end_on("main").await;
    let first = town.github().write_file("engine", "a.txt", "a", "maya");
    town.settle().await;
    town.github().write_file("engine", "b.txt", "b", "maya");
    town.settle().await;
    town.job_ends_on("main", "build", "success").await;
    let anchor = format!("drawbridge/push/main/{first}");
    assert_eq!(town.started(&anchor), ["test"]);
    town.minutes_pass(10).await;
    assert_eq!(town.github().branch(&anchor), Some(first.clone()));
    town.job_ends_on(&anchor, "test", "success").await;
    town.check_of(&first, "ci").is("success");
    assert_eq!(town.github().branch(&anchor), None);
    town.finish().await;
}

#[tokio::test]
async fn a_push_that_nobody_told_of_starts_its_pipelines_and_only_once() {
    let mut town = Town::with_jobs(POST_MERGE).await;
    town.all_end_on("main").await;
    let mut pushed = String::new();
    town.unheard(|github| pushed = github.write_file("engine", "a.txt", "a", "maya"))
        .await;
    town.minutes_pass(10).await;
    assert_eq!(town.started_for(&pushed), ["build"]);
    town.all_end_on("main").await;
    town.check_of(&pushed, "ci").is("success");
    town.github().clear_exchanges();
    town.minutes_pass(10).await;
    assert_eq!(town.writes(), Vec::<String>::new());
    town.finish().await;
}
