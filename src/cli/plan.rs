//! `drawbridge plan` and `drawbridge check`: the server's own decisions about a configuration, without a server.

mod files;

use crate::domain::config::RepoConfig;
use crate::domain::filter::ChangedFile;
use crate::domain::pipeline::{BackendSpec, Trigger};
use crate::domain::preview::{Imagined, Preview, preview};
use crate::domain::run::TriggerKind;
use crate::domain::text::{self, unmarked};
use crate::domain::trust::Verdict;
use chrono::Utc;
use clap::{Args, ValueEnum};
use files::{Sources, Trouble, read};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
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
    /// The configuration [default: .github/drawbridge.yaml, or else .github/copy-pr-bot.yaml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    sources: Sources,
    /// What happens [default: pull_request, or command with --command]
    #[arg(long, value_enum)]
    event: Option<Event>,
    /// The files that are changed, from the root of the repository: --changed $(git diff --name-only main...). Without it
    /// every filter counts as matched, and no path as one that always needs a vetter
    #[arg(long, value_name = "PATH", num_args = 0..)]
    changed: Option<Vec<String>>,
    /// A label of the pull request; may be given several times
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
    /// Who opens the pull request and writes its commits. Nobody is asked who that is: it is a trusted user if the
    /// configuration lists it, or with --member [default: some member]
    #[arg(long, value_name = "LOGIN")]
    author: Option<String>,
    /// The author is a member of the organisation
    #[arg(long, requires = "author")]
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
    /// The command and what stands behind it, such as "deploy staging"
    #[arg(long, value_name = "TEXT", required_if_eq("event", "command"))]
    command: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `drawbridge check` is asked.
#[derive(Args)]
pub struct CheckArgs {
    /// The configuration [default: .github/drawbridge.yaml, or else .github/copy-pr-bot.yaml]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    sources: Sources,
}

const DISABLED: &str =
    "note: `enabled: true` is missing, so the server does nothing in this repository";

/// Prints what would run.
pub fn plan(args: PlanArgs) -> ExitCode {
    if let Some(problem) = args.contradiction() {
        return wrong_usage(&problem);
    }
    let config = match read(args.config.as_deref(), &args.sources) {
        Ok((_, config)) => config,
        Err(trouble) => return refused(trouble),
    };
    let imagined = args.imagined();
    if let Some((name, _)) = &imagined.command
        && !config
            .pipelines
            .iter()
            .any(|pipeline| pipeline.is_command(name))
    {
        let commands = commands(&config);
        return wrong_usage(&format!(
            "no pipeline has the command `/{name}`. {commands}"
        ));
    }
    if !config.enabled {
        eprintln!("{DISABLED}");
    }
    // The server does nothing where it is not enabled; here everybody wants to see what it would do if it were.
    let config = RepoConfig {
        enabled: true,
        ..config
    };
    let preview = preview(&config, &imagined, Utc::now());
    let text = match args.json {
        true => format!("{:#}\n", in_json(&preview, &config, &imagined)),
        false => text::preview_for_terminal(&preview, &config, &imagined),
    };
    print(&text)
}

/// Validates a configuration and the filters it names.
pub fn check(args: CheckArgs) -> ExitCode {
    match read(args.file.as_deref(), &args.sources) {
        Ok((path, config)) => {
            if !config.enabled {
                eprintln!("{DISABLED}");
            }
            print(&text::valid_configuration(&path, &config))
        }
        Err(trouble) => refused(trouble),
    }
}

impl PlanArgs {
    fn event(&self) -> Event {
        let implied = match self.command {
            Some(_) => Event::Command,
            None => Event::PullRequest,
        };
        self.event.unwrap_or(implied)
    }

    /// Flags that say nothing about the event; to ignore them would answer another question than the one asked.
    fn contradiction(&self) -> Option<String> {
        let event = self.event();
        let word = event.to_possible_value()?.get_name().to_owned();
        let of_pulls = [
            ("--label", !self.label.is_empty()),
            ("--author", self.author.is_some()),
            ("--unsigned", self.unsigned),
            ("--draft", self.draft),
        ];
        let of_pulls = of_pulls.into_iter().find(|(_, given)| *given);
        match (event, of_pulls) {
            (Event::Push | Event::MergeGroup | Event::Schedule, Some((flag, _))) => Some(format!(
                "`{flag}` is about a pull request, and `--event {word}` has none. Leave one of them out"
            )),
            (Event::Schedule, None) if self.changed.is_some() => Some(
                "a schedule compares nothing, so `--changed` says nothing about it. Leave it out"
                    .to_owned(),
            ),
            (other, _) if other != Event::Command && self.command.is_some() => Some(format!(
                "`--command` and `--event {word}` are two events. Leave one of them out"
            )),
            _ => None,
        }
    }

    fn imagined(&self) -> Imagined {
        let file = |path: &String| ChangedFile {
            path: path.trim_start_matches("./").to_owned(),
            previous: None,
        };
        let command = |text: &String| {
            let text = text.trim().trim_start_matches('/');
            let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            (name.to_owned(), rest.trim().to_owned())
        };
        Imagined {
            trigger: match self.event() {
                Event::PullRequest => TriggerKind::PullRequest,
                Event::MergeGroup => TriggerKind::MergeGroup,
                Event::Push => TriggerKind::Push,
                Event::Schedule => TriggerKind::Schedule,
                Event::Command => TriggerKind::Command,
            },
            branch: self.branch.clone(),
            changed: self
                .changed
                .as_ref()
                .map(|paths| paths.iter().map(file).collect()),
            labels: self.label.iter().cloned().collect(),
            member: self.member || self.author.is_none(),
            author: self.author.clone().unwrap_or_else(|| "member".to_owned()),
            signed: !self.unsigned,
            draft: self.draft,
            command: self.command.as_ref().map(command),
        }
    }
}

/// A closed pipe (`| head`) is no error.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("drawbridge: can't print: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn refused(trouble: Trouble) -> ExitCode {
    match trouble {
        Trouble::NoFile(problem) => wrong_usage(&problem),
        Trouble::Mistake(mistake) => {
            eprintln!("{mistake}");
            ExitCode::FAILURE
        }
    }
}

fn wrong_usage(problem: &str) -> ExitCode {
    eprintln!("drawbridge: {problem}");
    ExitCode::from(2)
}

fn commands(config: &RepoConfig) -> String {
    let triggers = config.pipelines.iter().flat_map(|pipeline| &pipeline.on);
    let names: Vec<String> = triggers
        .filter_map(|trigger| match trigger {
            Trigger::Command(name) => Some(format!("`/{name}`")),
            _ => None,
        })
        .collect();
    match names.is_empty() {
        true => "No pipeline is started by a command".to_owned(),
        false => format!("There are: {}", names.join(", ")),
    }
}

/// The form is documented in `docs/configuration.md`.
fn in_json(preview: &Preview, config: &RepoConfig, imagined: &Imagined) -> Value {
    let runs = preview.runs.iter().map(|run| {
        let jobs = run.jobs.iter().map(|job| {
            let outlook = text::outlook(job, run, config, imagined);
            json!({
                "name": job.spec.name,
                "decision": outlook.decision,
                "reason": unmarked(&outlook.why),
                "needs": job.spec.needs,
                "required": job.spec.required,
                "backend": backend(&job.spec.backend),
            })
        });
        json!({
            "pipeline": run.pipeline,
            "gates": run.gates.iter().map(|gate| &gate.name).collect::<Vec<_>>(),
            "jobs": jobs.collect::<Vec<_>>(),
        })
    });
    json!({
        "event": imagined.trigger.as_str(),
        "verdict": preview.verdict.as_ref().map(|verdict| match verdict {
            Verdict::Trusted | Verdict::Approved(_) => "trusted",
            Verdict::AutoSyncOff { .. } => "auto_sync_off",
            Verdict::NeedsVetting(_) => "needs_vetting",
        }),
        "reasons": text::reasons(preview).iter().map(|entry| unmarked(entry)).collect::<Vec<_>>(),
        "uncovered": preview.uncovered,
        "runs": runs.collect::<Vec<_>>(),
        "not_started": preview.idle,
    })
}

/// With the words of the configuration.
fn backend(spec: &BackendSpec) -> Value {
    match spec {
        BackendSpec::Workflow(file) => json!({"workflow": file}),
        BackendSpec::Check { pattern, app } => json!({"check": pattern, "app": app}),
        BackendSpec::Dispatch { repository, event } => {
            json!({"dispatch": {"repository": repository.to_string(), "event": event}})
        }
        BackendSpec::Connection { name, .. } => json!({"connection": name}),
    }
}
