//! What would happen: the server's own decisions, asked about an event that somebody imagines.

use super::config::RepoConfig;
use super::event::{Account, AccountKind};
use super::filter::{self, ChangedFile};
use super::ids::{
    InstallationId, OwnerKind, PrNumber, Repo, RepoId, RepoName, RunSubject, Sha, UserId,
};
use super::pipeline::Pipeline;
use super::pull::{Findings, PullState, Uncovered, decide};
use super::repository::RepoState;
use super::run::{Changed, Run, Scene, TriggerKind};
use super::runs::{OrderKind, Repeat, RunsState, Wish};
use super::trust::{Approval, CommitFact, Evidence, Listing, PullView, Verdict};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// An event as somebody imagines it.
#[derive(Debug, Clone)]
pub struct Imagined {
    /// What kind.
    pub trigger: TriggerKind,
    /// The base branch; for a push and a schedule the branch itself.
    pub branch: String,
    /// What changed; `None`: nobody says, so every filter counts as matched, and no path as touched that always needs a
    /// vetter.
    pub changed: Option<Vec<ChangedFile>>,
    /// The pull request's labels.
    pub labels: BTreeSet<String>,
    /// Who opened the pull request and wrote its commits; an app if it ends in `[bot]`.
    pub author: String,
    /// Whether that is a member of the organisation.
    pub member: bool,
    /// Whether the commits are signed and verified.
    pub signed: bool,
    /// Whether it is a draft.
    pub draft: bool,
    /// The command, without its slash, and what stands behind it.
    pub command: Option<(String, String)>,
}

/// What would happen.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The verdict on the head, for pull requests and commands.
    pub verdict: Option<Verdict>,
    /// The changed files that `require_filter_coverage` finds in no filter: the gates fail whatever the jobs do.
    pub uncovered: Vec<String>,
    /// The runs that would begin, each with its pipeline's name, in the order of the names. Where the verdict keeps the head
    /// from being mirrored, those that a vetter's approval would begin.
    pub runs: Vec<Run>,
    /// Pipelines that the event does not start.
    pub idle: Vec<String>,
}

/// Decides, with the code that the server decides with.
pub fn preview(config: &RepoConfig, imagined: &Imagined, now: DateTime<Utc>) -> Preview {
    let repo = imagined_repo();
    let mut verdict = None;
    let mut uncovered = Vec::new();
    let runs = match imagined.trigger {
        TriggerKind::PullRequest | TriggerKind::Command => {
            let (state, runs) = for_pull(config, imagined, &repo, now);
            verdict = state.judged;
            if let Uncovered::Files(paths) = state.uncovered {
                uncovered = paths;
            }
            runs
        }
        _ => for_branch(config, imagined, &repo, now),
    };
    // A command begins its own run beside those that the head has anyway.
    let begun = |run: &&Run| run.scene.trigger == imagined.trigger && run.counts();
    let runs: Vec<Run> = runs.runs().filter(begun).cloned().collect();
    let idle = config
        .pipelines
        .iter()
        .filter(|pipeline| !runs.iter().any(|run| run.pipeline == pipeline.name))
        .map(|pipeline| pipeline.name.clone())
        .collect();
    Preview {
        verdict,
        uncovered,
        runs,
        idle,
    }
}

/// What was decided about an imagined pull request.
struct Decided {
    judged: Option<Verdict>,
    uncovered: Uncovered,
}

fn for_pull(
    config: &RepoConfig,
    imagined: &Imagined,
    repo: &Repo,
    now: DateTime<Utc>,
) -> (Decided, RunsState) {
    let author = Account {
        id: config.pinned_id(&imagined.author).unwrap_or(UserId(1)),
        login: imagined.author.clone(),
        kind: match imagined.author.ends_with("[bot]") {
            true => AccountKind::Bot,
            false => AccountKind::User,
        },
    };
    let files = imagined.changed.clone().unwrap_or_default();
    let pull = PullView {
        number: PrNumber(1),
        open: true,
        draft: imagined.draft,
        title: String::new(),
        author: Some(author.clone()),
        head: imagined_sha('a'),
        base: imagined.branch.clone(),
        base_sha: Some(imagined_sha('b')),
        labels: imagined.labels.clone(),
        commits: 1,
        changed_files: files.len() as u64,
        updated_at: now,
        created_at: now,
    };
    let head = pull.head.clone();
    let commit = CommitFact {
        sha: head.clone(),
        author: Some(author.clone()),
        committer: Some(author.clone()),
        verified: imagined.signed,
        reason: if imagined.signed { "valid" } else { "unsigned" }.to_owned(),
    };
    let mut repository = RepoState::new(repo.clone());
    repository.configured(Ok(config.clone()), now);
    let findings = Findings {
        repository,
        vetters: BTreeMap::new(),
        evidence: Some(Evidence {
            pull,
            commits: Listing::Complete(vec![commit]),
            files: Listing::Complete(files),
            members: BTreeMap::from([(author.id, imagined.member)]),
        }),
        required: None,
        proposal: None,
        merge_base: Some(imagined_sha('c')),
        recalled: None,
        runs: None,
    };
    let mut state = PullState::new(repo.clone(), PrNumber(1), true);
    decide(&mut state, &findings);
    let decided = Decided {
        judged: state.verdict.clone(),
        uncovered: state.uncovered.clone(),
    };
    if !decided.judged.as_ref().is_some_and(Verdict::allows_mirror) {
        state.approvals.push(Approval {
            sha: head.clone(),
            by: author.clone(),
            at: now,
        });
        decide(&mut state, &findings);
    }
    if let (None, Some(facts)) = (&imagined.changed, &mut state.facts) {
        facts.changed = Changed::Everything;
    }
    state.mirror_is(state.wanted_mirror.clone());
    if let Some((command, args)) = &imagined.command
        && let Some(pipeline) = config
            .pipelines
            .iter()
            .find(|known| known.is_command(command))
    {
        let start = OrderKind::Start {
            pipeline: pipeline.name.clone(),
            args: args.clone(),
        };
        state.order(&head, &author, now, start);
    }
    let mut runs = RunsState::new(repo.clone(), RunSubject::Pull(PrNumber(1)));
    runs.follow_pull(&state, config, now);
    runs.settle(now);
    (decided, runs)
}

fn for_branch(
    config: &RepoConfig,
    imagined: &Imagined,
    repo: &Repo,
    now: DateTime<Utc>,
) -> RunsState {
    let mut runs = RunsState::new(repo.clone(), RunSubject::Branch(imagined.branch.clone()));
    let pipelines = match imagined.trigger {
        TriggerKind::MergeGroup => Pipeline::for_groups(&config.pipelines),
        trigger => {
            let starts = |pipeline: &&Pipeline| match trigger {
                TriggerKind::Push => pipeline.is_for_push(&imagined.branch),
                other => pipeline.is_on(other),
            };
            config.pipelines.iter().filter(starts).cloned().collect()
        }
    };
    // A schedule compares nothing.
    let compared = imagined.changed.as_ref();
    let compared = compared.filter(|_| imagined.trigger != TriggerKind::Schedule);
    for pipeline in &pipelines {
        let scene = Scene {
            repository: repo.name.clone(),
            trigger: imagined.trigger,
            sha: imagined_sha('a'),
            branch: imagined.branch.clone(),
            base_branch: imagined.branch.clone(),
            base_sha: Some(imagined_sha('b')),
            merge_base: Some(imagined_sha('c')),
            pull: None,
            changed: match compared {
                Some(files) => filter::touched(&config.filters, files),
                None => Changed::Everything,
            },
            args: String::new(),
        };
        let wish = Wish {
            pipeline,
            scene,
            repeat: Repeat::No,
        };
        runs.want(&wish, now);
    }
    runs.settle(now);
    runs
}

/// A pull request as a member would open it, with these changes.
pub fn members_pull_request(branch: &str, changed: Vec<ChangedFile>) -> Imagined {
    Imagined {
        trigger: TriggerKind::PullRequest,
        branch: branch.to_owned(),
        changed: Some(changed),
        labels: BTreeSet::new(),
        author: "member".to_owned(),
        member: true,
        signed: true,
        draft: false,
        command: None,
    }
}

fn imagined_repo() -> Repo {
    Repo {
        id: RepoId(1),
        installation: InstallationId(1),
        name: RepoName::parse("owner/repository").expect("a valid name"),
        owner: UserId(2),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".to_owned(),
    }
}

fn imagined_sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).expect("forty hex digits")
}

#[cfg(test)]
mod tests;
