//! What is refused, and how that reads.

use super::read;
use insta::assert_snapshot;

pub(super) fn refusals(texts: impl IntoIterator<Item = String>) -> String {
    let told = texts.into_iter().map(|text| match read(&text) {
        Err(error) => error.to_string().replace(".github/drawbridge.yaml:", ""),
        Ok(_) => panic!("accepted: {text}"),
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Each row stands under `pipelines`.
fn of_pipelines(rows: &[&str]) -> String {
    refusals(rows.iter().map(|row| format!("pipelines:\n  {row}")))
}

/// Each row is the `on` of a pipeline.
fn of_triggers(rows: &[&str]) -> String {
    refusals(
        rows.iter().map(|on| {
            format!("pipelines:\n  p:\n    jobs: {{a: {{workflow: a.yml}}}}\n    on: {on}")
        }),
    )
}

const A: &str = "jobs: {a: {workflow: a.yml}}";

#[test]
fn pipelines() {
    let with_jobs = |text: &str| format!("{{{text}, {A}}}");
    let rows = [
        "{}".to_owned(),
        "[a]".to_owned(),
        "p: x".to_owned(),
        format!("p: {{{A}}}"),
        "p: {on: pull_request}".to_owned(),
        "p: {on: pull_request, jobs: {}}".to_owned(),
        "p: {on: pull_request, jobs: [a]}".to_owned(),
        "p: {on: pull_request, jobs: {a: ~}}".to_owned(),
        format!("my pipeline: {}", with_jobs("on: pull_request")),
        format!("'{}': {}", "x".repeat(81), with_jobs("on: pull_request")),
        format!("-p: {}", with_jobs("on: pull_request")),
        format!("p: {}", with_jobs("on: pull_request, fail-fast: true")),
        format!("p: {}", with_jobs("on: pull_request, needs: [a]")),
        format!("p: {}", with_jobs("on: pull_request, colour: red")),
        format!("p: {}", with_jobs("on: pull_request, publish: checks")),
        format!("p: {}", with_jobs("on: pull_request, concurrency: true")),
        format!("p: {}", with_jobs("on: pull_request, fail_fast: yes")),
        format!("p: {}", with_jobs("on: pull_request, extends: q")),
        format!("p: {}", with_jobs("on: pull_request, extends: p")),
        format!(
            "p: {}\n  q: {}",
            with_jobs("on: pull_request, extends: q"),
            with_jobs("on: {push: a}, extends: p")
        ),
        format!(
            "p: {}\n  p: {}",
            with_jobs("on: pull_request"),
            with_jobs("on: pull_request")
        ),
        format!(
            "backends: {}\n  p: {}",
            with_jobs("on: {push: a}"),
            with_jobs("on: pull_request, extends: backend")
        ),
        format!(
            "p: {}\n  q: {{on: {{push: a}}, extends: p, jobs: {{b: ~}}}}",
            with_jobs("on: pull_request")
        ),
        format!(
            "p: {}\n  q: {{on: {{push: a}}, extends: p, jobs: {{a: ~}}}}",
            with_jobs("on: pull_request")
        ),
        "p: {on: pull_request, jobs: {a: {workflow: a.yml}, b: {workflow: a.yml, needs: a}}}\n  \
         q: {on: {push: a}, extends: p, jobs: {a: ~}}"
            .to_owned(),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_snapshot!(of_pipelines(&rows), @r"
    1:1: `pipelines` is empty, so that nothing would be built. Remove `pipelines`, so that every build of the mirror counts, or add a pipeline
    2:3: `pipelines` should be a mapping of names to pipelines, but is a list
    2:6: pipeline `p` should be a mapping of keys to values, but is a text `x`
    2:3: pipeline `p` has no `on`, so that nothing would start it. Write `on: pull_request`
    2:3: pipeline `p` has no jobs. Add one under `jobs:`, or remove the pipeline
    2:3: pipeline `p` has no jobs. Add one under `jobs:`, or remove the pipeline
    2:31: `jobs` should be a mapping of names to jobs, but is a list
    2:32: job `a` is empty. Say what executes it with `workflow`, `check`, `dispatch` or `connection`
    2:3: `my pipeline` can't be the name of a pipeline. Use at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit
    2:3: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` can't be the name of a pipeline. Use at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit
    2:3: `-p` can't be the name of a pipeline. Use at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit
    2:25: pipeline `p`: unknown key `fail-fast`. Did you mean `fail_fast`?
    2:25: pipeline `p`: unknown key `needs`. `needs` belongs to a job, under `jobs:`
    2:25: pipeline `p`: unknown key `colour`. Known keys here: on, extends, check, publish, concurrency, fail_fast, ignore_changes, jobs
    2:34: `publish` should be `check` or `status`, but is a text `checks`
    2:38: `concurrency` should be `cancel` or `queue`, but is a boolean `true`
    2:36: `fail_fast` should be true or false, but is a text `yes`. Write true or false, without quotes
    2:34: pipeline `p` extends an unknown pipeline `q`. Other pipelines: none
    2:34: pipelines extend each other in a circle: p → p. Remove one of these `extends`
    3:31: pipelines extend each other in a circle: p → q → p. Remove one of these `extends`
    3:3: the key `p` is written twice in one mapping. Keep one of them
    3:34: pipeline `p` extends an unknown pipeline `backend`. Did you mean `backends`?
    3:41: pipeline `q` leaves out job `b`, which it does not take over. Jobs that it takes over: a
    3:3: pipeline `q` has no jobs. Add one under `jobs:`, or remove the pipeline
    2:82: job `b` needs `a`, which pipeline `q` leaves out. Give `b` its own `needs` in `q`
    ");
}

#[test]
fn triggers() {
    let rows = [
        "~",
        "[]",
        "{}",
        "true",
        "pull_requests",
        "pull_request_target",
        "{pull_request: [main]}",
        "push",
        "{push: []}",
        "{push: {branches: [main]}}",
        "{push: ['release/[a']}",
        "{push: [main, /x]}",
        "schedule",
        "{schedule: daily}",
        "{schedule: '0 25 * * *'}",
        "{schedule: [{cron: '0 2 * * *'}]}",
        "command",
        "{command: /deploy}",
        "{command: Retest}",
        "{command: ok-to-test}",
        "{command: help}",
        "{command: 'a b'}",
        "[pull_request, pull_request]",
        "[{push: a}, {push: b}]",
        "{command: [x, X]}",
        "[[push]]",
    ];
    assert_snapshot!(of_triggers(&rows), @r"
    4:9: `on` should be a trigger, or several of them, but is nothing. Write `on: pull_request`, or `on: {push: [main]}`
    4:9: pipeline `p`: `on` names no trigger. Write `on: pull_request`
    4:9: pipeline `p`: `on` names no trigger. Write `on: pull_request`
    4:9: `on` should be a trigger, or several of them, but is a boolean `true`. Write `on: pull_request`, or `on: {push: [main]}`
    4:9: `on` names an unknown trigger `pull_requests`. Did you mean `pull_request`?
    4:9: `on` names an unknown trigger `pull_request_target`. Known triggers: pull_request, merge_group, push, schedule, command
    4:10: `pull_request` takes no value. To restrict it, give the jobs `branches`, `changes` or `labels`
    4:9: `push` needs branches. Write `push: [main, 'release/*']`
    4:10: `push` needs branches. Write `push: [main, 'release/*']`
    4:16: `push` should be a text or a list of texts, but is a mapping. Write them in a list: `[a, b]`
    4:17: `push`: pattern `release/[a` has a `[` without its `]`. Close it with `]`, or write `[[]` for a literal bracket
    4:23: `push`: pattern `/x` starts with `/` and would never match. Paths in a repository start without `/`: write `x`
    4:9: `schedule` needs a cron expression. Write `schedule: '0 2 * * *'`, in UTC
    4:20: `schedule`: `daily` has 1 of the five fields of a schedule. Write minute, hour, day of the month, month and day of the week, in UTC: `0 2 * * *`
    4:20: `schedule`: hour: `25` is out of range. Write numbers from 0 to 23, `*`, `a-b`, `*/n`, or several between commas
    4:21: `schedule[0]` should be a text, but is a mapping
    4:9: `command` needs a name. Write `command: deploy` for `/deploy`
    4:19: `/deploy` can't be the name of a command. Write it without the slash: `deploy`
    4:19: `/Retest` is a command of Drawbridge itself. Choose another name
    4:19: `/ok-to-test` is a command of Drawbridge itself. Choose another name
    4:19: `/help` is a command of Drawbridge itself. Choose another name
    4:19: `a b` can't be the name of a command. Use at most 40 letters, digits, `-` and `_`, the first a letter
    4:24: `on` names `pull_request` twice. Keep one of them
    4:22: `on` names `push` twice. Write all branches in one list
    4:23: `on` names the command `X` twice. Keep one of them
    4:10: `on` should be a trigger, or several of them, but is a list. Write `on: pull_request`, or `on: {push: [main]}`
    ");
}

#[test]
fn gates() {
    let on = |rest: &str| format!("{{{rest}, {A}}}");
    let rows = [
        format!("p: {}", on("on: pull_request, check: [a]")),
        format!("p: {}", on("on: pull_request, check: ''")),
        format!("p: {}", on("on: pull_request, check: Drawbridge / Config")),
        format!(
            "p: {}",
            on(&format!("on: pull_request, check: {}", "x".repeat(101)))
        ),
        format!("p: {}", on("on: pull_request, check: \"a\\u202eb\"")),
        format!("p: {}", on("on: pull_request, check: {}")),
        format!("p: {}", on("on: pull_request, check: {g: ~}")),
        format!("p: {}", on("on: pull_request, check: {g: [a, bb]}")),
        format!("p: {}", on("on: pull_request, check: {g: [ab]}")),
        format!(
            "p: {}\n  q: {}",
            on("on: pull_request"),
            on("on: [{push: a}, pull_request]")
        ),
        format!(
            "p: {}\n  q: {}",
            on("on: merge_group, check: g"),
            on("on: merge_group, check: {x: a, g: a}")
        ),
        format!(
            "p: {}\n  q: {}",
            on("on: {push: a}, check: g"),
            on("on: {schedule: '0 2 * * *'}, check: g")
        ),
        format!(
            "p: {}\n  q: {}",
            on("on: {command: e2e}, check: g"),
            on("on: {command: E2E}")
        ),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_snapshot!(of_pipelines(&rows), @r"
    2:32: `check` should be the name of a gate, or a mapping of gates to their jobs, but is a list
    2:32: the name of a gate can't be ``. Use 1 to 100 visible characters, without spaces around them
    2:32: `drawbridge / config` is the check of the configuration itself. Choose another name
    2:32: the name of a gate can't be `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`. Use 1 to 100 visible characters, without spaces around them
    2:32: the name of a gate can't be `a\u{202e}b`. Use 1 to 100 visible characters, without spaces around them
    2:32: pipeline `p` has 0 gates, and should have 1 to 50. Write the name of a gate, or remove `check`
    2:33: gate `g` names no job. List the jobs that count for it
    2:40: gate `g` names an unknown job `bb`. Jobs of this pipeline: a
    2:37: gate `g` names an unknown job `ab`. Did you mean `a`?
    3:3: pipelines `p` and `q` both publish `backend-status-check` on pull requests. Give one of them another `check`
    3:38: pipelines `p` and `q` both publish `g` on merge groups. Give one of them another `check`
    3:43: pipelines `p` and `q` both publish `g` on branches. Give one of them another `check`
    3:21: pipelines `p` and `q` both are started by the command `E2E`. Give one of them another command
    ");
    // The same name in different places is fine: a pull request, a merge group and a branch are different commits.
    let fine = format!(
        "pipelines:\n  p: {}\n  q: {}\n  r: {}",
        on("on: pull_request"),
        on("on: merge_group"),
        on("on: {push: a}, check: backend-status-check")
    );
    assert!(read(&fine).is_ok());
}

#[test]
fn templates() {
    let rows = [
        "templates: [a]",
        "templates: {a: b}",
        "templates: {a b: {}}",
        "templates: {a: {needs: {}}}",
        "templates: {a: {workflow: a.yml, colour: red}}",
        "templates: {a: {extends: b}}",
        "templates: {build: {}, a: {extends: biuld}}",
        "templates: {a: {extends: b}, b: {extends: c}, c: {extends: a}}",
        "templates: {a: {inputs: {x: '${{ shaa }}'}}}",
        "template: {}",
        "templates: {build: {}}\npipelines: {p: {on: pull_request, jobs: {a: {extends: biuld}}}}",
        "templates: {build: {}}\npipelines: {p: {on: pull_request, jobs: {a: {extends: build}}}}",
    ];
    assert_snapshot!(refusals(rows.map(str::to_owned)), @r"
    1:12: `templates` should be a mapping of names to jobs, but is a list
    1:16: template `a` should be a mapping of keys to values, but is a text `b`
    1:13: `a b` can't be the name of a template. Use at most 80 letters, digits, `-`, `_` and `.`, the first a letter or digit
    1:24: `needs` should be a text or a list of texts, but is a mapping. Write them in a list: `[a, b]`
    1:34: template `a`: unknown key `colour`. Known keys here: extends, needs, needs_any, changes, labels, branches, if_author, required, timeout, retries, matrix, inputs, workflow, check, app, dispatch, connection, ref
    1:26: `extends` names an unknown template `b`. Known templates: a
    1:37: `extends` names an unknown template `biuld`. Did you mean `build`?
    1:60: templates extend each other in a circle: a → b → c → a. Remove one of these `extends`
    1:29: template `a`: input `x`: unknown value `shaa` in `${{ }}`. Did you mean `sha`?
    1:1: unknown key `template`. Did you mean `templates`?
    2:55: `extends` names an unknown template `biuld`. Did you mean `build`?
    2:42: job `a` has no backend. Say what executes it with `workflow`, `check`, `dispatch` or `connection`
    ");
}

#[test]
fn what_is_too_large() {
    let many =
        |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join("\n");
    let pipeline = |n: usize| format!("  p{n}: {{on: {{push: a}}, {A}}}");
    let job = |n: usize| format!("      j{n}: {{workflow: a.yml}}");
    let template = |n: usize| format!("  t{n}: {{}}");
    let deep = |n: usize| format!("  t{}: {{extends: t{n}}}", n + 1);
    let numbers = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let matrix = format!("{{workflow: a.yml, matrix: {{x: [{}]}}", numbers(250));
    let wide = |n: usize| format!("      j{n}: {matrix}}}");
    let dense = format!(
        "      a: {matrix}}}\n      b: {matrix}, needs: a}}\n      c: {matrix}, needs: [a, b]}}\n      d: {matrix}, needs: [a, b, c]}}"
    );
    let extended = |n: usize| format!("  q{n}: {{on: {{push: a}}, extends: p}}");
    let long = format!("      a: {matrix}, inputs: {{x: {}}}}}", "y".repeat(9_999));
    let nested = format!(
        "  a: {{workflow: x.yml, inputs: {{x: {}}}}}",
        "y".repeat(9_999)
    );
    let p = "pipelines:\n  p:\n    on: pull_request\n    jobs:\n";
    let rows = [
        format!("pipelines:\n{}", many(51, &pipeline)),
        format!("{p}{}", many(1001, &job)),
        format!("{p}{}", many(5, &wide)),
        format!("{p}{dense}\n{}", many(40, &extended)),
        format!("{p}{long}\n{}", many(3, &extended)),
        format!("templates:\n{}", many(201, &template)),
        format!("templates:\n  t0: {{}}\n{}", many(11, &deep)),
        format!(
            "templates:\n{nested}\n{p}{}\n{}",
            many(900, &|n| format!("      j{n}: {{extends: a}}")),
            many(40, &extended)
        ),
    ];
    assert_snapshot!(refusals(rows), @r"
    52:3: `pipelines` has more than 50 pipelines. Use fewer
    2:3: pipeline `p` has more than 1000 jobs. Use fewer jobs, or smaller matrices
    2:3: pipeline `p` has more than 1000 jobs. Use fewer jobs, or smaller matrices
    8:7: `pipelines` take more than 4194304 bytes once templates and matrices are laid out. Use fewer jobs, shorter inputs or smaller matrices
    5:7: `pipelines` take more than 4194304 bytes once templates and matrices are laid out. Use fewer jobs, shorter inputs or smaller matrices
    202:3: `templates` has more than 200 templates. Use fewer
    3:17: more than 10 templates extend each other in a row. Use fewer levels
    413:7: `pipelines` take more than 4194304 bytes once templates and matrices are laid out. Use fewer jobs, shorter inputs or smaller matrices
    ");
}

/// Everything that costs something, many times over, and little of it left in the result. What a file costs is counted, so
/// that no clock is needed to see that each pattern is compiled once, however often its job is taken over.
#[test]
fn a_hostile_file_takes_bounded_work() {
    let lines =
        |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join("\n");
    let globs = vec!["'release/{a,b,c}/**/*[0-9]?'"; 90].join(", ");
    let value = "${{sha}}".repeat(200);
    let costly = format!("workflow: a.yml, branches: [{globs}], inputs: {{x: '{value}'}}");
    let long = "y".repeat(9_999);
    let large = format!("workflow: a.yml, inputs: {{a: {long}, b: {long}, c: {long}}}");
    // A pipeline whose jobs are such, and others that take them over and leave nothing of what they say.
    let file = |template: &str, count: usize, job: &str, heirs: usize| {
        let jobs = lines(count, &|n| format!("      j{n}: {{{job}}}"));
        let own = lines(count, &|n| {
            format!("      j{n}: {{branches: ~, inputs: ~}}")
        });
        let extended = |n: usize| {
            format!("  q{n}:\n    on: {{command: c{n}}}\n    extends: p\n    jobs:\n{own}")
        };
        let heirs = lines(heirs, &extended);
        let p = format!("  p:\n    on: pull_request\n    jobs:\n{jobs}");
        let text = format!("templates:\n  t: {{{template}}}\npipelines:\n{p}\n{heirs}\n");
        let size = text.len();
        assert!(size < crate::domain::config::LARGEST_FILE, "{size}");
        text
    };
    let accepted = read(&file(&costly, 35, &costly, 40)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        accepted.pipelines.map(|file| file.pipelines.len()),
        Some(41)
    );
    let rows = [
        file(&costly, 44, &costly, 0),
        file(&large, 30, "extends: t, inputs: ~", 20),
    ];
    assert_snapshot!(refusals(rows), @r"
    50:40: the file has more than 4000 patterns of branches. Use fewer, wider patterns
    20:22: templates and jobs come to more than 16777216 bytes once each is counted wherever it is taken over. Use shorter ones, or fewer that extend them
    ");
}
