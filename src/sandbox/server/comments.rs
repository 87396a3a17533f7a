//! Comments and reactions.

use serde_json::Value;

use super::answer::{Outcome, Reply};
use super::call::Call;
use super::paging;
use crate::sandbox::clock::stamp;
use crate::sandbox::deeds::Reacted;
use crate::sandbox::model::access::Level;
use crate::sandbox::model::issues::Comment;
use crate::sandbox::show;

/// On an issue that is no pull request, the right to pull requests is none.
fn suffices(call: &Call<'_>, number: u64, level: Level) -> Result<(), Reply> {
    let issue = call.hub.issue(call.repo, number);
    let issue = issue.map_err(|_| Reply::not_found())?;
    if issue.pull.is_some() || call.may("issues", level) {
        return Ok(());
    }
    let needed = match level {
        Level::Read => "issues=read",
        Level::Write | Level::Admin => "issues=write",
    };
    Err(Reply::not_accessible().header("x-accepted-github-permissions", needed))
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let number = call.number("issue_number")?;
    suffices(call, number, Level::Read)?;
    let since = call.query("since").unwrap_or_default();
    let here = |comment: &&Comment| {
        comment.repo == call.repo
            && comment.number == number
            && stamp(comment.updated_at).as_str() >= since
    };
    let all = call.hub.comments.values().filter(here);
    let shown: Vec<Value> = all
        .map(|comment| show::talk::comment(call.hub, comment))
        .collect();
    Ok(paging::list(call, shown, usize::MAX))
}

fn body_of(call: &Call<'_>) -> Result<String, Reply> {
    let body = call.text("body").filter(|body| !body.trim().is_empty());
    body.map(str::to_owned).ok_or_else(|| {
        Reply::invalid(
            "IssueComment",
            "body",
            "missing_field",
            "Body can't be blank",
        )
    })
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let number = call.number("issue_number")?;
    suffices(call, number, Level::Write)?;
    let body = body_of(call)?;
    let (repo, bot, app) = (call.repo, call.actor(), call.hub.app);
    let id = call.hub.add_comment(repo, number, bot, Some(app), &body)?;
    found(call, id).map(|comment| Reply::created(show::talk::comment(call.hub, comment)))
}

fn found<'c>(call: &'c Call<'_>, id: u64) -> Result<&'c Comment, Reply> {
    let comment = call.hub.comment(id).map_err(|_| Reply::not_found())?;
    if comment.repo == call.repo {
        Ok(comment)
    } else {
        Err(Reply::not_found())
    }
}

fn asked_for(call: &Call<'_>) -> Result<u64, Reply> {
    let id = call.number("comment_id")?;
    found(call, id).map(|comment| comment.id)
}

pub(super) fn show(call: &mut Call<'_>) -> Outcome {
    let id = asked_for(call)?;
    found(call, id).map(|comment| Reply::ok(show::talk::comment(call.hub, comment)))
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let id = asked_for(call)?;
    let (body, bot) = (body_of(call)?, call.actor());
    call.hub.edit_comment(id, bot, &body)?;
    show(call)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let id = asked_for(call)?;
    let bot = call.actor();
    call.hub.delete_comment(id, bot)?;
    Ok(Reply::no_content())
}

pub(super) fn reactions(call: &mut Call<'_>) -> Outcome {
    let comment = found(call, asked_for(call)?)?;
    suffices(call, comment.number, Level::Read)?;
    let wanted = call.query("content");
    let all = comment
        .reactions
        .iter()
        .filter(|reaction| wanted.is_none_or(|content| content == reaction.content));
    let shown = all
        .map(|reaction| show::talk::reaction(call.hub, reaction))
        .collect();
    Ok(paging::list(call, shown, usize::MAX))
}

/// 201 for a new reaction, 200 for one that was there.
pub(super) fn react(call: &mut Call<'_>) -> Outcome {
    let id = asked_for(call)?;
    suffices(call, found(call, id)?.number, Level::Write)?;
    let content = call.text("content").unwrap_or_default().to_owned();
    let bot = call.actor();
    Ok(match call.hub.react(id, bot, &content)? {
        Reacted::New(reaction) => Reply::created(show::talk::reaction(call.hub, &reaction)),
        Reacted::Before(reaction) => Reply::ok(show::talk::reaction(call.hub, &reaction)),
    })
}
