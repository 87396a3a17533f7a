//! The rows, each made of one record.

use crate::domain::gate::GateStatus;
use crate::domain::ids::{InstallationId, PrNumber, RepoId, RepoName, RunSubject, Sha};
use crate::domain::printable::printable;
use crate::domain::pull::PullState;
use crate::domain::repository::RepoState;
use crate::domain::run::{Run, Standing};
use crate::domain::runs::{Line, RunsState};
use crate::domain::trust::Verdict;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How much of a sentence a row keeps, in characters.
const LONGEST: usize = 300;

/// A repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepoRow {
    /// Its number.
    pub id: RepoId,
    /// Its name.
    pub name: RepoName,
    /// What gives access to it.
    pub installation: InstallationId,
    /// Its default branch.
    pub default_branch: String,
    /// Whether something is done there.
    pub standing: RepoStanding,
    /// What is wrong with its newest configuration.
    pub problem: Option<String>,
}

/// Whether something is done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepoStanding {
    /// Its configuration enables the app.
    Enabled,
    /// None that enables it is known.
    Disabled,
    /// It has a configuration with a mistake, and none without was ever in force.
    Broken,
    /// It can only be read.
    Archived,
}

impl RepoRow {
    /// The row of a repository.
    pub fn of(state: &RepoState) -> Self {
        let standing = match () {
            () if state.archived => RepoStanding::Archived,
            () if state.enabled().is_some() => RepoStanding::Enabled,
            () if state.good.is_none() && state.problem.is_some() => RepoStanding::Broken,
            () => RepoStanding::Disabled,
        };
        let problem = state.problem.as_ref().map(ToString::to_string);
        Self {
            id: state.repo.id,
            name: state.repo.name.clone(),
            installation: state.repo.installation,
            default_branch: state.repo.default_branch.clone(),
            standing,
            problem: problem.map(|problem| printable(&problem, LONGEST)),
        }
    }
}

/// How an open pull request stands, as one looks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Somebody has to look at its head.
    Vetting,
    /// Its jobs run, or are about to.
    Running,
    /// A gate has failed.
    Failed,
    /// All gates have passed.
    Passed,
    /// Something has to be found out or mended first, or nothing is done here.
    Unsettled,
}

/// An open pull request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PullRow {
    /// Where.
    pub repo: RepoId,
    /// Its number.
    pub number: PrNumber,
    /// What its author calls it.
    pub title: String,
    /// Who opened it.
    pub author: Option<String>,
    /// Its head.
    pub head: Option<Sha>,
    /// The branch it wants to be merged into.
    pub base: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// How the verdict on its head reads.
    pub trust: String,
    /// Whether the mirror is at its head.
    pub mirrored: bool,
    /// How it stands, as far as its runs don't say it.
    pub stage: Stage,
    /// Whether its runs say it.
    pub runs_count: bool,
    /// What its gates say as long as they don't; `None`: nothing.
    pub gate: Option<String>,
    /// Since when its head is the head, as far as is known.
    pub since: Option<DateTime<Utc>>,
}

impl PullRow {
    /// The row of a pull request; `None` for one that is closed.
    pub fn of(state: &PullState) -> Option<Self> {
        let view = state.view.as_ref();
        if view.is_some_and(|view| !view.open) {
            return None;
        }
        let gate = state.gate.as_ref();
        let runs_count = gate.is_some_and(|at| at.runs_count);
        let no_gates = gate.is_some_and(|at| at.names.is_empty());
        let vetting = matches!(
            state.verdict,
            Some(Verdict::NeedsVetting(_) | Verdict::AutoSyncOff { .. })
        );
        let stage = match gate.map(|at| at.gate.status) {
            Some(_) if vetting => Stage::Vetting,
            Some(_) if runs_count && no_gates => Stage::Passed,
            Some(_) if runs_count => Stage::Running,
            Some(GateStatus::InProgress) => Stage::Running,
            Some(GateStatus::Completed(end)) if end.passes() => Stage::Passed,
            Some(GateStatus::Completed(crate::domain::event::Conclusion::ActionRequired)) => {
                Stage::Unsettled
            }
            Some(GateStatus::Completed(_)) => Stage::Failed,
            Some(GateStatus::Queued) | None => Stage::Unsettled,
        };
        let author = state.author.as_ref();
        let author = author.or(view.and_then(|view| view.author.as_ref()));
        Some(Self {
            repo: state.repo.id,
            number: state.number,
            title: view.map(|view| view.title.clone()).unwrap_or_default(),
            author: author.map(|author| author.login.clone()),
            head: state.open_head().cloned(),
            base: view.map(|view| view.base.clone()).unwrap_or_default(),
            draft: view.is_some_and(|view| view.draft),
            trust: trust_word(state.verdict.as_ref()).to_owned(),
            mirrored: state.is_mirrored(),
            stage,
            runs_count,
            gate: gate
                .filter(|at| !at.runs_count)
                .map(|at| at.gate.title.chars().take(LONGEST).collect()),
            since: state.heads.last().map(|head| head.since),
        })
    }

    /// How it stands, with its runs.
    pub fn stage_with(&self, runs: Option<&RunsRow>) -> Stage {
        match runs.filter(|_| self.runs_count) {
            Some(runs) => runs.stage(),
            None => self.stage,
        }
    }

    /// Whether these words, in lower case, are in it.
    pub fn has_words(&self, words: &[String]) -> bool {
        let number = format!("#{}", self.number);
        let texts = [
            number,
            self.title.to_lowercase(),
            self.author.as_deref().unwrap_or_default().to_lowercase(),
            self.base.to_lowercase(),
        ];
        let head = self.head.as_ref().map_or("", Sha::as_str);
        words.iter().all(|word| {
            head.starts_with(word.as_str()) || texts.iter().any(|text| text.contains(word.as_str()))
        })
    }
}

/// A verdict in a word or two.
pub fn trust_word(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        None => "not judged",
        Some(Verdict::Trusted) => "trusted",
        Some(Verdict::Approved(_)) => "approved",
        Some(Verdict::AutoSyncOff { .. }) => "trusted, waits to be started",
        Some(Verdict::NeedsVetting(_)) => "needs vetting",
    }
}

/// What has runs: a pull request, a merge group, a branch or the schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunsRow {
    /// Where.
    pub repo: RepoId,
    /// For what.
    pub subject: RunSubject,
    /// Its pipelines, by name, those that have a run that counts.
    pub lines: Vec<LineRow>,
    /// Whether nothing runs, waits or has to be told to stop.
    pub over: bool,
    /// When its latest run began.
    pub began: Option<DateTime<Utc>>,
}

/// The present run of one pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineRow {
    /// The pipeline.
    pub pipeline: String,
    /// The run's number.
    pub run: u64,
    /// The worst of its gates; `None`: it waits for the run before it.
    pub standing: Option<Standing>,
    /// The commit it is for.
    pub sha: Sha,
    /// When it began.
    pub began: DateTime<Utc>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
}

impl RunsRow {
    /// The row of a subject's runs; `None` where there never was one.
    pub fn of(state: &RunsState) -> Option<Self> {
        let lines: Vec<LineRow> = state.lines.values().filter_map(line).collect();
        let began = lines.iter().map(|line| line.began).max();
        began?;
        Some(Self {
            repo: state.repo.id,
            subject: state.subject.clone(),
            over: state.runs().all(Run::is_over),
            lines,
            began,
        })
    }

    /// How its gates stand together.
    pub fn stage(&self) -> Stage {
        let is = |wanted| self.lines.iter().any(|line| line.standing == Some(wanted));
        let waits = self.lines.iter().any(|line| line.standing.is_none());
        match () {
            () if is(Standing::Failed) => Stage::Failed,
            () if is(Standing::Running) || waits => Stage::Running,
            () => Stage::Passed,
        }
    }
}

fn line(line: &Line) -> Option<LineRow> {
    let run = line
        .current()
        .or_else(|| line.runs.iter().rev().find(|run| run.counts()))?;
    let worst = |one: Standing, other: Standing| match (one, other) {
        (Standing::Failed, _) | (_, Standing::Failed) => Standing::Failed,
        (Standing::Running, _) | (_, Standing::Running) => Standing::Running,
        _ => Standing::Passed,
    };
    let standings = run.gates.iter().map(|gate| run.standing(gate));
    Some(LineRow {
        pipeline: run.pipeline.clone(),
        run: run.number,
        standing: (!run.queued).then(|| standings.fold(Standing::Passed, worst)),
        sha: run.scene.sha.clone(),
        began: run.created_at,
        ended: run.ended_at,
    })
}
