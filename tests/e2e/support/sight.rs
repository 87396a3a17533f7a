//! What people see: the mirror, the gate, comments and reactions.

use super::{Town, mirror};
use drawbridge::domain::event::APPROVE_BUTTON;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{CheckRunView, CommentView};

impl Town {
    /// Sees that the mirror is at the head.
    #[track_caller]
    pub fn mirrored(&mut self, pr: u64) {
        let head = self.head(pr);
        self.mirror_at(pr, &head);
    }

    /// Sees that the mirror is at this commit.
    #[track_caller]
    pub fn mirror_at(&mut self, pr: u64, sha: &str) {
        assert_eq!(
            self.github().branch(&mirror(pr)).as_deref(),
            Some(sha),
            "{} (the gate says: {:?})",
            mirror(pr),
            self.github()
                .check(&self.head(pr), GATE_NAME)
                .map(|c| c.title)
        );
        self.allow(pr, sha);
    }

    /// Says that this commit may have been on the mirror at some time.
    pub fn allow(&mut self, pr: u64, sha: &str) {
        self.allowed.insert((pr, sha.to_owned()));
    }

    /// Sees that there is no mirror.
    #[track_caller]
    pub fn not_mirrored(&self, pr: u64) {
        assert_eq!(self.github().branch(&mirror(pr)), None, "{}", mirror(pr));
    }

    /// The gate of the head.
    #[track_caller]
    pub fn gate(&self, pr: u64) -> Gate {
        self.gate_of(&self.head(pr))
    }

    /// The gate of a commit.
    #[track_caller]
    pub fn gate_of(&self, sha: &str) -> Gate {
        let check = self.github().check(sha, GATE_NAME);
        Gate(check.unwrap_or_else(|| panic!("{sha} has no gate")))
    }

    /// The comments of the bot on a pull request.
    pub fn bot_comments(&self, pr: u64) -> Vec<CommentView> {
        let mut all = self.github().comments(pr);
        all.retain(|comment| comment.author == "drawbridge[bot]");
        all
    }

    /// Sees the one comment that waits for people, and what it says now.
    #[track_caller]
    pub fn told(&mut self, pr: u64) -> Text {
        self.find(pr, "<!-- drawbridge:status -->", "status comment")
    }

    /// Sees the one answer to a comment.
    #[track_caller]
    pub fn answer(&mut self, pr: u64, comment: u64) -> Text {
        let mark = format!("<!-- drawbridge:answer:{comment} -->");
        self.find(pr, &mark, "answer")
    }

    /// Sees the one answer to a comment that asked for a configuration.
    #[track_caller]
    pub fn said_of_init(&mut self, number: u64, comment: u64) -> Text {
        let mark = format!("<!-- drawbridge:init:{comment} -->");
        self.find(number, &mark, "answer")
    }

    #[track_caller]
    fn find(&mut self, pr: u64, mark: &str, what: &str) -> Text {
        let mut found = self.bot_comments(pr);
        found.retain(|comment| comment.body.contains(mark));
        assert_eq!(found.len(), 1, "one {what} on #{pr}: {found:#?}");
        let comment = found.remove(0);
        self.seen.insert((comment.id, comment.body.clone()));
        Text(comment.body)
    }

    /// Sees that the bot said nothing on a pull request.
    #[track_caller]
    pub fn silent(&self, pr: u64) {
        let said = self.bot_comments(pr);
        assert!(said.is_empty(), "nothing on #{pr}: {said:#?}");
    }

    /// Sees how often the bot put a 👍 on a comment.
    #[track_caller]
    pub fn thumbs(&self, pr: u64, comment: u64) -> usize {
        let all = self.github().comments(pr);
        let found = all.into_iter().find(|c| c.id == comment);
        let reactions = found.expect("the comment is there").reactions;
        let ours = |(what, who): &&(String, String)| what == "+1" && who == "drawbridge[bot]";
        reactions.iter().filter(ours).count()
    }

    /// Sees that a comment was acknowledged with a 👍.
    #[track_caller]
    pub fn acknowledged(&self, pr: u64, comment: u64) {
        assert_eq!(self.thumbs(pr, comment), 1, "👍 on comment {comment}");
    }

    /// Sees that a comment got nothing: neither 👍 nor answer.
    #[track_caller]
    pub fn ignored(&self, pr: u64, comment: u64) {
        assert_eq!(self.thumbs(pr, comment), 0, "👍 on comment {comment}");
        let mark = format!("drawbridge:answer:{comment} ");
        let answers = self.bot_comments(pr);
        assert!(
            !answers.iter().any(|c| c.body.contains(&mark)),
            "{answers:#?}"
        );
    }
}

/// A gate as people see it.
pub struct Gate(pub CheckRunView);

impl Gate {
    /// Sees its conclusion, or its status while it has none.
    #[track_caller]
    pub fn is(&self, expected: &str) -> &Self {
        let is = self.0.conclusion.as_deref().unwrap_or(&self.0.status);
        assert_eq!(is, expected, "{:?}: {}", self.0.title, self.text());
        self
    }

    /// Sees these words in its title or summary.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.text().contains(words), "{words:?} in: {}", self.text());
        self
    }

    /// Does not see these words.
    #[track_caller]
    pub fn does_not_say(&self, words: &str) -> &Self {
        assert!(
            !self.text().contains(words),
            "no {words:?} in: {}",
            self.text()
        );
        self
    }

    /// Whether it shows the button *OK to test*.
    #[track_caller]
    pub fn has_button(&self, expected: bool) -> &Self {
        let shown = self
            .0
            .actions
            .iter()
            .any(|a| a.identifier == APPROVE_BUTTON);
        assert_eq!(shown, expected, "the button of {:?}", self.0.title);
        self
    }

    /// Title and summary.
    pub fn text(&self) -> String {
        let (title, summary) = (&self.0.title, &self.0.summary);
        format!(
            "{}\n{}",
            title.as_deref().unwrap_or(""),
            summary.as_deref().unwrap_or("")
        )
    }
}

/// What the bot wrote.
pub struct Text(pub String);

impl Text {
    /// Sees these words in it.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.0.contains(words), "{words:?} in: {}", self.0);
        self
    }

    /// Does not see these words.
    #[track_caller]
    pub fn does_not_say(&self, words: &str) -> &Self {
        assert!(!self.0.contains(words), "no {words:?} in: {}", self.0);
        self
    }
}
