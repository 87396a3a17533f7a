//! The papers themselves: which there are, and where their links lead.

use std::collections::BTreeSet;
use std::path::Path;

/// Every paper that people read, by its place in the repository.
pub fn papers() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut papers = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for room in ["benches", "deploy", "docs", "docs/backends"] {
        for entry in std::fs::read_dir(root.join(room)).expect(room) {
            let name = entry.expect("an entry").file_name();
            let name = name.to_str().expect("a name");
            if name.ends_with(".md") {
                papers.push(format!("{room}/{name}"));
            }
        }
    }
    papers.sort();
    papers
}

/// The anchors of a paper's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut in_code = false;
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code || !line.starts_with('#') {
            continue;
        }
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        anchors.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    anchors
}

#[test]
fn every_link_between_the_papers_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for paper in papers() {
        let path = root.join(&paper);
        let text = std::fs::read_to_string(&path).expect(&paper);
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.starts_with("http") {
                continue;
            }
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().expect("a directory").join(file),
            };
            assert!(target.exists(), "{paper}: {link}");
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).expect(link);
                assert!(anchors(&text).contains(anchor), "{paper}: {link}");
            }
        }
    }
    assert!(seen > 15, "only {seen} links found");
}
