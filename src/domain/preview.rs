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
        id: UserId(1),
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
    state.mirror_was_put(state.wanted_mirror.clone());
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
mod tests {
    use super::*;
    use crate::domain::config::{Scope, parse, resolve};
    use crate::domain::run::{JobState, SkipReason};
    use crate::domain::trust::{Reason, Role};

    const FILE: &str = "\
enabled: true
auto_sync_draft: false
additional_trustees: [tina, 'renovate[bot]']
require_filter_coverage: true
trust: {always_vet: ['ci/**']}
filters: {core: ['src/**'], docs: ['docs/**'], ci: ['ci/**']}
pipelines:
  backends:
    on: pull_request
    jobs:
      build: {workflow: build.yml, changes: core}
      test: {workflow: test.yml, needs: build, if_author: trusted}
  nightly:
    on: {schedule: '0 2 * * *', push: main, merge_group: ~}
    jobs:
      build: {workflow: build.yml, changes: core}
  deploy:
    on: {command: deploy}
    jobs:
      deploy: {workflow: deploy.yml}
";

    fn config() -> RepoConfig {
        let file = parse(".github/drawbridge.yaml", FILE, Scope::Repository)
            .unwrap_or_else(|error| panic!("{error}"));
        resolve(None, Some(&file), None).unwrap_or_else(|error| panic!("{error}"))
    }

    fn changed(paths: &[&str]) -> Vec<ChangedFile> {
        let file = |path: &&str| ChangedFile {
            path: (*path).to_owned(),
            previous: None,
        };
        paths.iter().map(file).collect()
    }

    fn ask(imagined: &Imagined) -> Preview {
        preview(&config(), imagined, DateTime::UNIX_EPOCH)
    }

    fn members(paths: &[&str]) -> Imagined {
        members_pull_request("main", changed(paths))
    }

    /// The names of the pipelines that run, each with its jobs that do not.
    fn runs(preview: &Preview) -> Vec<String> {
        let run = |run: &Run| {
            let skipped = |job: &&super::super::run::Job| matches!(job.state, JobState::Skipped(_));
            let skipped = run.jobs.iter().filter(skipped);
            let skipped: Vec<&str> = skipped.map(|job| job.spec.name.as_str()).collect();
            format!("{} -{}", run.pipeline, skipped.join(" -"))
        };
        preview.runs.iter().map(run).collect()
    }

    #[test]
    fn the_verdict_is_the_one_that_the_server_would_come_to() {
        let by = |login: &str| Imagined {
            author: login.to_owned(),
            member: false,
            ..members(&["src/a.rs"])
        };
        for trusted in [
            members(&["src/a.rs"]),
            by("tina"),
            by("TINA"),
            by("renovate[bot]"),
        ] {
            assert_eq!(ask(&trusted).verdict, Some(Verdict::Trusted), "{trusted:?}");
        }
        let reasons = |imagined: &Imagined| match ask(imagined).verdict {
            Some(Verdict::NeedsVetting(reasons)) => reasons,
            other => panic!("{other:?}"),
        };
        let untrusted = reasons(&by("sam"));
        assert!(
            matches!(untrusted[0], Reason::AuthorUntrusted(_)),
            "{untrusted:?}"
        );
        let committer = |reason: &Reason| {
            matches!(
                reason,
                Reason::Untrusted {
                    role: Role::Committer,
                    ..
                }
            )
        };
        assert!(untrusted.iter().any(committer), "{untrusted:?}");
        // An app is no member, whatever somebody says.
        let app = Imagined {
            member: true,
            ..by("other[bot]")
        };
        assert!(matches!(reasons(&app)[0], Reason::AuthorUntrusted(_)));
        let unsigned = reasons(&Imagined {
            signed: false,
            ..members(&["src/a.rs"])
        });
        assert!(
            matches!(&unsigned[..], [Reason::Unverified { .. }]),
            "{unsigned:?}"
        );
        let vetted = reasons(&members(&["ci/run"]));
        assert!(
            matches!(&vetted[..], [Reason::AlwaysVet { .. }]),
            "{vetted:?}"
        );
        let draft = ask(&Imagined {
            draft: true,
            ..members(&["src/a.rs"])
        });
        assert_eq!(draft.verdict, Some(Verdict::AutoSyncOff { draft: true }));
    }

    #[test]
    fn what_waits_for_a_vetter_shows_what_would_run_then() {
        let stranger = Imagined {
            author: "sam".to_owned(),
            member: false,
            signed: false,
            ..members(&["src/a.rs"])
        };
        let preview = ask(&stranger);
        assert!(!preview.verdict.as_ref().is_some_and(Verdict::allows_mirror));
        // An approval makes nobody a trusted user.
        assert_eq!(runs(&preview), ["backends -test"]);
        let test = &preview.runs[0].jobs[1];
        assert_eq!(test.state, JobState::Skipped(SkipReason::AuthorNotTrusted));
    }

    #[test]
    fn without_a_word_on_what_changed_every_filter_matches_and_nothing_always_needs_a_vetter() {
        let unsaid = Imagined {
            changed: None,
            ..members(&[])
        };
        let preview = ask(&unsaid);
        assert_eq!(preview.verdict, Some(Verdict::Trusted));
        assert_eq!(runs(&preview), ["backends -"]);
        assert!(preview.uncovered.is_empty());
        // Nothing changed is something else.
        assert_eq!(runs(&ask(&members(&[]))), ["backends -build -test"]);
    }

    #[test]
    fn files_that_no_filter_matches_are_named() {
        let preview = ask(&members(&["src/a.rs", "new/b.rs"]));
        assert_eq!(preview.uncovered, ["new/b.rs"]);
    }

    #[test]
    fn each_event_starts_its_own_pipelines() {
        let on = |trigger, branch: &str, command: Option<&str>| {
            ask(&Imagined {
                trigger,
                branch: branch.to_owned(),
                command: command.map(|name| (name.to_owned(), String::new())),
                ..members(&["docs/a.md"])
            })
        };
        let push = on(TriggerKind::Push, "main", None);
        assert_eq!(
            (push.verdict.clone(), runs(&push)),
            (None, vec!["nightly -build".to_owned()])
        );
        assert_eq!(push.idle, ["backends", "deploy"]);
        assert!(runs(&on(TriggerKind::Push, "other", None)).is_empty());
        // A schedule compares nothing.
        assert_eq!(
            runs(&on(TriggerKind::Schedule, "main", None)),
            ["nightly -"]
        );
        assert_eq!(
            runs(&on(TriggerKind::Command, "main", Some("Deploy"))),
            ["deploy -"]
        );
        // A pipeline that is for pull requests alone passes a merge group at once.
        let group = on(TriggerKind::MergeGroup, "main", None);
        assert_eq!(runs(&group), ["backends -", "nightly -build"]);
        assert!(group.runs[0].jobs.is_empty());
    }
}
