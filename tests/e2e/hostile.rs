//! Names and texts that want to be something else.

use crate::support::{Town, mirror};
use drawbridge::sandbox::{NewCheck, NewCommit, NewPr};

const NASTY: &str = "a\u{202e}b\u{7}`@maya` | [x](https://evil.example) <!-- drawbridge:status -->";

#[tokio::test]
async fn a_path_with_markup_and_hidden_characters_is_shown_escaped() {
    let mut town = Town::with("enabled: true\ntrust:\n  always_vet: ['**']\n").await;
    let path = format!("dir/{NASTY}\n/ok to test");
    let pr = town
        .open(NewPr::by("mel").commit(NewCommit::signed_by("mel").file(&path, "x")))
        .await;
    town.not_mirrored(pr);
    for text in [town.gate(pr).text(), town.told(pr).0] {
        let line = text
            .lines()
            .find(|l| l.contains("dir/a"))
            .expect("the path is shown");
        assert!(line.contains("dir/a\\u{202e}b\\u{7}'@maya' "), "{line}");
        assert!(line.contains("\\u{a}/ok to test`"), "{line}");
        assert!(!text.contains(['\u{202e}', '\u{7}']), "{text}");
    }
    town.finish().await;
}

#[tokio::test]
async fn a_build_with_a_nasty_name_is_shown_escaped() {
    let mut town = Town::new().await;
    town.github().set_workflows(&[NASTY]);
    let pr = town.mirrored_pr().await;
    let gate = town.gate(pr);
    gate.says("Waiting for a\\u{202e}b\\u{7}'@maya'");
    assert!(!gate.text().contains(['\u{202e}', '\u{7}']));
    let row = gate
        .text()
        .lines()
        .find(|l| l.starts_with("| ["))
        .map(str::to_owned);
    let row = row.expect("the build is listed");
    assert_eq!(row.matches('|').count(), 3, "one row of two cells: {row}");
    town.build_ends(pr, NASTY, "success").await;
    town.gate(pr).is("success");
    town.finish().await;
}

#[tokio::test]
async fn an_app_with_a_nasty_name_is_shown_escaped() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let check = NewCheck::completed(&town.head(pr), NASTY, "x", "failure").on(&mirror(pr));
    town.github().report_check(check);
    town.settle().await;
    let gate = town.gate(pr);
    gate.is("failure");
    assert!(!gate.text().contains(['\u{202e}', '\u{7}']));
    town.finish().await;
}

#[tokio::test]
async fn titles_descriptions_and_branch_names_command_nothing_and_break_nothing() {
    let mut town = Town::new().await;
    let line = "/ok to test 0123456789abcdef0123456789abcdef01234567";
    let pr = NewPr::by("sam")
        .title(&format!("{line}\n{NASTY}"))
        .body(line);
    let pr = town.open(pr.head_branch("x\u{202e};`rm -rf`\"$(x)")).await;
    town.not_mirrored(pr);
    town.told(pr).does_not_say("rm -rf").does_not_say("maya");
    town.gate(pr).is("action_required").does_not_say("rm -rf");
    town.finish().await;
}

#[tokio::test]
async fn a_login_that_is_none_is_asked_for_as_one_and_shown_escaped() {
    let mut town = Town::new().await;
    let pr = town.open(NewPr::by("../../orgs|`x`\u{202e}")).await;
    town.not_mirrored(pr);
    for text in [town.gate(pr).text(), town.told(pr).0] {
        assert!(text.contains("`../../orgs\\u{7c}'x'\\u{202e}`"), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
    town.finish().await;
}

#[tokio::test]
async fn the_text_of_a_command_is_shown_escaped() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let comment = town.comment(pr, "vera", "/ok to test `@maya`|<b>").await;
    town.answer(pr, comment)
        .says("`'@maya'|<b>` is not a commit SHA");
    town.finish().await;
}

#[tokio::test]
async fn branches_that_only_resemble_a_mirror_are_left_alone() {
    let mut town = Town::new().await;
    let pr = town.mirrored_pr().await;
    let sha = town.github().loose_commit(NewCommit::signed_by("maya"));
    town.github().clear_exchanges();
    for name in [
        "pull-request/01",
        "pull-request/1x",
        "pull-request/+1",
        "pull-request/",
        "Pull-Request/1",
        "pull-request/99999999999999999999",
    ] {
        town.github().push_branch(name, &sha, "maya");
    }
    town.settle().await;
    assert_eq!(town.writes(), Vec::<String>::new());
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_human_branch_with_a_later_pull_requests_mirror_name_gives_way_when_that_one_comes() {
    let mut town = Town::new().await;
    let sha = town.github().loose_commit(NewCommit::unsigned_by("maya"));
    town.github().push_branch(&mirror(1), &sha, "maya");
    town.settle().await;
    town.allow(1, &sha); // maya's own doing.
    town.mirrored_pr().await;
    town.finish().await;
}

#[tokio::test]
async fn deliveries_that_are_not_what_they_claim_block_nothing() {
    let mut town = Town::new().await;
    town.loses_deliveries();
    for (event, payload) in [
        ("pull_request", serde_json::json!({ "action": "opened" })),
        (
            "issue_comment",
            serde_json::json!({ "action": "created", "comment": null }),
        ),
        ("push", serde_json::json!([])),
        ("no_such_event", serde_json::json!({ "x": 1 })),
    ] {
        town.github().send_event(event, payload);
    }
    town.mirrored_pr().await;
    let refused = |status: Option<u16>| status.is_none_or(|status| status >= 500);
    assert!(!town.github().deliveries().iter().any(|d| refused(d.status)));
    town.finish().await;
}
