//! Jobs that could be made of the workflows, as an example that is commented out: without it one gate waits for every
//! build that a mirror starts, and most repositories need no more.

use super::filters::Found;
use super::suggest::mistake;
use super::workflow::Input;
use super::write::{name, remark, scalar, unused};
use super::{Reading, Workflow};
use std::fmt::Write as _;

/// So many jobs are shown.
const MOST: usize = 12;

/// Words in the name of a workflow that builds or tests something.
const BUILDS: [&str; 12] = [
    "build", "test", "ci", "check", "lint", "image", "docker", "compile", "e2e", "bench",
    "package", "verify",
];

/// `pipelines:` with these workflows as jobs; empty where nothing would be a job.
pub(super) fn example(readings: &[Reading], found: &Found) -> String {
    let filters = found.written();
    let mut jobs = String::new();
    let mut names: Vec<String> = Vec::new();
    for reading in readings {
        let Ok(workflow) = &reading.said else {
            continue;
        };
        let stem = reading.file.rsplit_once('.').map_or("", |(stem, _)| stem);
        let wanted = match name(stem) {
            empty if empty.is_empty() => "job".to_owned(),
            stem => stem,
        };
        let name = unused(wanted, |name| names.iter().any(|taken| taken == name));
        let Some(job) = job(reading, workflow, &name, found) else {
            continue;
        };
        // What the parser would refuse, for whatever reason, is no example.
        if names.len() < MOST
            && mistake(&format!("{filters}{}", pipelines(&job)), Some(found)).is_none()
        {
            jobs.push_str(&job);
            names.push(name);
        }
    }
    match jobs.is_empty() {
        true => jobs,
        false => pipelines(&jobs),
    }
}

fn pipelines(jobs: &str) -> String {
    format!("pipelines:\n  backends:\n    on: pull_request\n    jobs:\n{jobs}")
}

fn job(reading: &Reading, workflow: &Workflow, name: &str, found: &Found) -> Option<String> {
    let mut job = format!("      {name}:\n");
    // Writing to a String can't fail.
    if workflow.hears_mirrors {
        // `*` stands for any characters: a name with one in it would mean others, too.
        if workflow.name.contains('*') {
            return None;
        }
        let check = scalar(&format!("{} / *", workflow.name))?;
        let _ = writeln!(job, "        check: {check}");
        if let Some(filter) = found.of_workflow.get(&reading.file) {
            let _ = writeln!(job, "        changes: {}", scalar(filter)?);
        }
        return Some(job);
    }
    let inputs = workflow.inputs.as_ref()?;
    if !looks_like_a_build(reading, workflow) {
        return None;
    }
    let _ = writeln!(job, "        workflow: {}", scalar(&reading.file)?);
    let required: Vec<&Input> = inputs.iter().filter(|input| input.required).collect();
    if !required.is_empty() {
        job.push_str("        inputs:\n");
    }
    for input in required {
        let value = input.value.as_deref().and_then(value);
        let value = value.unwrap_or_else(|| "'' # to be filled in".to_owned());
        let _ = writeln!(job, "          {}: {value}", scalar(&input.name)?);
    }
    Some(job)
}

/// The value of an input, unless it would be taken for places of ours.
fn value(text: &str) -> Option<String> {
    let quoted = format!("'{}'", remark(text).replace('\'', "''"));
    (scalar(text).is_some() && !text.contains("${{") && remark(text) == text).then_some(quoted)
}

fn looks_like_a_build(reading: &Reading, workflow: &Workflow) -> bool {
    let text = format!("{} {}", reading.file, workflow.name).to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.any(|word| BUILDS.iter().any(|build| word.starts_with(build)))
}
