//! The suggested file.

use super::filters::{Found, gather};
use super::write::{commented, remark};
use super::{FILE, MOST_WORKFLOWS, Reading, jobs};
use crate::domain::config::{self, Scope};
use std::collections::BTreeMap;

/// So many lines of one kind are written into a comment.
const MOST_LINES: usize = 20;

/// What else is known where the configuration is for.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Where editors find the schema, if anybody has said where the server is.
    pub schema: Option<String>,
    /// The texts of the files of filters that workflows name.
    pub filter_files: BTreeMap<String, String>,
    /// Workflows that were not looked at, as there are too many.
    pub more: usize,
}

/// A configuration, and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The text of the file.
    pub file: String,
    /// The names of the workflows that listen to mirrors.
    pub listening: Vec<String>,
    /// Whether filters were found.
    pub filters: bool,
    /// Whether there is an example of jobs.
    pub jobs: bool,
    /// What could not be read or taken over, a line each.
    pub remarks: Vec<String>,
}

/// Suggests a configuration for a repository with these workflows.
pub fn suggest(readings: &[Reading], place: &Place) -> Suggestion {
    let found = gather(readings, place);
    let listening = listening(readings);
    let mut remarks: Vec<String> = readings
        .iter()
        .filter_map(|one| {
            let why = one.said.as_ref().err()?;
            Some(format!(
                "{} was passed over: {}",
                remark(&one.file),
                remark(why)
            ))
        })
        .collect();
    remarks.extend(found.remarks.iter().cloned());
    if place.more > 0 {
        remarks.push(format!(
            "{} more workflows were not looked at: {MOST_WORKFLOWS} are",
            place.more
        ));
    }
    let filters = found.written();
    let example = jobs::example(readings, &found);
    let mut suggestion = Suggestion {
        file: written(place, &listening, &remarks, &filters, &example),
        filters: !filters.is_empty(),
        jobs: !example.is_empty(),
        listening,
        remarks,
    };
    // Each part was tried alone; should they not go together, the least is better than nothing.
    if mistake(&suggestion.file, Some(&found)).is_some() {
        suggestion.file = written(place, &[], &[], "", "");
        suggestion.filters = false;
        suggestion.jobs = false;
    }
    suggestion
}

/// What the server would say is wrong with a text as the configuration.
pub(super) fn mistake(text: &str, found: Option<&Found>) -> Option<String> {
    let read = || {
        let file = config::parse(FILE, text, Scope::Repository)?;
        let filters = found.map(|found| &found.filters);
        config::resolve(None, Some(&file), filters).map(drop)
    };
    read().err().map(|error| error.to_string())
}

fn listening(readings: &[Reading]) -> Vec<String> {
    let said = readings.iter().filter_map(|one| one.said.as_ref().ok());
    said.filter(|workflow| workflow.hears_mirrors)
        .map(|workflow| workflow.name.clone())
        .collect()
}

fn written(
    place: &Place,
    listening: &[String],
    remarks: &[String],
    filters: &str,
    example: &str,
) -> String {
    let mut file = String::new();
    if let Some(schema) = &place.schema {
        file.push_str(&config::line_for_editors(schema));
        file.push('\n');
    }
    file.push_str(HEAD);
    file.push_str(match listening {
        [] => NOBODY_LISTENS,
        _ => SOME_LISTEN,
    });
    file.push_str(&list(listening));
    if !remarks.is_empty() {
        file.push_str("\n# Worth a look:\n");
        file.push_str(&list(remarks));
    }
    file.push('\n');
    file.push_str(TRUST);
    if !filters.is_empty() {
        file.push_str(FILTERS);
        file.push_str(filters);
    }
    if !example.is_empty() {
        file.push_str(EXAMPLE);
        file.push_str(&commented(example));
    }
    file
}

/// Lines of a comment, not without end.
fn list(lines: &[String]) -> String {
    let mut list: String = lines
        .iter()
        .take(MOST_LINES)
        .map(|line| format!("# - {}\n", remark(line)))
        .collect();
    if let Some(more @ 1..) = lines.len().checked_sub(MOST_LINES) {
        list.push_str(&format!("# - and {more} more\n"));
    }
    list
}

const HEAD: &str = "\
# How Drawbridge works in this repository. Only the file on the default branch counts.
# `drawbridge check` says whether it is valid, `drawbridge plan` what it would do.

# Without this nothing happens here.
enabled: true

";

const SOME_LISTEN: &str = "\
# A trusted head of a pull request is mirrored to the branch `pull-request/N`. These workflows run there by themselves, and the
# check `backend-status-check` passes when they have passed:
";

const NOBODY_LISTENS: &str = "\
# A trusted head of a pull request is mirrored to the branch `pull-request/N`. No workflow listens to that yet. One that should
# build pull requests needs this:
#
#   on:
#     push:
#       branches: ['pull-request/[0-9]+']
";

const TRUST: &str = "\
# Who is trusted: members of the organisation, with signed commits. Everybody else needs `/ok to test <sha>` by somebody who may
# write here. Without `# ` in front, these change that:
# additional_trustees: ['dependabot[bot]']
# additional_vetters: [alice]
# trust:
#   always_vet: ['.github/workflows/**']
# auto_sync_draft: false
";

const FILTERS: &str = "
# Sets of paths, as the workflows have them. A job with `changes` runs only if one of its filters matches a changed file.
";

const EXAMPLE: &str = "
# Jobs of your own, instead of waiting for whatever the mirror starts. Take out `# ` in front of each line, and make
# `backend-status-check` a required check:
#
";
