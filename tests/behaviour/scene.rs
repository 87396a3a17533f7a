//! A repository that is enabled, with mel (a private member), vera (may write, no member) and sam (a stranger).

use drawbridge::playground::Playground;
use drawbridge::sandbox::{
    CheckRunView, CommentView, Fault, FaultKind, NewCommit, NewPr, Options, Permission, Sandbox,
    Visibility,
};
use std::ops::Deref;

pub const GATE: &str = "backend-status-check";

/// The scene; derefs to the stand-in GitHub.
pub struct Scene {
    pub playground: Playground,
}

impl Deref for Scene {
    type Target = Sandbox;
    fn deref(&self) -> &Sandbox {
        &self.playground.github
    }
}

impl Scene {
    pub async fn enabled() -> Self {
        Self::configured("enabled: true\n").await
    }

    pub async fn configured(config: &str) -> Self {
        let playground = Playground::start(Options::default())
            .await
            .expect("both start");
        let scene = Self { playground };
        scene.add_org_member("mel", Visibility::Private);
        scene.set_permission("vera", Permission::Write);
        scene.add_user("sam");
        scene.write_file("engine", ".github/drawbridge.yaml", config, "maya");
        scene.settle().await;
        scene
    }

    pub async fn settle(&self) {
        self.playground.settle().await;
    }

    pub async fn of_mel(&self) -> u64 {
        let pull = self.open_pr(NewPr::by("mel").commit(NewCommit::signed_by("mel")));
        self.settle().await;
        pull
    }

    pub async fn of_sam(&self) -> u64 {
        let pull = self.open_pr(NewPr::by("sam").commit(NewCommit::signed_by("sam")));
        self.settle().await;
        pull
    }

    pub async fn says(&self, pull: u64, by: &str, body: &str) -> u64 {
        let id = self.comment(pull, by, body);
        self.settle().await;
        id
    }

    pub async fn approve(&self, pull: u64) -> u64 {
        let head = self.head(pull);
        self.says(pull, "vera", &format!("/ok to test {head}"))
            .await
    }

    pub fn mirror(&self, pull: u64) -> Option<String> {
        self.branch(&format!("pull-request/{pull}"))
    }

    pub fn is_mirrored(&self, pull: u64) -> bool {
        self.mirror(pull) == Some(self.head(pull))
    }

    pub fn gate(&self, pull: u64) -> CheckRunView {
        let head = self.head(pull);
        let ours: Vec<CheckRunView> = self
            .check_runs(&head)
            .into_iter()
            .filter(|check| check.app_id == self.app_id())
            .collect();
        assert_eq!(ours.len(), 1, "exactly one gate on a head: {ours:#?}");
        ours[0].clone()
    }

    /// The gate's conclusion, or its status while it has none.
    pub fn gate_is(&self, pull: u64) -> String {
        let gate = self.gate(pull);
        gate.conclusion.unwrap_or(gate.status)
    }

    /// What the app wrote on a pull request.
    pub fn written(&self, pull: u64) -> Vec<CommentView> {
        let bot = "drawbridge[bot]";
        self.comments(pull)
            .into_iter()
            .filter(|comment| comment.author == bot)
            .collect()
    }

    pub fn thumbs_up(&self, pull: u64, comment: u64) -> usize {
        let comments = self.comments(pull);
        let comment = comments
            .iter()
            .find(|c| c.id == comment)
            .expect("the comment");
        comment
            .reactions
            .iter()
            .filter(|(what, _)| what == "+1")
            .count()
    }

    pub fn goes_wrong(&self, times: u32, method: &str, route: &str, kind: FaultKind) {
        self.fault(Fault::times(times, method, route, kind));
    }

    /// Ends the test: the mirrors only ever held commits that the test names.
    pub async fn ends(self, pull: u64, allowed: &[&str]) {
        for sha in self
            .branch_history(&format!("pull-request/{pull}"))
            .into_iter()
            .flatten()
        {
            assert!(allowed.contains(&sha.as_str()), "{sha} was on the mirror");
        }
        assert_eq!(self.unmet_faults(), 0, "every fault was met");
        self.playground.stop().await.expect("it stops");
    }
}
