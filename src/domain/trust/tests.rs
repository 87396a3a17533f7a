//! Who is trusted with what, as a table: each row changes one thing about a pull request that is trusted.

use super::*;
use crate::domain::config::{RepoConfig, Scope, parse, resolve};

fn config(more: &str) -> RepoConfig {
    let text = format!("enabled: true\n{more}");
    let file =
        parse(".github/drawbridge.yaml", &text, Scope::Repository).expect("a good configuration");
    resolve(None, Some(&file), None).expect("valid")
}

fn user(id: u64, login: &str) -> Account {
    Account {
        id: UserId(id),
        login: login.to_owned(),
        kind: AccountKind::User,
    }
}

fn bot(login: &str) -> Account {
    Account {
        kind: AccountKind::Bot,
        ..user(900, login)
    }
}

fn maya() -> Account {
    user(1, "maya")
}

fn stranger() -> Account {
    user(2, "stranger")
}

fn web_flow() -> Account {
    Account {
        id: WEB_FLOW,
        ..user(0, "web-flow")
    }
}

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).expect("forty digits")
}

fn commit(author: Option<Account>, committer: Option<Account>, verified: bool) -> CommitFact {
    CommitFact {
        sha: sha('a'),
        author,
        committer,
        verified,
        reason: if verified { "valid" } else { "unsigned" }.to_owned(),
    }
}

/// A ready pull request of maya, one commit, hers and signed.
fn trusted() -> Evidence {
    Evidence {
        pull: PullView {
            number: PrNumber(7),
            open: true,
            draft: false,
            title: "A change".into(),
            author: Some(maya()),
            head: sha('a'),
            base: "main".to_owned(),
            base_sha: None,
            labels: Default::default(),
            commits: 1,
            changed_files: 1,
            updated_at: DateTime::UNIX_EPOCH,
            created_at: DateTime::UNIX_EPOCH,
        },
        commits: Listing::Complete(vec![commit(Some(maya()), Some(maya()), true)]),
        files: Listing::NotNeeded,
        members: BTreeMap::from([(UserId(1), true), (UserId(2), false), (UserId(900), true)]),
    }
}

fn with(change: impl FnOnce(&mut Evidence)) -> Evidence {
    let mut evidence = trusted();
    change(&mut evidence);
    evidence
}

fn one_commit(author: Option<Account>, committer: Option<Account>, verified: bool) -> Evidence {
    with(|e| e.commits = Listing::Complete(vec![commit(author, committer, verified)]))
}

fn files(paths: &[&str]) -> Evidence {
    let files = paths.iter().map(|path| ChangedFile {
        path: (*path).to_owned(),
        previous: None,
    });
    with(|e| e.files = Listing::Complete(files.collect()))
}

/// What people would say of a verdict, in a word or two.
fn in_short(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Trusted => "trusted".to_owned(),
        Verdict::Approved(approval) => format!("approved by {}", approval.by.login),
        Verdict::AutoSyncOff { draft: true } => "draft waits".to_owned(),
        Verdict::AutoSyncOff { draft: false } => "ready waits".to_owned(),
        Verdict::NeedsVetting(reasons) => {
            let words: Vec<String> = reasons
                .iter()
                .map(|reason| match reason {
                    Reason::AlwaysVet { path } => format!("touches {path}"),
                    Reason::TooManyCommits(n) => format!("{n} commits"),
                    Reason::TooManyFiles(n) => format!("{n} files"),
                    Reason::AuthorGone => "author gone".to_owned(),
                    Reason::AuthorUntrusted(account) => format!("author {}", account.login),
                    Reason::Unverified { reason, .. } => reason.clone(),
                    Reason::Unknown { role, .. } => format!("unknown {role:?}"),
                    Reason::Untrusted { role, account, .. } => {
                        format!("{role:?} {}", account.login)
                    }
                })
                .collect();
            words.join(", ")
        }
    }
}

#[test]
fn a_head_is_judged_by_the_first_rule_that_speaks() {
    let m = || Some(maya());
    let s = || Some(stranger());
    let vet = "trust: {always_vet: ['.github/workflows/**']}";
    let unsigned_ok = "trust: {require_verified_commits: false}";
    let rows: Vec<(&str, Evidence, &str, &str)> = vec![
        ("a member's signed commit", trusted(), "", "trusted"),
        (
            "opened by a stranger",
            with(|e| e.pull.author = s()),
            "",
            "author stranger",
        ),
        (
            "opened by a listed trustee, case aside",
            with(|e| e.pull.author = s()),
            "additional_trustees: [STRANGER]",
            "trusted",
        ),
        (
            "opened by an account that is gone",
            with(|e| e.pull.author = None),
            "",
            "author gone",
        ),
        (
            "membership never asked",
            with(|e| e.members.clear()),
            "",
            "author maya, Author maya, Committer maya",
        ),
        (
            "an unsigned commit",
            one_commit(m(), m(), false),
            "",
            "unsigned",
        ),
        (
            "an unsigned commit where that is allowed",
            one_commit(m(), m(), false),
            unsigned_ok,
            "trusted",
        ),
        (
            "a commit of a stranger",
            one_commit(s(), m(), true),
            "",
            "Author stranger",
        ),
        (
            "committed by a stranger",
            one_commit(m(), s(), true),
            "",
            "Committer stranger",
        ),
        (
            "an author nobody knows",
            one_commit(None, m(), true),
            "",
            "unknown Author",
        ),
        (
            "a committer nobody knows",
            one_commit(m(), None, true),
            "",
            "unknown Committer",
        ),
        (
            "unsigned and unknown, both are said",
            one_commit(None, None, false),
            "",
            "unsigned, unknown Author, unknown Committer",
        ),
        (
            "made on github.com",
            one_commit(m(), Some(web_flow()), true),
            "",
            "trusted",
        ),
        (
            "made on github.com by a stranger",
            one_commit(s(), Some(web_flow()), true),
            "",
            "Author stranger",
        ),
        (
            "web-flow's e-mail without its signature",
            one_commit(m(), Some(web_flow()), false),
            unsigned_ok,
            "unsigned",
        ),
        (
            "web-flow as an author is nobody's friend",
            one_commit(Some(web_flow()), m(), true),
            "",
            "Author web-flow",
        ),
        (
            "somebody called web-flow who is not",
            one_commit(m(), Some(user(77, "web-flow")), true),
            "",
            "Committer web-flow",
        ),
        (
            "a bot, even if a member has its number",
            with(|e| e.pull.author = Some(bot("dependabot[bot]"))),
            "",
            "author dependabot[bot]",
        ),
        (
            "a listed bot",
            with(|e| e.pull.author = Some(bot("dependabot[bot]"))),
            "additional_trustees: ['dependabot[bot]']",
            "trusted",
        ),
        (
            "more commits than are listed",
            with(|e| e.commits = Listing::TooLong(300)),
            "",
            "300 commits",
        ),
        (
            "no commits at all",
            with(|e| e.commits = Listing::Complete(vec![])),
            "",
            "1 commits",
        ),
        (
            "a workflow touched",
            files(&["a.rs", ".github/workflows/ci.yml"]),
            vet,
            "touches .github/workflows/ci.yml",
        ),
        ("no workflow touched", files(&["a.rs"]), vet, "trusted"),
        (
            "files matter and are too many",
            with(|e| e.files = Listing::TooLong(3001)),
            vet,
            "3001 files",
        ),
        ("files matter and were not read", trusted(), vet, "1 files"),
        (
            "files do not matter and are too many",
            with(|e| e.files = Listing::TooLong(3001)),
            "",
            "trusted",
        ),
        ("a draft", with(|e| e.pull.draft = true), "", "trusted"),
        (
            "a draft, drafts off",
            with(|e| e.pull.draft = true),
            "auto_sync_draft: false",
            "draft waits",
        ),
        (
            "a draft follows ready",
            with(|e| e.pull.draft = true),
            "auto_sync_ready: false",
            "draft waits",
        ),
        (
            "ready, ready off",
            trusted(),
            "auto_sync_ready: false",
            "ready waits",
        ),
        (
            "ready off, drafts on",
            with(|e| e.pull.draft = true),
            "{auto_sync_ready: false, auto_sync_draft: true}",
            "trusted",
        ),
        (
            "a stranger's draft is vetted first",
            with(|e| {
                e.pull.draft = true;
                e.pull.author = s();
            }),
            "auto_sync_draft: false",
            "author stranger",
        ),
    ];
    for (what, evidence, more, verdict) in rows {
        let config = match more.strip_prefix('{') {
            Some(inner) => config(&inner.trim_end_matches('}').replace(", ", "\n")),
            None => config(more),
        };
        let judgement = judge(&config, &[], &evidence);
        assert_eq!(in_short(&judgement), verdict, "{what}");
        // What people are shown of it speaks against the head exactly where the verdict does.
        let shown = speaks_against(&judged(&config, &[], &evidence));
        let against = matches!(judgement, Verdict::NeedsVetting(_));
        assert_eq!(shown, against, "{what}");
    }
}

fn speaks_against(judged: &Judged) -> bool {
    matches!(judged.paths, Paths::Touched(_) | Paths::TooMany(_))
        || judged.author_trusted != Some(true)
        || judged.too_many.is_some()
        || judged.commits.iter().any(|commit| !commit.passes())
}

#[test]
fn of_many_commits_those_are_kept_that_speak_against_the_head() {
    let good = || commit(Some(maya()), Some(maya()), true);
    let bad = || commit(Some(stranger()), Some(maya()), false);
    let commits = (0..250).map(|at| if at == 249 { bad() } else { good() });
    let evidence = with(|e| e.commits = Listing::Complete(commits.collect()));
    let judged = judged(&config(""), &[], &evidence);
    assert_eq!((judged.commits.len(), judged.looked_at), (100, 250));
    let against = judged.commits.iter().filter(|commit| !commit.passes());
    assert_eq!(against.count(), 1);
}

#[test]
fn an_approval_counts_for_its_own_sha_only() {
    let approval = |of| Approval {
        sha: sha(of),
        by: maya(),
        at: DateTime::UNIX_EPOCH,
    };
    let strangers = with(|e| e.pull.author = Some(stranger()));
    let judged = |approvals: &[Approval]| in_short(&judge(&config(""), approvals, &strangers));
    assert_eq!(judged(&[approval('a')]), "approved by maya");
    assert_eq!(judged(&[approval('b')]), "author stranger");
    assert_eq!(
        judged(&[approval('b'), approval('a'), approval('c')]),
        "approved by maya"
    );
}

#[test]
fn the_second_commit_is_looked_at_too() {
    let commits = vec![
        commit(Some(maya()), Some(maya()), true),
        commit(Some(stranger()), Some(stranger()), true),
    ];
    let evidence = with(|e| e.commits = Listing::Complete(commits));
    let verdict = judge(&config(""), &[], &evidence);
    assert_eq!(in_short(&verdict), "Author stranger, Committer stranger");
}
