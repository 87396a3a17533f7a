use super::*;
use insta::assert_snapshot;
use proptest::prelude::*;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn ok(sha: &str) -> Invocation {
    Invocation::OkToTest {
        sha: Ok(Some(ShaPrefix::new(sha).expect(sha))),
    }
}

fn unknown(word: &str, nearest: Option<&'static str>) -> Invocation {
    Invocation::Unknown {
        word: word.to_owned(),
        nearest,
    }
}

#[test]
fn every_spelling_is_understood() {
    for start in [
        "/ok to test",
        "/okay to test",
        "/ok-to-test",
        "/okay-to-test",
        "/OK To TEST",
        "/Okay-To-Test",
    ] {
        assert_eq!(parse(&format!("{start} {SHA}")), ok(SHA), "{start}");
        assert_eq!(
            parse(&format!("  {start}\t \u{a0}ABCDEF0  ")),
            ok("abcdef0"),
            "{start}"
        );
        assert_eq!(
            parse(start),
            Invocation::OkToTest { sha: Ok(None) },
            "{start}"
        );
    }
    assert_eq!(parse("/ok\u{a0}to \t test abcdef0"), ok("abcdef0"));
    for (line, command) in [
        ("/sync", Invocation::Sync),
        ("/STATUS", Invocation::Status),
        ("   /Help ", Invocation::Help),
        ("/Drawbridge  init", Invocation::Init),
    ] {
        assert_eq!(parse(line), command);
    }
}

#[test]
fn what_is_no_sha_is_named() {
    let long = "a".repeat(65);
    let rows = [
        "please",
        "abc",
        "0123456",
        &long,
        "abcdef0 thanks a lot",
        "`abcdef0`",
        "<sha>",
        "abcdef0,",
        "éééééééé",
    ];
    let answers: Vec<String> = rows
        .iter()
        .map(|row| match parse(&format!("/ok to test {row}")) {
            Invocation::OkToTest { sha: Err(bad) } => bad.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_snapshot!(answers.join("\n"), @r#"
    `please` is not a commit SHA: a SHA has only the digits 0-9 and a-f
    `abc` is too short: give at least 7 digits of the commit SHA
    OkToTest { sha: Ok(Some(ShaPrefix("0123456"))) }
    `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is too long for a commit SHA
    `thanks a lot` after the commit SHA is not understood
    `'abcdef0'` is not a commit SHA: a SHA has only the digits 0-9 and a-f
    `<sha>` is not a commit SHA: a SHA has only the digits 0-9 and a-f
    `abcdef0,` is not a commit SHA: a SHA has only the digits 0-9 and a-f
    `éééééééé` is not a commit SHA: a SHA has only the digits 0-9 and a-f
    "#);
    let extra = parse("/ok to test ABCDEF0 x");
    let sha = ShaPrefix::new("abcdef0").expect("a SHA");
    assert_eq!(
        extra,
        Invocation::OkToTest {
            sha: Err(BadSha::ExtraWords {
                sha,
                text: "x".into()
            })
        }
    );
}

#[test]
fn slips_get_help_and_other_bots_get_silence() {
    for line in [
        "/ok to tset",
        "/ok to tets abcdef0",
        "/ok test",
        "/ok test abcdef0",
        "/oktotest",
        "/ok_to_test",
        "/ok-to test",
        "/okay to tests",
        "/ko to test",
        "/ok to testt",
    ] {
        let Invocation::Unknown { nearest, .. } = parse(line) else {
            panic!("{line}")
        };
        assert_eq!(nearest, Some("/ok to test"), "{line}");
    }
    for (line, nearest) in [
        ("/staus", "/status"),
        ("/snyc", "/sync"),
        ("/synch", "/sync"),
        ("/halp", "/help"),
        ("/status?", "/status"),
        ("/status of this", "/status"),
        ("/sync now please", "/sync"),
    ] {
        let Invocation::Unknown { nearest: meant, .. } = parse(line) else {
            panic!("{line}")
        };
        assert_eq!(meant, Some(nearest), "{line}");
    }
    for line in [
        "/lgtm",
        "/merge",
        "/approve",
        "/hold",
        "/assign @alice",
        "/cc @bob",
        "/close",
        "/label bug",
        "/rebase",
        "/azp run",
        "/usr/bin/foo",
        "/usr/bin/sync",
        "/ok",
        "/okay",
        "/ok thanks",
        "/ok to merge",
        "/ok, will do",
        "/",
        "//",
        "/ ok to test",
        "/home",
        "/shrug",
    ] {
        assert_eq!(
            parse(line),
            unknown(line.split(' ').next().unwrap_or(""), None),
            "{line}"
        );
    }
    assert_eq!(parse(""), unknown("", None));
    assert_eq!(parse("ok to test"), unknown("ok", None));
}

#[test]
fn a_sha_names_only_the_commits_that_start_with_it() {
    let short = ShaPrefix::new("0123456").expect("a SHA");
    assert!(
        short.names(SHA)
            && short.names(&SHA.to_uppercase())
            && !short.is_full()
            && short.as_str().len() == 7
    );
    assert!(!short.names("0123456") && !short.names(&SHA.replace('0', "1")));
    let full = ShaPrefix::new(SHA).expect("a SHA");
    assert!(
        full.names(SHA) && full.is_full() && !full.names(&format!("{SHA}{}", "0".repeat(24))[..63])
    );
    let sha256 = ShaPrefix::new(&"ab".repeat(32)).expect("a SHA");
    assert!(sha256.is_full() && !sha256.names(SHA));
    assert!(!short.names("é".repeat(20).as_str()));
}

#[test]
fn the_table_has_one_row_per_command_and_each_spelling_is_itself_understood() {
    assert_snapshot!(help_table(), @r#"
    | command | who | effect |
    |---|---|---|
    | `/ok to test <sha>`, `/okay to test`, `/ok-to-test`, `/okay-to-test` | vetter | approve that commit (7 or more hex digits of its SHA) and mirror it |
    | `/retest [job…]` | vetter, or author of a trusted PR | run failed jobs again, or the named ones |
    | `/test <job…>` | vetter, or author of a trusted PR | run these jobs even where filters would skip them |
    | `/skip <job…> <reason>` | vetter | count the job as passed for this head; name and reason are shown in the gate |
    | `/cancel` | vetter, or author of a trusted PR | cancel running jobs |
    | `/sync` | anyone | look at GitHub again now |
    | `/status` | anyone | say what the bot thinks and what is needed next |
    | `/help` | anyone | show this table |
    | `/drawbridge init` | administrator of the repository | propose a first configuration as a pull request; heard on issues, too, and before there is a configuration |
    "#);
    for spec in TABLE {
        for spelling in spec.spellings() {
            assert!(
                !matches!(parse(spelling), Invocation::Unknown { .. }),
                "{spelling}"
            );
        }
    }
}

#[test]
fn everything_survives_being_stored_as_json() {
    for line in [
        "/ok to test abcdef0",
        "/ok to test",
        "/ok to test x",
        "/ok to test abcdef0 x",
        "/retest a b",
        "/test build (1, 2)",
        "/skip a because",
        "/cancel",
        "/sync",
        "/snyc",
        "/lgtm",
    ] {
        let invocation = parse(line);
        let stored = serde_json::to_string(&invocation).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Invocation>(&stored).expect("JSON"),
            invocation,
            "{stored}"
        );
    }
    let line = Line {
        text: "/sync".into(),
        suspicious: false,
    };
    let stored = serde_json::to_string(&line).expect("JSON");
    assert_eq!(serde_json::from_str::<Line>(&stored).expect("JSON"), line);
    assert!(serde_json::from_str::<ShaPrefix>("\"abc\"").is_err());
}

proptest! {
    #[test]
    fn only_hex_digits_name_a_commit(text in "[0-9a-zA-Z]{0,70}") {
        let valid = (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        prop_assert_eq!(ShaPrefix::new(&text).is_ok(), valid);
    }
}
