//! Lost deliveries that can't be taken up.

use crate::support::{CONFIG, Town};
use drawbridge::sandbox::{FaultKind, NewPr};

const DELIVERY: &str = "/app/hook/deliveries/{delivery_id}";
const ATTEMPTS: &str = "/app/hook/deliveries/{delivery_id}/attempts";

#[tokio::test]
async fn a_lost_delivery_that_can_not_be_read_holds_up_its_own_repository_only() {
    let mut town = Town::new().await;
    let other = town.github().add_repo("other");
    town.github()
        .write_file("other", CONFIG, "enabled: false\n", "maya");
    let pr = town.stranger_pr().await;
    town.told(pr);
    town.goes_down().await;
    let first = town.github().comment(pr, "sam", "/help");
    town.github().open_pr_in(other, NewPr::by("mel"));
    let second = town.github().comment(pr, "sam", "/status");
    town.fault("GET", DELIVERY, FaultKind::Status(502));
    town.github().clear_exchanges();
    town.comes_up().await;
    let read = |town: &Town| -> Vec<u16> {
        let mut all = town.github().exchanges();
        all.retain(|e| e.route == DELIVERY);
        all.iter().map(|e| e.status).collect()
    };
    assert_eq!(read(&town), [502, 200], "the second comment waits");
    town.told(pr);
    assert_eq!(town.bot_comments(pr).len(), 1);
    town.minutes_pass(10).await;
    town.answer(pr, first);
    town.answer(pr, second);
    let place = |of: u64| {
        let marker = format!(":{of} ");
        let all = town.bot_comments(pr);
        all.iter()
            .position(|comment| comment.body.contains(&marker))
    };
    assert!(place(first) < place(second), "in their order");
    assert_eq!(read(&town), [502, 200, 200, 200]);
    town.finish().await;
}

#[tokio::test]
async fn what_github_does_not_show_is_asked_for_again_so_often_and_not_for_ever() {
    let mut town = Town::new().await;
    town.loses_deliveries();
    town.github().hide_payloads();
    town.github().deliver_nowhere();
    town.github().open_pr(NewPr::by("sam"));
    // Those of one repository are asked for one after the other at first.
    for _ in 0..18 {
        town.minutes_pass(10).await;
    }
    let asked = |town: &Town| {
        let all = town.github().exchanges();
        all.iter().filter(|e| e.route == ATTEMPTS).count()
    };
    let times = asked(&town);
    assert!(times > 0 && times.is_multiple_of(8), "{times}");
    town.github().clear_exchanges();
    for _ in 0..3 {
        town.minutes_pass(10).await;
    }
    assert_eq!(asked(&town), 0);
    let pr = 1;
    town.told(pr);
    town.finish().await;
}
