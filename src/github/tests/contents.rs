//! What commits hold: files, workflows among them, and how two of them differ.

use super::server::{Server, TOKENS, json_reply, refused, repo, sha};
use crate::domain::filter::ChangedFile;
use crate::domain::ids::RepoName;
use crate::domain::trust::Listing;
use crate::github::GitHubError;
use serde_json::json;

#[tokio::test]
async fn files_that_are_not_there_are_none() {
    let server = Server::with_tokens(|seen, _| {
        let hidden = refused(403, "Resource not accessible by integration");
        if seen.line.contains("acme/.github") {
            hidden
        } else {
            refused(404, "Not Found")
        }
    })
    .await;
    let repository = server.github().of(&repo());
    assert_eq!(
        repository
            .file(".github/drawbridge.yaml", Some(&sha('a')))
            .await,
        Ok(None)
    );
    assert_eq!(
        repository
            .file_of(&RepoName::parse("acme/.github").unwrap(), "a")
            .await,
        Ok(None)
    );
    assert!(matches!(
        repository.file("../../x", None).await,
        Err(GitHubError::Refused { .. })
    ));
    let expected = format!(
        "GET /repos/acme/engine/contents/.github/drawbridge.yaml?ref={}",
        sha('a')
    );
    let defaults = "GET /repos/acme/.github/contents/a";
    assert_eq!(server.lines()[1..], [&expected, TOKENS, defaults]);
}

#[tokio::test]
async fn two_commits_are_compared() {
    let server = Server::with_tokens(|seen, _| {
        let file = json!({ "filename": "a", "status": "renamed", "previous_filename": "b" });
        let count = if seen.line.contains("...bbbb") { 1 } else { 300 };
        json_reply(
            200,
            json!({ "merge_base_commit": { "sha": sha('c').as_str() }, "status": "ahead", "commits": [], "files": vec![file; count] }),
        )
    })
    .await;
    let repository = server.github().of(&repo());
    let (base, head, far) = (sha('a'), sha('b'), sha('d'));
    assert_eq!(repository.merge_base(&base, &head).await, Ok(sha('c')));
    let file = ChangedFile {
        path: "a".into(),
        previous: Some("b".into()),
    };
    let Ok(Listing::Complete(files)) = repository.compare_files(&base, &head).await else {
        panic!()
    };
    assert_eq!(files, [file]);
    assert!(matches!(
        repository.compare_files(&base, &far).await,
        Ok(Listing::TooLong(300))
    ));
    let expected = format!("GET /repos/acme/engine/compare/{base}...{head}?per_page=1");
    assert_eq!(server.lines()[1], expected);
}

#[tokio::test]
async fn a_workflow_s_file_is_read_at_a_commit() {
    let server = Server::with_tokens(|seen, _| {
        use base64::Engine as _;
        let text = match seen
            .line
            .split('?')
            .next()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
        {
            "build.yml" => "on: { workflow_dispatch: { inputs: { arch: {} } } }",
            "broken.yml" => "on: [",
            _ => return refused(404, "Not Found"),
        };
        let content = base64::prelude::BASE64_STANDARD.encode(text);
        json_reply(
            200,
            json!({ "type": "file", "encoding": "base64", "content": content }),
        )
    })
    .await;
    let repository = server.github().of(&repo());
    let at = sha('a');
    let file = repository
        .workflow_inputs("build.yml", &at)
        .await
        .unwrap()
        .unwrap();
    assert!(file.dispatchable && file.inputs.contains("arch"));
    assert_eq!(repository.workflow_inputs("none.yml", &at).await, Ok(None));
    let error = repository
        .workflow_inputs("broken.yml", &at)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not valid YAML"), "{error}");
    let expected = format!("GET /repos/acme/engine/contents/.github/workflows/build.yml?ref={at}");
    assert_eq!(server.lines()[1], expected);
    for bad in ["../../README.md", "", "a/b.yml"] {
        let outcome = repository.workflow_inputs(bad, &at).await;
        assert!(matches!(outcome, Err(GitHubError::Refused { .. })), "{bad}");
    }
}
