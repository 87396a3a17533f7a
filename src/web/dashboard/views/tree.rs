//! The judgement of a head as it was made, question by question and commit by commit.

use crate::domain::pull::PullState;
use crate::domain::trust::{CommitJudged, Judged, Party, Paths, Signature, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

/// A question, and what was found.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct TreeStep {
    /// What was asked.
    pub question: String,
    /// What was found.
    pub found: String,
    /// `yes`, `no` (a vetter has to look) or `not_asked`.
    pub outcome: &'static str,
    /// Of the question about the commits: each of them, in their order.
    pub commits: Vec<CommitView>,
}

/// What was found about a commit.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct CommitView {
    /// Which.
    pub sha: String,
    /// Whether nothing speaks against it.
    pub passes: bool,
    /// What was found about its signature.
    pub signature: PartyView,
    /// Who wrote it.
    pub author: PartyView,
    /// Who committed it.
    pub committer: PartyView,
}

/// One finding about a commit.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct PartyView {
    /// In words.
    pub says: String,
    /// Whether it is good enough.
    pub passes: bool,
}

/// The tree of the present head; `None`: it was not judged.
pub(in crate::web::dashboard) fn tree(state: &PullState) -> Option<Vec<TreeStep>> {
    let judged = state.judged.as_ref();
    let judged = judged.filter(|judged| state.open_head() == Some(&judged.head))?;
    let approver = match &state.verdict {
        Some(Verdict::Approved(approval)) => Some(approval.by.login.as_str()),
        _ => None,
    };
    let mut steps = vec![match judged.approved {
        true => step(
            "Has a vetter approved exactly this head?",
            format!(
                "yes: {}. Nothing else was asked.",
                approver.unwrap_or("somebody")
            ),
            "yes",
        ),
        false => step(
            "Has a vetter approved exactly this head?",
            "no, so everything about it is looked at".to_owned(),
            "not_asked",
        ),
    }];
    if judged.approved {
        return Some(steps);
    }
    steps.push(paths(judged));
    steps.push(author(state, judged));
    steps.push(commits(judged));
    if let Some(Verdict::Trusted | Verdict::AutoSyncOff { .. }) = &state.verdict {
        steps.push(auto_sync(state));
    }
    Some(steps)
}

fn step(question: &str, found: String, outcome: &'static str) -> TreeStep {
    TreeStep {
        question: question.to_owned(),
        found,
        outcome,
        commits: Vec::new(),
    }
}

fn paths(judged: &Judged) -> TreeStep {
    let (found, outcome) = match &judged.paths {
        Paths::NotAsked => ("the configuration names none".to_owned(), "not_asked"),
        Paths::Clear => ("no changed file is one of them".to_owned(), "yes"),
        Paths::Touched(path) => (format!("{path} is changed"), "no"),
        Paths::TooMany(count) => (
            format!("{count} files are changed, more than GitHub lists"),
            "no",
        ),
    };
    step(
        "Are the paths untouched that always need a vetter?",
        found,
        outcome,
    )
}

fn author(state: &PullState, judged: &Judged) -> TreeStep {
    let login = state
        .author
        .as_ref()
        .map_or("", |author| author.login.as_str());
    let (found, outcome) = match judged.author_trusted {
        Some(true) => (format!("{login} is a trusted user"), "yes"),
        Some(false) => (format!("{login} is not a trusted user"), "no"),
        None => ("the account is gone".to_owned(), "no"),
    };
    step("Did a trusted user open it?", found, outcome)
}

fn commits(judged: &Judged) -> TreeStep {
    let (found, outcome) = match judged.too_many {
        Some(0) => ("GitHub lists none".to_owned(), "no"),
        Some(count) => (format!("{count} commits, more than GitHub lists"), "no"),
        None => {
            let against = judged.commits.iter().filter(|commit| !commit.passes());
            match (against.count(), judged.looked_at) {
                (0, 1) => ("the one commit is".to_owned(), "yes"),
                (0, all) => (format!("all {all} are"), "yes"),
                (some, all) => (format!("{some} of {all} are not"), "no"),
            }
        }
    };
    TreeStep {
        commits: judged.commits.iter().map(commit).collect(),
        ..step(
            "Is every commit verified, and by trusted users alone?",
            found,
            outcome,
        )
    }
}

fn commit(commit: &CommitJudged) -> CommitView {
    let signature = match &commit.signature {
        Signature::Verified => ("verified".to_owned(), true),
        Signature::Missing(why) => (format!("not verified: {why}"), false),
        Signature::NotAsked => ("not verified, and not asked for".to_owned(), true),
    };
    let view = |(says, passes)| PartyView { says, passes };
    CommitView {
        sha: commit.sha.to_string(),
        passes: commit.passes(),
        signature: view(signature),
        author: view(party(&commit.author)),
        committer: view(party(&commit.committer)),
    }
}

fn party(party: &Party) -> (String, bool) {
    match party {
        Party::Trusted(login) => (format!("{login}, trusted"), true),
        Party::Untrusted(login) => (format!("{login}, not trusted"), false),
        Party::Unknown => ("no GitHub account".to_owned(), false),
        Party::GitHub => ("GitHub itself, signed".to_owned(), true),
    }
}

fn auto_sync(state: &PullState) -> TreeStep {
    let question = "Do builds start by themselves?";
    match &state.verdict {
        Some(Verdict::AutoSyncOff { draft: true }) => step(
            question,
            "not of drafts (`auto_sync_draft` is off)".to_owned(),
            "no",
        ),
        Some(Verdict::AutoSyncOff { draft: false }) => {
            step(question, "no (`auto_sync_ready` is off)".to_owned(), "no")
        }
        _ => step(question, "yes".to_owned(), "yes"),
    }
}
