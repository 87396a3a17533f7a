//! What is said about `/drawbridge init`: the answers, and the pull request that it opens.

use super::{code, plural};
use crate::domain::ids::{CommentId, PrNumber, Sha};
use crate::domain::init::{FILE, InitRequest, Suggestion};

/// So many workflows are named.
const SHOWN: usize = 20;

/// Finds the answer to a comment that asked for a configuration. Not that of its other commands, which are answered apart.
pub fn init_marker(comment: CommentId) -> String {
    format!("<!-- drawbridge:init:{comment} -->")
}

/// The title of the pull request.
pub fn init_title() -> &'static str {
    "Configure Drawbridge"
}

/// The message of its commit.
pub fn init_commit() -> String {
    format!("Add {FILE}\n\nSuggested by Drawbridge from the workflows of this repository.")
}

/// What the pull request says.
pub fn init_body(
    request: &InitRequest,
    suggestion: &Suggestion,
    base: &Sha,
    inherited: bool,
) -> String {
    let mut body = format!(
        "{} asked for this in #{}. It adds {}, made from the workflows at {}.\n\n",
        code(&request.by.login),
        request.number,
        code(FILE),
        base.short()
    );
    body.push_str(match inherited {
        false => {
            "**Nothing happens in this repository until this is merged.** Then Drawbridge looks at every open pull \
             request: it"
        }
        true => {
            "This repository already follows its organisation's configuration. What the file says wins, key by key, except \
             for keys that the organisation has locked. Drawbridge looks at every open pull request: it"
        }
    });
    body.push_str(
        "\n\n- mirrors a trusted head to the branch `pull-request/N`, so that workflows run on it with secrets;\n\
         - asks for a vetter's `/ok to test <sha>` where a head is not trusted;\n\
         - publishes the check `backend-status-check` from the first second on.\n\n### What was found\n\n",
    );
    match suggestion.listening.len() {
        0 => body.push_str(
            "- No workflow runs on `push` to `pull-request/*` yet. The file says what to add to one that should.\n",
        ),
        count => {
            body.push_str(&format!(
                "- {} by the push of a mirror, and the check waits for all of them:",
                plural(count, "workflow is started", "workflows are started")
            ));
            let names: Vec<String> = suggestion.listening.iter().take(SHOWN).map(|name| code(name)).collect();
            body.push_str(&format!(" {}", names.join(", ")));
            body.push_str(match count > SHOWN {
                true => ", …\n",
                false => "\n",
            });
        }
    }
    if suggestion.filters {
        body.push_str("- `filters` are the paths that workflows already filter by. They change nothing until a job names them in `changes`.\n");
    }
    if suggestion.jobs {
        body.push_str("- `pipelines` is an example and commented out: with it, jobs are started or waited for one by one.\n");
    }
    for remark in suggestion.remarks.iter().take(SHOWN) {
        body.push_str(&format!("- {}\n", code(remark)));
    }
    body.push_str(
        "\n### Before you merge\n\nChange the file on this branch as you like. In a checkout of it,\n\n```sh\n\
         drawbridge check\ndrawbridge plan --changed src/main.rs\n```\n\nsay whether it is valid and what a pull request would \
         start. After the merge, `/help` in a comment on a pull request shows the commands. To keep others from writing \
         mirrors, restrict `pull-request/*` by a ruleset that lets only this app pass.\n\n\
         Close this pull request if you don't want it: nothing is left behind but its branch.\n",
    );
    body
}

/// It was proposed.
pub fn init_proposed(number: PrNumber) -> String {
    format!(
        "#{number} proposes a configuration, made from the workflows of this repository. It counts once it is merged."
    )
}

/// An open pull request of ours proposes one already.
pub fn init_proposed_before(number: PrNumber) -> String {
    format!("#{number} proposes a configuration already. It counts once it is merged.")
}

/// There is a configuration.
pub fn init_configured(file: &str, mistake: Option<&str>) -> String {
    let there = format!(
        "This repository has a configuration already: {} on its default branch. Please change that file.",
        code(file)
    );
    match mistake {
        Some(mistake) => format!("{there} It has a mistake: {}", code(mistake)),
        None => there,
    }
}

/// Somebody without the right.
pub fn init_not_an_administrator(login: &str) -> String {
    format!(
        "{} can't set Drawbridge up here: that takes the permission `admin` on this repository. An administrator can comment \
         `/drawbridge init`.",
        code(login)
    )
}

/// The file would be the organisation's defaults.
pub fn init_for_organisation() -> String {
    format!(
        "{} here holds the defaults of the whole organisation: `enabled: true` in it enables Drawbridge in every repository that has no \
         value of its own. So nothing is suggested here. Comment `/drawbridge init` in the repository that you want to set up, or write \
         the defaults yourself.",
        code(FILE)
    )
}

/// There is nothing to make a branch from.
pub fn init_no_commit(branch: &str) -> String {
    format!(
        "There is no commit on {} yet, so nothing can be proposed. Push one, and comment `/drawbridge init` again.",
        code(branch)
    )
}

/// Every name of a branch is taken.
pub fn init_no_branch(first: &str) -> String {
    format!(
        "The branch {} and those numbered after it exist and hold something else, so nothing was written. Delete one of them, \
         and comment `/drawbridge init` again.",
        code(first)
    )
}

/// GitHub does not let us.
pub fn init_refused(why: &str) -> String {
    format!(
        "A configuration can't be proposed: {}. Once that is mended (a ruleset or a protected branch may have to let the app \
         pass), comment `/drawbridge init` again. You can also add {} yourself; one line is enough: `enabled: true`.",
        code(why),
        code(FILE)
    )
}

/// GitHub does not let us, for want of a permission.
pub fn init_lacks(permission: &str, page: Option<&str>) -> String {
    let page = page.map_or_else(String::new, |page| format!(", at {page}"));
    format!(
        "A configuration can't be proposed: the app lacks the permission {}. Once the owner of the installation has granted it{page}, \
         comment `/drawbridge init` again. You can also add {} yourself; one line is enough: `enabled: true`.",
        code(permission),
        code(FILE)
    )
}

/// What became of a request, for the history.
pub fn history_init(request: &InitRequest, said: &str) -> String {
    format!(
        "{} asked for a configuration in #{}: {said}",
        request.by.login, request.number
    )
}
