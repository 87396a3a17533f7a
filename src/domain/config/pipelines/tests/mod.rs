//! The language of `pipelines`, as tables of files.

mod language;
mod properties;
mod refusals;
mod refusals_of_jobs;
mod workload;

use crate::domain::config::{
    ConfigError, ConfigFile, Filters, PATHS, RepoConfig, Scope, parse, resolve,
};
use crate::domain::pipeline::{JobSpec, Pipeline};

fn read(text: &str) -> Result<ConfigFile, ConfigError> {
    parse(PATHS[0], text, Scope::Repository)
}

/// The configuration of a file whose filters are all known.
fn of(text: &str) -> RepoConfig {
    let file = read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    resolve(None, Some(&file), Some(&Filters::new())).unwrap_or_else(|error| panic!("{error}"))
}

/// The only pipeline of a file.
fn pipeline(text: &str) -> Pipeline {
    let mut pipelines = of(text).pipelines;
    assert_eq!(pipelines.len(), 1);
    pipelines.remove(0)
}

/// The jobs of a single pipeline on pull requests, from what stands under `jobs`.
fn jobs(text: &str) -> Vec<JobSpec> {
    pipeline(&with_jobs(text)).jobs
}

fn with_jobs(text: &str) -> String {
    format!("pipelines:\n  p:\n    on: pull_request\n    jobs: {text}\n")
}

fn names(jobs: &[JobSpec]) -> Vec<&str> {
    jobs.iter().map(|job| job.name.as_str()).collect()
}
