//! The body of a callback: any bytes give a report within its bounds, or a sentence that says what is wrong.
//!
//! Input: a body.
#![no_main]

use drawbridge::backends::parse_report;
use drawbridge::domain::run::Report;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let report = match parse_report(body) {
        Ok(report) => report,
        Err(error) => {
            assert!((1..=600).contains(&error.chars().count()), "{error}");
            assert!(!error.chars().any(char::is_control), "{error:?}");
            return;
        }
    };
    let stored = serde_json::to_vec(&report).unwrap();
    let read: Report = serde_json::from_slice(&stored).unwrap();
    assert_eq!(read, report);

    assert!(report.status.is_some());
    let is_name = |name: &String| {
        (1..=100).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    assert!(report.outputs.len() <= 50 && report.outputs.keys().all(is_name));
    assert!(report.metrics.len() <= 50 && report.metrics.keys().all(is_name));
    assert!(report.metrics.values().all(|metric| metric.is_finite()));
    assert!(
        report
            .outputs
            .values()
            .all(|value| value.len() <= 4096 && !value.contains('\0'))
    );
    if let Some(url) = &report.url {
        let web = ["http://", "https://"]
            .iter()
            .any(|scheme| url.to_ascii_lowercase().starts_with(scheme));
        assert!(
            web && url.len() <= 2000 && url.bytes().all(|byte| byte.is_ascii_graphic()),
            "{url:?}"
        );
    }
    if let Some(title) = &report.title {
        assert!(
            title.chars().count() <= 201 && !title.chars().any(char::is_control),
            "{title:?}"
        );
    }
    assert!(
        report
            .summary
            .is_none_or(|summary| summary.chars().count() <= 10_001)
    );
});
