//! The client's calls that no delivery leads to yet, or seldom does, made by itself.

use drawbridge::clock::SystemClock;
use drawbridge::domain::event::BuildId;
use drawbridge::domain::ids::{InstallationId, OwnerKind, Repo, RepoId, RepoName, Sha, UserId};
use drawbridge::github::{AppKey, ClientOptions, GitHub, GitHubError, Limits, Repository};
use drawbridge::github::{Dispatched, Sought, StatusState};
use drawbridge::sandbox::{NewCheck, Sandbox};
use std::collections::BTreeMap;
use std::sync::Arc;

const FILE: &str = "started.yml";
const WORKFLOW: &str = "\
run-name: Started ${{ inputs.key }}
on:
  workflow_dispatch:
    inputs:
      key: { required: true }
jobs: { started: {} }
";

/// Makes them all, as far as the stand-in has their routes; what GitHub said no to.
pub async fn call(sandbox: &Sandbox) -> Vec<GitHubError> {
    let repository = repository(sandbox);
    let name = repository.repo().name.name().to_owned();
    let path = format!(".github/workflows/{FILE}");
    sandbox.write_file(&name, &path, WORKFLOW, "maya");
    let main = sandbox.branch("main").expect("main is there");
    let check = NewCheck::completed(&main, "other-ci", "lint", "success").on("main");
    sandbox.report_check(check);
    let main = Sha::parse(&main).expect("a SHA");
    let mut refused = Vec::new();
    refused.extend(reading(&repository, &main).await.err());
    refused.extend(starting(&repository, &main).await.err());
    refused.extend(stopping(sandbox, &repository).await.err());
    refused.extend(writing(&repository, &main).await.err());
    refused
}

fn repository(sandbox: &Sandbox) -> Repository {
    let options = ClientOptions {
        api_url: sandbox.api_url(),
        app_id: sandbox.app_id().to_string(),
        key: AppKey::parse(&sandbox.private_key_pem()).expect("a key"),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
        metrics: drawbridge::telemetry::Metrics::default(),
    };
    let repo = Repo {
        id: RepoId(sandbox.repo_id()),
        installation: InstallationId(sandbox.installation_id()),
        name: RepoName::parse(&sandbox.full_name()).expect("a name"),
        owner: UserId(0),
        owner_kind: OwnerKind::Organisation,
        default_branch: "main".to_owned(),
    };
    GitHub::new(options).expect("a client").of(&repo)
}

/// Whether the stand-in has a route below `/repos/{owner}/{repo}`.
pub fn serves(method: &str, route: &str) -> bool {
    let template = format!("/repos/{{owner}}/{{repo}}{route}");
    let routes = Sandbox::routes();
    let served = routes
        .iter()
        .any(|served| served.method == method && served.template == template);
    if !served {
        println!("not asked, because the stand-in does not answer it: {method} {template}");
    }
    served
}

async fn reading(repository: &Repository, main: &Sha) -> Result<(), GitHubError> {
    assert_eq!(repository.branch_head("main").await?.as_ref(), Some(main));
    let file = repository.workflow_inputs(FILE, main).await?;
    assert!(file.is_some_and(|file| file.dispatchable && file.names_runs_by("key")));
    let reports = repository.reports("main", main).await?;
    assert!(reports.iter().any(|build| build.name == "lint"));
    let checks = repository.commit_checks(main).await?;
    assert!(checks.iter().any(|check| check.build.name == "lint"));
    if serves("GET", "/rules/branches/{branch}") {
        repository.required_checks("main").await?;
    }
    if serves("GET", "/compare/{basehead}") {
        assert_eq!(repository.merge_base(main, main).await?, *main);
        repository.compare_files(main, main).await?;
    }
    Ok(())
}

async fn starting(repository: &Repository, main: &Sha) -> Result<(), GitHubError> {
    if serves("POST", "/actions/workflows/{workflow_id}/dispatches") {
        let inputs = BTreeMap::from([("key".to_owned(), "k1".to_owned())]);
        let started = repository.dispatch_workflow(FILE, "main", &inputs).await?;
        let by_key = Sought {
            file: FILE,
            branch: "main",
            sha: main,
            since: chrono::DateTime::UNIX_EPOCH,
            key: Some("k1"),
            known: &[],
        };
        let by_actor = Sought {
            key: None,
            ..by_key.clone()
        };
        for sought in [by_key, by_actor] {
            let found = repository.find_dispatched(&sought).await?;
            let id = found.into_iter().next().map(|run| run.build.id);
            match started {
                Dispatched::Run { id: said, .. } => {
                    assert_eq!(id, Some(BuildId::WorkflowRun(said)), "{sought:?}");
                }
                Dispatched::Unknown => assert!(id.is_some(), "{sought:?}"),
            }
        }
    }
    if serves("POST", "/dispatches") {
        let payload = serde_json::json!({ "sha": main.as_str() });
        let own = repository.repo().name.clone();
        repository
            .repository_dispatch(&own, "built", &payload)
            .await?;
    }
    Ok(())
}

async fn stopping(sandbox: &Sandbox, repository: &Repository) -> Result<(), GitHubError> {
    let run = sandbox.start_build("main", "slow");
    repository.workflow_run(run).await?;
    repository.cancel_run(run).await?;
    repository.cancel_run(run).await?;
    repository.rerun_failed(run).await?;
    Ok(())
}

async fn writing(repository: &Repository, main: &Sha) -> Result<(), GitHubError> {
    if serves("POST", "/statuses/{sha}") {
        repository
            .create_status(main, "ours", StatusState::Success, "Fine", None)
            .await?;
    }
    if serves("POST", "/check-suites/{check_suite_id}/rerequest") {
        let builds = repository.builds("main", main).await?;
        let suite = builds.iter().find_map(|build| match build.id {
            BuildId::CheckSuite(id) => Some(id),
            _ => None,
        });
        repository
            .rerequest_suite(suite.expect("the other app's"))
            .await?;
    }
    Ok(())
}
