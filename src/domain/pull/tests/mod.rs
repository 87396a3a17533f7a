//! A pull request's story at the level of state: what is taken in, what is wanted, what is done next.

mod next;
mod talk;
mod told;

use super::*;
use crate::domain::command;
use crate::domain::config::{RepoConfig, Scope, parse, resolve};
use crate::domain::event::{AccountKind, Conclusion, Event, Thread};
use crate::domain::gate::GateStatus;
use crate::domain::ids::{CommentId, InstallationId, OwnerKind, RepoId, RepoName, UserId};
use crate::domain::repository::RepoState;
use crate::domain::trust::{CommitFact, Evidence, Listing};
use chrono::TimeDelta;
use std::collections::BTreeMap;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).expect("forty digits")
}

fn user(id: u64, login: &str) -> Account {
    Account {
        id: UserId(id),
        login: login.to_owned(),
        kind: AccountKind::User,
    }
}

pub(crate) fn repo() -> Repo {
    Repo {
        id: RepoId(1),
        installation: InstallationId(2),
        name: RepoName::parse("acme/engine").expect("a name"),
        owner: UserId(3),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".to_owned(),
    }
}

/// A pull request of a stranger whose head is `head` since second 10, and a repository with `config`.
struct Scene {
    state: PullState,
    findings: Findings,
}

impl Scene {
    fn new(author: &Account, member: bool, more: &str) -> Self {
        let text = format!("enabled: true\n{more}");
        let file = parse(".github/drawbridge.yaml", &text, Scope::Repository).expect("good");
        let config: RepoConfig = resolve(None, Some(&file), None).unwrap();
        let mut repository = RepoState::new(repo());
        repository.configured(Ok(config), at(0));
        let evidence = Evidence {
            pull: PullView {
                number: PrNumber(7),
                open: true,
                draft: false,
                title: "A change".into(),
                author: Some(author.clone()),
                head: sha('a'),
                base: "main".to_owned(),
                base_sha: None,
                labels: Default::default(),
                commits: 1,
                changed_files: 1,
                updated_at: at(10),
                created_at: at(1),
            },
            commits: Listing::Complete(vec![CommitFact {
                sha: sha('a'),
                author: Some(author.clone()),
                committer: Some(author.clone()),
                verified: true,
                reason: "valid".to_owned(),
            }]),
            files: Listing::NotNeeded,
            members: BTreeMap::from([(author.id, member)]),
        };
        let mut scene = Self {
            state: PullState::new(repo(), PrNumber(7), true),
            findings: Findings {
                repository,
                vetters: BTreeMap::from([(UserId(1), true), (UserId(2), false)]),
                evidence: Some(evidence),
                required: None,
                proposal: None,
                merge_base: None,
                recalled: None,
                runs: None,
            },
        };
        scene.decide();
        scene
    }

    fn of_stranger() -> Self {
        Self::new(&user(2, "stranger"), false, "")
    }

    fn of_member() -> Self {
        Self::new(&user(1, "maya"), true, "")
    }

    fn pull(&mut self) -> &mut PullView {
        &mut self.findings.evidence.as_mut().expect("evidence").pull
    }

    fn decide(&mut self) {
        decide(&mut self.state, &self.findings);
    }

    fn comment(&mut self, by: &Account, second: i64, body: &str) -> Option<Answer> {
        self.state.intake(&Event::Comment {
            repo: repo(),
            number: PrNumber(7),
            thread: Thread::Pull,
            pull_author: None,
            comment: CommentId(second.unsigned_abs()),
            author: by.clone(),
            created_at: at(second),
            lines: command::extract(body),
        });
        self.decide();
        let answer = self
            .state
            .outbox
            .first()
            .map(|outgoing| outgoing.answer.clone());
        self.state.outbox.clear();
        answer
    }

    fn status(&self) -> GateStatus {
        self.state.gate.as_ref().expect("a gate").gate.status
    }
}

#[test]
fn the_mirror_is_moved_once_and_removed_when_the_pull_request_closes() {
    let mut scene = Scene::of_member();
    assert_eq!(
        plan(&scene.state),
        [Action::MoveMirror {
            to: sha('a'),
            exists: false
        }]
    );
    scene.state.mirror_was_put(sha('a'), at(50));
    assert_eq!(plan(&scene.state), []);
    scene.pull().head = sha('b');
    scene.decide();
    assert_eq!(
        plan(&scene.state),
        [Action::MoveMirror {
            to: sha('b'),
            exists: true
        }]
    );
    scene.state.mirror_was_put(sha('b'), at(50));
    scene.pull().open = false;
    scene.decide();
    assert_eq!(plan(&scene.state), [Action::DeleteMirror]);
    scene.state.mirror_is(Mirror::Absent);
    assert_eq!(plan(&scene.state), []);
    scene.pull().open = true;
    scene.decide();
    assert_eq!(
        plan(&scene.state),
        [Action::MoveMirror {
            to: sha('b'),
            exists: false
        }]
    );
}

#[test]
fn a_judged_head_is_not_written_once_another_head_waits_for_vetting() {
    let mut scene = Scene::of_stranger();
    scene.comment(&user(1, "maya"), 20, &format!("/ok to test {}", sha('a')));
    scene.pull().head = sha('b');
    scene.decide();
    let moves = |action: &Action| matches!(action, Action::MoveMirror { .. });
    assert!(
        !plan(&scene.state).iter().any(moves),
        "{:?}",
        plan(&scene.state)
    );
}

#[test]
fn a_question_that_fails_is_neither_trust_nor_distrust() {
    let mut scene = Scene::of_member();
    scene.state.mirror_was_put(sha('a'), at(50));
    let before = scene.state.gate.clone();
    unestablished(
        &mut scene.state,
        "GitHub answered 502".to_owned(),
        Enabled::Yes,
    );
    assert_eq!(
        scene.state.gate, before,
        "a head that was judged stays judged"
    );
    scene.state.saw_head(&sha('b'), at(50));
    unestablished(
        &mut scene.state,
        "GitHub answered 502".to_owned(),
        Enabled::Yes,
    );
    let gate = scene.state.gate.clone().expect("a gate");
    assert_eq!((gate.sha, gate.gate.status), (sha('b'), GateStatus::Queued));
    assert!(
        gate.gate.title.contains("GitHub answered 502"),
        "{}",
        gate.gate.title
    );
    assert_eq!(scene.state.wanted_mirror, Mirror::At(sha('a')));
}

#[test]
fn a_mirror_that_somebody_moved_is_put_back_and_an_old_delivery_changes_nothing() {
    let pushed = |state: &mut PullState, to: char| {
        state.intake(&Event::MirrorPushed {
            repo: repo(),
            number: PrNumber(7),
            after: Some(sha(to)),
            sender: Some(user(66, "mallory")),
        });
        state.news_is_in();
    };
    let mut scene = Scene::of_member();
    scene.state.mirror_was_put(sha('a'), at(50));
    pushed(&mut scene.state, 'a');
    assert_eq!(plan(&scene.state), [], "our own push");
    pushed(&mut scene.state, 'f');
    assert_eq!(plan(&scene.state), [Action::ReadMirror]);
    let runs_count = |state: &PullState| state.gate.as_ref().expect("a gate").runs_count;
    assert!(
        runs_count(&scene.state),
        "how its builds came out stays until GitHub was asked"
    );
    scene.state.mirror_was_found(Mirror::At(sha('f')));
    assert!(!runs_count(&scene.state), "it was moved");
    assert_eq!(
        plan(&scene.state)[0],
        Action::MoveMirror {
            to: sha('a'),
            exists: true
        }
    );
    scene.state.mirror_was_put(sha('a'), at(50));
    let summary = &scene.state.gate.as_ref().expect("a gate").gate.summary;
    assert!(
        summary.contains("`mallory` moved it to `fffffffff`"),
        "{summary}"
    );
    pushed(&mut scene.state, 'e');
    scene.state.mirror_was_found(Mirror::At(sha('a')));
    assert_eq!(scene.state.disturbance, None);
}

#[test]
fn where_nothing_good_was_ever_configured_the_gate_names_the_broken_file() {
    let mut scene = Scene::of_member();
    let broken = parse(
        ".github/drawbridge.yaml",
        "enabeld: true",
        Scope::Repository,
    );
    let mut repository = RepoState::new(repo());
    repository.configured(Err(broken.expect_err("a mistake")), at(0));
    scene.findings.repository = repository;
    scene.decide();
    let gate = scene.state.gate.expect("a gate").gate;
    assert!(
        gate.title.contains(".github/drawbridge.yaml has a mistake"),
        "{}",
        gate.title
    );
    assert!(
        gate.summary.contains(".github/drawbridge.yaml:1:1"),
        "{}",
        gate.summary
    );
}

#[test]
fn a_mistake_leaves_the_last_good_configuration_in_force_and_the_gate_says_so() {
    let mut scene = Scene::of_member();
    let broken = parse(".github/drawbridge.yaml", "enabled: [", Scope::Repository);
    scene
        .findings
        .repository
        .configured(Err(broken.expect_err("a mistake")), at(1));
    scene.decide();
    scene.state.mirror_was_put(sha('a'), at(50));
    let gate = scene.state.gate.expect("a gate").gate;
    assert_eq!(gate.status, GateStatus::InProgress);
    assert!(
        gate.summary
            .contains("last one without mistakes stays in force"),
        "{}",
        gate.summary
    );
}

#[test]
fn a_mirror_branch_is_the_prefix_and_a_plain_number() {
    assert_eq!(mirrored_number("pull-request/17"), Some(PrNumber(17)));
    for other in [
        "main",
        "pull-request/",
        "pull-request/0",
        "pull-request/017",
        "pull-request/+1",
        "pull-request/1/x",
        "x/pull-request/1",
        "pull-request/99999999999999999999",
    ] {
        assert_eq!(mirrored_number(other), None, "{other}");
    }
}

#[test]
fn where_nothing_is_known_to_be_enabled_a_failed_question_says_nothing() {
    let mut state = PullState::new(repo(), PrNumber(7), true);
    state.saw_head(&sha('a'), at(1));
    unestablished(
        &mut state,
        "GitHub answered 502".to_owned(),
        Enabled::NotKnown,
    );
    assert_eq!(state.gate, None);
}

#[test]
fn a_mirror_that_a_maintainer_removed_stays_removed_once_its_head_is_not_trusted() {
    let mut scene = Scene::of_stranger();
    scene.comment(&user(1, "maya"), 20, &format!("/ok to test {}", sha('a')));
    scene.state.mirror_was_put(sha('a'), at(50));
    scene.pull().head = sha('b');
    scene.decide();
    scene.state.intake(&Event::MirrorPushed {
        repo: repo(),
        number: PrNumber(7),
        after: None,
        sender: Some(user(1, "maya")),
    });
    assert!(
        scene.state.stale,
        "it is judged anew before anything is put back"
    );
    scene.decide();
    scene.state.mirror_was_found(Mirror::Absent);
    let moves = |action: &Action| matches!(action, Action::MoveMirror { .. });
    assert!(!plan(&scene.state).iter().any(moves));
    let summary = &scene.state.gate.as_ref().expect("a gate").gate.summary;
    assert!(
        summary.contains("it comes back with the next head that is trusted"),
        "{summary}"
    );
}
