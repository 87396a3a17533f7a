//! What has to be so once nothing happens any more.

use crate::hub::{BOT, Hub, Pull, Run};
use drawbridge::domain::event::Conclusion;
use drawbridge::domain::gate::GATE_NAME;
use std::collections::BTreeMap;

/// Looks at everything.
///
/// # Errors
/// All that is wrong.
pub fn check(hub: &Hub, left: &[String]) -> Result<(), String> {
    let mut wrong = hub.wrong.clone();
    wrong.extend(left.iter().map(|left| format!("still to be done: {left}")));
    for pull in hub.pulls.values() {
        mirror(hub, pull, &mut wrong);
        gates(hub, pull, &mut wrong);
    }
    answers(hub, &mut wrong);
    starts(hub, &mut wrong);
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

/// Whether the head has to be mirrored: it is a member's own, or was approved while it was the head, and the pull
/// request has been open since.
fn must_be_mirrored(pull: &Pull) -> bool {
    let head = pull.head();
    let approved = pull.must.as_ref();
    let approved = approved.is_some_and(|(sha, at)| sha == head && *at > pull.turned_at);
    pull.open && (pull.trusted.contains(head) || approved)
}

fn may_be_mirrored(pull: &Pull, sha: &str) -> bool {
    pull.trusted.contains(sha) || pull.approved.contains(sha)
}

/// The mirror holds the newest head that was judged trusted, or nothing.
fn mirror(hub: &Hub, pull: &Pull, wrong: &mut Vec<String>) {
    let branch = format!("pull-request/{}", pull.number);
    let is = hub.refs.get(&branch);
    let fine = match is {
        None => !must_be_mirrored(pull),
        Some(sha) if must_be_mirrored(pull) => sha == pull.head(),
        // Whoever may push here may put one of its heads there. It is put right with the next head that may be mirrored.
        Some(sha) if hub.meddled.contains(&branch) => pull.open && pull.heads.contains(sha),
        Some(sha) => pull.open && may_be_mirrored(pull, sha) && pull.heads.contains(sha),
    };
    if !fine {
        wrong.push(format!(
            "#{} (open: {}, head {}) has its mirror at {is:?}",
            pull.number,
            pull.open,
            pull.head()
        ));
    }
}

/// Each head has at most one gate, and the head of an open pull request one that says the right thing.
fn gates(hub: &Hub, pull: &Pull, wrong: &mut Vec<String>) {
    let of = |sha: &str| {
        let all = hub.checks.iter();
        all.filter(|check| check.sha == sha && check.name == GATE_NAME)
            .collect::<Vec<_>>()
    };
    for head in &pull.heads {
        let count = of(head).len();
        if count > 1 {
            wrong.push(format!("{head} of #{} has {count} gates", pull.number));
        }
    }
    if !pull.open {
        return;
    }
    let head = pull.head();
    let gate = of(head);
    let is = gate
        .first()
        .map(|gate| (gate.conclusion.as_deref(), gate.title.as_str()));
    let may = must_be_mirrored(pull) || may_be_mirrored(pull, head);
    let mut fine = Vec::new();
    if may {
        fine.push(outcome(hub, pull, |_| true));
        // What a label asked for before it was closed need not run once it is open again without that label. But who closes it for
        // a moment only may not be seen.
        let still = |run: &Run| {
            let labelled = pull.labels.iter().any(|label| label == run.input("job"));
            run.input("job") != "preview" || labelled || run.started_at > pull.turned_at
        };
        fine.push(outcome(hub, pull, still));
    }
    if !must_be_mirrored(pull) {
        fine.push(Some("action_required"));
    }
    // Who deletes or moves a mirror at the moment at which a job is started on it makes that job fail, or build another
    // commit, which does not count. It never makes one pass.
    let failed = is.is_some_and(|(conclusion, _)| conclusion == Some("failure"));
    if failed && hub.was_meddled.contains(&pull.number) && may {
        return;
    }
    if !is.is_some_and(|(conclusion, _)| fine.contains(&conclusion)) {
        wrong.push(format!(
            "the gate of #{} at {head} should be one of {fine:?} and is {is:?}",
            pull.number
        ));
    }
}

/// What the builds of a mirrored head come to.
fn outcome(hub: &Hub, pull: &Pull, counts: impl Fn(&Run) -> bool) -> Option<&'static str> {
    let branch = format!("pull-request/{}", pull.number);
    let mut newest: BTreeMap<&str, &Run> = BTreeMap::new();
    let dispatches = hub.config.contains("jobs:");
    for run in hub.runs.iter().filter(|run| counts(run)) {
        let here = run.branch == branch && run.sha == pull.head();
        if here && run.inputs.is_some() == dispatches {
            newest.insert(run.input("job"), run);
        }
    }
    let passed = |run: &Run| run.conclusion.is_some_and(Conclusion::passes);
    let ended = newest.values().all(|run| run.conclusion.is_some());
    let all = newest.values().all(|run| passed(run));
    match (ended && !newest.is_empty(), all) {
        (false, _) => None,
        (true, true) => Some("success"),
        (true, false) => Some("failure"),
    }
}

/// Each command is answered once.
fn answers(hub: &Hub, wrong: &mut Vec<String>) {
    for comment in &hub.comments {
        if comment.author == BOT.0 {
            continue;
        }
        let mark = format!("<!-- drawbridge:answer:{} -->", comment.id);
        let replies = hub.comments.iter().filter(|c| c.body.contains(&mark));
        let answers = replies.count() as u64 + comment.thumbs;
        let pull = &hub.pulls[&comment.number];
        // What is asked while it is closed is none of ours, and what is heard after that stays without an answer.
        let expected = pull.open && pull.turned_at < comment.at;
        if answers > 1 || (expected && answers == 0) {
            wrong.push(format!(
                "{:?} by {} on #{} got {answers} answers",
                comment.body, comment.author, comment.number
            ));
        }
    }
    for number in hub.pulls.keys() {
        let status = hub.comments.iter().filter(|c| c.number == *number);
        let count = status
            .filter(|c| c.body.contains("drawbridge:status"))
            .count();
        if count > 1 {
            wrong.push(format!("#{number} has {count} status comments"));
        }
    }
}

/// Each start of a job is dispatched once.
fn starts(hub: &Hub, wrong: &mut Vec<String>) {
    let mut seen = BTreeMap::new();
    for run in hub.runs.iter().filter(|run| run.inputs.is_some()) {
        let id = run.input("drawbridge_id");
        if seen.insert(id.to_owned(), run.id).is_some() {
            wrong.push(format!("{id} was dispatched twice"));
        }
    }
}
