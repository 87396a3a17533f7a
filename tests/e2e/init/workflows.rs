//! What stands in workflows is data.

use crate::support::{CONFIG, Town};
use drawbridge::domain::config::{self, Scope};

#[tokio::test]
async fn workflows_that_mean_harm_become_text_and_nothing_else() {
    let mut town = Town::empty().await;
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        let before = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{before}]\n"));
    }
    for (name, text) in [
        ("bomb.yml", bomb.as_str()),
        ("broken.yml", "on: ["),
        ("list.yml", "- a\n- list\n"),
        (
            "large.yml",
            &format!("# {}\non: push\n", "x".repeat(200_000)),
        ),
        (
            "harm.yml",
            "name: \"x\\nenabled: false\\ntrust: {approve_without_sha: true} @maya #1 `code`\"\n\
             on:\n  push:\n    paths: [\"a\\nadditional_vetters: [sam]\", \"it's/**\", \"[\"]\n",
        ),
        ("notes.md", "# no workflow"),
        (
            "test.yml",
            "on:\n  workflow_dispatch:\n    inputs:\n      \"a: b\\n\": {required: true}\n      arch: {required: true, default: \"x'\\\"{}\"}\n",
        ),
    ] {
        let path = format!(".github/workflows/{name}");
        town.github().write_file("engine", &path, text, "maya");
    }
    town.settle().await;
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    town.said_of_init(issue, comment);
    let file = town.suggested();
    let read = config::parse(CONFIG, &file, Scope::Repository)
        .and_then(|read| config::resolve(None, Some(&read), None))
        .unwrap_or_else(|error| panic!("{error}\n{file}"));
    assert!(read.enabled && !read.trust.approve_without_sha);
    assert_eq!(read.additional_vetters, Vec::<String>::new());
    assert_eq!(read.filters["harm"], ["it's/**"]);
    for named in ["bomb.yml", "broken.yml", "list.yml", "large.yml"] {
        assert!(
            file.contains(&format!("# - {named} was passed over")),
            "{file}"
        );
    }
    assert!(!file.contains("notes.md"), "{file}");
    let body = town.proposal().body;
    assert!(!body.contains("\nenabled: false"), "{body}");
    town.finish().await;
}

#[tokio::test]
async fn more_workflows_than_are_looked_at_are_counted() {
    let mut town = Town::empty().await;
    let mut all = drawbridge::sandbox::NewCommit::signed_by("maya");
    for n in 0..45 {
        let path = format!(".github/workflows/w{n:02}.yml");
        all = all.file(&path, "on: push\n");
    }
    town.github().push_to_branch("main", all, "maya");
    town.settle().await;
    town.github().clear_exchanges();
    let (issue, comment) = town.ask_on_an_issue("maya").await;
    town.said_of_init(issue, comment);
    assert!(
        town.suggested()
            .contains("5 more workflows were not looked at")
    );
    let calls = town.calls().len();
    assert!(calls < 80, "{calls} requests");
    town.finish().await;
}
