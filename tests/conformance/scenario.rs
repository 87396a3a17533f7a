//! A long day in a repository: everything people do that the app reacts to.

use super::settle;
use drawbridge::domain::event::APPROVE_BUTTON;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::playground::Playground;
use drawbridge::sandbox::{NewCheck, NewCommit, NewPr, Permission, Visibility};

const CONFIG: &str = ".github/drawbridge.yaml";

fn mirror(pull: u64) -> String {
    format!("pull-request/{pull}")
}

/// Plays all of it.
pub async fn play(playground: &mut Playground) {
    enable(playground).await;
    member(playground).await;
    let pull = stranger(playground).await;
    talk(playground, pull).await;
    states(playground, pull).await;
    builds(playground, pull).await;
    configuration(playground).await;
    changes(playground).await;
    account(playground).await;
    restart(playground).await;
}

async fn enable(playground: &Playground) {
    let github = &playground.github;
    github.add_org_member("mel", Visibility::Private);
    github.set_permission("vera", Permission::Write);
    github.set_permission("rita", Permission::Triage);
    github.write_file("engine", CONFIG, "enabled: true\n", "maya");
    settle(playground).await;
}

async fn member(playground: &Playground) {
    let github = &playground.github;
    let commit = NewCommit::signed_by("mel").file("src/lib.rs", "faster");
    let pull = github.open_pr(NewPr::by("mel").title("Faster").commit(commit));
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), Some(github.head(pull)));
    let web = NewCommit::web("mel").file(".github/workflows/build.yml", "on: push");
    github.push(pull, vec![web]);
    settle(playground).await;
    github.add_label(pull, "fast", "mel");
    github.edit_title(pull, "Faster still", "mel");
    github.merge_pr(pull, "maya");
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), None);
    github.open_pr(NewPr::by("mel").from_branch("topic").draft());
    github.open_pr(
        NewPr::by("dependabot[bot]")
            .from_branch("dependabot/thing")
            .body("Bumps a thing."),
    );
    settle(playground).await;
}

async fn stranger(playground: &Playground) -> u64 {
    let github = &playground.github;
    let commits = [
        NewCommit::unsigned_by("sam").file("a.txt", "1"),
        NewCommit::signed_by("sam")
            .nobody()
            .rename("a.txt", "b.txt"),
        NewCommit::signed_by("sam")
            .committed_by("mel")
            .unverified("bad_email")
            .without("b.txt"),
    ];
    let pull = github.open_pr(NewPr::by("sam").title("My first").commits(commits));
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), None);
    let head = github.head(pull);
    github.comment(pull, "sam", &format!("/ok to test {head}"));
    github.comment(pull, "vera", "/ok to test 0123456789ab");
    github.comment(pull, "vera", &format!("/ok to test {head}"));
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), Some(head));
    github.push(pull, vec![NewCommit::unsigned_by("sam")]);
    settle(playground).await;
    github.click(pull, GATE_NAME, APPROVE_BUTTON, "sam");
    github.click(pull, GATE_NAME, APPROVE_BUTTON, "vera");
    github.rerequest_check(GATE_NAME, pull, "vera");
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), Some(github.head(pull)));
    let loose = github.loose_commit(NewCommit::signed_by("vera"));
    github.push_branch(&mirror(pull), &loose, "vera");
    settle(playground).await;
    github.delete_branch(&mirror(pull), "vera");
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), Some(github.head(pull)));
    pull
}

async fn talk(playground: &Playground, pull: u64) {
    let github = &playground.github;
    for text in [
        "/help",
        "/status",
        "/sync",
        "/ok to",
        "> /ok to test",
        "Thank you!",
    ] {
        github.comment(pull, "rita", text);
    }
    let comment = github.comment(pull, "sam", "hello");
    github.edit_comment(comment, "sam", "/sync");
    github.delete_comment(comment, "sam");
    github.issue_comment_on_plain_issue("sam", "/sync");
    settle(playground).await;
}

async fn states(playground: &Playground, pull: u64) {
    let github = &playground.github;
    github.set_draft(pull, true, "sam");
    settle(playground).await;
    github.set_draft(pull, false, "sam");
    settle(playground).await;
    github.close_pr(pull, "sam");
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), None);
    github.reopen_pr(pull, "sam");
    settle(playground).await;
    let main = github.branch("main").expect("main is there");
    github.push_branch("release", &main, "maya");
    github.change_base(pull, "release", "sam");
    settle(playground).await;
    github.force_push(pull, vec![NewCommit::unsigned_by("sam").file("c.txt", "2")]);
    settle(playground).await;
    github.comment(pull, "vera", &format!("/ok to test {}", github.head(pull)));
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), Some(github.head(pull)));
}

async fn builds(playground: &Playground, pull: u64) {
    let github = &playground.github;
    let (branch, head) = (mirror(pull), github.head(pull));
    github.start_foreign_run(&head, "patch-1", "fork");
    let check = NewCheck::in_progress(&head, "other-ci", "unit tests").on(&branch);
    let check = github.report_check(check);
    let slow = github.start_build(&branch, "slow");
    settle(playground).await;
    github.complete_check(check, "success");
    github.finish_build(&branch, "build", "failure");
    github.finish_run(slow, "success");
    settle(playground).await;
    let failed = github
        .runs()
        .into_iter()
        .find(|run| run.conclusion.as_deref() == Some("failure"));
    github.rerun(failed.expect("a run that failed").id);
    settle(playground).await;
    github.finish_build(&branch, "build", "success");
    settle(playground).await;
    let gate = github.check(&head, GATE_NAME).expect("a gate");
    assert_eq!(gate.conclusion.as_deref(), Some("success"), "{gate:?}");
}

async fn configuration(playground: &Playground) {
    let github = &playground.github;
    for text in [
        "enabled: tru",
        "enabled: true\nfilters: .github/filters.yaml\n",
        "enabled: true\nauto_sync_ready: false\n",
    ] {
        github.write_file("engine", CONFIG, text, "maya");
        settle(playground).await;
        github.open_pr(NewPr::by("mel"));
        settle(playground).await;
    }
    github.delete_file("engine", CONFIG, "maya");
    settle(playground).await;
    for who in ["vera", "maya", "maya"] {
        github.issue_comment_on_plain_issue(who, "/drawbridge init");
        settle(playground).await;
    }
    let pulls = github.pulls();
    let proposed = pulls.iter().filter(|pull| pull.branch == "drawbridge-init");
    assert_eq!(proposed.count(), 1, "{pulls:#?}");
    github.write_file(
        "engine",
        ".github/copy-pr-bot.yaml",
        "enabled: true\nauto_sync_draft: true\n",
        "maya",
    );
    let defaults = github.add_repo(".github");
    github.write_file(".github", CONFIG, "additional_vetters: [rita]\n", "maya");
    settle(playground).await;
    github.open_pr(NewPr::by("sam"));
    github.open_pr_in(defaults, NewPr::by("sam"));
    settle(playground).await;
}

/// Long lists and odd names.
async fn changes(playground: &Playground) {
    let github = &playground.github;
    let many = (0..120).map(|n| NewCommit::signed_by("mel").file(&format!("many/{n}"), "x"));
    let pull = github.open_pr(NewPr::by("mel").title("Many\u{202e}").commits(many));
    settle(playground).await;
    assert_eq!(github.branch(&mirror(pull)), Some(github.head(pull)));
    github.open_pr(NewPr::by("sam").same_head_as(pull));
    settle(playground).await;
}

async fn account(playground: &Playground) {
    let github = &playground.github;
    let engine = github.repo_id();
    github.set_permission("vera", Permission::Maintain);
    github.set_permission("rita", Permission::None);
    github.remove_org_member("mel");
    github.open_pr(NewPr::by("mel"));
    settle(playground).await;
    github.select_repo(engine, false);
    settle(playground).await;
    github.select_repo(engine, true);
    github.suspend_installation(true);
    settle(playground).await;
    github.suspend_installation(false);
    github.announce_installation("created");
    settle(playground).await;
    github.revoke_tokens();
    github.rename_repo("motor");
    github.open_pr(NewPr::by("sam"));
    settle(playground).await;
}

async fn restart(playground: &mut Playground) {
    playground.stop_app().await.expect("the app stops");
    playground.github.deliver_nowhere();
    let pull = playground.github.open_pr(NewPr::by("sam"));
    playground.start_app().await.expect("the app starts again");
    let missed: Vec<_> = playground
        .github
        .deliveries()
        .into_iter()
        .filter(|one| one.status.is_none())
        .collect();
    for delivery in missed {
        playground.github.redeliver(&delivery.guid).await;
    }
    settle(playground).await;
    assert!(
        playground
            .github
            .check(&playground.github.head(pull), GATE_NAME)
            .is_some()
    );
}
