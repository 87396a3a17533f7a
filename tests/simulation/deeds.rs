//! What people and the app do on the model, and the deliveries that it makes.

use crate::hub::{BOT, Comment, Hub, MEL, Pull, VERA, sha};
use chrono::{DateTime, Utc};
use drawbridge::domain::command::extract;
use drawbridge::domain::event::{Button, Event, PullChange, Thread};
use drawbridge::domain::gate::GATE_NAME;
use drawbridge::domain::ids::{CheckRunId, CommentId, PrNumber};
use drawbridge::domain::pull::mirrored_number;
use std::collections::BTreeSet;

impl Hub {
    pub fn open(&mut self, author: &'static str, verified: bool, now: DateTime<Utc>) {
        let at = self.tick(now);
        let number = self.pulls.len() as u64 + 1;
        let head = self.commit(author, verified);
        let pull = Pull {
            number,
            author,
            open: true,
            turned_at: at,
            commits: vec![head.clone()],
            heads: vec![head],
            labels: Vec::new(),
            created_at: at,
            updated_at: at,
            trusted: BTreeSet::new(),
            approved: BTreeSet::new(),
            must: None,
        };
        self.pulls.insert(number, pull);
        self.note_trust(number);
        self.send_pull(number, PullChange::Opened);
    }

    /// Adds a commit, or replaces all there were.
    pub fn push(
        &mut self,
        number: u64,
        (by, verified): (&'static str, bool),
        replace: bool,
        now: DateTime<Utc>,
    ) {
        let at = self.tick(now);
        let head = self.commit(by, verified);
        let pull = self.pulls.get_mut(&number).expect("it is there");
        if replace {
            pull.commits.clear();
        }
        pull.commits.push(head.clone());
        pull.heads.push(head);
        pull.updated_at = at;
        let open = pull.open;
        self.note_trust(number);
        if open {
            self.send_pull(number, PullChange::Pushed);
        }
    }

    /// Enables the app, if it is not.
    pub fn enable(&mut self, now: DateTime<Utc>) {
        let Some(config) = self.later.take() else {
            return;
        };
        self.config = config;
        self.tick(now);
        self.send(Event::BranchPushed {
            repo: Self::repo(),
            branch: "main".to_owned(),
            after: Some(sha(&format!("{:040x}", 0xc0_ffee))),
            before: Some(sha(&format!("{:040x}", 0xc0_ffed))),
            configuration: true,
        });
    }

    fn note_trust(&mut self, number: u64) {
        let pull = self.pulls.get_mut(&number).expect("it is there");
        let own = |name: &String| {
            let commit = &self.commits[name];
            commit.author == MEL && commit.verified
        };
        if pull.author == MEL && pull.commits.iter().all(own) {
            pull.trusted.insert(pull.head().to_owned());
        }
    }

    pub fn turn(&mut self, number: u64, open: bool, now: DateTime<Utc>) {
        let at = self.tick(now);
        let pull = self.pulls.get_mut(&number).expect("it is there");
        if pull.open == open {
            return;
        }
        (pull.open, pull.turned_at, pull.updated_at) = (open, at, at);
        if open {
            self.was_steered.insert(number);
        }
        let change = match open {
            true => PullChange::Other,
            false => PullChange::Closed,
        };
        self.send_pull(number, change);
    }

    pub fn label(&mut self, number: u64, now: DateTime<Utc>) {
        let at = self.tick(now);
        let pull = self.pulls.get_mut(&number).expect("it is there");
        pull.updated_at = at;
        match pull.labels.pop() {
            Some(_) => {}
            None => pull.labels.push("preview".to_owned()),
        }
        self.was_steered.insert(number);
        self.send_pull(number, PullChange::Labels);
    }

    pub fn comment(&mut self, number: u64, by: &str, body: &str, now: DateTime<Utc>) -> u64 {
        let (at, id) = (self.tick(now), self.number());
        let pull = self.pulls.get_mut(&number).expect("it is there");
        pull.updated_at = at;
        if by == VERA
            && let Some(approved) = body.strip_prefix("/ok to test ")
        {
            let named = pull.heads.iter().filter(|head| head.starts_with(approved));
            pull.approved.extend(named.cloned().collect::<Vec<_>>());
            if pull.open && pull.head() == approved {
                pull.must = Some((approved.to_owned(), at));
            }
        }
        let (open, author) = (pull.open, Self::user(pull.author));
        if body.starts_with("/retest") {
            self.was_steered.insert(number);
        }
        self.comments.push(Comment {
            id,
            number,
            author: by.to_owned(),
            body: body.to_owned(),
            at,
            thumbs: 0,
        });
        let lines = extract(body);
        if open && by != BOT.0 && !lines.is_empty() {
            self.send(Event::Comment {
                repo: Self::repo(),
                number: PrNumber(number),
                thread: Thread::Pull,
                pull_author: Some(author),
                comment: CommentId(id),
                author: Self::user(by),
                created_at: at,
                lines,
            });
        }
        id
    }

    /// Somebody presses the button of the gate of the head, if it shows one.
    pub fn press(&mut self, number: u64, by: &str, now: DateTime<Utc>) {
        let at = self.tick(now);
        let pull = self.pulls.get_mut(&number).expect("it is there");
        let head = pull.head().to_owned();
        let found = self
            .checks
            .iter()
            .find(|check| check.sha == head && check.button);
        let Some(check) = found.map(|check| check.id) else {
            return;
        };
        if by == VERA {
            pull.approved.insert(head.clone());
            if pull.open {
                pull.must = Some((head.clone(), at));
            }
        }
        self.send(Event::GatePressed {
            repo: Self::repo(),
            sha: sha(&head),
            check_run: CheckRunId(check),
            gate: GATE_NAME.to_owned(),
            button: Button::Approve,
            sender: Self::user(by),
            at,
        });
    }

    /// Moves, makes or deletes a branch; a push to a mirror starts a build.
    pub fn put(&mut self, branch: &str, to: Option<&str>, by: &str, now: DateTime<Utc>) {
        let number = mirrored_number(branch).expect("only mirrors are moved");
        let before = match to {
            Some(to) => self.refs.insert(branch.to_owned(), to.to_owned()),
            None => self.refs.remove(branch),
        };
        if by != BOT.0 {
            self.was_meddled.insert(number.0);
        }
        match by == BOT.0 {
            true => self.meddled.remove(branch),
            false => self.meddled.insert(branch.to_owned()),
        };
        if before.as_deref() == to {
            return;
        }
        if let Some(to) = to.filter(|_| by == BOT.0) {
            self.judge(number.0, to);
        }
        self.send(Event::MirrorPushed {
            repo: Self::repo(),
            number,
            after: to.map(sha),
            sender: Some(Self::user(by)),
        });
        if let Some(to) = to {
            self.start(branch, to, None, now);
        }
    }

    /// No commit may ever be on a mirror that is neither trusted nor approved.
    fn judge(&mut self, number: u64, head: &str) {
        let pull = &self.pulls[&number];
        let fine = pull.heads.iter().any(|one| one == head)
            && (pull.trusted.contains(head) || pull.approved.contains(head));
        if !fine {
            self.wrong
                .push(format!("{head} was mirrored for #{number}"));
        }
    }

    /// How the builds of a commit came out stays, unless somebody asks for more of them.
    pub fn judge_gate(&mut self, sha: &str, before: Option<&str>, after: Option<&str>) {
        let came_out = |how: Option<&str>| matches!(how, Some("success" | "failure"));
        let concerned = self
            .pulls
            .values()
            .filter(|pull| pull.heads.iter().any(|head| head == sha));
        let steered = |pull: &Pull| {
            self.was_steered.contains(&pull.number) || self.was_meddled.contains(&pull.number)
        };
        if came_out(before) && before != after && !concerned.clone().any(steered) {
            let wrong = format!("the gate at {sha} said {before:?}, and then {after:?}");
            self.wrong.push(wrong);
        }
    }
}
