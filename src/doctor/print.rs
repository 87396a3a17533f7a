//! The report for people.

use super::{Area, Report, Weight};
use std::fmt::Write as _;

fn title(area: Area) -> &'static str {
    match area {
        Area::Settings => "Settings",
        Area::App => "App",
        Area::Deliveries => "Deliveries",
        Area::Installations => "Installations",
        Area::Repositories => "Repositories",
        Area::State => "State",
    }
}

/// The report as text: what it is about, what was found, what to do.
pub fn print(report: &Report) -> String {
    let mut text = String::new();
    let mut area = None;
    for finding in report.findings() {
        if area != Some(finding.area) {
            let gap = if area.is_none() { "" } else { "\n" };
            // Writing to a String can't fail.
            let _ = writeln!(text, "{gap}{}", title(finding.area));
            area = Some(finding.area);
        }
        let sign = match finding.weight {
            Weight::Fine => "✓",
            Weight::Note => "·",
            Weight::ToDo => "✗",
        };
        let _ = writeln!(text, "  {sign} {}", finding.what);
        if let Some(remedy) = &finding.remedy {
            let _ = writeln!(text, "    → {remedy}");
        }
    }
    let to_do = report.findings().iter();
    let to_do = to_do
        .filter(|finding| finding.weight == Weight::ToDo)
        .count();
    let end = match to_do {
        0 => "All is well.".to_owned(),
        1 => "One thing to do; see ✗.".to_owned(),
        count => format!("{count} things to do; see ✗."),
    };
    let _ = writeln!(text, "\n{end}");
    text
}
