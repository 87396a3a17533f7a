//! First contact, from the comment to a gate.

use super::{BRANCH, INIT, LISTENS};
use crate::support::{CONFIG, Town};
use drawbridge::domain::config::{self, Scope};

#[tokio::test]
async fn an_administrator_asks_on_an_issue_merges_what_is_proposed_and_the_next_pull_request_has_a_gate()
 {
    let mut town = Town::empty().await;
    town.write(".github/workflows/build.yml", LISTENS).await;
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    let proposal = town.proposal();
    assert_eq!(proposal.branch, BRANCH);
    assert_eq!(proposal.title, "Configure Drawbridge");
    for words in [
        format!("`maya` asked for this in #{issue}"),
        "**Nothing happens in this repository until this is merged.**".to_owned(),
        "1 workflow is started by the push of a mirror".to_owned(),
        "drawbridge check".to_owned(),
        "/help".to_owned(),
    ] {
        assert!(proposal.body.contains(&words), "{words}: {}", proposal.body);
    }
    town.acknowledged(issue, comment);
    town.said_of_init(issue, comment)
        .says(&format!("#{} proposes", proposal.number));
    let file = town.suggested();
    let read = config::parse(CONFIG, &file, Scope::Repository).expect("it is valid");
    assert_eq!(read.enabled, Some(true));
    let schema = "# yaml-language-server: $schema=http";
    assert!(file.starts_with(schema), "{file}");
    assert!(
        file.contains("    - 'src/**'\n    - '!**/*.md'\n"),
        "{file}"
    );

    // Until it is merged nothing happens.
    let early = town.member_pr().await;
    town.not_mirrored(early);
    town.github().merge_pr(proposal.number, "maya");
    town.settle().await;
    town.mirrored(early);
    town.gate(early).is("in_progress");
    let pr = town.stranger_pr().await;
    town.gate(pr).is("action_required");
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn it_is_heard_on_a_pull_request_beside_other_commands_and_each_is_answered() {
    let mut town = Town::empty().await;
    let pr = town.member_pr().await;
    let comment = town.comment(pr, "maya", INIT).await;
    let proposal = town.proposal();
    town.acknowledged(pr, comment);
    town.said_of_init(pr, comment)
        .says(&format!("#{}", proposal.number));
    town.github().merge_pr(proposal.number, "maya");
    town.settle().await;
    town.mirrored(pr);
    let both = town.comment(pr, "maya", &format!("{INIT}\n\n/help")).await;
    town.said_of_init(pr, both)
        .says("has a configuration already: `.github/drawbridge.yaml`");
    town.answer(pr, both).says("`/drawbridge init`");
    town.finish().await;
}

#[tokio::test]
async fn asking_again_leads_to_the_same_pull_request_and_a_closed_one_is_proposed_anew() {
    let mut town = Town::empty().await;
    town.ask_on_an_issue("maya").await;
    let (issue, again) = town.ask_on_an_issue("maya").await;
    let first = town.proposal();
    town.said_of_init(issue, again).says(&format!(
        "#{} proposes a configuration already",
        first.number
    ));
    town.close(first.number).await;
    let (issue, anew) = town.ask_on_an_issue("maya").await;
    // The commit is there: only the pull request is new.
    let pulls = town.github().pulls();
    assert_eq!(pulls.len(), 2, "{pulls:#?}");
    assert_eq!(town.github().branch_history(BRANCH).len(), 2);
    town.said_of_init(issue, anew)
        .says(&format!("#{} proposes", pulls[1].number));
    town.finish().await;
}

#[tokio::test]
async fn what_was_merged_and_taken_away_again_is_proposed_on_another_branch() {
    let mut town = Town::empty().await;
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    town.said_of_init(issue, comment);
    let first = town.proposal().number;
    town.github().merge_pr(first, "maya");
    town.settle().await;
    town.github().delete_file("engine", CONFIG, "maya");
    town.settle().await;
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    let mut ours = town.github().pulls();
    ours.retain(|pull| pull.author == "drawbridge[bot]" && pull.number != first);
    assert_eq!(ours.len(), 1, "{ours:#?}");
    assert_eq!(ours[0].branch, format!("{BRANCH}-2"));
    town.said_of_init(issue, comment)
        .says(&format!("#{} proposes", ours[0].number));
    town.finish().await;
}

#[tokio::test]
async fn a_repository_that_inherits_its_configuration_may_have_one_of_its_own() {
    let mut town = Town::empty().await;
    town.github().add_repo(".github");
    town.github()
        .write_file(".github", CONFIG, "enabled: true\n", "maya");
    town.settle().await;
    let pr = town.mirrored_pr().await;
    let comment = town.comment(pr, "maya", INIT).await;
    let proposal = town.proposal();
    assert!(
        proposal.body.contains("already follows its organisation's"),
        "{}",
        proposal.body
    );
    town.said_of_init(pr, comment);
    // It is a pull request like any other here: the app's own needs a vetter, too.
    town.told(proposal.number);
    town.finish().await;
}
