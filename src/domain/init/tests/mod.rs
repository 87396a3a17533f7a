mod laws;

use super::*;
use crate::domain::config::{self, RepoConfig, Scope};
use crate::domain::event::{Account, AccountKind, Event, Thread};
use crate::domain::ids::{
    CommentId, InstallationId, OwnerKind, PrNumber, Repo, RepoId, RepoName, UserId,
};
use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use std::collections::BTreeMap;

fn all(files: &[(&str, &str)]) -> Vec<Reading> {
    files.iter().map(|(file, text)| read(file, text)).collect()
}

fn said(text: &str) -> Workflow {
    read("w.yml", text).said.expect("it is a workflow")
}

/// As the server reads it.
fn understood(file: &str, place: &Place) -> RepoConfig {
    let read = config::parse(FILE, file, Scope::Repository);
    let read = read.unwrap_or_else(|error| panic!("{error}\n{file}"));
    let named = config::filters_file(None, Some(&read)).map(|named| named.path.to_owned());
    let filters = named.map(|path| place.parsed(&path).expect("it is there").expect("valid"));
    config::resolve(None, Some(&read), filters.as_ref())
        .unwrap_or_else(|error| panic!("{error}\n{file}"))
}

/// With `# ` taken out in front of the example, as the file says.
fn with_example(file: &str) -> Option<String> {
    let (before, example) = file.split_once("# pipelines:\n")?;
    let lines: Vec<&str> = example
        .lines()
        .map(|line| line.strip_prefix("# ").expect("a comment"))
        .collect();
    Some(format!("{before}pipelines:\n{}\n", lines.join("\n")))
}

#[test]
fn what_runs_on_mirrors_is_told_by_its_branches() {
    for (on, hears) in [
        ("push", true),
        ("[pull_request, push]", true),
        ("{push: {branches: ['pull-request/[0-9]+']}}", true),
        ("{push: {branches: [main, 'pull-request/**']}}", true),
        ("{push: {branches: 'pull-request/*'}}", true),
        ("{push: {branches: ['**']}}", true),
        ("{push: {branches: ['*/*']}}", true),
        ("{push: {branches-ignore: [main]}}", true),
        ("{push: {paths: ['src/**']}}", true),
        ("{push: ~}", true),
        ("{push: {branches: [main]}}", false),
        ("{push: {branches: ['*']}}", false),
        ("{push: {branches-ignore: ['pull-request/**']}}", false),
        ("{push: {tags: ['v*']}}", false),
        ("pull_request", false),
        ("{workflow_dispatch: ~}", false),
        ("7", false),
    ] {
        assert_eq!(said(&format!("on: {on}")).hears_mirrors, hears, "{on}");
    }
}

#[test]
fn a_repository_whose_workflows_say_nothing_is_told_what_to_add() {
    let place = Place {
        schema: Some("https://drawbridge.example.com/schema/config.json".to_owned()),
        ..Place::default()
    };
    let suggestion = suggest(
        &all(&[("release.yml", "on: {push: {tags: ['v*']}}")]),
        &place,
    );
    understood(&suggestion.file, &place);
    assert_snapshot!(suggestion.file, @r"
    # yaml-language-server: $schema=https://drawbridge.example.com/schema/config.json
    # How Drawbridge works in this repository. Only the file on the default branch counts.
    # `drawbridge check` says whether it is valid, `drawbridge plan` what it would do.

    # Without this nothing happens here.
    enabled: true

    # A trusted head of a pull request is mirrored to the branch `pull-request/N`. No workflow listens to that yet. One that should
    # build pull requests needs this:
    #
    #   on:
    #     push:
    #       branches: ['pull-request/[0-9]+']

    # Who is trusted: members of the organisation, with signed commits. Everybody else needs `/ok to test <sha>` by somebody who may
    # write here. Without `# ` in front, these change that:
    # additional_trustees: ['dependabot[bot]']
    # additional_vetters: [alice]
    # trust:
    #   always_vet: ['.github/workflows/**']
    # auto_sync_draft: false
    ");
}

#[test]
fn workflows_become_filters_and_an_example_of_jobs() {
    let listens = "\
name: CI
on:
  push:
    branches: ['pull-request/[0-9]+']
    paths: ['src/**', '!**/*.md']
jobs:
  changes:
    steps:
      - uses: dorny/paths-filter@v3
        with:
          filters: |
            docs: 'docs/**'
            rust:
              - '**/*.rs'
";
    let by_hand = "\
name: Build images
on:
  workflow_dispatch:
    inputs:
      framework: {required: true, type: choice, options: [vllm, sglang]}
      push: {required: true, type: boolean}
      tag: {required: true}
      note: {required: false}
";
    let deploy = "on: {workflow_dispatch: ~}\nname: Deploy";
    let readings = all(&[
        ("build-images.yaml", by_hand),
        ("ci.yml", listens),
        ("deploy.yml", deploy),
        ("odd.yml", "on: ["),
    ]);
    let place = Place::default();
    let suggestion = suggest(&readings, &place);
    assert_eq!(suggestion.listening, ["CI"]);
    let config = understood(&suggestion.file, &place);
    assert!(config.enabled);
    let example = with_example(&suggestion.file).expect("there is an example");
    let jobs = &understood(&example, &place).pipelines[0].jobs;
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["build-images", "ci"]);
    let (_, found) = suggestion.file.split_once("filters:\n").expect("filters");
    assert_snapshot!(found, @r"
      ci:
        - 'src/**'
        - '!**/*.md'
      docs:
        - 'docs/**'
      rust:
        - '**/*.rs'

    # Jobs of your own, instead of waiting for whatever the mirror starts. Take out `# ` in front of each line, and make
    # `backend-status-check` a required check:
    #
    # pipelines:
    #   backends:
    #     on: pull_request
    #     jobs:
    #       build-images:
    #         workflow: build-images.yaml
    #         inputs:
    #           framework: 'vllm'
    #           push: 'false'
    #           tag: '' # to be filled in
    #       ci:
    #         check: 'CI / *'
    #         changes: ci
    ");
}

#[test]
fn a_file_of_filters_is_named_and_one_that_needs_more_is_written_out() {
    let step = |filters: &str| {
        format!(
            "on: push\njobs: {{a: {{steps: [{{uses: dorny/paths-filter@v3, with: {{filters: '{filters}'}}}}]}}}}"
        )
    };
    let place = Place {
        filter_files: BTreeMap::from([
            (
                ".github/filters.yaml".to_owned(),
                "docs: ['docs/**']".to_owned(),
            ),
            ("ci/filters.yaml".to_owned(), "core: ['src/**']".to_owned()),
        ]),
        ..Place::default()
    };
    for (filters, words) in [
        (
            "./.github/filters.yaml",
            "\nfilters: '.github/filters.yaml'\n",
        ),
        ("ci/filters.yaml", "\nfilters:\n  core:\n    - 'src/**'\n"),
    ] {
        let file = suggest(&all(&[("ci.yml", &step(filters))]), &place).file;
        understood(&file, &place);
        assert!(file.contains(words), "{file}");
    }
    let both = all(&[
        ("a.yml", &step(".github/filters.yaml")),
        ("b.yml", "on: {push: {paths: ['lib/**']}}"),
    ]);
    let file = suggest(&both, &place).file;
    let config = understood(&file, &place);
    assert_eq!(config.filters["docs"], ["docs/**"]);
    assert_eq!(config.filters["b"], ["lib/**"]);
    let missing = suggest(&all(&[("ci.yml", &step(".github/none.yml"))]), &place);
    understood(&missing.file, &place);
    assert_eq!(missing.remarks, [".github/none.yml was not read"]);
    let kinds = suggest(&all(&[("ci.yml", &step("a: {added: \"x\"}"))]), &place);
    assert!(
        kinds.remarks[0].contains("ci.yml filters paths in a way"),
        "{kinds:?}"
    );
}

#[test]
fn who_asks_is_answered_by_what_they_may() {
    use Judged::{Granted, Ignored, Refused};
    let refused =
        |judged: &Judged, words: &str| matches!(judged, Refused(text) if text.contains(words));
    for thread in [Thread::Pull, Thread::Issue] {
        for enabled in [false, true] {
            let mut requests = InitRequests::default();
            requests.take_in(&comment(1, "/drawbridge init", thread));
            let request = requests.next(NOW).expect("it is heard").clone();
            for file in [None, Some(FILE)] {
                let outlook = Outlook {
                    enabled,
                    file,
                    mistake: None,
                };
                let by = |rights| judge(&request, rights, outlook);
                let (admin, writer, other) = (
                    by(Rights::Administrator),
                    by(Rights::Writer),
                    by(Rights::Other),
                );
                match file {
                    Some(file) => {
                        assert!(refused(&admin, file) && refused(&writer, file));
                    }
                    None => {
                        assert_eq!(admin, Granted);
                        assert!(refused(&writer, "permission `admin`"));
                    }
                }
                let known_here = enabled && thread == Thread::Pull;
                assert_eq!(
                    other == Ignored,
                    !known_here,
                    "{thread:?} {enabled} {file:?}"
                );
                assert_ne!(other, Granted);
            }
        }
    }
}

#[test]
fn a_request_is_heard_once_and_few_wait() {
    let mut requests = InitRequests::default();
    let next = |requests: &InitRequests| requests.next(NOW).map(|one| one.comment.0);
    let init = |id| comment(id, "/drawbridge init", Thread::Issue);
    requests.take_in(&init(1));
    requests.take_in(&init(1));
    requests.take_in(&comment(2, "/help", Thread::Issue));
    assert_eq!(next(&requests), Some(1));
    requests.is_done(CommentId(1));
    requests.take_in(&init(1));
    assert_eq!(next(&requests), None);
    for id in 10..30 {
        requests.take_in(&init(id));
    }
    for _ in 0..2 {
        let own = next(&requests).expect("two of one account");
        requests.is_done(CommentId(own));
    }
    assert_eq!(next(&requests), None);
    // What was not heard for want of room may come again; and nobody takes the places of all.
    requests.take_in(&init(29));
    for id in 100..200 {
        requests.take_in(&by(id, init(id)));
    }
    let mut waiting = Vec::new();
    while let Some(next) = next(&requests) {
        requests.is_done(CommentId(next));
        waiting.push(next);
    }
    assert_eq!((waiting.len(), waiting[0]), (50, 29));
}

#[test]
fn one_that_fails_waits_for_its_time_and_lets_the_others_go_on() {
    let mut requests = InitRequests::default();
    for id in [1, 2] {
        requests.take_in(&by(id, comment(id, "/drawbridge init", Thread::Issue)));
    }
    requests.has_come(CommentId(1), Stage::Granted);
    let next = |requests: &InitRequests, at| requests.next(at).map(|one| one.comment.0);
    assert_eq!(next(&requests, NOW), Some(2), "who asks is found out first");
    let again = NOW + TimeDelta::minutes(10);
    requests.failed(CommentId(2), 1, again);
    assert_eq!(next(&requests, NOW), Some(1));
    requests.failed(CommentId(1), 1, again + TimeDelta::minutes(1));
    assert_eq!(
        (next(&requests, NOW), requests.next_try()),
        (None, Some(again))
    );
    assert_eq!(next(&requests, again), Some(2));
    let request = requests.next(again).expect("the second");
    assert!(!request.is_over(NOW + TimeDelta::days(7)));
    assert!(request.is_over(NOW + TimeDelta::days(8)));
}

#[test]
fn workflows_that_filter_by_more_than_anybody_would_take_little_work() {
    // A step with very many filters, and many steps with the same, or others.
    let step = |text: &str| {
        let indented: String = text
            .lines()
            .map(|line| format!("            {line}\n"))
            .collect();
        format!(
            "      - uses: dorny/paths-filter@v3\n        with:\n          filters: |\n{indented}"
        )
    };
    let filters = |begin: usize, count: usize| -> String {
        let one = |n: usize| format!("f{n}: ['src/{n}/**']\n");
        (begin..begin + count).map(one).collect()
    };
    let steps: String = (0..30).map(|n| step(&filters(100 * n, 100))).collect();
    let huge = step(&filters(0, 2_000));
    let texts = (0..20).map(|n| {
        let body = if n % 2 == 0 { &steps } else { &huge };
        read(
            &format!("{n}.yml"),
            &format!("on: push\njobs:\n  a:\n    steps:\n{body}"),
        )
    });
    let readings: Vec<Reading> = texts.collect();
    for reading in &readings {
        let workflow = reading.said.as_ref().expect("it is read");
        assert!(workflow.filters.len() <= 10);
    }
    let suggestion = suggest(&readings, &Place::default());
    let config = understood(&suggestion.file, &Place::default());
    assert_eq!(config.filters.len(), 20);
    assert!(
        suggestion.file.contains("they have more than"),
        "{}",
        suggestion.file
    );
}

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// The same by an account of its own.
fn by(id: u64, mut event: Event) -> Event {
    if let Event::Comment { author, .. } = &mut event {
        author.id = UserId(id);
    }
    event
}

fn comment(id: u64, text: &str, thread: Thread) -> Event {
    let author = Account {
        id: UserId(5),
        login: "maya".to_owned(),
        kind: AccountKind::User,
    };
    Event::Comment {
        repo: Repo {
            id: RepoId(1),
            installation: InstallationId(2),
            name: RepoName::parse("acme/engine").unwrap(),
            owner: UserId(3),
            owner_kind: OwnerKind::Organisation,
            default_branch: "main".to_owned(),
        },
        number: PrNumber(7),
        thread,
        pull_author: None,
        comment: CommentId(id),
        author,
        created_at: DateTime::UNIX_EPOCH,
        lines: crate::domain::command::extract(text),
    }
}
