//! The one table of commands.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A command of this release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// `/ok to test`
    OkToTest,
    /// `/retest`
    Retest,
    /// `/test`
    Test,
    /// `/skip`
    Skip,
    /// `/cancel`
    Cancel,
    /// `/sync`
    Sync,
    /// `/status`
    Status,
    /// `/help`
    Help,
    /// `/drawbridge init`
    Init,
}

/// Who may use a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// A vetter, as the design defines the word.
    Vetter,
    /// A vetter, or who opened the pull request while its head is trusted.
    VetterOrAuthor,
    /// Anyone who can comment.
    Anyone,
    /// Who has the permission `admin` on the repository.
    Administrator,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Who::Vetter => "vetter",
            Who::VetterOrAuthor => "vetter, or author of a trusted PR",
            Who::Anyone => "anyone",
            Who::Administrator => "administrator of the repository",
        })
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandSpec {
    /// What it is.
    pub command: Command,
    /// The spelling that is documented first, in lower case, words separated by single spaces.
    pub name: &'static str,
    /// Other spellings that mean the same.
    pub aliases: &'static [&'static str],
    /// The name with what follows it.
    pub usage: &'static str,
    /// Who may use it.
    pub who: Who,
    /// What it does, as a phrase that completes "it will …".
    pub effect: &'static str,
}

/// Every command of this release, in the order of the documentation.
pub const TABLE: &[CommandSpec] = &[
    CommandSpec {
        command: Command::OkToTest,
        name: "/ok to test",
        aliases: &["/okay to test", "/ok-to-test", "/okay-to-test"],
        usage: "/ok to test <sha>",
        who: Who::Vetter,
        effect: "approve that commit (7 or more hex digits of its SHA) and mirror it",
    },
    CommandSpec {
        command: Command::Retest,
        name: "/retest",
        aliases: &[],
        usage: "/retest [job…]",
        who: Who::VetterOrAuthor,
        effect: "run failed jobs again, or the named ones",
    },
    CommandSpec {
        command: Command::Test,
        name: "/test",
        aliases: &[],
        usage: "/test <job…>",
        who: Who::VetterOrAuthor,
        effect: "run these jobs even where filters would skip them",
    },
    CommandSpec {
        command: Command::Skip,
        name: "/skip",
        aliases: &[],
        usage: "/skip <job…> <reason>",
        who: Who::Vetter,
        effect: "count the job as passed for this head; name and reason are shown in the gate",
    },
    CommandSpec {
        command: Command::Cancel,
        name: "/cancel",
        aliases: &[],
        usage: "/cancel",
        who: Who::VetterOrAuthor,
        effect: "cancel running jobs",
    },
    CommandSpec {
        command: Command::Sync,
        name: "/sync",
        aliases: &[],
        usage: "/sync",
        who: Who::Anyone,
        effect: "look at GitHub again now",
    },
    CommandSpec {
        command: Command::Status,
        name: "/status",
        aliases: &[],
        usage: "/status",
        who: Who::Anyone,
        effect: "say what the bot thinks and what is needed next",
    },
    CommandSpec {
        command: Command::Help,
        name: "/help",
        aliases: &[],
        usage: "/help",
        who: Who::Anyone,
        effect: "show this table",
    },
    CommandSpec {
        command: Command::Init,
        name: "/drawbridge init",
        aliases: &[],
        usage: "/drawbridge init",
        who: Who::Administrator,
        effect: "propose a first configuration as a pull request; heard on issues, too, and before there is a configuration",
    },
];

impl CommandSpec {
    /// Every spelling, the documented one first.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// The table in Markdown, for `/help` and for the documentation.
pub fn help_table() -> String {
    let mut table = String::from("| command | who | effect |\n|---|---|---|\n");
    for spec in TABLE {
        let also: Vec<String> = spec
            .aliases
            .iter()
            .map(|alias| format!(", `{alias}`"))
            .collect();
        let row = format!(
            "| `{}`{} | {} | {} |\n",
            spec.usage,
            also.concat(),
            spec.who,
            spec.effect
        );
        table.push_str(&row);
    }
    table
}
