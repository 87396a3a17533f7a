//! The story that `drawbridge sandbox` plays, in two acts: every rule of trust once, then a fan-out to builds, as people
//! meet them. What it shows and expects is read off GitHub, never out of the app.

pub(super) mod board;
mod fan_out;
mod trust;
mod watch;

use super::Playground;
use super::narrator::Narrator;
use crate::domain::gate::GATE_NAME;
use crate::sandbox::{CommentView, NewPr};
use board::Board;

/// How the story went.
pub(super) struct Outcome {
    /// Whether every expectation came true.
    pub(super) all_right: bool,
    /// The number of the last pull request.
    pub(super) pulls: u64,
}

/// Plays all of it.
pub(super) async fn play(playground: &Playground) -> Outcome {
    let mut story = Story {
        playground,
        narrator: Narrator::new(),
        pulls: 0,
    };
    story.trust().await;
    story.fan_out().await;
    Outcome {
        all_right: story.narrator.end(),
        pulls: story.pulls,
    }
}

struct Story<'a> {
    playground: &'a Playground,
    narrator: Narrator,
    pulls: u64,
}

impl Story<'_> {
    fn open(&mut self, new: NewPr) -> u64 {
        let pull = self.playground.github.open_pr(new);
        self.pulls = self.pulls.max(pull);
        pull
    }

    /// The gate on the head, as it stands on GitHub.
    fn board(&self, pull: u64) -> Option<Board> {
        let head = self.playground.github.head(pull);
        let check = self.playground.github.check(&head, GATE_NAME);
        check.as_ref().map(Board::of)
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

    /// The gate's status, or its conclusion once it has one.
    fn gate_is(&mut self, pull: u64, expected: &str) {
        let board = self.board(pull);
        let seen = board
            .as_ref()
            .map_or_else(|| "no check".to_owned(), Board::headline);
        let holds = board.is_some_and(|board| board.says(expected, ""));
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

    fn has_thumbs_up(&mut self, pull: u64, comment: u64) {
        let comments = self.playground.github.comments(pull);
        let comment = comments.into_iter().find(|one| one.id == comment);
        let reactions = comment.map(|comment| comment.reactions).unwrap_or_default();
        let holds = reactions.iter().any(|(what, _)| what == "+1");
        self.narrator
            .check("her comment gets a 👍", holds, &format!("{reactions:?}"));
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
