//! `drawbridge plan`, as somebody at a terminal meets it: what it prints and how it ends.

mod events;
mod json;
mod mistakes;

use super::process::drawbridge;
use std::path::Path;
use tempfile::TempDir;

/// Every kind of backend and condition.
pub const SMALL: &str = r#"enabled: true
pipelines:
  backends:
    on: pull_request
    check: {build: [build], all: [build, operator, deploy]}
    jobs:
      build: {workflow: build.yml, changes: [core], matrix: {arch: [amd64, arm64]}}
      operator: {check: 'Operator / *', needs: build, changes: core}
      deploy: {dispatch: {repository: acme/deploy, event: preview}, labels: preview, needs: build}
      notes: {connection: bakery}
      gitlab: {connection: gitlab, required: false}
filters: {core: ['src/**'], docs: ['docs/**']}
require_filter_coverage: true
"#;

/// A working copy.
pub struct Place(TempDir);

impl Place {
    pub fn empty() -> Self {
        Self(TempDir::new().expect("a directory"))
    }

    /// With this configuration.
    pub fn with(configuration: &str) -> Self {
        Self::empty().and(".github/drawbridge.yaml", configuration)
    }

    /// The large example of the documentation, where its files belong.
    pub fn large() -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/dynamo");
        let read = |name| std::fs::read_to_string(example.join(name)).expect("an example");
        Self::with(&read("drawbridge.yaml")).and(".github/filters.yaml", &read("filters.yaml"))
    }

    pub fn and(self, path: &str, text: &str) -> Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
        self
    }
}

/// What the program prints there, and its exit code.
pub fn ask(place: &Place, args: &[&str]) -> String {
    let output = drawbridge(args).current_dir(place.0.path()).output();
    let output = output.expect("the binary runs");
    let mut said = String::from_utf8(output.stdout).expect("text");
    assert!(
        said.lines().all(|line| line.chars().count() <= 80) || args.contains(&"--json"),
        "{said}"
    );
    if !output.stderr.is_empty() {
        let gap = if said.is_empty() { "" } else { "\n" };
        let complaint = String::from_utf8(output.stderr).expect("text");
        said = format!("{said}{gap}stderr:\n{complaint}");
    }
    let code = output.status.code().expect("no signal ended it");
    format!("{}\n\nexit code {code}", said.trim_end())
}

#[test]
fn the_examples_of_the_documentation_are_valid_where_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in [
        "docs/examples/drawbridge.yaml",
        "docs/examples/copy-pr-bot.yaml",
        "docs/examples/dynamo/drawbridge.yaml",
    ] {
        let output = drawbridge(&["check", file]).current_dir(root).output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "{file}: {output:?}");
    }
}

#[test]
fn the_documentation_shows_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/configuration.md")).expect("the paper");
    let block = |after: &str, begin: &str| {
        let (_, rest) = text.split_once(after).expect(after);
        let (_, rest) = rest.split_once(begin).expect(begin);
        rest.split("```").next().expect("a block").to_owned()
    };
    let place = Place::with(&block("\n## Pipelines\n", "```yaml\n"));
    let printed = ask(&place, &["plan", "--changed", "src/lib.rs"]);
    let shown = block("\n### Trying it out\n", "```text\n");
    assert_eq!(printed, format!("{}\n\nexit code 0", shown.trim_end()));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut command = drawbridge(&["plan", "--event", "push"]);
    let place = Place::large();
    let mut child = command
        .current_dir(place.0.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}
