//! `drawbridge plan` and `drawbridge check`: the server's own decisions about a configuration, without a server.

use crate::domain::config::{self, ConfigError, RepoConfig, Scope};
use crate::domain::filter::ChangedFile;
use crate::domain::pipeline::Trigger;
use crate::domain::preview::{Imagined, Preview, preview};
use crate::domain::run::{JobState, TriggerKind};
use crate::domain::text;
use crate::domain::trust::Verdict;
use chrono::Utc;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What starts a pipeline, as a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Event {
    PullRequest,
    MergeGroup,
    Push,
    Schedule,
    Command,
}

/// What `drawbridge plan` is asked.
#[derive(Args)]
pub struct PlanArgs {
    /// The configuration; `filters` of a path of its own are read beside it
    #[arg(long, value_name = "FILE", default_value = ".github/drawbridge.yaml")]
    config: PathBuf,
    /// What happens
    #[arg(long, value_enum, default_value = "pull_request")]
    event: Event,
    /// A file that is changed; may be given several times. Without any, every filter counts as matched
    #[arg(long, value_name = "PATH", num_args = 1..)]
    changed: Vec<String>,
    /// A label of the pull request; may be given several times
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
    /// Who opens the pull request, trusted only if the configuration lists them [default: a member]
    #[arg(long, value_name = "LOGIN")]
    author: Option<String>,
    /// The author is a member of the organisation
    #[arg(long)]
    member: bool,
    /// The commits carry no verified signature
    #[arg(long)]
    unsigned: bool,
    /// The pull request is a draft
    #[arg(long)]
    draft: bool,
    /// The base branch, or the branch that is pushed to
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
    /// With --event command: the command and what stands behind it, such as "deploy staging"
    #[arg(long, value_name = "TEXT", required_if_eq("event", "command"))]
    command: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `drawbridge check` is asked.
#[derive(Args)]
pub struct CheckArgs {
    /// The configuration; `filters` of a path of its own are read beside it
    #[arg(value_name = "FILE", default_value = ".github/drawbridge.yaml")]
    file: PathBuf,
}

/// Prints what would run.
pub fn plan(args: PlanArgs) -> ExitCode {
    let config = match read(&args.config) {
        Ok(config) => config,
        Err(problem) => return refused(&problem),
    };
    if !config.enabled {
        eprintln!(
            "note: `enabled: true` is missing, so the server would do nothing in this repository"
        );
    }
    let files: Option<Vec<ChangedFile>> = (!args.changed.is_empty()).then(|| {
        let file = |path: &String| ChangedFile {
            path: path.trim_start_matches("./").to_owned(),
            previous: None,
        };
        args.changed.iter().map(file).collect()
    });
    let command = args.command.as_deref().map(|text| {
        let text = text.trim().trim_start_matches('/');
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        (name.to_owned(), rest.trim().to_owned())
    });
    if let Some((name, _)) = &command
        && !config
            .pipelines
            .iter()
            .any(|pipeline| pipeline.is_command(name))
    {
        eprintln!(
            "drawbridge: no pipeline has the command `/{name}`\n  {}",
            commands(&config)
        );
        return ExitCode::from(2);
    }
    let imagined = Imagined {
        trigger: match args.event {
            Event::PullRequest => TriggerKind::PullRequest,
            Event::MergeGroup => TriggerKind::MergeGroup,
            Event::Push => TriggerKind::Push,
            Event::Schedule => TriggerKind::Schedule,
            Event::Command => TriggerKind::Command,
        },
        branch: args.branch,
        changed: files.clone(),
        labels: args.label.into_iter().collect(),
        member: args.member || args.author.is_none(),
        author: args.author.unwrap_or_else(|| "member".to_owned()),
        signed: !args.unsigned,
        draft: args.draft,
        command,
    };
    // The server does nothing where it is not enabled; here everybody wants to see what it would do if it were.
    let config = RepoConfig {
        enabled: true,
        ..config
    };
    let preview = preview(&config, &imagined, Utc::now());
    if args.json {
        println!("{:#}", in_json(&preview, &config, files.as_deref()));
    } else {
        print!(
            "{}",
            text::preview_for_terminal(&preview, &config, files.as_deref())
        );
    }
    ExitCode::SUCCESS
}

/// Validates a configuration and the filters it names.
pub fn check(args: CheckArgs) -> ExitCode {
    match read(&args.file) {
        Ok(config) => {
            let jobs: usize = config
                .pipelines
                .iter()
                .map(|pipeline| pipeline.jobs.len())
                .sum();
            let implied = config.pipelines.iter().any(|pipeline| pipeline.implied);
            println!(
                "{} is valid: {}, {} filters.",
                args.file.display(),
                match implied {
                    true => "no pipelines (one check over all builds of the mirror)".to_owned(),
                    false => format!("{} pipelines, {jobs} jobs", config.pipelines.len()),
                },
                config.filters.len()
            );
            if !config.enabled {
                println!(
                    "note: `enabled: true` is missing, so the server does nothing in this repository."
                );
            }
            ExitCode::SUCCESS
        }
        Err(problem) => refused(&problem),
    }
}

fn refused(problem: &ConfigError) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::FAILURE
}

fn commands(config: &RepoConfig) -> String {
    let triggers = config.pipelines.iter().flat_map(|pipeline| &pipeline.on);
    let names: Vec<String> = triggers
        .filter_map(|trigger| match trigger {
            Trigger::Command(name) => Some(format!("/{name}")),
            _ => None,
        })
        .collect();
    match names.is_empty() {
        true => "No pipeline is started by a command.".to_owned(),
        false => format!("There are: {}", names.join(", ")),
    }
}

/// Reads a configuration and the filters it names, which are looked for from the root of the repository.
fn read(path: &Path) -> Result<RepoConfig, ConfigError> {
    let shown = path.display().to_string();
    let text = text_of(path, &shown)?;
    let file = config::parse(&shown, &text, Scope::Repository)?;
    let filters = match config::filters_file(None, Some(&file)) {
        None => None,
        Some(named) => {
            let beside = root_of(path).join(named.path);
            let text = text_of(&beside, named.path)?;
            Some(config::parse_filters(named.path, &text)?)
        }
    };
    config::resolve(None, Some(&file), filters.as_ref())
}

/// The root of the repository: above `.github`, if the file is in there, else where the file is.
fn root_of(config: &Path) -> PathBuf {
    let folder = config.parent().unwrap_or(Path::new(""));
    match folder.file_name().is_some_and(|name| name == ".github") {
        true => folder.parent().unwrap_or(Path::new("")).to_owned(),
        false => folder.to_owned(),
    }
}

fn text_of(path: &Path, shown: &str) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError {
        path: shown.to_owned(),
        line: None,
        column: None,
        message: format!("can't read {}: {error}", path.display()),
        hint: Some("Give the file's path, from where you are".to_owned()),
    })
}

fn in_json(preview: &Preview, config: &RepoConfig, files: Option<&[ChangedFile]>) -> Value {
    let runs = preview.runs.iter().map(|run| {
        let jobs = run.jobs.iter().map(|job| {
            let (decision, reason) = match &job.state {
                JobState::Skipped(reason) => ("skip", text::skip_reason(job, reason)),
                JobState::Waiting => ("wait", text::why_it_runs(job, run, config, files)),
                _ => ("run", text::why_it_runs(job, run, config, files)),
            };
            json!({
                "name": job.spec.name,
                "decision": decision,
                "reason": reason,
                "needs": job.spec.needs,
                "required": job.spec.required,
                "backend": job.spec.backend,
            })
        });
        json!({
            "pipeline": run.pipeline,
            "gates": run.gates.iter().map(|gate| &gate.name).collect::<Vec<_>>(),
            "jobs": jobs.collect::<Vec<_>>(),
        })
    });
    json!({
        "mirrored": preview.verdict.as_ref().map(Verdict::allows_mirror),
        "reasons": match &preview.verdict {
            Some(Verdict::NeedsVetting(reasons)) => reasons.iter().map(text::reason).collect(),
            _ => Vec::new(),
        },
        "runs": runs.collect::<Vec<_>>(),
        "not_started": preview.idle,
    })
}
