//! The papers say what the program does: tables, examples and quoted errors are compared with the code.

#[path = "docs/links.rs"]
mod links;
#[path = "docs/schema.rs"]
mod schema;
#[path = "docs/snippets.rs"]
mod snippets;

use clap::Args as _;
use drawbridge::domain::command::help_table;
use drawbridge::domain::config::{self, Key, Scope};
use drawbridge::domain::pipeline::Value;
use drawbridge::settings::Given;
use std::collections::BTreeSet;
use std::path::Path;

const README: &str = include_str!("../README.md");
const SETUP: &str = include_str!("../docs/setup.md");
const SETTINGS: &str = include_str!("../docs/settings.md");
const CONFIGURATION: &str = include_str!("../docs/configuration.md");
const MANIFEST: &str = include_str!("../app-manifest.yml");

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(begin)
        .unwrap_or_else(|| panic!("no {begin}"));
    let (inside, _) = rest.split_once(end).unwrap_or_else(|| panic!("no {end}"));
    inside.trim()
}

/// The cells of each row of the first table in `text`, without its head.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(str::trim)
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// What stands between the first pair of backticks.
fn quoted(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}

#[test]
fn the_readme_lists_the_commands_of_the_table() {
    let table = between(README, "<!-- commands -->", "<!-- /commands -->");
    assert_eq!(table, help_table().trim());
}

#[test]
fn every_setting_is_listed_with_its_names_and_default() {
    let command = Given::augment_args(clap::Command::new("serve"));
    let mut known: BTreeSet<(String, String)> = command
        .get_arguments()
        .filter_map(|arg| {
            let env = arg.get_env()?.to_str()?;
            Some((format!("--{}", arg.get_long()?), env.to_owned()))
        })
        .collect();
    for secret in [
        "PRIVATE_KEY",
        "WEBHOOK_SECRET",
        "CLIENT_SECRET",
        "DASHBOARD_TOKEN",
        "OTEL_EXPORTER_OTLP_HEADERS",
    ] {
        known.insert(("none".to_owned(), secret.to_owned()));
    }
    let table = between(SETTINGS, "<!-- settings -->", "<!-- /settings -->");
    let mut listed = BTreeSet::new();
    for row in rows(table) {
        let (flag, env) = (quoted(row[0]).unwrap_or("none"), quoted(row[1]).unwrap());
        listed.insert((flag.to_owned(), env.to_owned()));
        assert_eq!(quoted(row[2]), Some(env.to_lowercase().as_str()), "{env}");
        let arg = command
            .get_arguments()
            .find(|arg| arg.get_env().is_some_and(|name| name == env));
        let help = arg
            .and_then(|arg| arg.get_help())
            .map(ToString::to_string)
            .unwrap_or_default();
        if let Some(default) = help
            .split("[default: ")
            .nth(1)
            .and_then(|rest| rest.strip_suffix(']'))
        {
            assert_eq!(quoted(row[3]), Some(default), "{env}");
        }
    }
    assert_eq!(listed, known);
}

#[test]
fn who_registers_by_hand_asks_for_the_permissions_and_events_of_the_manifest() {
    let section = |name: &str| -> BTreeSet<String> {
        let (_, rest) = MANIFEST.split_once(name).expect(name);
        rest.lines()
            .skip(1)
            .take_while(|line| line.starts_with(' '))
            .map(|line| line.trim().trim_start_matches("- "))
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.replace('_', " ").to_lowercase())
            .collect()
    };
    let permissions: BTreeSet<String> = rows(between(
        SETUP,
        "<!-- permissions -->",
        "<!-- /permissions -->",
    ))
    .iter()
    .map(|row| format!("{}: {}", row[0], row[1].replace("read and write", "write")).to_lowercase())
    .collect();
    assert_eq!(permissions, section("default_permissions:"));
    let events: BTreeSet<String> = between(SETUP, "<!-- events -->", "<!-- /events -->")
        .trim_end_matches('.')
        .split(',')
        .map(|event| {
            event
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .to_lowercase()
        })
        .collect();
    assert_eq!(events, section("default_events:"));
}

#[test]
fn every_key_of_the_configuration_is_described() {
    let described = |begin, end| -> Vec<String> {
        rows(between(CONFIGURATION, begin, end))
            .iter()
            .filter_map(|row| quoted(row[0]).map(str::to_owned))
            .collect()
    };
    let known: BTreeSet<String> = Key::ALL.iter().map(|key| key.name().to_owned()).collect();
    let listed = described("## Keys", "## Filters");
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), known);
    let keys = described("<!-- pipeline keys -->", "<!-- /pipeline keys -->");
    assert_eq!(keys, config::pipeline_keys().collect::<Vec<_>>());
    let keys = described("<!-- job keys -->", "<!-- /job keys -->");
    assert_eq!(keys, config::job_keys().collect::<Vec<_>>());
    let values = described("<!-- values -->", "<!-- /values -->");
    assert_eq!(values, Value::documented().collect::<Vec<_>>());
}

#[test]
fn the_large_example_names_every_key() {
    let example = include_str!("../docs/examples/drawbridge.yaml");
    let keys = Key::ALL
        .iter()
        .filter_map(|key| key.name().split('.').next_back());
    for key in keys
        .chain(config::pipeline_keys())
        .chain(config::job_keys())
    {
        let named = example
            .lines()
            .any(|line| line.trim().starts_with(&format!("{key}:")));
        assert!(named, "{key}");
    }
}

#[test]
fn every_example_is_a_valid_file() {
    for (path, text) in [
        (
            config::PATHS[0],
            include_str!("../docs/examples/drawbridge.yaml"),
        ),
        (
            config::PATHS[1],
            include_str!("../docs/examples/copy-pr-bot.yaml"),
        ),
        (
            config::PATHS[0],
            include_str!("../docs/examples/dynamo/drawbridge.yaml"),
        ),
    ] {
        let file =
            config::parse(path, text, Scope::Repository).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.enabled, Some(true), "{path}");
        let written: serde_json::Value = serde_saphyr::from_str(text).expect(path);
        let told = schema::schema()
            .validate(&written)
            .map_err(|error| error.to_string());
        assert_eq!(told, Ok(()), "{path}");
        config::resolve(None, Some(&file), None).unwrap_or_else(|error| panic!("{error}"));
    }
    let schema = schema::schema();
    let mut seen = 0;
    for block in [README, SETUP, CONFIGURATION]
        .into_iter()
        .flat_map(|text| text.split("```yaml\n").skip(1))
    {
        let text = block.split("```").next().unwrap_or_default();
        let name = text.lines().next().unwrap_or_default();
        let outcome = match name.trim_start_matches("# ") {
            ".github/drawbridge.yaml" => config::parse(name, text, Scope::Repository)
                .and_then(|file| config::resolve(None, Some(&file), None).map(drop)),
            "acme/.github: .github/drawbridge.yaml" => {
                config::parse(name, text, Scope::Organisation).map(drop)
            }
            ".github/filters.yaml" => config::parse_filters(name, text).map(drop),
            _ => continue,
        };
        seen += 1;
        if name.ends_with("drawbridge.yaml") {
            let written: serde_json::Value = serde_saphyr::from_str(text).expect(name);
            let told = schema.validate(&written).map_err(|error| error.to_string());
            assert_eq!(told, Ok(()), "{text}");
        }
        outcome.unwrap_or_else(|error| panic!("{error}"));
    }
    assert!(seen >= 9, "only {seen} examples found");
}

#[test]
fn quoted_mistakes_read_as_they_are_written() {
    let table = rows(between(
        CONFIGURATION,
        "A mistake is named",
        "A file has at most",
    ));
    assert!(table.len() >= 8);
    for row in table {
        let wrote = quoted(row[0]).expect("what was written");
        let read = row[1].trim_matches('`').trim();
        let error = config::parse(config::PATHS[0], wrote, Scope::Repository).expect_err(wrote);
        assert_eq!(
            error.to_string().trim_end_matches('`'),
            read.trim_end_matches('`')
        );
    }
}

/// The names of all functions below a directory.
fn functions(dir: &Path, into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).expect("a text");
            let names = text.split("fn ").skip(1).filter_map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
                Some(rest[..end].to_owned())
            });
            into.extend(names);
        }
    }
}

#[test]
fn every_test_and_place_that_the_security_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeSet::new();
    functions(&root.join("src"), &mut known);
    functions(&root.join("tests"), &mut known);
    let page = std::fs::read_to_string(root.join("docs/security.md")).expect("the page");
    let (mut tests, mut places) = (0, 0);
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [tried, stops, shown] = cells[..] else {
            panic!("{row}")
        };
        if tried.trim() == "what they could try" || tried.trim() == "what it could try" {
            continue;
        }
        let named: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test: {row}");
        for name in named {
            assert!(known.contains(name), "no test {name}");
            tests += 1;
        }
        for place in stops.split('`').filter(|word| word.ends_with(".rs")) {
            assert!(root.join("src").join(place).exists(), "no {place}");
            places += 1;
        }
    }
    assert!(tests > 80 && places > 20, "{tests} tests, {places} places");
}

/// All that stands in the sources below a directory.
fn sources(dir: &Path, into: &mut String) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            into.push_str(&std::fs::read_to_string(path).expect("a text"));
        }
    }
}

#[test]
fn what_the_operations_page_explains_is_what_the_server_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/operations.md")).expect("the page");
    let mut said = String::new();
    sources(&root.join("src"), &mut said);
    let lines = rows(between(&page, "<!-- log lines -->", "<!-- /log lines -->"));
    assert!(lines.len() > 15, "only {} log lines", lines.len());
    for line in lines {
        // (A line may have backticks of its own.)
        let text = line[1]
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix('`'));
        let text = text.expect("a line in backticks");
        assert!(said.contains(&format!("\"{text}\"")), "{text}");
    }
    let answers = rows(between(&page, "`GET /readyz`:", "A message on standard"));
    let answers: Vec<&str> = answers.iter().filter_map(|row| quoted(row[0])).collect();
    assert_eq!(answers.len(), 4, "{answers:?}");
    for answer in answers {
        for part in answer
            .split('…')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            assert!(said.contains(part), "{answer}");
        }
    }
    let mut known = BTreeSet::new();
    functions(&root.join("src"), &mut known);
    functions(&root.join("tests"), &mut known);
    let tests = page.split('`').filter(|word| {
        // (Metrics have names of that kind, too; `tests/deploy.rs` knows them.)
        let metric = word.starts_with("drawbridge_");
        let word_like = word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        word.matches('_').count() > 3 && word_like && !metric
    });
    let mut seen = 0;
    for test in tests {
        assert!(known.contains(test), "no test {test}");
        seen += 1;
    }
    assert!(seen >= 7, "only {seen} tests named");
}
