//! What would happen, asked of the same decisions as the server's.

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
