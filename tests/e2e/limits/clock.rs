//! The machine's clock is wrong.

use crate::support::Town;
use chrono::TimeDelta;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_minutes_or_hours_off_keeps_nothing_from_working() {
    for minutes in [7, -7, 150, -150] {
        let mut town = Town::empty().await;
        town.playground.advance(TimeDelta::minutes(minutes));
        town.restart().await;
        town.write(crate::support::CONFIG, "enabled: true\n").await;
        town.mirrored_pr().await;
        let stranger = town.stranger_pr().await;
        town.told(stranger);
        town.approve(stranger).await;
        town.mirrored(stranger);
        town.gate(stranger).is("in_progress");
        town.finish().await;
    }
}
