//! The story that `drawbridge sandbox` plays: every rule of trust once, as people meet it.

use super::Playground;
use super::narrator::Narrator;
use crate::domain::gate::GATE_NAME;
use crate::sandbox::{CommentView, NewCommit, NewPr, Permission, Visibility};

/// Plays all of it; true if every step came out right.
pub(super) async fn play(playground: &Playground) -> bool {
    let mut story = Story {
        playground,
        narrator: Narrator::new(),
    };
    story.enable().await;
    story.member().await;
    let pull = story.stranger().await;
    story.approval(pull).await;
    story.push(pull).await;
    story.build(pull).await;
    story.close(pull).await;
    story.narrator.end()
}

struct Story<'a> {
    playground: &'a Playground,
    narrator: Narrator,
}

impl Story<'_> {
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

    async fn member(&mut self) {
        self.narrator
            .step("mel opens a pull request with a signed commit");
        let commit = NewCommit::signed_by("mel").file("src/lib.rs", "faster");
        let pull = self
            .playground
            .github
            .open_pr(NewPr::by("mel").title("Faster").commit(commit));
        self.playground.settle().await;
        let head = self.playground.github.head(pull);
        self.mirror_is(
            pull,
            Some(&head),
            "it is mirrored by itself: same commit, new branch",
        );
        self.gate_is(pull, "in_progress", None);
        let comments = self.playground.github.comments(pull).len();
        self.narrator.check(
            "nobody is bothered with a comment",
            comments == 0,
            &format!("{comments} comments"),
        );
    }

    async fn stranger(&mut self) -> u64 {
        self.narrator
            .step("sam, whom nobody knows, opens a pull request");
        let commit = NewCommit::unsigned_by("sam").file("src/main.rs", "fn main() {}");
        let pull = self
            .playground
            .github
            .open_pr(NewPr::by("sam").title("My first").commit(commit));
        self.playground.settle().await;
        self.mirror_is(pull, None, "nothing of it reaches the hardware");
        self.gate_is(pull, "completed", Some("action_required"));
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
        let comments = self.playground.github.comments(pull);
        let comment = comments.iter().find(|comment| comment.id == id);
        let reactions = comment
            .map(|comment| comment.reactions.clone())
            .unwrap_or_default();
        let thumbs_up = reactions.iter().any(|(what, _)| what == "+1");
        self.narrator.check(
            "her comment gets a 👍",
            thumbs_up,
            &format!("{reactions:?}"),
        );
    }

    async fn push(&mut self, pull: u64) {
        self.narrator.step("sam pushes another commit");
        let approved = self.playground.github.head(pull);
        let commit = NewCommit::unsigned_by("sam").file("src/main.rs", "mine_bitcoin();");
        self.playground.github.push(pull, vec![commit]);
        self.playground.settle().await;
        self.mirror_is(
            pull,
            Some(&approved),
            "the mirror stays at the approved commit",
        );
        self.gate_is(pull, "completed", Some("action_required"));

        self.narrator
            .step("vera looks again and presses the button OK to test on the check");
        let head = self.playground.github.head(pull);
        self.playground.github.click(
            &head,
            GATE_NAME,
            crate::domain::event::APPROVE_BUTTON,
            "vera",
        );
        self.playground.settle().await;
        self.mirror_is(pull, Some(&head), "now the new head is mirrored");
    }

    async fn build(&mut self, pull: u64) {
        self.narrator
            .step("the build that listens to pull-request/* ends well");
        self.playground
            .github
            .finish_build(&branch(pull), "build", "success");
        self.playground.settle().await;
        self.gate_is(pull, "completed", Some("success"));
    }

    async fn close(&mut self, pull: u64) {
        self.narrator.step("sam's pull request is merged");
        self.playground.github.merge_pr(pull, "maya");
        self.playground.settle().await;
        self.mirror_is(pull, None, "the mirror is removed");
    }

    fn mirror_is(&mut self, pull: u64, expected: Option<&str>, what: &str) {
        let there = self.playground.github.branch(&branch(pull));
        let holds = there.as_deref() == expected;
        let place = match &there {
            Some(sha) => format!("{} → {}", branch(pull), short(sha)),
            None => format!("no branch {}", branch(pull)),
        };
        self.narrator
            .check(&format!("{what} ({place})"), holds, &place);
    }

    fn gate_is(&mut self, pull: u64, status: &str, conclusion: Option<&str>) {
        let head = self.playground.github.head(pull);
        let check = self.playground.github.check(&head, GATE_NAME);
        let seen = check.as_ref().map_or_else(
            || "no check".to_owned(),
            |check| {
                format!(
                    "{} – {}",
                    check.conclusion.as_deref().unwrap_or(&check.status),
                    check.title.as_deref().unwrap_or("")
                )
            },
        );
        let holds = check.is_some_and(|check| {
            check.status == status && check.conclusion.as_deref() == conclusion
        });
        self.narrator
            .check(&format!("{GATE_NAME}: {seen}"), holds, &seen);
    }

    fn answer_says(&mut self, pull: u64, expected: &str) {
        let answer = self.last_comment(pull);
        self.narrator.quote(&visible(&answer.body));
        self.narrator.check(
            "the answer says what to do",
            answer.body.contains(expected),
            &answer.body,
        );
    }

    fn last_comment(&self, pull: u64) -> CommentView {
        let comments = self.playground.github.comments(pull);
        comments
            .into_iter()
            .next_back()
            .unwrap_or_else(|| CommentView {
                id: 0,
                author: String::new(),
                body: "(no comment)".to_owned(),
                reactions: Vec::new(),
            })
    }
}

fn branch(pull: u64) -> String {
    format!("pull-request/{pull}")
}

fn short(sha: &str) -> &str {
    sha.get(..9).unwrap_or(sha)
}

/// A comment without its hidden mark.
fn visible(body: &str) -> String {
    let shown = |line: &&str| !line.starts_with("<!--") && !line.starts_with("```");
    body.lines().filter(shown).collect::<Vec<_>>().join("\n")
}
