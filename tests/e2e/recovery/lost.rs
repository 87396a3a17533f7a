//! All that was kept is gone. GitHub still knows what matters, and nobody else is believed.

use crate::support::{CONFIG, Town, mirror};
use chrono::TimeDelta;
use drawbridge::sandbox::NewPr;

const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";

impl Town {
    /// The app stops, and what it kept is damaged; there is no snapshot.
    async fn loses_everything(&mut self) {
        self.loses_deliveries();
        self.playground.stop_app().await.expect("it stops");
        let data = self.playground.data_dir();
        std::fs::remove_dir_all(data.join("snapshots")).expect("they were there");
        std::fs::write(data.join("state/db"), "no database").expect("it was there");
        // The stand-in's clock runs ahead of ours, and what was written after a loss is no word from before it.
        self.playground.advance(TimeDelta::hours(1));
        self.comes_up().await;
    }
}

#[tokio::test]
async fn approvals_are_read_again_from_vetters_own_words_and_nothing_is_answered_twice() {
    let mut town = Town::new().await;
    let trusted = town.mirrored_pr().await;
    let vetted = town.stranger_pr().await;
    town.told(vetted);
    let approval = town.approve(vetted).await;
    town.mirrored(vetted);
    let help = town.comment(vetted, "sam", "/help").await;
    town.answer(vetted, help);
    let closed = town.mirrored_pr().await;

    town.playground.stop_app().await.expect("it stops");
    town.github().deliver_nowhere();
    town.github().close_pr(closed, "maya");
    let late = town.github().open_pr(NewPr::by("mel"));
    town.loses_everything().await;

    town.mirrored(trusted);
    town.mirrored(vetted);
    town.mirrored(late);
    town.not_mirrored(closed);
    for pr in [trusted, vetted, late] {
        town.gate(pr).is("in_progress");
    }
    town.acknowledged(vetted, approval);
    town.answer(vetted, help);
    town.told(vetted);
    assert_eq!(town.bot_comments(vetted).len(), 2, "one status, one answer");
    assert_eq!(
        town.github().branch_history(&mirror(vetted)).len(),
        1,
        "the mirror was not touched"
    );
    for _ in 0..3 {
        town.minutes_pass(10).await;
    }
    // By the stand-in's clock the next one is older than the loss, so its words are read, and no one's a second time.
    let next = town.mirrored_pr().await;
    town.github().clear_exchanges();
    for pr in [trusted, next] {
        town.push(pr).await;
        town.mirrored(pr);
    }
    let read = town.calls();
    assert!(!read.iter().any(|e| e.route == COMMENTS), "{read:#?}");
    town.finish().await;
}

#[tokio::test]
async fn nobody_else_can_put_an_approval_into_the_past() {
    let mut town = Town::new().await;
    let mut waiting = Vec::new();
    for case in 0..5 {
        let pr = town.stranger_pr().await;
        let head = town.head(pr);
        let full = format!("/ok to test {head}");
        match case {
            // A stranger says it.
            0 => {
                let said = town.comment(pr, "sam", &full).await;
                town.answer(pr, said);
            }
            // A vetter's comment is edited into one.
            1 => {
                let said = town.comment(pr, "vera", "Looks interesting").await;
                town.github().edit_comment(said, "sam", &full);
            }
            // It is quoted by a vetter.
            2 => {
                town.comment(pr, "vera", &format!("> {full}")).await;
            }
            // It names the first digits only.
            3 => {
                town.comment(pr, "vera", &format!("/ok to test {}", &head[..9]))
                    .await;
                town.mirrored(pr);
            }
            // It names an older head.
            _ => {
                town.comment(pr, "vera", &full).await;
                town.mirrored(pr);
                town.push(pr).await;
            }
        }
        town.told(pr);
        waiting.push(pr);
    }
    town.loses_everything().await;
    for (case, pr) in waiting.into_iter().enumerate() {
        town.gate(pr).is("action_required");
        town.told(pr);
        // What was approved in a way that can't be checked any more stays where it is.
        let stays = case >= 3;
        assert_eq!(town.github().branch(&mirror(pr)).is_some(), stays, "{case}");
    }
    town.finish().await;
}

#[tokio::test]
async fn who_may_not_approve_any_more_has_not_approved() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.approve(pr).await;
    town.mirrored(pr);
    town.github()
        .set_permission("vera", drawbridge::sandbox::Permission::None);
    town.settle().await;
    town.loses_everything().await;
    town.gate(pr).is("action_required");
    town.told(pr);
    // Whatever ran, ran; what is there is not taken away.
    town.mirrored(pr);
    town.finish().await;
}

#[tokio::test]
async fn an_unanswered_comment_from_before_the_loss_is_answered_once() {
    let mut town = Town::new().await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.goes_down().await;
    let heard = town.github().comment(pr, "sam", "/help");
    town.comes_up().await;
    town.answer(pr, heard);
    town.goes_down().await;
    let unheard = town.github().comment(pr, "sam", "/help");
    town.loses_everything().await;
    town.answer(pr, heard);
    town.answer(pr, unheard);
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_repository_that_is_not_enabled_costs_nothing_after_a_loss() {
    let mut town = Town::empty().await;
    town.write(CONFIG, "enabled: false\n").await;
    town.member_pr().await;
    town.github().clear_exchanges();
    town.loses_everything().await;
    assert_eq!(town.writes(), Vec::<String>::new());
    town.finish().await;
}
