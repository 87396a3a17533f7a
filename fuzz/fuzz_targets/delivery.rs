//! Deliveries: any body under any event's name gives an event, a reason to ignore it, or an error. What is not JSON is called
//! that; an event survives being stored, holds no text beyond what is promised, and is the same when the delivery comes again.
//!
//! Input: a byte that chooses the event's name, then the body.
#![no_main]

use chrono::DateTime;
use drawbridge::domain::event::Event;
use drawbridge::domain::command::{Invocation, Line};
use drawbridge::github::{DecodeError, Decoded, Identity, decode, everyday};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

const NAMES: [&str; 17] = [
    "pull_request",
    "issue_comment",
    "push",
    "workflow_run",
    "check_suite",
    "check_run",
    "status",
    "merge_group",
    "member",
    "membership",
    "organization",
    "team",
    "installation",
    "installation_repositories",
    "repository",
    "ping",
    "",
];

/// No text in an event is longer, in characters: an address is the longest.
const LONGEST: usize = 2000;

fn longest(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(longest).max().unwrap_or(0),
        Value::Object(entries) => entries.values().map(longest).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whether nothing is missed where nothing is enabled and this is never heard of.
fn enables_nothing(event: &Event) -> bool {
    match event {
        Event::Pull { .. } | Event::BuildChanged { .. } => true,
        Event::Comment { lines, .. } => {
            let asks = |line: &Line| !line.suspicious && line.invocation() == Invocation::Init;
            !lines.iter().any(asks)
        }
        Event::BranchPushed { configuration, .. } => !configuration,
        _ => false,
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, payload)) = data.split_first() else {
        return;
    };
    let name = NAMES[usize::from(choice) % NAMES.len()];
    let me = Identity {
        app_id: 7,
        slug: "drawbridge".into(),
    };
    let decode = || decode(name, payload, &me, DateTime::UNIX_EPOCH);
    let decoded = decode();
    assert_eq!(decode(), decoded, "the same delivery means the same");
    if let (Some(told), Ok(Decoded::Event(event))) = (everyday(name, payload), &decoded) {
        assert!(enables_nothing(event), "{event:?} was let pass");
        assert_eq!(event.repo(), Some(&told.repo));
    }

    let is_json = serde_json::from_slice::<IgnoredAny>(payload).is_ok();
    match decoded {
        Ok(Decoded::Event(event)) => {
            assert!(is_json);
            let stored = serde_json::to_vec(&event).unwrap();
            assert_eq!(serde_json::from_slice::<Event>(&stored).unwrap(), event);
            let longest = longest(&serde_json::to_value(&event).unwrap());
            assert!(
                longest <= LONGEST,
                "a text of {longest} characters in {name}"
            );
        }
        Ok(Decoded::Ignored(why)) => {
            assert!(is_json);
            assert!((1..=300).contains(&why.chars().count()), "{why}");
        }
        // Also what is JSON by its grammar alone: half a surrogate pair, a number beyond all bounds, a name that is no UTF-8.
        Err(DecodeError::NotJson(detail)) => {
            assert!((1..=301).contains(&detail.chars().count()));
        }
        Err(DecodeError::Shape { event, detail }) => {
            assert!(is_json, "it is not JSON: {detail}");
            assert!(event.chars().count() <= 61 && detail.chars().count() <= 301);
        }
    }
});
