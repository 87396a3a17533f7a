//! Alerts and the dashboard ask for metrics that there are, and the papers explain all of them.

use super::{at, path, pod, text, yaml};
use drawbridge::domain::ids::RunSubject;
use drawbridge::telemetry::{Budget, EVENTS, Flushes, JobStands, Metrics, Repeat, Standing};
use drawbridge::web::METRICS_PATH;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a name ends with where it is a histogram's.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// A metric's type and labels.
type Known = BTreeMap<String, (String, BTreeSet<String>)>;

/// All that the program can show.
fn exposed() -> Known {
    let metrics = Metrics::default();
    metrics.include(&Flushes::default());
    // Those with labels are there once something was counted.
    let (requests, work) = (metrics.requests(), metrics.work());
    requests.ended("GET", "/app", "app", None, Duration::ZERO);
    requests.repeated(Repeat::Token);
    work.run_ended(&RunSubject::Schedule, "success");
    let budget = Budget {
        limit: Some(1),
        remaining: Some(1),
        ..Budget::default()
    };
    let jobs = JobStands {
        backend: "workflow",
        state: "running",
        count: 1,
        oldest: chrono::TimeDelta::zero(),
    };
    let standing = Standing {
        budgets: vec![(1, budget)],
        jobs: vec![jobs],
        ..Standing::default()
    };
    let text = metrics.text(&standing);
    let mut known = Known::new();
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').expect("a type");
            known.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
        } else if !line.starts_with('#')
            && let Some((name, labels)) = line.split_once('{')
        {
            let (_, of) = known.get_mut(family(name)).expect(name);
            let labels = labels
                .split("=\"")
                .map(|part| part.rsplit(['"', ',']).next());
            of.extend(
                labels
                    .flatten()
                    .filter(|label| is_word(label))
                    .map(str::to_owned),
            );
            of.remove("le");
        }
    }
    known
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

fn family(name: &str) -> &str {
    let suffix = OF_HISTOGRAMS.iter().find_map(|end| name.strip_suffix(end));
    suffix.unwrap_or(name)
}

/// The names of ours in a query.
fn named(query: &str) -> BTreeSet<&str> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = |word: &&str| word.starts_with("drawbridge_") || word.starts_with("process_");
    words.filter(ours).collect()
}

/// Every query asks for what is shown, and for all that a histogram has only where it is one.
fn is_known(query: &str, known: &Known) {
    let names = named(query);
    assert!(!names.is_empty() || query.contains("up{"), "{query}");
    for name in names {
        let kind = known.get(name).map(|(kind, _)| kind.as_str());
        match kind {
            Some(kind) => assert_ne!(kind, "histogram", "{name} in {query}"),
            None => {
                let of = known.get(family(name)).map(|(kind, _)| kind.as_str());
                assert_eq!(of, Some("histogram"), "no {name}: {query}");
            }
        }
    }
    // Labels that are asked for or grouped by are those of one of them.
    let mut labels: BTreeSet<&str> = BTreeSet::from(["job", "instance", "le"]);
    for name in named(query) {
        let of = known.get(name).or_else(|| known.get(family(name)));
        labels.extend(
            of.iter()
                .flat_map(|(_, labels)| labels.iter().map(String::as_str)),
        );
    }
    for part in query.split("by (").skip(1) {
        let inside = part.split(')').next().unwrap_or_default();
        for label in inside.split(',').map(str::trim) {
            assert!(labels.contains(label), "no label {label}: {query}");
        }
    }
    for part in query.split('{').skip(1) {
        let inside = part.split('}').next().unwrap_or_default();
        for matcher in inside.split("\",").filter(|one| !one.is_empty()) {
            let label = matcher.split(['=', '!']).next().unwrap_or_default();
            assert!(labels.contains(label.trim()), "no label {label}: {query}");
        }
    }
}

fn rules() -> Vec<Value> {
    let alerts = yaml("deploy/prometheus/alerts.yml");
    let groups = at(&alerts, "/groups").as_array().expect("groups").clone();
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().cloned());
    rules.flatten().collect()
}

fn dashboard() -> Value {
    let text = std::fs::read_to_string(path("deploy/grafana/drawbridge.json")).expect("a text");
    serde_json::from_str(&text).expect("JSON")
}

fn operations() -> String {
    std::fs::read_to_string(path("docs/operations.md")).expect("the page")
}

#[test]
fn every_metric_is_explained_with_its_type_and_labels() {
    let page = operations();
    let (_, table) = page.split_once("<!-- metrics -->").expect("a table");
    let (table, _) = table.split_once("<!-- /metrics -->").expect("its end");
    let mut explained = Known::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let quoted = |cell: &str| -> Vec<String> {
            let inside = cell.split('`').skip(1).step_by(2);
            inside.map(str::to_owned).collect()
        };
        let labels = quoted(cells[2]).into_iter().collect();
        let name = quoted(cells[0]).swap_remove(0);
        assert!(cells[3].len() > 5, "{name}");
        explained.insert(name, (cells[1].to_owned(), labels));
    }
    assert_eq!(explained, exposed());
}

#[test]
fn alerts_ask_for_metrics_that_there_are_and_each_has_its_section() {
    let known = exposed();
    let page = operations();
    let (_, sections) = page
        .split_once("## What each alert means")
        .expect("a section");
    let sections = sections.split("\n## ").next().unwrap_or_default();
    let explained = sections
        .lines()
        .filter_map(|line| line.strip_prefix("### "));
    let explained: BTreeSet<String> = explained.map(str::to_owned).collect();
    let mut alerts = BTreeSet::new();
    for rule in rules() {
        let name = text(&rule, "/alert");
        is_known(&text(&rule, "/expr"), &known);
        let anchor = format!("docs/operations.md#{}", name.to_lowercase());
        assert_eq!(text(&rule, "/annotations/runbook"), anchor);
        for told in ["/annotations/summary", "/annotations/description", "/for"] {
            assert!(!text(&rule, told).is_empty(), "{name}: {told}");
        }
        let severity = text(&rule, "/labels/severity");
        assert!(
            ["critical", "warning"].contains(&severity.as_str()),
            "{name}"
        );
        assert!(alerts.insert(name.clone()), "{name} is there twice");
    }
    assert!(alerts.len() > 10, "only {} alerts", alerts.len());
    assert_eq!(alerts, explained);
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are_and_shows_all_of_ours() {
    let known = exposed();
    let dashboard = dashboard();
    let panels = at(&dashboard, "/panels").as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(text(panel, "/id")), "an id is there twice");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = text(target, "/expr");
            is_known(&query, &known);
            shown.extend(
                named(&query)
                    .into_iter()
                    .map(|name| family(name).to_owned()),
            );
        }
    }
    let ours = known.keys().filter(|name| name.starts_with("drawbridge_"));
    let missing: Vec<&String> = ours.filter(|name| !shown.contains(*name)).collect();
    // That one chooses the instance.
    assert_eq!(missing, ["drawbridge_build_info"]);
    let chooses = text(&dashboard, "/templating/list/1/definition");
    assert!(chooses.contains("drawbridge_build_info"));
}

#[test]
fn the_pod_shows_metrics_where_its_annotations_say() {
    let deployment = yaml("deploy/kubernetes/base/deployment.yaml");
    let annotations = at(&deployment, "/spec/template/metadata/annotations");
    let env = super::of_pod();
    assert_eq!(
        text(annotations, "/prometheus.io~1port"),
        env["METRICS_PORT"]
    );
    assert_eq!(text(annotations, "/prometheus.io~1path"), METRICS_PATH);
    let ports = at(&pod(), "/containers/0/ports").clone();
    let metrics = ports.as_array().expect("ports").iter();
    let mut metrics = metrics.filter(|port| text(port, "/name") == "metrics");
    let port = metrics.next().expect("a port for metrics");
    assert_eq!(text(port, "/containerPort"), env["METRICS_PORT"]);
    let scrape = yaml("deploy/prometheus/scrape.yml");
    let target = text(&scrape, "/scrape_configs/0/static_configs/0/targets/0");
    assert!(
        target.ends_with(&format!(":{}", env["METRICS_PORT"])),
        "{target}"
    );
}

#[test]
fn every_event_that_the_app_subscribes_to_is_counted_by_its_name() {
    let manifest = yaml("app-manifest.yml");
    let events = at(&manifest, "/default_events").as_array().expect("events");
    for event in events {
        let name = event.as_str().expect("a name");
        assert!(EVENTS.contains(&name), "{name}");
    }
}
