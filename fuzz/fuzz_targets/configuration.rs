//! A repository's configuration: any text is understood completely or refused with an error that points into it; what is
//! understood is sound, survives being stored, can be run, and loosens nothing that the organisation has locked.
//!
//! Input: a repository's file, and perhaps after a line `=====` its organisation's.
#![no_main]

use chrono::{DateTime, TimeDelta};
use drawbridge::domain::config::{
    ConfigError, ConfigFile, Key, PATHS, RepoConfig, Scope, check_connections, check_dispatches,
    check_outputs, parse, parse_filters, resolve,
};
use drawbridge::domain::filter::{ChangedFile, Filter, PathSet};
use drawbridge::domain::pipeline::schedule::Cron;
use drawbridge::domain::pipeline::{Pipeline, Trigger};
use drawbridge::domain::preview::{members_pull_request, preview};
use drawbridge::domain::run::TriggerKind;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

fn points_into(error: &ConfigError, text: &str) {
    let line = usize::try_from(error.line.unwrap_or(1)).unwrap();
    let lines = text
        .split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        .count();
    assert!(
        (1..=lines + 1).contains(&line),
        "line {line} of {lines}: {error}"
    );
    assert!(error.column.is_none() || error.line.is_some(), "{error}");
    assert!(!error.message.is_empty());
    for said in [Some(&error.message), error.hint.as_ref()]
        .into_iter()
        .flatten()
    {
        assert!(said.chars().count() <= 2_500, "{said}");
        assert!(!said.chars().any(char::is_control), "{said:?}");
    }
}

fn is_sound(pipeline: &Pipeline) {
    assert!(!pipeline.on.is_empty() && !pipeline.gates.is_empty() && !pipeline.jobs.is_empty());
    let names: BTreeSet<&str> = pipeline.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names.len(), pipeline.jobs.len(), "two jobs of one name");
    let counted = pipeline
        .gates
        .iter()
        .flat_map(|gate| gate.jobs.iter().flatten());
    assert!(counted.clone().all(|job| names.contains(job.as_str())));
    let mut done = BTreeSet::new();
    while done.len() < names.len() {
        let ready = pipeline.jobs.iter().filter(|job| {
            !done.contains(job.name.as_str())
                && job.needs.iter().all(|need| done.contains(need.as_str()))
        });
        let ready: Vec<&str> = ready.map(|job| job.name.as_str()).collect();
        assert!(!ready.is_empty(), "a cycle, or a need that does not exist");
        done.extend(ready);
    }
    for trigger in &pipeline.on {
        match trigger {
            Trigger::Push(globs) => drop(PathSet::new(globs).expect("globs that compile")),
            Trigger::Schedule(times) => drop(Cron::parse(times).expect("times that can be read")),
            Trigger::PullRequest | Trigger::MergeGroup | Trigger::Command(_) => {}
        }
    }
    for job in &pipeline.jobs {
        PathSet::new(&job.branches).expect("globs that compile");
    }
}

fn survives_being_stored(file: &ConfigFile, config: &RepoConfig) {
    let stored = serde_json::to_string(&(file, config)).unwrap();
    let (same_file, same): (ConfigFile, RepoConfig) = serde_json::from_str(&stored).unwrap();
    assert_eq!((&same_file, &same), (file, config));
}

fn can_be_run(config: &RepoConfig) {
    let files =
        ["src/lib.rs", "docs/index.md", ".github/workflows/ci.yml"].map(|path| ChangedFile {
            path: path.to_owned(),
            previous: None,
        });
    let mut imagined = members_pull_request("main", files.to_vec());
    imagined.command = Some(("run".to_owned(), "a b".to_owned()));
    for trigger in [
        TriggerKind::PullRequest,
        TriggerKind::MergeGroup,
        TriggerKind::Push,
        TriggerKind::Schedule,
        TriggerKind::Command,
    ] {
        imagined.trigger = trigger;
        let seen = preview(
            config,
            &imagined,
            DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
        );
        assert!(seen.runs.iter().all(|run| !run.gates.is_empty()));
    }
}

fn understood(text: &str, scope: Scope) -> Option<ConfigFile> {
    match parse(PATHS[0], text, scope) {
        Ok(file) => Some(file),
        Err(error) => {
            points_into(&error, text);
            // Under its other name it is wrong in the same way.
            let other = parse(PATHS[1], text, scope).unwrap_err();
            assert_eq!((other.line, other.message), (error.line, error.message));
            None
        }
    }
}

fuzz_target!(|text: &str| {
    let (text, of_organisation) = text.split_once("\n=====\n").unwrap_or((text, ""));
    if let Err(error) = parse_filters(PATHS[0], text) {
        points_into(&error, text);
    }
    let org = understood(of_organisation, Scope::Organisation);
    let Some(repo) = understood(text, Scope::Repository) else {
        return;
    };
    assert_eq!(
        understood(text, Scope::Organisation).as_ref(),
        Some(&repo),
        "an organisation may write it too"
    );
    assert!(repo.locked.is_empty(), "a repository locks nothing");
    for org in [None, org.as_ref()] {
        let config = match resolve(org, Some(&repo), None) {
            Ok(config) => config,
            Err(error) => {
                points_into(&error, &format!("{text}\n{of_organisation}"));
                continue;
            }
        };
        Filter::all(&config.filters).expect("filters that compile");
        PathSet::new(&config.trust.always_vet).expect("patterns that compile");
        config.pipelines.iter().for_each(is_sound);
        survives_being_stored(&repo, &config);
        can_be_run(&config);
        // Who may use nothing gets an error for what is used, and none otherwise.
        let uses = config.connections().next().is_some();
        assert_eq!(check_connections(org, Some(&repo), &[]).is_err(), uses);
        let _ = check_dispatches(org, Some(&repo), |_| false);
        let _ = check_outputs(org, Some(&repo), &["lab"]);

        let Some(org) = org else { continue };
        let alone = resolve(Some(org), None, None);
        for key in &org.locked {
            let Ok(alone) = &alone else { continue };
            match key {
                Key::Enabled => assert_eq!(config.enabled, alone.enabled),
                Key::AdditionalTrustees => {
                    assert_eq!(config.additional_trustees, alone.additional_trustees)
                }
                Key::AdditionalVetters => {
                    assert_eq!(config.additional_vetters, alone.additional_vetters)
                }
                Key::Trust => assert_eq!(config.trust, alone.trust),
                Key::RequireVerifiedCommits => {
                    assert_eq!(
                        config.trust.require_verified_commits,
                        alone.trust.require_verified_commits
                    );
                }
                Key::AlwaysVet => assert_eq!(config.trust.always_vet, alone.trust.always_vet),
                Key::ApproveWithoutSha => {
                    assert_eq!(
                        config.trust.approve_without_sha,
                        alone.trust.approve_without_sha
                    );
                }
                Key::Filters => assert_eq!(config.filters, alone.filters),
                Key::Pipelines => assert_eq!(config.pipelines, alone.pipelines),
                _ => {}
            }
        }
    }
});
