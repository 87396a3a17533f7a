//! What is refused of jobs, and how that reads.

use super::refusals::refusals;
use super::with_jobs;
use insta::assert_snapshot;

/// Each row is the `jobs` of a pipeline; four lines stand before them.
fn of_jobs(rows: &[&str]) -> String {
    refusals(rows.iter().map(|row| with_jobs(row)))
}

/// Each row is a whole job.
fn of_a_job(rows: &[&str]) -> String {
    refusals(
        rows.iter()
            .map(|row| with_jobs(&format!("\n      a: {{{row}}}"))),
    )
}

#[test]
fn jobs() {
    let rows = [
        "{my job: {workflow: a.yml}}",
        "{a: {workflow: a.yml}, a: {workflow: a.yml}}",
        "{a: a.yml}",
        "{a: {workflow: a.yml, needs: b}}",
        "{build: {workflow: a.yml}, a: {workflow: a.yml, needs: [biuld]}}",
        "{a: {workflow: a.yml, needs: a}}",
        "{c: {workflow: a.yml}, a: {workflow: a.yml, needs: [c, b]}, b: {workflow: a.yml, needs: d}, d: {workflow: a.yml, needs: a}, e: {workflow: a.yml, needs: a}}",
        "{a: {workflow: a.yml, matrix: {x: [1, 2]}, needs: ['b (1)']}, b: {workflow: a.yml, matrix: {x: [1, 2]}, needs: ['a (2)']}}",
        "{a: {workflow: a.yml, matrix: {x: [1, 2]}}, b: {workflow: a.yml, needs: ['a (3)']}}",
        "{a: {workflow: a.yml, matrix: {x: [1], y: [2]}}, b: {workflow: a.yml, needs: [a (1, 2)]}}",
        "{a: {needs: []}}",
        "{a: {workflow: a.yml, check: x}}",
        "{a: {workflow: ~}}",
        "{a: {extends: t, workflow: a.yml}}",
    ];
    assert_snapshot!(of_jobs(&rows), @r"
    4:12: `my job` can't be the name of a job. Use at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit
    4:34: the key `a` is written twice in one mapping. Keep one of them
    4:15: job `a` should be a mapping of keys to values, but is a text `a.yml`
    4:40: job `a` needs an unknown job `b`. Jobs of this pipeline: a
    4:67: job `a` needs an unknown job `biuld`. Did you mean `build`?
    4:40: jobs need each other in a circle: a → a. Remove one of these `needs`
    4:66: jobs need each other in a circle: a → b → d → a. Remove one of these `needs`
    4:62: jobs need each other in a circle: a → b → a. Remove one of these `needs`
    4:84: job `b` needs an unknown job `a (3)`. Did you mean `a (1)`?
    4:89: job `b` needs an unknown job `a (1`. A name with a comma needs quotes: `'build (13.0, amd64)'`
    4:12: job `a` has no backend. Say what executes it with `workflow`, `check`, `dispatch` or `connection`
    4:12: job `a` has two backends, `workflow` and `check`. Keep one of them
    4:12: job `a` has no backend. Say what executes it with `workflow`, `check`, `dispatch` or `connection`
    4:25: `extends` names an unknown template `t`. A job extends a template, which stands under `templates:` at the top level
    ");
}

#[test]
fn keys_of_a_job() {
    let rows = [
        "workflow: a.yml, need: [b]",
        "workflow: a.yml, needsAny: true",
        "workflow: a.yml, if: always()",
        "runs-on: ubuntu-latest",
        "workflow: a.yml, publish: check",
        "workflow: a.yml, colour: red",
        "workflow: a.yml, needs: {a: b}",
        "workflow: a.yml, needs_any: 1",
        "workflow: a.yml, changes: ['']",
        "workflow: a.yml, labels: [\"a\\u202eb\"]",
        "workflow: a.yml, branches: ['release/[']",
        "workflow: a.yml, if_author: member",
        "workflow: a.yml, required: no",
        "workflow: a.yml, timeout: 30",
        "workflow: a.yml, timeout: 73h",
        "workflow: a.yml, timeout: 0s",
        "workflow: a.yml, timeout: [1h]",
        "workflow: a.yml, retries: 11",
        "workflow: a.yml, retries: -1",
        "workflow: a.yml, retries: often",
        "workflow: build",
        "workflow: ../build.yml",
        "workflow: .github/workflows/sub/build.yml",
        "workflow: [build.yml]",
        "check: ''",
        "check: x, app: 'dependabot[bot]'",
        "workflow: a.yml, app: x",
        "workflow: a.yml, ref: x",
        "check: x, inputs: {a: 1}",
        "dispatch: x",
        "dispatch: {repository: x, event: y}",
        "dispatch: {repository: x/y}",
        "dispatch: {event: y}",
        "dispatch: {repo: x/y, event: y}",
        "connection: https://evil.example",
    ];
    assert_snapshot!(of_a_job(&rows), @r"
    5:28: job `a`: unknown key `need`. Did you mean `needs`?
    5:28: job `a`: unknown key `needsAny`. Did you mean `needs_any`?
    5:28: job `a`: unknown key `if`. Conditions are `changes`, `labels`, `branches` and `if_author`
    5:11: job `a`: unknown key `runs-on`. What a job does stands in its backend: `workflow`, `check`, `dispatch` or `connection`
    5:28: job `a`: unknown key `publish`. `publish` belongs to the pipeline, beside `jobs:`
    5:28: job `a`: unknown key `colour`. Known keys here: extends, needs, needs_any, changes, labels, branches, if_author, required, timeout, retries, matrix, inputs, workflow, check, app, dispatch, connection, ref
    5:35: `needs` should be a text or a list of texts, but is a mapping. Write them in a list: `[a, b]`
    5:39: `needs_any` should be true or false, but is a number `1`
    5:38: a filter can't be ``. Use 1 to 100 visible characters, without spaces around them
    5:37: a label can't be `a\u{202e}b`. Use 1 to 100 visible characters, without spaces around them
    5:39: `branches`: pattern `release/[` has a `[` without its `]`. Close it with `]`, or write `[[]` for a literal bracket
    5:39: `if_author` should be `trusted` or `any`, but is a text `member`
    5:38: `required` should be true or false, but is a text `no`. Write true or false, without quotes
    5:37: `timeout`: `30` is no length of time. Write hours, minutes or seconds: `2h`, `30m`, `90s`, `1h30m`
    5:37: `timeout`: `73h` is too short or too long. Write at least `1s` and at most `72h`
    5:37: `timeout`: `0s` is too short or too long. Write at least `1s` and at most `72h`
    5:37: `timeout` should be a text, but is a list
    5:37: `retries` should be a number from 0 to 10, but is a number `11`
    5:37: `retries` should be a number from 0 to 10, but is a number `-1`
    5:37: `retries` should be a number from 0 to 10, but is a text `often`
    5:21: `workflow`: `build` is no workflow file. Write the name of a file in `.github/workflows/`, such as `build.yml`
    5:21: `workflow`: `../build.yml` is no workflow file. Write the name of a file in `.github/workflows/`, such as `build.yml`
    5:21: `workflow`: `.github/workflows/sub/build.yml` is no workflow file. Write the name of a file in `.github/workflows/`, such as `build.yml`
    5:21: `workflow` should be a text, but is a list
    5:18: `check` can't be ``. Use 1 to 200 visible characters, without spaces around them
    5:26: `app`: `dependabot[bot]` is no app. Write its slug, the last part of https://github.com/apps/…: `github-actions`
    5:33: job `a`: `app` belongs to `check`, and has no meaning here. Remove it
    5:33: job `a`: `ref` belongs to `connection`, and has no meaning here. Remove it
    5:33: job `a`: `inputs` have no meaning with `check`, which starts nothing. Remove them
    5:21: `dispatch` should be a mapping, but is a text `x`
    5:34: `dispatch.repository`: `x` is no repository. Write `owner/name`
    5:21: `dispatch` has no `event`. Write `dispatch: {repository: owner/name, event: type}`
    5:21: `dispatch` has no `repository`. Write `dispatch: {repository: owner/name, event: type}`
    5:22: `dispatch`: unknown key `repo`. Write `dispatch: {repository: owner/name, event: type}`
    5:23: `https://evil.example` can't be the name of a connection. Use at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit
    ");
}

#[test]
fn matrices() {
    let numbers = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let large = format!("workflow: a.yml, matrix: {{x: [{}]}}", numbers(257));
    let huge = format!(
        "workflow: a.yml, matrix: {{x: [{0}], y: [{0}], exclude: [{{x: 1}}]}}",
        numbers(40)
    );
    let keys: Vec<String> = (0..11).map(|n| format!("k{n}: [x]")).collect();
    let keys = format!("workflow: a.yml, matrix: {{{}}}", keys.join(", "));
    let rows = [
        "workflow: a.yml, matrix: [a]",
        "workflow: a.yml, matrix: {}",
        "workflow: a.yml, matrix: {exclude: []}",
        "workflow: a.yml, matrix: {x: a}",
        "workflow: a.yml, matrix: {x: []}",
        "workflow: a.yml, matrix: {x: [a, a]}",
        "workflow: a.yml, matrix: {x: [[a]]}",
        "workflow: a.yml, matrix: {x: ['a, b']}",
        "workflow: a.yml, matrix: {x: ['${{ sha }}']}",
        "workflow: a.yml, matrix: {'x y': [a]}",
        "workflow: a.yml, matrix: {x: [a], include: [{x: b}]}",
        "workflow: a.yml, matrix: {x: [a], exclude: {x: a}}",
        "workflow: a.yml, matrix: {x: [a, b], exclude: [x]}",
        "workflow: a.yml, matrix: {x: [a, b], exclude: [{}]}",
        "workflow: a.yml, matrix: {os: [a, b], exclude: [{so: a}]}",
        "workflow: a.yml, matrix: {x: [amd64, b], exclude: [{x: amd46}]}",
        "workflow: a.yml, matrix: {x: [a, b], exclude: [{x: a}, {x: b}]}",
        &large,
        "workflow: a.yml, matrix: {x: [1, 2, 3, 4, 5, 6, 7], y: [1, 2, 3, 4, 5, 6, 7], z: [1, 2, 3, 4, 5, 6]}",
        &huge,
        &keys,
    ];
    assert_snapshot!(of_a_job(&rows), @r"
    5:36: `matrix` should be a mapping of names to lists, but is a list
    5:36: job `a`: `matrix` has no values. Give it a list such as `arch: [amd64, arm64]`, or remove it
    5:36: job `a`: `matrix` has no values. Give it a list such as `arch: [amd64, arm64]`, or remove it
    5:40: `matrix.x` should be a list of texts, but is a text `a`. Write `[a]`
    5:37: `matrix.x` has no values. Give it a list, or remove it
    5:44: `matrix.x` has `a` twice. Keep one of them
    5:41: `matrix.x[0]` should be a text, but is a list
    5:41: a value of `matrix.x` can't be `a, b`. A value stands in the job's name: write it without parentheses, braces, commas and backticks
    5:41: a value of `matrix.x` can't be `${{ sha }}`. A value stands in the job's name: write it without parentheses, braces, commas and backticks
    5:37: `x y` can't be the name of a key of a matrix. Use at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit
    5:45: job `a`: `matrix.include` is not supported. List every value, and take out what is too much with `exclude`
    5:54: `matrix.exclude` should be a list of mappings, such as `[{arch: arm64}]`, but is a mapping
    5:58: each of `matrix.exclude` should be a mapping, but is a text `x`
    5:58: an empty exclusion would leave no job. Name the values to leave out
    5:60: `matrix.exclude` names an unknown key `so`. Did you mean `os`?
    5:66: `matrix.exclude` names `amd46`, which `matrix.x` does not have. Did you mean `amd64`?
    5:36: job `a`: `matrix.exclude` leaves no job. Exclude less, or remove the job
    5:37: `matrix.x` has 257 values, more than 256. Use fewer values
    5:36: job `a`: `matrix` gives 294 jobs, more than 256. Use fewer values
    5:36: job `a`: `matrix` gives 1600 jobs, more than 256. Use fewer values
    5:36: job `a`: `matrix` has more than 10 keys. Use fewer keys
    ");
}

#[test]
fn inputs_and_their_values() {
    let many = |n: usize| {
        (0..n)
            .map(|n| format!("i{n}: x"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let workflow = format!("workflow: a.yml, inputs: {{{}}}", many(26));
    let dispatch = format!("connection: lab, inputs: {{{}}}", many(101));
    let long = format!("workflow: a.yml, inputs: {{x: {}}}", "x".repeat(10_001));
    let rows = [
        "workflow: a.yml, inputs: [a]",
        "workflow: a.yml, inputs: {a b: x}",
        "workflow: a.yml, inputs: {a: [x]}",
        "workflow: a.yml, inputs: {a: '${{ sha'}",
        "workflow: a.yml, inputs: {a: '${{ pr.numbr }}'}",
        "workflow: a.yml, inputs: {a: '${{ contains(x) }}'}",
        "workflow: a.yml, inputs: {a: '${{ secrets.TOKEN }}'}",
        "workflow: a.yml, inputs: {a: '${{ matrix.x }}'}",
        "workflow: a.yml, matrix: {arch: [a]}, inputs: {a: '${{ matrix.arhc }}'}",
        "workflow: a.yml, inputs: {a: '${{ needs.b.outputs.x }}'}",
        "check: 'x ${{ sha }}'",
        "connection: lab, ref: '${{ needs.b.result }}'",
        &workflow,
        &dispatch,
        &long,
    ];
    assert_snapshot!(of_a_job(&rows), @r"
    5:36: `inputs` should be a mapping of names to texts, but is a list
    5:37: job `a`: `a b` can't be the name of an input. Use letters, digits, `-`, `_` and `.`
    5:40: `inputs.a` should be a text, but is a list
    5:40: job `a`: input `a`: `${{ sha` has no end. Close it with `}}`
    5:40: job `a`: input `a`: unknown value `pr.numbr` in `${{ }}`. Did you mean `pr.number`?
    5:40: job `a`: input `a`: unknown value `contains(x)` in `${{ }}`. Known values: sha, branch, base_sha, base_branch, merge_base, repository, pipeline, job, run, attempt, trigger, pr.number, pr.author, command.args, matrix.NAME, needs.JOB.outputs.NAME, needs.JOB.result
    5:40: job `a`: input `a`: unknown value `secrets.TOKEN` in `${{ }}`. A repository's file never holds secrets: they belong to the backend itself
    5:40: job `a`: input `a`: there is no `matrix.x`. Keys of its matrix: none
    5:61: job `a`: input `a`: there is no `matrix.arhc`. Did you mean `arch`?
    5:40: job `a`: input `a`: `b` is none of its `needs`. Jobs that it needs: none
    5:18: job `a`: `check` can't name `sha`. Only `matrix.NAME` is known when the file is read; `*` stands for any characters
    5:33: job `a`: `ref`: `b` is none of its `needs`. Jobs that it needs: none
    5:7: job `a` has 26 inputs, more than 25. Use fewer, or put several values into one
    5:7: job `a` has 101 inputs, more than 100. Use fewer, or put several values into one
    5:40: job `a`: input `x` is longer than 10000 characters. Make it shorter
    ");
    let rows = [
        "{b: {workflow: b.yml}, a: {workflow: a.yml, inputs: {x: '${{ needs.b.outputs.x }}'}}}",
        "{build: {workflow: b.yml}, a: {workflow: a.yml, needs: build, inputs: {x: '${{ needs.biuld.outputs.x }}'}}}",
        "{b: {workflow: b.yml, matrix: {x: [1, 2]}}, a: {workflow: a.yml, needs: b, inputs: {x: '${{ needs.b.outputs.x }}'}}}",
        "{b: {workflow: b.yml, matrix: {x: [1, 2]}}, a: {workflow: a.yml, needs: b, matrix: {x: [3]}, inputs: {x: '${{ needs.b.outputs.x }}'}}}",
        "{b: {check: Lint}, a: {workflow: a.yml, needs: b, inputs: {x: '${{ needs.b.outputs.x }}'}}}",
    ];
    assert_snapshot!(of_jobs(&rows), @r"
    4:67: job `a`: input `x`: `b` is none of its `needs`. Add `b` to its `needs`
    4:85: job `a`: input `x`: `biuld` is none of its `needs`. Did you mean `build`?
    4:98: job `a`: input `x`: `needs.b` stands for 2 jobs of a matrix, not for one. Name one of them in `needs`, or give this job a `matrix` with the keys of `b`
    4:116: job `a`: input `x`: `needs.b` stands for 0 jobs of a matrix, not for one. Name one of them in `needs`, or give this job a `matrix` with the keys of `b`
    4:73: job `a`: input `x`: `needs.b.outputs.x` is always empty, because `b` is a `check`: what others report has no outputs. Only jobs with `workflow`, `dispatch` or a `connection` to an HTTP service give outputs
    ");
}
