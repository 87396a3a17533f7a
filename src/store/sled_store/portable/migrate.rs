//! Older versions of the lines, brought up to the present one step by step.

use super::VERSION;
use crate::domain::gate::GATE_NAME;
use serde_json::{Map, Value, json};

/// A line of version `from` as the present version would have written it. What is not as that version has it stays, and is
/// refused where the line is decoded.
pub(super) fn to_present(from: u64, mut line: Value) -> Value {
    for version in from..VERSION {
        if version == 0 {
            pipelines(&mut line);
        }
    }
    line
}

/// 0 → 1: version 0 is from before there were pipelines. A head had one check run, the implied pipeline's, where it now has
/// any number of gates. What else was added has a value of its own where it is missing.
fn pipelines(line: &mut Value) {
    let Some(head) = line.get_mut("head").and_then(Value::as_object_mut) else {
        return;
    };
    let mut taken = |key: &str| Map::remove(head, key).unwrap_or(Value::Null);
    let (check_run, says) = (taken("check_run"), taken("published"));
    let look_first = head.get("look_first").cloned().unwrap_or(Value::Bool(true));
    let gates = match check_run.is_null() && says.is_null() {
        true => json!([]),
        false => json!([{
            "name": {"name": GATE_NAME, "publish": "check"},
            "check_run": check_run,
            "look_first": look_first,
            "says": says,
            "written_at": null,
        }]),
    };
    head.insert("gates".to_owned(), gates);
}
