//! What a pull request needs next, where no gate says it.

use super::*;
use crate::domain::gate::{Gate, foremost};
use crate::domain::text;
use Conclusion::{ActionRequired, Failure, Success};
use GateStatus::{Completed, InProgress};

/// No pipeline is for pull requests, so they have no gate.
const PUSHES: &str =
    "pipelines:\n  post:\n    on: {push: main}\n    jobs: {all: {workflow: go.yml}}\n";

fn proposal(end: Conclusion) -> Proposal {
    let gate = Gate {
        status: Completed(end),
        title: "what is proposed".to_owned(),
        summary: String::new(),
        approve_button: false,
        link: None,
    };
    Proposal {
        sha: sha('a'),
        gate: Some(gate),
    }
}

/// With the mirror where it is wanted, if `mirrored`.
fn scene(member: bool, config: &str, mirrored: bool, proposed: Option<Conclusion>) -> Scene {
    let mut scene = Scene::new(&user(1, "maya"), member, config);
    if mirrored {
        scene.state.observed_mirror = scene.state.wanted_mirror.clone();
    }
    scene.findings.proposal = proposed.map(proposal);
    scene.decide();
    scene
}

#[test]
fn where_no_gate_is_published_it_is_said_all_the_same_and_a_proposal_alone_never_says_it() {
    let short = sha('a').short().to_owned();
    let vetting = format!("A maintainer has to read {short} and comment `/ok to test {short}`");
    let moving = "Moving pull-request/7 to this head".to_owned();
    let nothing = "Drawbridge waits for nothing: pull-request/7 is at this head, and no pipeline runs on pull requests by itself";
    let nothing = nothing.to_owned();
    let but = |title: &str| format!("{title}; `drawbridge / config`: what is proposed");
    for (member, config, mirrored, proposed, title, status) in [
        (
            false,
            PUSHES,
            false,
            None,
            &vetting,
            Completed(ActionRequired),
        ),
        (
            false,
            PUSHES,
            false,
            Some(Success),
            &vetting,
            Completed(ActionRequired),
        ),
        (
            false,
            PUSHES,
            false,
            Some(Failure),
            &but(&vetting),
            Completed(ActionRequired),
        ),
        (
            false,
            "",
            false,
            Some(Failure),
            &but(&vetting),
            Completed(ActionRequired),
        ),
        (true, PUSHES, false, None, &moving, InProgress),
        (true, PUSHES, true, None, &nothing, Completed(Success)),
        (
            true,
            PUSHES,
            true,
            Some(Success),
            &nothing,
            Completed(Success),
        ),
        (
            true,
            PUSHES,
            true,
            Some(Failure),
            &but(&nothing),
            Completed(Failure),
        ),
    ] {
        let scene = scene(member, config, mirrored, proposed);
        let found = foremost(&scene.state, None).expect("there is something to say");
        assert_eq!((&found.title, found.status), (title, status));
        assert_eq!(text::next_step(&scene.state, None), found.title);
    }
}

#[test]
fn an_answer_to_status_says_it_too_and_the_proposal_by_its_name() {
    let scene = scene(false, PUSHES, false, Some(Failure));
    let answer = text::status(&scene.state, None);
    let (first, second) = answer
        .split_once("### `drawbridge / config`")
        .expect("both");
    assert!(first.starts_with("**A maintainer has to read"), "{answer}");
    assert!(second.contains("what is proposed"), "{answer}");
}

#[test]
fn only_where_nothing_is_said_at_all_is_it_not_enabled() {
    let mut scene = scene(false, PUSHES, false, None);
    scene.findings.repository.archived = true;
    scene.findings.evidence = None;
    scene.decide();
    let says = text::next_step(&scene.state, None);
    assert!(says.contains("not enabled in this repository"), "{says}");
}
