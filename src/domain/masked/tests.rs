use super::*;
use proptest::prelude::*;

#[test]
fn what_looks_like_a_secret_is_not_shown() {
    for (text, shown) in [
        (r#"{"a": "b", "n": 1}"#, r#"{"a": "b", "n": 1}"#),
        (
            r#"{"client_secret": "hidden", "x": "y"}"#,
            r#"{"client_secret": "…", "x": "y"}"#,
        ),
        (r#"{"token":"hid\"den","x":1}"#, r#"{"token":"…","x":1}"#),
        (
            r#"{"Token" : "hidden", "tokens": ["hidden", {"a": "hidden"}], "x": "y"}"#,
            r#"{"Token" : "…", "tokens": ["…", {"…": "…"}], "x": "y"}"#,
        ),
        (
            r#"{"API_KEY_2": "hidden", "x": ["token", "y"]}"#,
            r#"{"API_KEY_2": "…", "x": ["token", "y"]}"#,
        ),
        (r#"{"body": "my ghp_hidden1"}"#, r#"{"body": "…"}"#),
        (r#"{"body": "gh\u0070_hidden1"}"#, r#"{"body": "…"}"#),
        (r#"{"secret": "cut o"#, r#"{"secret": "…""#),
        (
            r#"{"token": -7.5e3, "title": "kept", "n": 12}"#,
            r#"{"token": 0, "title": "kept", "n": 12}"#,
        ),
        (
            r#"{"tokens": [12, null, {"a": 34}, true], "n": 12}"#,
            r#"{"tokens": [0, null, {"…": 0}, true], "n": 12}"#,
        ),
        (
            r#"{"body": "basic tests, basic understanding; Slovakia, npm_config_cache"}"#,
            r#"{"body": "basic tests, basic understanding; Slovakia, npm_config_cache"}"#,
        ),
        (
            r#"{"url": "https://example.com/a@b", "title": "tokens of love"}"#,
            r#"{"url": "https://example.com/a@b", "title": "tokens of love"}"#,
        ),
    ] {
        assert_eq!(masked(text), shown, "{text}");
    }
}

/// Walking on from each of them would take many minutes.
#[test]
fn a_text_of_names_of_secrets_is_read_once_however_long_it_is() {
    for of in [
        "token",
        "token ",
        "token\\\\",
        "token-\\\"%22",
        "://",
        "basic ",
        "akia",
        "npm_",
    ] {
        let text = of.repeat((1 << 20) / of.len());
        let json = serde_json::json!({ "body": text }).to_string();
        assert_eq!(masked(&json), json, "{of}");
    }
}

#[test]
fn secrets_are_known_by_how_they_are_written() {
    for secret in [
        "Authorization: Bearer hidden",
        "authorization: token hidden",
        "Basic aGlkZGVu",
        "ghs_hidden",
        "github_pat_hidden",
        "glpat-hidden",
        "https://x-access-token:hidden@github.com/a/b",
        "https://user:hidden@example.com",
        "-----BEGIN RSA PRIVATE KEY-----\nhidden",
        "{\"token\": \"hidden\"}",
        "{\\\"token\\\": \\\"hidden\\\"}",
        "password=hidden",
        "a=b&client_secret=hidden",
        "DB_PASSWORD: hidden",
        "eyJhbGciOiJIUzI1NiJ9.hidden",
        "https://example.com/?next=%2F%3Ftoken%3Dhidden",
        "%7B%22password%22%3A%22hidden%22%7D",
        "a=token%253Dhidden",
        "my sk_live_hidden",
        "https://hooks.slack.com/services/hidden",
    ] {
        let json = serde_json::json!({ "body": secret }).to_string();
        assert_eq!(masked(&json), r#"{"body":"…"}"#, "{secret}");
        assert!(!masked(secret).contains("hidden"), "{secret}");
    }
}

#[test]
fn what_may_be_a_secret_is_known_by_what_follows() {
    for (text, hidden) in [
        ("AKIAIOSFODNN7EXAMPLE", true),
        ("nakia is a name", false),
        ("npm_0123456789abcdefghijklmnopqrstuvwxyz", true),
        ("npm_config_registry", false),
        ("BASIC YWxhZGRpbg==", true),
        ("Basic Authentication", false),
        ("Basic", false),
    ] {
        assert_eq!(masked(text) == HIDDEN, hidden, "{text}");
    }
}

/// A text in which nothing is secret.
fn harmless() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 .,/\\n\"{}\\[\\]:äöü\\\\-]{0,24}"
}

/// What must not be seen, as somebody might write it down, and the key under which.
fn secret() -> impl Strategy<Value = (String, String)> {
    let marked = prop::sample::select(
        &[
            "ghp_",
            "ghs_",
            "github_pat_",
            "glpat-",
            "Bearer eyJ",
            "-----BEGIN KEY-----\n",
            "token=",
            "PASSWORD: ",
            "https://user:",
        ][..],
    );
    let named = prop::sample::select(
        &[
            "token",
            "client_secret",
            "Password",
            "key",
            "deploy_key",
            "Authorization",
            "cookie",
        ][..],
    );
    prop_oneof![
        (marked, harmless()).prop_map(|(mark, before)| {
            let end = if mark.starts_with("https") {
                "@example.com/a"
            } else {
                ""
            };
            ("title".to_owned(), format!("{before}{mark}{NEEDLE}{end}"))
        }),
        named.prop_map(|name| (name.to_owned(), NEEDLE.to_owned())),
    ]
}

const NEEDLE: &str = "Needle0123456789";

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        harmless().prop_map(serde_json::Value::from),
        any::<i32>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        secret().prop_map(|(key, value)| serde_json::json!({ key: value })),
        secret().prop_map(|(key, value)| serde_json::json!({ key: [value, { "a": 1 }] })),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-z\"\\\\]{1,6}", inner, 0..5)
                .prop_map(serde_json::Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn no_secret_survives_and_json_stays_json(value in json(), pretty in any::<bool>()) {
        let text = match pretty {
            true => serde_json::to_string_pretty(&value).unwrap(),
            false => value.to_string(),
        };
        let shown = masked(&text);
        prop_assert!(!shown.contains(NEEDLE), "{shown}");
        prop_assert!(serde_json::from_str::<serde_json::Value>(&shown).is_ok(), "{text} → {shown}");
        prop_assert_eq!(masked(&shown), shown, "what is masked stays as it is");
    }
}
