//! What people do on a pull request. They see what came of one deed before they do the next; how long that takes does not
//! matter to them.

use drawbridge::domain::event::APPROVE_BUTTON;
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::sandbox::{CommentView, NewCheck, NewPr, Sandbox};
use std::time::Duration;

/// Longer than all retries together take. Only a defect takes as long.
const PATIENCE: Duration = Duration::from_secs(300);

/// A kind of story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Story {
    /// A member's jobs pass, fail, and are run again; the pull request is closed.
    Member,
    /// A stranger's heads are approved, by comment and by button.
    Stranger,
    /// People say a lot.
    Talk,
    /// A label asks for one more job.
    Label,
    /// Everything at once.
    Haste,
}

impl Story {
    pub const ALL: [Self; 5] = [
        Self::Member,
        Self::Stranger,
        Self::Talk,
        Self::Label,
        Self::Haste,
    ];
}

/// A pull request and what happened on it.
pub struct Tale {
    github: Sandbox,
    pub pr: u64,
    /// Its heads, oldest first.
    pub heads: Vec<String>,
    /// The comments of people, oldest first.
    pub said: Vec<u64>,
    /// Those that were answered with the advice to come back later, and so were repeated.
    pub repeated: Vec<u64>,
}

impl Tale {
    pub async fn tell(github: &Sandbox, story: Story) -> Self {
        let author = match story {
            Story::Stranger => "sam",
            _ => "mel",
        };
        let pr = github.open_pr(NewPr::by(author));
        let mut tale = Self {
            github: github.clone(),
            pr,
            heads: vec![github.head(pr)],
            said: Vec::new(),
            repeated: Vec::new(),
        };
        match story {
            Story::Member => tale.member().await,
            Story::Stranger => tale.stranger().await,
            Story::Talk => tale.talk().await,
            Story::Label => tale.label().await,
            Story::Haste => tale.haste().await,
        }
        tale
    }

    async fn member(&mut self) {
        self.mirrored().await;
        self.job("build", "success").await;
        self.job("test", "success").await;
        self.lint();
        self.gate("success").await;
        self.push();
        self.mirrored().await;
        self.job("build", "failure").await;
        self.lint();
        self.gate("failure").await;
        self.ask("vera", "/retest").await;
        self.job("build", "success").await;
        self.job("test", "success").await;
        self.gate("success").await;
        self.github.close_pr(self.pr, "maya");
        self.not_mirrored().await;
    }

    async fn stranger(&mut self) {
        self.gate("action_required").await;
        self.told().await;
        let wrong = self.say(
            "vera",
            "/ok to test 0123456789abcdef0123456789abcdef01234567",
        );
        self.answer(wrong).await;
        let by_a_stranger = self.say("sam", &format!("/ok to test {}", self.head()));
        self.answer(by_a_stranger).await;
        let right = self.say("vera", &format!("/ok to test {}", self.head()));
        self.thumb(right).await;
        self.mirrored().await;
        self.lint();
        self.all_jobs().await;
        self.push();
        self.gate("action_required").await;
        self.told().await;
        let head = self.head().to_owned();
        self.github.click(&head, GATE_NAME, APPROVE_BUTTON, "vera");
        self.mirrored().await;
        self.lint();
        self.all_jobs().await;
        self.push();
        self.gate("action_required").await;
        self.told().await;
    }

    async fn talk(&mut self) {
        self.mirrored().await;
        for (who, line) in [
            ("sam", "/status"),
            ("vera", "/help"),
            ("mel", "Nothing for you."),
            ("vera", "/skipp test"),
            ("sam", "/sync"),
            ("sam", "/skip test because I say so"),
            ("sam", "/help"),
            ("vera", "> /ok to test"),
        ] {
            self.say(who, line);
        }
        self.ask("vera", "/skip test it is broken on main").await;
        self.job("build", "success").await;
        // Without it all is well, so once the gate is green it would not be begun any more.
        self.begun("test").await;
        self.lint();
        self.gate("success").await;
        for at in [0, 1, 3, 5, 6] {
            self.answer(self.said[at]).await;
        }
        self.thumb(self.said[4]).await;
    }

    async fn label(&mut self) {
        self.mirrored().await;
        self.github.add_label(self.pr, "preview", "vera");
        self.job("preview", "success").await;
        self.job("build", "success").await;
        self.job("test", "success").await;
        self.lint();
        self.gate("success").await;
        self.github.merge_pr(self.pr, "maya");
        self.not_mirrored().await;
    }

    async fn haste(&mut self) {
        self.push();
        self.github.close_pr(self.pr, "maya");
        self.github.reopen_pr(self.pr, "maya");
        self.say("sam", "/help");
        self.push();
        self.say("vera", "/sync");
        self.push();
        self.mirrored().await;
        self.lint();
        self.all_jobs().await;
        self.answer(self.said[0]).await;
        self.thumb(self.said[1]).await;
    }

    /// The newest head.
    pub fn head(&self) -> &str {
        self.heads.last().expect("it was opened with one")
    }

    /// The branch that mirrors it.
    pub fn mirror(&self) -> String {
        format!("pull-request/{}", self.pr)
    }

    fn push(&mut self) {
        self.heads.push(self.github.push(self.pr, Vec::new()));
    }

    fn say(&mut self, who: &str, line: &str) -> u64 {
        let comment = self.github.comment(self.pr, who, line);
        self.said.push(comment);
        comment
    }

    /// Somebody asks for something about the jobs, and asks again when told that there is nothing yet: a server that was
    /// just killed may not have caught up with what people see.
    async fn ask(&mut self, who: &str, line: &str) {
        loop {
            let comment = self.github.comment(self.pr, who, line);
            let mark = answer_mark(comment);
            let heard = |github: &Sandbox| {
                let all = github.comments(self.pr);
                let thumb = all
                    .iter()
                    .any(|c| c.id == comment && !c.reactions.is_empty());
                let answered = all.iter().any(|c| c.body.contains(&mark));
                (thumb || answered).then_some(thumb)
            };
            if self.until("the comment is heard", heard).await {
                self.said.push(comment);
                return;
            }
            self.repeated.push(comment);
        }
    }

    /// The newest dispatched run of a job at the head ends, once it has begun.
    async fn job(&self, job: &str, conclusion: &str) {
        let run = self.begun(job).await;
        self.github.finish_run(run, conclusion);
    }

    /// The newest dispatched run of a job at the head that has not ended, once it is there.
    async fn begun(&self, job: &str) -> u64 {
        let newest = |github: &Sandbox| {
            let mut all = github.dispatched_runs();
            all.retain(|run| run.sha == self.head() && run.status != "completed");
            all.into_iter()
                .rfind(|run| run.inputs.get("job").is_some_and(|name| name == job))
        };
        self.until(&format!("{job} runs"), newest).await.run_id
    }

    /// Another app reports what it has to say of the mirror.
    fn lint(&self) {
        let check = NewCheck::completed(self.head(), "linter", "Lint", "success");
        self.github.report_check(check.on(&self.mirror()));
    }

    /// Whatever runs at the head ends well, until the gate is green.
    async fn all_jobs(&self) {
        let ending = |github: &Sandbox| {
            let mut open = github.runs();
            open.retain(|run| run.head_branch == self.mirror() && run.status != "completed");
            open.retain(|run| run.head_sha == self.head());
            for run in open {
                github.finish_run(run.id, "success");
            }
            self.gate_is(github, "success").then_some(())
        };
        self.until("all jobs have passed", ending).await;
    }

    async fn mirrored(&self) {
        let there = |github: &Sandbox| {
            (github.branch(&self.mirror()).as_deref() == Some(self.head())).then_some(())
        };
        self.until("it is mirrored", there).await;
    }

    async fn not_mirrored(&self) {
        let gone = |github: &Sandbox| github.branch(&self.mirror()).is_none().then_some(());
        self.until("it is mirrored no more", gone).await;
    }

    async fn gate(&self, expected: &str) {
        let is = |github: &Sandbox| self.gate_is(github, expected).then_some(());
        self.until(&format!("the gate says {expected}"), is).await;
    }

    fn gate_is(&self, github: &Sandbox, expected: &str) -> bool {
        let gate = github.check(self.head(), GATE_NAME);
        gate.is_some_and(|gate| gate.conclusion.as_deref() == Some(expected))
    }

    /// The status comment names the head.
    async fn told(&self) {
        let told = |github: &Sandbox| {
            let mut all = github.comments(self.pr).into_iter();
            all.any(|c| c.body.contains("drawbridge:status") && c.body.contains(self.head()))
                .then_some(())
        };
        self.until("the comment names the head", told).await;
    }

    async fn answer(&self, comment: u64) {
        let mark = answer_mark(comment);
        let there = |github: &Sandbox| {
            let mut all = github.comments(self.pr).into_iter();
            all.any(|c| c.body.contains(&mark)).then_some(())
        };
        self.until("the comment is answered", there).await;
    }

    async fn thumb(&self, comment: u64) {
        let there = |github: &Sandbox| {
            let all: Vec<CommentView> = github.comments(self.pr);
            let found = all.into_iter().find(|c| c.id == comment)?;
            (!found.reactions.is_empty()).then_some(())
        };
        self.until("the comment has its thumb", there).await;
    }

    async fn until<T>(&self, what: &str, look: impl Fn(&Sandbox) -> Option<T>) -> T {
        let mut changed = self.github.changed();
        let waiting = async {
            loop {
                if let Some(found) = look(&self.github) {
                    return found;
                }
                // The sender lives as long as the stand-in.
                let _ = changed.changed().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| {
            let gate = self.github.check(self.head(), GATE_NAME);
            let says = gate.map(|gate| (gate.title, gate.summary));
            panic!("#{}: in vain until {what}; its gate: {says:#?}", self.pr)
        })
    }
}

/// What the answer to a comment holds.
pub fn answer_mark(comment: u64) -> String {
    format!("<!-- drawbridge:answer:{comment} -->")
}
