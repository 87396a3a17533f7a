//! What a job says of itself, as JSON: in the body of a callback, and in the answer of a connection's `status_url`.
//!
//! It comes from whoever runs the job, so everything is checked and bounded here, before it is kept. What would change
//! its meaning if it were cut (an output, an address) is refused; what people read (title, summary) is cut.

use crate::domain::event::{BuildStatus, Conclusion};
use crate::domain::printable::{is_deceptive, printable};
use crate::domain::run::Report;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The largest body that is read.
pub const LARGEST: usize = 256 * 1024;
/// So much of a title is kept, in characters.
const TITLE: usize = 200;
/// So much of a summary is kept, in characters; a check run's summary, where it is one of many, holds 65,535.
const SUMMARY: usize = 10_000;
/// The longest address.
const URL: usize = 2000;
/// So many outputs, and so many metrics.
const MOST: usize = 50;
/// The longest name of an output or a metric.
const NAME: usize = 100;
/// The longest value of an output, in bytes.
const VALUE: usize = 4 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    status: Status,
    conclusion: Option<Ended>,
    title: Option<String>,
    summary: Option<String>,
    url: Option<String>,
    #[serde(default)]
    outputs: Option<BTreeMap<String, String>>,
    #[serde(default)]
    metrics: Option<BTreeMap<String, f64>>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Queued,
    InProgress,
    Completed,
}

/// The conclusions that GitHub accepts for a check run ("Create a check run"), but for `stale`, which only GitHub gives.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Success,
    Neutral,
    Skipped,
    Failure,
    Cancelled,
    TimedOut,
    ActionRequired,
    StartupFailure,
}

impl From<Ended> for Conclusion {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Success => Self::Success,
            Ended::Neutral => Self::Neutral,
            Ended::Skipped => Self::Skipped,
            Ended::Failure => Self::Failure,
            Ended::Cancelled => Self::Cancelled,
            Ended::TimedOut => Self::TimedOut,
            Ended::ActionRequired => Self::ActionRequired,
            Ended::StartupFailure => Self::StartupFailure,
        }
    }
}

/// Reads a report.
///
/// # Errors
/// A sentence that says what is wrong, for whoever sent it.
pub fn parse(body: &[u8]) -> Result<Report, String> {
    let wire: Wire = serde_json::from_slice(body).map_err(|error| {
        format!(
            "the body is not a report: {}",
            one_line(&error.to_string(), TITLE)
        )
    })?;
    let status = match (wire.status, wire.conclusion) {
        (Status::Queued, None) => BuildStatus::Queued,
        (Status::InProgress, None) => BuildStatus::Running,
        (Status::Completed, Some(ended)) => BuildStatus::Ended(ended.into()),
        (Status::Completed, None) => {
            return Err("`completed` needs a `conclusion`".to_owned());
        }
        (_, Some(_)) => {
            return Err("a `conclusion` goes with the status `completed` only".to_owned());
        }
    };
    if let Some(url) = &wire.url {
        address(url)?;
    }
    let outputs = wire.outputs.unwrap_or_default();
    names("outputs", outputs.keys())?;
    for (name, value) in &outputs {
        if value.len() > VALUE {
            return Err(format!("the output `{name}` has more than {VALUE} bytes"));
        }
        if value.contains('\0') {
            return Err(format!("the output `{name}` has a NUL character"));
        }
    }
    let metrics = wire.metrics.unwrap_or_default();
    names("metrics", metrics.keys())?;
    Ok(Report {
        status: Some(status),
        url: wire.url,
        title: wire.title.map(|title| one_line(&title, TITLE)),
        summary: wire.summary.map(|summary| cut(&summary, SUMMARY)),
        outputs,
        metrics,
    })
}

/// An address that people may be sent to.
pub(super) fn address(url: &str) -> Result<(), String> {
    let uri: Option<::http::Uri> = url.parse().ok();
    let sound = url.len() <= URL
        && url.chars().all(|c| c.is_ascii_graphic())
        && uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
        });
    if sound {
        Ok(())
    } else {
        Err("`url` is not an address that begins with https:// or http://".to_owned())
    }
}

/// Names that can stand in `${{ needs.JOB.outputs.NAME }}`, and in a table.
fn names<'a>(field: &str, names: impl ExactSizeIterator<Item = &'a String>) -> Result<(), String> {
    if names.len() > MOST {
        return Err(format!("`{field}` has more than {MOST} entries"));
    }
    for name in names {
        let fits = name.len() <= NAME
            && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if !fits {
            return Err(format!(
                "`{}` in `{field}` is no name: letters, digits, `_`, `-` and `.`, at most {NAME}",
                printable(name, 40)
            ));
        }
    }
    Ok(())
}

/// A foreign text as one line, without what can't be seen, cut.
pub(super) fn one_line(text: &str, max: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ");
    let line: String = line.chars().filter(|c| !is_deceptive(*c)).collect();
    cut(&line, max)
}

fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let report = parse(
            br#"{"status":"completed","conclusion":"success","title":"built\n 3 images","summary":"**ok**",
                "url":"https://ci.example.com/7","outputs":{"digest":"sha256:0"},"metrics":{"seconds":4.5,"images":3}}"#,
        )
        .unwrap();
        assert_eq!(report.status, Some(BuildStatus::Ended(Conclusion::Success)));
        assert_eq!(report.title.as_deref(), Some("built 3 images"));
        assert_eq!(report.outputs["digest"], "sha256:0");
        assert_eq!(report.metrics["images"], 3.0);
        for (body, status) in [
            (r#"{"status":"queued"}"#, BuildStatus::Queued),
            (
                r#"{"status":"in_progress","title":null,"outputs":null}"#,
                BuildStatus::Running,
            ),
        ] {
            assert_eq!(parse(body.as_bytes()).unwrap().status, Some(status));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let many: Vec<String> = (0..101).map(|n| format!("\"a{n}\":\"\"")).collect();
        let many = format!(r#"{{"status":"queued","outputs":{{{}}}}}"#, many.join(","));
        let long = format!(
            r#"{{"status":"queued","outputs":{{"a":"{}"}}}}"#,
            "x".repeat(VALUE + 1)
        );
        for (body, words) in [
            ("", "not a report"),
            ("[]", "not a report"),
            ("{}", "missing field `status`"),
            (r#"{"status":"done"}"#, "unknown variant `done`"),
            (
                r#"{"status":"queued","state":"x"}"#,
                "unknown field `state`",
            ),
            (r#"{"status":"completed"}"#, "needs a `conclusion`"),
            (
                r#"{"status":"completed","conclusion":"great"}"#,
                "unknown variant `great`",
            ),
            (
                r#"{"status":"queued","conclusion":"success"}"#,
                "`completed` only",
            ),
            (
                r#"{"status":"queued","url":"javascript:alert(1)"}"#,
                "`url`",
            ),
            (r#"{"status":"queued","url":"https://a b"}"#, "`url`"),
            (
                r#"{"status":"queued","outputs":{"a b":"x"}}"#,
                "`a b` in `outputs`",
            ),
            (
                r#"{"status":"queued","outputs":{"a":1}}"#,
                "expected a string",
            ),
            (r#"{"status":"queued","outputs":{"a":"\u0000"}}"#, "NUL"),
            (
                r#"{"status":"queued","metrics":{"a":1e999}}"#,
                "out of range",
            ),
            (
                r#"{"status":"queued","metrics":{"":1}}"#,
                "`metrics` is no name",
            ),
            (many.as_str(), "more than 50"),
            (long.as_str(), "more than 4096 bytes"),
        ] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{body:.80}: {error}");
        }
    }

    #[test]
    fn what_people_read_is_cut_and_visible() {
        let body = serde_json::json!({
            "status": "queued",
            "title": format!("a\u{202e}b{}", "x".repeat(500)),
            "summary": "é".repeat(20_000),
        });
        let report = parse(body.to_string().as_bytes()).unwrap();
        let title = report.title.unwrap();
        assert!(title.starts_with("abx") && title.ends_with('…'));
        assert_eq!(title.chars().count(), TITLE + 1);
        assert_eq!(report.summary.unwrap().chars().count(), SUMMARY + 1);
    }

    proptest::proptest! {
        #[test]
        fn a_metric_is_kept_to_its_last_digit(metric in proptest::num::f64::NORMAL) {
            let body = serde_json::json!({ "status": "queued", "metrics": { "a": metric } });
            let report = parse(body.to_string().as_bytes()).unwrap();
            let kept = serde_json::to_string(&report).unwrap();
            let read: Report = serde_json::from_str(&kept).unwrap();
            proptest::prop_assert_eq!(read.metrics["a"].to_bits(), metric.to_bits());
        }
    }
}
