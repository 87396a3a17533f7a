//! What would happen, and what is configured, in a terminal.

use super::*;

/// Nothing in a terminal is wider, but for a word that is.
pub(super) const WIDTH: usize = 80;
/// A longer name has a line of its own.
const LONGEST_COLUMN: usize = 32;

/// For a terminal of 80 columns, without colours.
pub fn preview_for_terminal(preview: &Preview, config: &RepoConfig, imagined: &Imagined) -> String {
    let mut text = String::new();
    wrap(&mut text, "", 0, &event(preview, imagined));
    for entry in &reasons(preview) {
        wrap(&mut text, "  - ", 4, entry);
    }
    let membership = unknown_membership(preview, imagined);
    for warning in membership.into_iter().chain(warnings(preview, imagined)) {
        wrap(&mut text, "", 0, &warning);
    }
    if waits_for_vetter(preview) {
        wrap(&mut text, "", 0, AFTER_APPROVAL);
    }
    for run in &preview.runs {
        text.push('\n');
        let heading = format!("{} → {}", code(&run.pipeline), gates(run));
        wrap(&mut text, "", 2, &heading);
        wrap(&mut text, "  ", 2, &in_short(run));
        if run.implied {
            continue;
        }
        let widest = run.jobs.iter().map(|job| shown(&job.spec.name).1).max();
        let column = widest.unwrap_or(0).min(LONGEST_COLUMN);
        for job in &run.jobs {
            let Outlook { decision, why } = outlook(job, run, config, imagined);
            let (name, width) = shown(&job.spec.name);
            let hang = column + 10;
            let first = format!("  {decision:<5} {name}");
            if width > column {
                let _ = writeln!(text, "{first}");
                wrap(&mut text, &" ".repeat(hang), hang, &why);
            } else {
                let pad = " ".repeat(column - width + 2);
                wrap(&mut text, &format!("{first}{pad}"), hang, &why);
            }
        }
    }
    if preview.runs.is_empty() {
        text.push_str("\nNothing would run.\n");
    }
    let rest = [not_started(preview, config), unknown_connections(preview)];
    for note in rest.into_iter().flatten() {
        text.push('\n');
        wrap(&mut text, "", 2, &note);
    }
    text
}

/// What `drawbridge check` says of a valid configuration, in a terminal of 80 columns.
pub fn valid_configuration(path: &str, config: &RepoConfig) -> String {
    let mut text = format!("{path} is valid.\n");
    for pipeline in &config.pipelines {
        let line = match pipeline.implied {
            true => format!(
                "no pipelines: {} waits for every build that the push of a mirror starts",
                gate_names(&pipeline.gates)
            ),
            false => format!(
                "{}: {} on {} → {}",
                code(&pipeline.name),
                plural(pipeline.jobs.len(), "job", "jobs"),
                triggers(pipeline),
                gate_names(&pipeline.gates)
            ),
        };
        wrap(&mut text, "  ", 4, &line);
    }
    if !config.filters.is_empty() {
        let names: Vec<String> = config.filters.keys().map(|name| code(name)).collect();
        let line = format!(
            "{}: {}",
            plural(names.len(), "filter", "filters"),
            names.join(", ")
        );
        wrap(&mut text, "  ", 4, &line);
    }
    if let Some(note) = connections(config.connections().map(|(name, ..)| name)) {
        wrap(&mut text, "", 2, &note);
    }
    text
}

fn unknown_connections(preview: &Preview) -> Option<String> {
    let jobs = preview.runs.iter().flat_map(|run| &run.jobs);
    connections(jobs.filter_map(|job| match &job.spec.backend {
        BackendSpec::Connection { name, .. } => Some(name.as_str()),
        _ => None,
    }))
}

/// Connections stand in the settings of the server, which a command line has not.
fn connections<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: BTreeSet<&str> = names.collect();
    let names: Vec<String> = names.into_iter().map(code).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Only the server knows whether this repository may use {}: {}.",
            if names.len() == 1 {
                "the connection"
            } else {
                "the connections"
            },
            names.join(", ")
        )
    })
}

/// A foreign name as a terminal shows it, and how many columns that takes.
fn shown(name: &str) -> (String, usize) {
    let name = unmarked(&code(name));
    let width = name.chars().count();
    (name, width)
}

/// Writes Markdown for a terminal: `first`, then the words, with `hang` blanks before each line but the first.
fn wrap(text: &mut String, first: &str, hang: usize, markdown: &str) {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in unmarked(markdown).split_whitespace() {
        let width = line.chars().count() + usize::from(!empty) + word.chars().count();
        if !empty && width > WIDTH {
            let _ = writeln!(text, "{line}");
            line = " ".repeat(hang);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(text, "{}", line.trim_end());
}
