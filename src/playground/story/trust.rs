//! The first act: who may use the hardware. Every rule of trust once.

use super::{Story, branch, visible};
use crate::domain::event::APPROVE_BUTTON;
use crate::domain::gate::GATE_NAME;
use crate::sandbox::{NewCommit, NewPr, Permission, Visibility};

impl Story<'_> {
    pub(super) async fn trust(&mut self) {
        self.enable().await;
        let members = self.member().await;
        let strangers = self.stranger().await;
        self.approval(strangers).await;
        self.push(strangers).await;
        self.build(strangers).await;
        self.close(strangers, members).await;
    }

    async fn enable(&mut self) {
        let github = &self.playground.github;
        self.narrator
            .step("maya, a maintainer of acme/engine, enables the app: .github/drawbridge.yaml");
        self.narrator.quote("enabled: true");
        github.add_org_member("mel", Visibility::Private);
        github.set_permission("vera", Permission::Write);
        github.write_file(
            "engine",
            ".github/drawbridge.yaml",
            "enabled: true\n",
            "maya",
        );
        self.playground.settle().await;
        self.narrator.say("mel is a member of acme. vera is not, but may write to the repository. sam is a stranger.");
    }

    async fn member(&mut self) -> u64 {
        self.narrator
            .step("mel opens a pull request with a signed commit");
        let commit = NewCommit::signed_by("mel").file("src/lib.rs", "faster");
        let new = NewPr::by("mel").title("Faster").commit(commit);
        let pull = self.open(new);
        self.playground.settle().await;
        let head = self.playground.github.head(pull);
        self.mirror_is(
            pull,
            Some(&head),
            "it is mirrored by itself: same commit, new branch",
        );
        self.gate_is(pull, "in_progress");
        let comments = self.playground.github.comments(pull).len();
        self.narrator.check(
            "nobody is bothered with a comment",
            comments == 0,
            &format!("{comments} comments"),
        );
        pull
    }

    async fn stranger(&mut self) -> u64 {
        self.narrator
            .step("sam, whom nobody knows, opens a pull request");
        let commit = NewCommit::unsigned_by("sam").file("src/main.rs", "fn main() {}");
        let new = NewPr::by("sam").title("My first").commit(commit);
        let pull = self.open(new);
        self.playground.settle().await;
        self.mirror_is(pull, None, "nothing of it reaches the hardware");
        self.gate_is(pull, "action_required");
        let comment = self.last_comment(pull);
        self.narrator.say("sam is told what it waits for:");
        self.narrator.quote(&visible(&comment.body));
        self.narrator.check(
            "the comment says what to type",
            comment.body.contains(&format!(
                "/ok to test {}",
                self.playground.github.head(pull)
            )),
            &comment.body,
        );
        pull
    }

    async fn approval(&mut self, pull: u64) {
        let github = &self.playground.github;
        let head = github.head(pull);

        self.narrator
            .step("sam tries to approve it himself: /ok to test <head>");
        github.comment(pull, "sam", &format!("/ok to test {head}"));
        self.playground.settle().await;
        self.mirror_is(pull, None, "still nothing is mirrored");
        self.answer_says(pull, "can't approve");

        self.narrator.step("vera, who may write, gives a wrong SHA");
        github.comment(pull, "vera", "/ok to test 0123456789ab");
        self.playground.settle().await;
        self.mirror_is(pull, None, "still nothing is mirrored");
        self.answer_says(pull, &format!("/ok to test {head}"));

        self.narrator
            .step("vera reads the change and approves the head");
        let id = github.comment(
            pull,
            "vera",
            &format!("Looks harmless.\n\n/ok to test {head}"),
        );
        self.playground.settle().await;
        self.mirror_is(pull, Some(&head), "exactly that commit is mirrored");
        self.has_thumbs_up(pull, id);
    }

    async fn push(&mut self, pull: u64) {
        self.narrator
            .step("its build ends well, but then sam pushes another commit");
        let approved = self.playground.github.head(pull);
        self.playground
            .github
            .finish_build(&branch(pull), "build", "success");
        self.playground.settle().await;
        self.gate_is(pull, "success");
        let commit = NewCommit::unsigned_by("sam").file("src/main.rs", "mine_bitcoin();");
        self.playground.github.push(pull, vec![commit]);
        self.playground.settle().await;
        self.mirror_is(
            pull,
            Some(&approved),
            "the mirror stays at the approved commit",
        );
        self.gate_is(pull, "action_required");

        self.narrator
            .step("vera looks again and presses the button OK to test on the check");
        let head = self.playground.github.head(pull);
        self.playground
            .github
            .click(&head, GATE_NAME, APPROVE_BUTTON, "vera");
        self.playground.settle().await;
        self.mirror_is(pull, Some(&head), "now the new head is mirrored");
    }

    async fn build(&mut self, pull: u64) {
        self.narrator.step("this build, too, ends well");
        self.playground
            .github
            .finish_build(&branch(pull), "build", "success");
        self.playground.settle().await;
        self.gate_is(pull, "success");
    }

    async fn close(&mut self, strangers: u64, members: u64) {
        self.narrator.step("both pull requests are merged");
        let github = &self.playground.github;
        github.finish_build(&branch(members), "build", "success");
        github.merge_pr(strangers, "maya");
        github.merge_pr(members, "maya");
        self.playground.settle().await;
        self.mirror_is(strangers, None, "sam's mirror is removed");
        self.mirror_is(members, None, "mel's mirror is removed");
    }
}
