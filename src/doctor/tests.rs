use super::app::missing;
use super::repositories::{Standing, standing};
use super::*;
use crate::github::RequiredCheck;
use std::collections::BTreeMap;

fn permissions(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, level): &(&str, &str)| ((*name).to_owned(), (*level).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn a_permission_that_is_absent_or_lower_is_missing() {
    let wanted = permissions(&[("checks", "write"), ("issues", "read"), ("members", "read")]);
    let granted = permissions(&[("checks", "read"), ("issues", "write"), ("other", "admin")]);
    assert_eq!(
        missing(&wanted, &granted),
        ["checks: write", "members: read"]
    );
    assert_eq!(missing(&wanted, &wanted), Vec::<String>::new());
}

#[test]
fn a_gate_is_required_only_from_this_app() {
    let check = |context: &str, app_id| RequiredCheck {
        context: context.to_owned(),
        app_id,
    };
    for (required, expected) in [
        (vec![], Standing::NotRequired),
        (vec![check("other", Some(1))], Standing::NotRequired),
        (vec![check("gate", None)], Standing::FromAnybody),
        (vec![check("gate", Some(2))], Standing::FromAnother),
        (
            vec![check("gate", Some(2)), check("gate", Some(1))],
            Standing::Required,
        ),
        (
            vec![check("gate", None), check("gate", Some(1))],
            Standing::Required,
        ),
    ] {
        assert_eq!(standing("gate", 1, &required), expected, "{required:?}");
    }
}

#[test]
fn a_report_says_what_to_do_and_ends_with_how_much() {
    let mut report = Report::default();
    report.fine(Area::App, "The clock agrees with GitHub's.");
    assert!(!report.needs_somebody());
    report.task(Area::Installations, "acme is suspended.", "Ask its owner.");
    report.note(Area::State, "Nothing yet.");
    assert!(report.needs_somebody());
    insta::assert_snapshot!(print(&report), @r"
    App
      ✓ The clock agrees with GitHub's.

    Installations
      ✗ acme is suspended.
        → Ask its owner.

    State
      · Nothing yet.

    One thing to do; see ✗.
    ");
}
