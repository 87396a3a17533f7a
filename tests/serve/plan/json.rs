//! The same for programs.

use super::{Place, SMALL, ask};
use insta::assert_snapshot;

#[test]
fn json_says_the_same_in_a_stable_form() {
    let place = Place::with(SMALL);
    assert_snapshot!(ask(&place, &["plan", "--changed", "src/a.rs", "--author", "sam", "--json"]), @r#"
    {
      "event": "pull_request",
      "not_started": [],
      "reasons": [
        "sam opened this pull request and is not a trusted user."
      ],
      "runs": [
        {
          "gates": [
            "build",
            "all"
          ],
          "jobs": [
            {
              "backend": {
                "workflow": "build.yml"
              },
              "decision": "run",
              "name": "build (amd64)",
              "needs": [],
              "reason": "core matches src/a.rs",
              "required": true
            },
            {
              "backend": {
                "workflow": "build.yml"
              },
              "decision": "run",
              "name": "build (arm64)",
              "needs": [],
              "reason": "core matches src/a.rs",
              "required": true
            },
            {
              "backend": {
                "app": null,
                "check": "Operator / *"
              },
              "decision": "wait",
              "name": "operator",
              "needs": [
                "build (amd64)",
                "build (arm64)"
              ],
              "reason": "after build; core matches src/a.rs",
              "required": true
            },
            {
              "backend": {
                "dispatch": {
                  "event": "preview",
                  "repository": "acme/deploy"
                }
              },
              "decision": "skip",
              "name": "deploy",
              "needs": [
                "build (amd64)",
                "build (arm64)"
              ],
              "reason": "runs with the label preview",
              "required": true
            },
            {
              "backend": {
                "connection": "bakery"
              },
              "decision": "run",
              "name": "notes",
              "needs": [],
              "reason": "always (in no gate)",
              "required": true
            },
            {
              "backend": {
                "connection": "gitlab"
              },
              "decision": "run",
              "name": "gitlab",
              "needs": [],
              "reason": "always (optional)",
              "required": false
            }
          ],
          "pipeline": "backends"
        }
      ],
      "uncovered": [],
      "verdict": "needs_vetting"
    }

    exit code 0
    "#);
}
