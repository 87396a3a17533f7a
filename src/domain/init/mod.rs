//! `/drawbridge init`: a first configuration, suggested from what the repository's workflows say, and how far what somebody
//! asked for has come.
//!
//! Whatever stands in a workflow is data: it is read within bounds, named or quoted where it can do nothing, and left out where
//! it can't. Promises: for any workflows the suggested file is read by the server's own parser without a mistake, enables the app,
//! and is the same for the same workflows.

mod asked;
mod filters;
mod jobs;
mod suggest;
#[cfg(test)]
mod tests;
mod workflow;
mod write;

pub(crate) use asked::asks_for_it;
pub use asked::{InitRequest, InitRequests, Judged, Outlook, Rights, Stage, judge};
pub use suggest::{Place, Suggestion, suggest};
pub use workflow::{Reading, Workflow, named_filter_files, read};

/// Where the configuration is put.
pub const FILE: &str = super::config::PATHS[0];

/// The directory that workflows are in.
pub const WORKFLOWS: &str = ".github/workflows";

/// So many workflows are read; the rest is only counted.
pub const MOST_WORKFLOWS: usize = 40;

/// The largest workflow that is read, in bytes.
pub const LARGEST_WORKFLOW: u64 = 128 * 1024;

/// So many files of filters that workflows name are read.
pub const MOST_FILTER_FILES: usize = 3;

/// How many names of branches are tried.
const MOST_BRANCHES: usize = 9;

/// The branches that may hold the suggestion, in the order they are tried. None is below `drawbridge/`: a ruleset may keep people from
/// writing there, and they are to change what is suggested.
pub fn branches() -> impl Iterator<Item = String> {
    (1..=MOST_BRANCHES).map(|n| match n {
        1 => "drawbridge-init".to_owned(),
        n => format!("drawbridge-init-{n}"),
    })
}
