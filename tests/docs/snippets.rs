//! What people copy from the papers: every fenced snippet is read by what it is written for.

use super::links::papers;
use drawbridge::settings::Given;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A snippet, its language, and where it stands.
struct Snippet {
    place: String,
    language: String,
    text: String,
}

fn snippets() -> Vec<Snippet> {
    let mut all = Vec::new();
    for paper in papers() {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&paper));
        let text = text.expect(&paper);
        let mut open: Option<Snippet> = None;
        for (number, line) in text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (fence, &mut open) {
                (Some(_), Some(_)) => all.extend(open.take()),
                (Some(language), None) => {
                    open = Some(Snippet {
                        place: format!("{paper}:{}", number + 1),
                        language: language.trim().to_owned(),
                        text: String::new(),
                    });
                }
                (None, Some(snippet)) => {
                    snippet.text.push_str(line);
                    snippet.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{paper}: a fence is not closed");
    }
    all
}

/// Has bash read it, and run nothing.
fn reads_as_shell(place: &str, text: &str) {
    let shell = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut shell = shell.expect("bash starts");
    let mut stdin = shell.stdin.take().expect("piped");
    stdin.write_all(text.as_bytes()).expect("bash reads");
    drop(stdin);
    let read = shell.wait_with_output().expect("bash ends");
    let says = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{place}: {says}");
}

/// As far as can be told without nginx: directives end, and blocks are closed.
fn reads_as_nginx(place: &str, text: &str) {
    let mut depth = 0_i32;
    for line in text.lines().map(str::trim) {
        match line.chars().last() {
            Some('{') => depth += 1,
            Some('}') if line == "}" => depth -= 1,
            Some(';') | None => {}
            _ => assert!(line.starts_with('#'), "{place}: {line}"),
        }
    }
    assert_eq!(depth, 0, "{place}");
}

/// The arguments of each of our own commands in a script.
fn own_commands(script: &str) -> Vec<Vec<String>> {
    let lines = script.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in lines.lines() {
        // What the shell puts in, what is said about the line, and where its output goes.
        let line = line.replace("$(git diff --name-only main...)", "src/lib.rs");
        let line = line.split(" > ").next().unwrap_or_default();
        let line = line.split(" #").next().unwrap_or_default();
        let words = shlex::split(line).unwrap_or_else(|| panic!("{line}: a quote is not closed"));
        let is_ours = |word: &String| {
            word == "drawbridge" || word.starts_with('/') && word.ends_with("/drawbridge")
        };
        let leads = |word: &String| word.contains('=') || word == "--";
        let own = words.iter().position(is_ours);
        if let Some(at) = own
            && (words[..at].iter().all(leads) || words[..at].iter().any(|word| word == "--"))
        {
            found.push(words[at..].to_vec());
        }
    }
    found
}

#[test]
fn every_snippet_can_be_copied() {
    let (mut shells, mut commands) = (0, 0);
    for Snippet {
        place,
        language,
        text,
    } in snippets()
    {
        match language.as_str() {
            "sh" | "console" => {
                let script = text.replace("$ ", "");
                reads_as_shell(&place, &script);
                for command in own_commands(&script) {
                    let read = drawbridge::cli::command().try_get_matches_from(&command);
                    if let Err(error) = read {
                        panic!("{place}: {error}");
                    }
                    commands += 1;
                }
                for file in script.split_whitespace().filter(|word| {
                    ["deploy/", "docs/", "fuzz/", ".ci/"]
                        .iter()
                        .any(|room| word.starts_with(room))
                }) {
                    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists();
                    assert!(there, "{place}: there is no {file}");
                }
                shells += 1;
            }
            "json" => {
                let read: Result<serde_json::Value, _> = serde_json::from_str(&text);
                read.unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            "toml" => {
                toml::from_str::<Given>(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            "yaml" => {
                let read: Result<serde_json::Value, _> = serde_saphyr::from_str(&text);
                read.unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            "nginx" => reads_as_nginx(&place, &text),
            // `.ci/deploy` checks the unit with these lines.
            "ini" => assert!(place.starts_with("docs/operations.md"), "{place}"),
            // To be looked at; the README's story is compared by `tests/serve/sandbox.rs`.
            "mermaid" | "text" => {}
            other => panic!("{place}: nobody reads {other:?}"),
        }
    }
    assert!(shells >= 15 && commands >= 10, "{shells} and {commands}");
}
