//! What was missed is found: deliveries that GitHub could not hand over, and whatever else differs from what is kept.

mod again;
mod branches;
mod changes;
mod differences;
mod down;
mod found;
mod left;
mod lists;
mod lost;
mod reading;
mod restored;
mod stuck;
mod turns;

use crate::support::Town;
use chrono::TimeDelta;

impl Town {
    /// The app is down: GitHub can hand nothing over.
    async fn goes_down(&mut self) {
        self.loses_deliveries();
        self.playground.stop_app().await.expect("it stops");
        self.github().deliver_nowhere();
    }

    /// It is up again, and has done all that there was to do.
    async fn comes_up(&mut self) {
        self.playground.start_app().await.expect("it starts");
        self.settle().await;
    }

    /// So many minutes pass on both clocks, and the app does what it does then.
    async fn minutes_pass(&self, minutes: i64) {
        self.playground.pass(TimeDelta::minutes(minutes)).await;
        self.settle().await;
    }

    /// Something happens of which GitHub tells nobody.
    async fn unheard(&mut self, deed: impl FnOnce(&drawbridge::sandbox::Sandbox)) {
        self.loses_deliveries();
        self.settle().await;
        self.github().deliver_nowhere();
        deed(self.github());
        self.github().forget_deliveries();
        let url = self.playground.app().webhook_url();
        self.github().deliver_to(&url);
    }
}
