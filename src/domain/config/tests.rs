use super::*;
use crate::domain::event::AccountKind;
use insta::assert_snapshot;
use proptest::prelude::*;

const PATH: &str = PATHS[0];

fn read(text: &str) -> ConfigFile {
    parse(PATH, text, Scope::Repository).unwrap_or_else(|error| panic!("{error}"))
}

fn org(text: &str) -> ConfigFile {
    parse(PATH, text, Scope::Organisation).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(text: &str) -> String {
    parse(PATH, text, Scope::Repository)
        .expect_err(text)
        .to_string()
}

fn of(text: &str) -> RepoConfig {
    resolve(None, Some(&read(text)), None).expect(text)
}

fn account(login: &str, id: u64) -> Account {
    Account {
        id: UserId(id),
        login: login.to_owned(),
        kind: AccountKind::User,
    }
}

#[test]
fn a_file_that_says_nothing_leaves_the_defaults() {
    for text in [
        "",
        "\n",
        "# comment\n",
        "---\n",
        "\u{feff}",
        "enabled:\n",
        "trust:\n",
        "additional_trustees:\n#- alice\n",
    ] {
        let config = of(text);
        assert_eq!(config, RepoConfig::default(), "{text:?}");
        assert!(!config.enabled && config.auto_sync_ready && config.auto_sync_draft);
        assert!(config.trust.require_verified_commits && !config.trust.approve_without_sha);
        assert!(!config.require_filter_coverage && config.filters.is_empty());
    }
}

#[test]
fn the_file_of_copy_pr_bot_works_unchanged() {
    // The example of https://docs.gha-runners.nvidia.com/platform/apps/copy-pr-bot/, with other names.
    let text = "# é\nenabled: true\nadditional_trustees:\n  - gh_user_1 # ignored\n  - &n 007\n  - *n\n  - no\nadditional_vetters:\n  \
                - Vetter-1\n  - dependabot[bot]\nauto_sync_draft: false\nauto_sync_ready: true\n";
    let config = resolve(
        None,
        Some(&parse(PATHS[1], text, Scope::Repository).expect("valid")),
        None,
    )
    .expect("valid");
    assert!(config.enabled && !config.auto_sync_draft && config.auto_sync_ready);
    assert_eq!(
        config.additional_trustees,
        ["gh_user_1", "007", "007", "no"]
    );
    for vetter in ["vetter-1", "Dependabot[bot]"] {
        assert!(config.is_listed_vetter(&account(vetter, 7)), "{vetter}");
    }
    assert!(!config.is_listed_vetter(&account("vetter-2", 7)));
    assert!(!config.is_listed_trustee(&account("vetter-1", 7)));
    assert!(config.is_listed_trustee(&account("GH_USER_1", 7)));
}

#[test]
fn the_example_of_the_design_is_understood() {
    let config = of(
        "enabled: true\nauto_sync_draft: false\nadditional_trustees: [alice]\nadditional_vetters: [bob]\n\
        trust:\n  require_verified_commits: false\n  always_vet: ['.github/workflows/**']\n  approve_without_sha: true\n\
        filters:\n  docs: ['docs/**', '**/*.md']\n  core: ['lib/**', '*.rs', '!**/*.md']\n\
        require_filter_coverage: true\n",
    );
    assert_eq!(config.trust.always_vet, [".github/workflows/**"]);
    assert!(!config.trust.require_verified_commits && config.trust.approve_without_sha);
    assert_eq!(config.filters["core"], ["lib/**", "*.rs", "!**/*.md"]);
    assert!(config.require_filter_coverage);
}

#[test]
fn drafts_follow_ready_unless_said_otherwise() {
    assert!(!of("auto_sync_ready: false").auto_sync_draft);
    assert!(of("auto_sync_ready: false\nauto_sync_draft: true").auto_sync_draft);
}

#[test]
fn each_refusal_names_the_thing_the_place_and_the_remedy() {
    let rows = [
        "enabled: yes",
        "enabled: [true]",
        "enabled: 1",
        "enabled: true\nenabled: false",
        "enabled: true\nauto_sync_drft: true",
        "autoSyncReady: true",
        "colour: red",
        "require_verified_commits: true",
        "trust:\n  enabled: true",
        "trust: true",
        "trust:\n  always_vet: ['ok/**', 'bad/[a']",
        "additional_trustees: alice",
        "additional_trustees: ['@alice']",
        "additional_vetters:\n  - org/team",
        "additional_vetters:\n  - [a]",
        "additional_vetters:\n  - \"a\\u202eb\"",
        "filters:\n  docs: [/docs/**]",
        "filters:\n  md: [**/*.md]",
        "filters:\n  md:\n    - !docs/**",
        "filters:\n  md:\n    - added: docs/**",
        "filters:\n  md:\n",
        "filters:\n  md: []",
        "filters: ../secrets.yaml",
        "filters: docs/**",
        "enabled: true\npipelines: {}",
        "locked: [enabled]",
        "- enabled",
        "true",
        "enabled: true\n---\nenabled: false",
        "enabled: true\n  trust: x",
        "a: &a [*a]",
    ];
    let all: Vec<String> = rows.iter().map(|row| refusal(row)).collect();
    assert_snapshot!(all.join("\n"), @r"
    .github/drawbridge.yaml:1:10: `enabled` should be true or false, but is a text `yes`. Write true or false, without quotes
    .github/drawbridge.yaml:1:10: `enabled` should be true or false, but is a list
    .github/drawbridge.yaml:1:10: `enabled` should be true or false, but is a number `1`
    .github/drawbridge.yaml:2:1: the key `enabled` is written twice in one mapping. Keep one of them
    .github/drawbridge.yaml:2:1: unknown key `auto_sync_drft`. Did you mean `auto_sync_draft`?
    .github/drawbridge.yaml:1:1: unknown key `autoSyncReady`. Did you mean `auto_sync_ready`?
    .github/drawbridge.yaml:1:1: unknown key `colour`. Known keys here: enabled, auto_sync_draft, auto_sync_ready, additional_trustees, additional_vetters, trust, filters, require_filter_coverage, pipelines, templates
    .github/drawbridge.yaml:1:1: unknown key `require_verified_commits`. `require_verified_commits` belongs under `trust:`
    .github/drawbridge.yaml:2:3: unknown key `trust.enabled`. `enabled` belongs at the top level of the file
    .github/drawbridge.yaml:1:8: `trust` should be a mapping of keys to values, but is a boolean `true`
    .github/drawbridge.yaml:2:25: `trust.always_vet`: pattern `bad/[a` has a `[` without its `]`. Close it with `]`, or write `[[]` for a literal bracket
    .github/drawbridge.yaml:1:22: `additional_trustees` should be a list of texts, but is a text `alice`. Write `[alice]`
    .github/drawbridge.yaml:1:23: `additional_trustees`: `@alice` is no login. Write `alice`, without `@`
    .github/drawbridge.yaml:2:5: `additional_vetters`: `org/team` is no login; teams are not supported. List people
    .github/drawbridge.yaml:2:5: `additional_vetters[0]` should be a text, but is a list
    .github/drawbridge.yaml:2:5: `additional_vetters`: `a\u{202e}b` is no login. A login has letters, digits and `-`
    .github/drawbridge.yaml:2:10: filter `docs`: pattern `/docs/**` starts with `/` and would never match. Paths in a repository start without `/`: write `docs/**`
    .github/drawbridge.yaml:2:8: `*` starts a YAML alias, and no anchor of that name stands before it. A pattern that starts with `*` needs quotes: '**/*.md'
    .github/drawbridge.yaml:3:15: `!docs/**` is a YAML tag, which has no meaning here. A pattern that starts with `!` needs quotes: '!docs/**'
    .github/drawbridge.yaml:3:7: filter `md`: patterns by kind of change (`added: …`) are not supported. List the patterns directly
    .github/drawbridge.yaml:2:5: filter `md`: a pattern is missing
    .github/drawbridge.yaml:2:3: filter `md` has no patterns and would never match. Give it a pattern, or remove it
    .github/drawbridge.yaml:1:10: `filters` names the file `../secrets.yaml`, which has an empty, `.` or `..` part. Write a path from the root of the repository, such as `.github/filters.yaml`
    .github/drawbridge.yaml:1:10: `filters` names the file `docs/**`, which does not end in `.yaml` or `.yml`. Write a path from the root of the repository, such as `.github/filters.yaml`
    .github/drawbridge.yaml:2:1: `pipelines` is empty, so that nothing would be built. Remove `pipelines`, so that every build of the mirror counts, or add a pipeline
    .github/drawbridge.yaml:1:1: `locked` has no meaning in a repository's own file. Move it to the organisation's file, in its `.github` repository
    .github/drawbridge.yaml:1:1: The file should be a mapping of keys to values, but is a list. Write a line such as `enabled: true`
    .github/drawbridge.yaml:1:1: The file should be a mapping of keys to values, but is a boolean `true`. Write a line such as `enabled: true`
    .github/drawbridge.yaml:3:1: the file has more than one YAML document. Remove everything from the second `---` on
    .github/drawbridge.yaml:2:8: not valid YAML: mapping values are not allowed in this context
    .github/drawbridge.yaml:1:8: an anchor contains itself. Remove the alias inside its own anchor
    ");
}

#[test]
fn an_account_with_a_number_is_that_number_whatever_it_is_called() {
    let config = read("additional_trustees: [alice#5, bob]\nadditional_vetters: ['ci[bot]#8']\n");
    let config = resolve(None, Some(&config), None).expect("valid");
    for (login, id, trusted) in [
        ("alice", 5, true),
        ("renamed", 5, true),
        // Somebody else took the login.
        ("alice", 6, false),
        ("alice#5", 6, false),
        ("bob", 9, true),
        ("renamed-bob", 9, false),
        ("ci[bot]", 8, false),
    ] {
        let trustee = config.is_listed_trustee(&account(login, id));
        assert_eq!(trustee, trusted, "{login} {id}");
    }
    assert!(config.is_listed_vetter(&account("ci[bot]", 8)));
    for bad in [
        "alice#",
        "alice#0",
        "alice#05",
        "alice#+5",
        "alice#5#6",
        "alice#x",
        "alice#99999999999999999999",
    ] {
        let error = parse(
            PATH,
            &format!("additional_vetters: ['{bad}']"),
            Scope::Repository,
        );
        let error = error.expect_err(bad).to_string();
        assert!(
            error.contains("no account's number") && error.contains("/users/alice"),
            "{error}"
        );
    }
}

#[test]
fn the_organisation_gives_defaults_and_the_repository_wins_key_by_key() {
    let org = org(
        "enabled: true\nauto_sync_ready: false\nadditional_vetters: [boss]\n\
                   trust: {always_vet: ['.github/**'], require_verified_commits: false}\n",
    );
    let alone = resolve(Some(&org), None, None).expect("valid");
    assert!(alone.enabled && !alone.auto_sync_draft && alone.is_listed_vetter(&account("boss", 7)));
    let repo = read(
        "auto_sync_ready: true\nadditional_vetters: []\ntrust: {require_verified_commits: true}\n",
    );
    let both = resolve(Some(&org), Some(&repo), None).expect("valid");
    assert!(both.enabled && both.auto_sync_ready && !both.is_listed_vetter(&account("boss", 7)));
    assert!(both.trust.require_verified_commits);
    assert_eq!(both.trust.always_vet, [".github/**"]);
}

#[test]
fn a_locked_key_is_the_organisations_even_where_it_says_nothing() {
    let org = org(
        "locked: [trust.require_verified_commits, additional_trustees]\nadditional_trustees: [alice]\n",
    );
    let repo = read(
        "enabled: true\nadditional_trustees: [mallory]\n\
                     trust: {require_verified_commits: false, approve_without_sha: true}\n",
    );
    let config = resolve(Some(&org), Some(&repo), None).expect("valid");
    assert!(
        config.enabled && config.trust.require_verified_commits && config.trust.approve_without_sha
    );
    assert_eq!(config.additional_trustees, ["alice"]);

    let whole = parse(PATH, "locked: [trust]", Scope::Organisation).expect("valid");
    assert!(
        !resolve(Some(&whole), Some(&repo), None)
            .expect("valid")
            .trust
            .approve_without_sha
    );
}

#[test]
fn locking_an_unknown_key_is_refused() {
    let errors = [
        "locked: [enabld]",
        "locked: [require_verified_commits]",
        "locked: [templates]",
        "locked: trust",
    ]
    .map(|text| {
        parse(PATH, text, Scope::Organisation)
            .expect_err(text)
            .to_string()
    });
    assert_snapshot!(errors.join("\n"), @r"
    .github/drawbridge.yaml:1:10: `locked` names an unknown key `enabld`. Did you mean `enabled`?
    .github/drawbridge.yaml:1:10: `locked` names an unknown key `require_verified_commits`. Did you mean `trust.require_verified_commits`?
    .github/drawbridge.yaml:1:10: `locked` names an unknown key `templates`. Keys that can be locked: enabled, auto_sync_draft, auto_sync_ready, additional_trustees, additional_vetters, trust, trust.require_verified_commits, trust.always_vet, trust.approve_without_sha, filters, require_filter_coverage, pipelines
    .github/drawbridge.yaml:1:9: `locked` should be a list of texts, but is a text `trust`. Write `[trust]`
    ");
}

#[test]
fn filters_may_live_in_a_file_of_their_own() {
    let repo = read("filters: ./.github/filters.yaml");
    let named = NamedFiltersFile {
        scope: Scope::Repository,
        path: ".github/filters.yaml",
    };
    assert_eq!(filters_file(None, Some(&repo)), Some(named));
    let missing = resolve(None, Some(&repo), None).expect("valid");
    assert_eq!(
        missing.missing_filters_file.as_deref(),
        Some(".github/filters.yaml")
    );

    let text = "shared: &shared\n  - common/**\n  - &deep ['**/*.toml', [x]]\nrust:\n  - *shared\n  - '*.rs'\n  \
                - '!**/*.md'\none: docs/**\nmore: {<<: *x}\n";
    let error = parse_filters(named.path, text).expect_err("no anchor x");
    assert_eq!(
        (error.path.as_str(), error.line, error.column),
        (named.path, Some(9), Some(12))
    );
    let filters = parse_filters(
        named.path,
        text.trim_end().rsplit_once('\n').expect("lines").0,
    )
    .expect("valid");
    assert_eq!(
        filters["rust"],
        ["common/**", "**/*.toml", "x", "*.rs", "!**/*.md"]
    );
    assert_eq!(filters["one"], ["docs/**"]);
    let given = resolve(None, Some(&repo), Some(&filters)).expect("valid");
    assert_eq!((given.filters, given.missing_filters_file), (filters, None));

    let org = org("filters: all.yml\nlocked: [filters]");
    assert_eq!(
        filters_file(Some(&org), Some(&repo)).map(|file| file.scope),
        Some(Scope::Organisation)
    );
    assert_eq!(filters_file(None, Some(&read("filters: {a: b}"))), None);
    assert_eq!(parse_filters("f.yaml", ""), Ok(Filters::new()));
}

#[test]
fn files_are_bounded_in_size_depth_and_unfolding() {
    let large = format!("# {}\n", "x".repeat(LARGEST_FILE));
    let deep = format!("filters:\n  a: {}{}", "[".repeat(200), "]".repeat(200));
    let deeper = format!("filters:\n  a: {}", "[".repeat(100_000));
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let alias = format!("*a{}", n - 1);
        laughs.push_str(&format!(
            "a{n}: &a{n} [{}]\n",
            [alias.as_str(); 9].join(", ")
        ));
    }
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        vec!["*a"; 5_000].join(", ")
    );
    let many = format!(
        "filters:\n  a: [{}]",
        vec!["'**/*?{a,b}*'"; 1_001].join(", ")
    );
    for text in [&large, &deep, &deeper, &laughs, &long, &many] {
        let error = refusal(text);
        assert!(
            ["too large", "more than"]
                .iter()
                .any(|part| error.contains(part)),
            "{error}"
        );
    }
}

#[test]
fn everything_survives_being_stored_as_json() {
    let text = "enabled: true\nadditional_trustees: [a]\ntrust: {always_vet: ['x/**']}\nfilters: {a: [b, c]}\n";
    let file = org(&format!("{text}locked: [trust.always_vet]"));
    let stored = serde_json::to_string(&file).expect("JSON");
    assert_eq!(
        serde_json::from_str::<ConfigFile>(&stored).expect("JSON"),
        file
    );
    let config = of(text);
    let stored = serde_json::to_string(&config).expect("JSON");
    assert_eq!(
        serde_json::from_str::<RepoConfig>(&stored).expect("JSON"),
        config
    );
    assert_eq!(
        serde_json::from_str::<RepoConfig>("{}").expect("JSON"),
        RepoConfig::default()
    );
    for key in Key::ALL {
        assert_eq!(serde_json::to_value(key).expect("JSON"), key.name());
        assert_eq!(Key::from_name(key.name()), Some(key));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,80}") {
        let _ = parse(PATH, &text, Scope::Organisation);
        let _ = parse_filters(PATH, &text);
    }

    #[test]
    fn any_mixture_of_yaml_is_read_or_refused(pieces in prop::collection::vec(prop::sample::select(vec![
        "enabled", "trust", "filters", "locked", "a", ": ", ":\n", "\n", "  ", "- ", "[", "]", "{", "}", ", ", "&a ",
        "*a", "!t ", "'", "\"", "|\n", "#", "<<", "true", "1", "~", "---\n", "...\n", "\t", "é", "? ", "%",
    ]), 0..24)) {
        let text = pieces.concat();
        match parse(PATH, &text, Scope::Organisation) {
            Ok(file) => { let _ = resolve(Some(&file), Some(&file), None); }
            Err(error) => prop_assert!(!error.message.is_empty() && !error.message.contains('\n')),
        }
        let _ = parse_filters(PATH, &text);
    }
}
