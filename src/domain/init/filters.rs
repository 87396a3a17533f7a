//! Filters that workflows have, as `filters` of a configuration.

use super::write::{name, remark, scalar, unused};
use super::{Place, Reading};
use crate::domain::config::{Filters, parse_filters};
use crate::domain::init::workflow::StepFilters;
use std::collections::BTreeMap;

/// So many filters are taken over.
const MOST: usize = 20;
/// So many patterns of one.
const MOST_PATTERNS: usize = 50;
/// So many are tried: each takes some work to find out about.
const MOST_TRIED: usize = 200;

/// What was found, ready to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The filters themselves.
    pub filters: Filters,
    /// The one file that holds all of them; then they need not be written again.
    pub file: Option<String>,
    /// By the file of a workflow: the filter that says when it is started.
    pub of_workflow: BTreeMap<String, String>,
    /// What could not be taken over.
    pub remarks: Vec<String>,
    /// What became of the patterns that were tried.
    tried: BTreeMap<Vec<String>, Option<String>>,
}

/// Gathers the filters of the workflows, without those that the parser of configurations would refuse.
pub(super) fn gather(readings: &[Reading], place: &Place) -> Found {
    let mut found = Found::default();
    let mut files = Vec::new();
    for reading in readings {
        let Ok(workflow) = &reading.said else {
            continue;
        };
        for step in &workflow.filters {
            match step {
                StepFilters::InPlace(filters) => found.add_all(filters),
                StepFilters::File(path) if files.contains(&path) => {}
                StepFilters::File(path) => {
                    files.push(path);
                    found.add_file(path, place);
                }
                StepFilters::Other(why) => found.remarks.push(format!(
                    "{} filters paths in a way that is not known here: {}",
                    remark(&reading.file),
                    remark(why)
                )),
            }
        }
    }
    // A file that holds all of them is named instead; under .github/, where a change of it is noticed at once.
    if let [only] = files[..]
        && only.starts_with(".github/")
        && let Some(Ok(inside)) = place.parsed(only)
        && found.filters == inside
        && scalar(only).is_some()
        && is_valid(&format!("filters: {}\n", scalar(only).unwrap_or_default()))
    {
        found.file = Some(only.clone());
    }
    for reading in readings {
        let Ok(workflow) = &reading.said else {
            continue;
        };
        if !workflow.paths.is_empty() {
            found.add_paths(&reading.file, &workflow.paths);
        }
    }
    found
}

impl Found {
    fn add_file(&mut self, path: &str, place: &Place) {
        match place.parsed(path) {
            Some(Ok(filters)) => self.add_all(&filters),
            Some(Err(why)) => self.remarks.push(format!(
                "{} can't be used as a file of filters: {}",
                remark(path),
                remark(&why)
            )),
            None => self.remarks.push(format!("{} was not read", remark(path))),
        }
    }

    fn add_all(&mut self, filters: &Filters) {
        for (name, patterns) in filters {
            self.add(name.clone(), patterns);
        }
    }

    /// The paths that start a workflow are a filter of its own name, unless there is the same already.
    fn add_paths(&mut self, file: &str, paths: &[String]) {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let stem = match name(stem) {
            empty if empty.is_empty() => "paths".to_owned(),
            stem => stem,
        };
        if let Some(name) = self.add(stem, paths) {
            self.of_workflow.insert(file.to_owned(), name);
        }
    }

    /// The name that these patterns have now; `None`: not one of them can be used, or there are too many.
    fn add(&mut self, wanted: String, patterns: &[String]) -> Option<String> {
        let patterns = &patterns[..patterns.len().min(MOST_PATTERNS)];
        if let Some(known) = self.tried.get(patterns) {
            return known.clone();
        }
        if self.tried.len() >= MOST_TRIED || self.filters.len() >= MOST {
            return None;
        }
        let name = self.add_usable(wanted, patterns);
        self.tried.insert(patterns.to_vec(), name.clone());
        name
    }

    fn add_usable(&mut self, wanted: String, patterns: &[String]) -> Option<String> {
        let usable = |pattern: &&String| {
            scalar(pattern).is_some_and(|text| is_valid(&format!("filters:\n  a: [{text}]\n")))
        };
        let patterns: Vec<String> = patterns.iter().filter(usable).cloned().collect();
        if let Some((name, _)) = self.filters.iter().find(|(_, there)| **there == patterns) {
            return Some(name.clone());
        }
        if patterns.is_empty() {
            return None;
        }
        // What was found in a file has to be written here once something joins it.
        self.file = None;
        let name = unused(wanted, |name| self.filters.contains_key(name));
        let text = format!("filters:\n{}", entry(&name, &patterns)?);
        if !is_valid(&text) {
            return None;
        }
        self.filters.insert(name.clone(), patterns);
        Some(name)
    }

    /// `filters:` with all of them; empty if there are none.
    pub(super) fn written(&self) -> String {
        if let Some(path) = self.file.as_deref().and_then(scalar) {
            return format!("filters: {path}\n");
        }
        let entries: String = self
            .filters
            .iter()
            .filter_map(|(name, patterns)| entry(name, patterns))
            .collect();
        match entries.is_empty() {
            true => String::new(),
            false => format!("filters:\n{entries}"),
        }
    }
}

fn entry(name: &str, patterns: &[String]) -> Option<String> {
    let lines: String = patterns
        .iter()
        .filter_map(|pattern| Some(format!("    - {}\n", scalar(pattern)?)))
        .collect();
    Some(format!("  {}:\n{lines}", scalar(name)?))
}

/// Whether the server would read this as a configuration.
fn is_valid(text: &str) -> bool {
    super::suggest::mistake(text, None).is_none()
}

impl Place {
    /// A file of filters as the server reads it; `None`: it was not read.
    pub(super) fn parsed(&self, path: &str) -> Option<Result<Filters, String>> {
        let text = self.filter_files.get(path)?;
        Some(parse_filters(path, text).map_err(|error| error.message))
    }
}
