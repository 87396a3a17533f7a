//! What is asked wrongly, and how that is said.

use super::{Place, SMALL, ask};
use insta::assert_snapshot;

#[test]
fn a_command_that_there_is_not_is_wrong_usage() {
    let place = Place::large();
    assert_snapshot!(ask(&place, &["plan", "--command", "deplay"]), @r#"
    stderr:
    drawbridge: no pipeline has the command `/deplay`. There are: `/deploy`

    exit code 2
    "#);
}

#[test]
fn a_flag_that_says_nothing_about_the_event_is_wrong_usage() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--event", "push", "--unsigned"]), @r#"
    stderr:
    drawbridge: `--unsigned` is about a pull request, and `--event push` has none. Leave one of them out

    exit code 2
    "#);
}

#[test]
fn two_events_at_once_are_wrong_usage() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--event", "push", "--command", "deploy"]), @r#"
    stderr:
    drawbridge: `--command` and `--event push` are two events. Leave one of them out

    exit code 2
    "#);
}

#[test]
fn a_schedule_compares_nothing() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--event", "schedule", "--changed", "a"]), @r#"
    stderr:
    drawbridge: a schedule compares nothing, so `--changed` says nothing about it. Leave it out

    exit code 2
    "#);
}

#[test]
fn a_mistake_is_shown_and_nothing_else() {
    let place = Place::with("enabled: tru\n");
    assert_snapshot!(ask(&place, &["plan"]), @r#"
    stderr:
    .github/drawbridge.yaml:1:10: `enabled` should be true or false, but is a text `tru`. Write true or false, without quotes

    exit code 1
    "#);
}
