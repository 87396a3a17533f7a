//! Payloads with what looks like a secret taken out. Few may look at them, and still: pages are copied into issues, and disks into
//! backups.
//!
//! What can't be told is taken out as a whole: a text in which a secret is, is not shown in part.

/// A key with one of these in its name has a secret as its value.
const KEYS: [&str; 11] = [
    "secret",
    "token",
    "password",
    "passwd",
    "authorization",
    "private_key",
    "privatekey",
    "api_key",
    "apikey",
    "credential",
    "cookie",
];

/// What secrets begin with, or what stands before them; in lower case.
const MARKS: [&str; 19] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "glptt-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "x-access-token",
    "bearer ",
    "basic ",
    "-----begin",
    // A JWT: `{"` in base64.
    "eyj",
];

const HIDDEN: &str = "…";

/// Takes out what looks like a secret.
pub(crate) fn masked(text: &str) -> String {
    let mut shown = String::new();
    let mut value = Value::Shown;
    // JSON: texts stand between quotes. A text that is cut off has no end.
    for (at, piece) in quotes(text).into_iter().enumerate() {
        if at % 2 == 0 {
            value = value.past(piece);
            // A payload that is no JSON has its secrets here.
            shown.push_str(if looks_secret(piece) { HIDDEN } else { piece });
            continue;
        }
        let meant: String =
            serde_json::from_str(&format!("\"{piece}\"")).unwrap_or_else(|_| piece.to_owned());
        let hidden = value.is_hidden() || looks_secret(piece) || looks_secret(&meant);
        shown.push('"');
        shown.push_str(if hidden { HIDDEN } else { piece });
        shown.push('"');
        if value == Value::Shown && names_secret(&meant) {
            value = Value::AfterKey;
        }
    }
    shown
}

/// Whether the next text is the value of a key that is called like a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Shown,
    /// Such a name was read; a colon makes it a key.
    AfterKey,
    /// The value, or the first of a list or object of them.
    Next,
    /// In a list or an object of them, so many deep.
    Within(usize),
}

impl Value {
    fn is_hidden(self) -> bool {
        matches!(self, Self::Next | Self::Within(_))
    }

    /// Reads on over what stands between two texts.
    fn past(self, between: &str) -> Self {
        let mut value = match self {
            // Whatever followed was the whole value.
            Self::Next => Self::Shown,
            other => other,
        };
        for c in between.chars() {
            value = match (value, c) {
                (Self::AfterKey, ':') => Self::Next,
                (Self::AfterKey, c) if !c.is_whitespace() => Self::Shown,
                (Self::Next, '[' | '{') => Self::Within(1),
                (Self::Next, c) if !c.is_whitespace() => Self::Shown,
                (Self::Within(depth), '[' | '{') => Self::Within(depth + 1),
                (Self::Within(1), ']' | '}') => Self::Shown,
                (Self::Within(depth), ']' | '}') => Self::Within(depth - 1),
                (value, _) => value,
            };
        }
        value
    }
}

fn names_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    let is_key = key == "key" || key.ends_with("_key") || key.ends_with("-key");
    key.len() <= 100 && (is_key || KEYS.iter().any(|name| key.contains(name)))
}

/// Whether a secret seems to stand in a text: a mark of one, a name with `=` or `:` behind it, or an address with a password.
fn looks_secret(text: &str) -> bool {
    let text = text.to_lowercase();
    MARKS.iter().any(|mark| text.contains(mark))
        || KEYS.iter().any(|key| {
            text.match_indices(key).any(|(at, _)| {
                let behind = text[at + key.len()..]
                    .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-".contains(c))
                    .trim_start_matches(['"', '\'', '\\'])
                    .trim_start();
                behind.starts_with(['=', ':'])
            })
        })
        || text.match_indices("://").any(|(at, _)| {
            let rest = &text[at + 3..];
            let host = rest.split(['/', '?', '#', ' ', '"', '\n']).next();
            host.is_some_and(|host| host.contains('@'))
        })
}

/// The pieces between unescaped quotes; every second one is a text.
fn quotes(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '"' && !escaped {
            pieces.push(&text[begin..at]);
            begin = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    pieces.push(&text[begin..]);
    pieces
}

#[cfg(test)]
mod tests {
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
                r#"{"token": 7, "title": "kept"}"#,
                r#"{"token": 7, "title": "kept"}"#,
            ),
            (
                r#"{"url": "https://example.com/a@b", "title": "tokens of love"}"#,
                r#"{"url": "https://example.com/a@b", "title": "tokens of love"}"#,
            ),
        ] {
            assert_eq!(masked(text), shown, "{text}");
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
        ] {
            let json = serde_json::json!({ "body": secret }).to_string();
            assert_eq!(masked(&json), r#"{"body":"…"}"#, "{secret}");
            assert!(!masked(secret).contains("hidden"), "{secret}");
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
}
