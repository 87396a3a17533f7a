//! What one sees of a pull request in the end, without the numbers that differ from one to the next.

use super::stories::{Story, Tale, answer_mark};
use drawbridge::sandbox::{CheckRunView, Sandbox};

/// Everything that is the same however often the server was killed.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    /// What the mirror was, and is.
    mirror: Vec<String>,
    /// The gates of the heads; of the newest with conclusion and title.
    gates: Vec<String>,
    /// Comments of the bot.
    comments: Vec<String>,
    /// Reactions to comments of people.
    reactions: Vec<String>,
    /// What was dispatched.
    jobs: Vec<String>,
}

impl Picture {
    pub fn of(github: &Sandbox, tale: &Tale, story: Story) -> Self {
        // Where people do not wait, how much of what they did was seen in between is a matter of luck.
        let from = match story {
            Story::Haste => tale.heads.len() - 1,
            _ => 0,
        };
        let heads = &tale.heads[from..];
        let mirror = github.branch_history(&tale.mirror());
        let mirror = mirror
            .into_iter()
            .map(|at| at.unwrap_or_else(|| "gone".into()));
        let mirror = match story {
            Story::Haste => mirror.rev().take(1).collect(),
            _ => mirror.collect(),
        };
        let gates = heads.iter().flat_map(|head| github.check_runs(head));
        let gates = gates.filter(|check| check.app_id == github.app_id());
        let later: Vec<String> = tale.repeated.iter().map(|id| answer_mark(*id)).collect();
        let mut comments = github.comments(tale.pr);
        comments.retain(|comment| !later.iter().any(|mark| comment.body.contains(mark)));
        let (ours, theirs): (Vec<_>, Vec<_>) = comments
            .into_iter()
            .partition(|comment| comment.author == "drawbridge[bot]");
        let asked = theirs.iter().filter(|comment| comment.body == "/status");
        let asked = asked.map(|comment| answer_mark(comment.id));
        let asked: Vec<String> = asked.collect();
        let reactions = theirs.iter().flat_map(|comment| {
            let by = comment.reactions.iter();
            by.map(|(what, who)| format!("{}: {what} by {who}", comment.id))
        });
        let jobs = github.dispatched_runs().into_iter();
        let jobs = jobs.filter(|run| heads.contains(&run.sha)).map(|run| {
            let (job, conclusion) = (run.inputs.get("job"), run.conclusion);
            format!(
                "{job:?} at {}, attempt {}: {conclusion:?}",
                run.sha, run.attempt
            )
        });
        let plain = |all: Vec<String>| {
            let mut all: Vec<String> = all.iter().map(|text| without_numbers(tale, text)).collect();
            all.sort();
            all
        };
        let in_order =
            |all: Vec<String>| all.iter().map(|text| without_numbers(tale, text)).collect();
        Self {
            mirror: in_order(mirror),
            gates: plain(gates.map(|check| gate(&check, tale)).collect()),
            comments: plain(
                ours.into_iter()
                    .map(|comment| said(&comment.body, &asked))
                    .collect(),
            ),
            reactions: plain(reactions.collect()),
            jobs: plain(jobs.collect()),
        }
    }
}

/// A gate. Of an earlier head it only matters that there is one: whether its end was kept before the next push is a
/// matter of luck, and nobody waits for it.
fn gate(check: &CheckRunView, tale: &Tale) -> String {
    if check.head_sha != tale.head() {
        return format!("{} of {}", check.name, check.head_sha);
    }
    let is = check.conclusion.as_ref().unwrap_or(&check.status);
    let title = check.title.as_deref().unwrap_or_default();
    format!("{} of {}: {is}, {title}", check.name, check.head_sha)
}

/// A comment; of an answer to `/status`, which is true for its moment only, no more than that it is there.
fn said(body: &str, asked: &[String]) -> String {
    let mark = body.lines().next().unwrap_or_default();
    match asked.iter().any(|asked| asked == mark) {
        true => mark.to_owned(),
        false => body.to_owned(),
    }
}

fn without_numbers(tale: &Tale, text: &str) -> String {
    let mut text = text.to_owned();
    for (at, head) in tale.heads.iter().enumerate() {
        text = text.replace(head, &format!("head {at}"));
        text = text.replace(&head[..9], &format!("head {at}, short"));
    }
    for (at, comment) in tale.said.iter().enumerate() {
        text = text.replace(&comment.to_string(), &format!("comment {at}"));
    }
    text
}
