use super::choice::{Choice, Fields, Keep};
use super::guard::{Guard, Redeemed, is_from};
use super::{Plan, manifest};
use crate::settings::CredentialsFile;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::path::Path;

fn plan() -> Plan {
    Plan {
        api_url: "https://api.github.com".to_owned(),
        api_is_given: false,
        public_url: None,
        proxy_url: None,
        file: CredentialsFile::in_dir(Path::new("data")),
        interrupted: false,
        print: false,
    }
}

fn fields() -> Fields {
    Fields {
        owner: "organisation".to_owned(),
        organisation: "acme".to_owned(),
        name: String::new(),
        public_url: "https://drawbridge.example.com".to_owned(),
        host: "github.com".to_owned(),
        keep: "store".to_owned(),
    }
}

#[test]
fn a_form_that_is_right_says_what_to_register() {
    let choice = fields().check(&plan()).expect("it is right");
    let expected = Choice {
        organisation: Some("acme".to_owned()),
        name: "drawbridge-acme".to_owned(),
        public_url: "https://drawbridge.example.com".to_owned(),
        api_url: "https://api.github.com".to_owned(),
        keep: Keep::Store,
    };
    assert_eq!(choice, expected);
    let long = Fields {
        organisation: "a".repeat(39),
        ..fields()
    };
    assert_eq!(long.check(&plan()).expect("it is right").name.len(), 34);
    for (host, api) in [
        ("ghe.example.com", "https://ghe.example.com/api/v3"),
        ("acme.ghe.com", "https://api.acme.ghe.com"),
    ] {
        let elsewhere = Fields {
            host: host.to_owned(),
            ..fields()
        };
        assert_eq!(elsewhere.check(&plan()).expect(host).api_url, api);
    }
}

#[test]
fn each_mistake_is_found_at_its_field() {
    type Change = fn(&mut Fields);
    let cases: &[(&str, Change)] = &[
        ("organisation", |f| f.organisation.clear()),
        ("organisation", |f| {
            f.organisation = "acme/engine".to_owned()
        }),
        ("organisation", |f| {
            f.organisation = "https://github.com/acme".to_owned()
        }),
        ("name", |f| f.name = "n".repeat(35)),
        ("name", |f| f.name = "draw\u{202e}bridge".to_owned()),
        ("name", |f| f.owner = "own".to_owned()),
        ("host", |f| f.host = "https://ghe.example.com".to_owned()),
        ("host", |f| f.host = "ghe.example.com/x".to_owned()),
        ("host", |f| f.host.clear()),
        ("public_url", |f| f.public_url.clear()),
        ("public_url", |f| {
            f.public_url = "drawbridge.example.com".to_owned()
        }),
        ("public_url", |f| {
            f.public_url = "ftp://example.com".to_owned()
        }),
        ("public_url", |f| {
            f.public_url = "https://u:p@example.com".to_owned()
        }),
        ("public_url", |f| {
            f.public_url = "https://example.com?a".to_owned()
        }),
        ("public_url", |f| {
            f.public_url = "http://localhost:3000".to_owned()
        }),
        ("public_url", |f| {
            f.public_url = "http://192.168.1.2".to_owned()
        }),
        ("public_url", |f| {
            f.public_url = "http://[::1]:3000".to_owned()
        }),
    ];
    for (field, change) in cases {
        let mut fields = fields();
        change(&mut fields);
        let mistakes = fields.check(&plan()).expect_err(field);
        assert_eq!(mistakes.keys().collect::<Vec<_>>(), [field], "{mistakes:?}");
    }
    let laptop = Plan {
        proxy_url: Some("https://smee.io/abc".to_owned()),
        ..plan()
    };
    let mut here = fields();
    here.public_url = "http://localhost:3000".to_owned();
    assert!(here.check(&laptop).is_ok(), "deliveries are handed on");
}

#[test]
fn the_manifest_is_the_file_with_what_only_the_operator_knows() {
    let choice = fields().check(&plan()).expect("it is right");
    let filled = manifest::filled(&choice, None, "http://127.0.0.1:3000/setup/callback");
    let of = |pointer: &str| filled.pointer(pointer).and_then(|value| value.as_str());
    let public = "https://drawbridge.example.com";
    for (pointer, value) in [
        ("/name", "drawbridge-acme".to_owned()),
        ("/url", public.to_owned()),
        (
            "/hook_attributes/url",
            format!("{public}/api/github/webhooks"),
        ),
        (
            "/redirect_url",
            "http://127.0.0.1:3000/setup/callback".to_owned(),
        ),
        ("/callback_urls/0", format!("{public}/sign-in/callback")),
        ("/setup_url", format!("{public}/")),
        ("/default_permissions/contents", "write".to_owned()),
    ] {
        assert_eq!(of(pointer), Some(value.as_str()), "{pointer}");
    }
    let asks = manifest::asks();
    assert_eq!(
        filled["default_permissions"]
            .as_object()
            .map(|all| all.len()),
        Some(asks.default_permissions.len())
    );
    assert_eq!(
        filled["default_events"].as_array().map(Vec::len),
        Some(asks.default_events.len())
    );
    let handed_on = manifest::filled(&choice, Some("https://smee.io/abc"), "x");
    assert_eq!(handed_on["hook_attributes"]["url"], "https://smee.io/abc");
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        let value = HeaderValue::from_str(value).expect("a value");
        (HeaderName::from_static(name), value)
    };
    pairs.iter().map(pair).collect()
}

#[test]
fn only_an_address_or_the_operator_s_own_name_is_ours() {
    let guard = Guard::new(Some("https://Drawbridge.example.com/there/"));
    for (host, base) in [
        ("127.0.0.1:3000", Some("http://127.0.0.1:3000")),
        ("localhost:3000", Some("http://localhost:3000")),
        ("[::1]:3000", Some("http://[::1]:3000")),
        ("10.1.2.3", Some("http://10.1.2.3")),
        (
            "drawbridge.EXAMPLE.com",
            Some("https://Drawbridge.example.com/there"),
        ),
        ("drawbridge.example.com:444", None),
        ("drawbridge.example.com.evil.example", None),
        ("evil.example:3000", None),
        ("localhost.evil.example", None),
        ("evil@127.0.0.1", None),
        ("", None),
    ] {
        let origin = guard.origin(&headers(&[("host", host)]));
        assert_eq!(origin.map(|origin| origin.base).as_deref(), base, "{host}");
    }
    assert!(guard.origin(&HeaderMap::new()).is_none());
}

#[test]
fn a_token_is_good_once_and_its_cookie_stays_good() {
    let guard = Guard::new(None);
    let origin = guard
        .origin(&headers(&[("host", "localhost")]))
        .expect("ours");
    let token = guard.token();
    assert!(matches!(guard.redeem("", &origin), Redeemed::Wrong));
    assert!(matches!(
        guard.redeem(&token[1..], &origin),
        Redeemed::Wrong
    ));
    let Redeemed::Cookie(cookie) = guard.redeem(&token, &origin) else {
        panic!("it is right");
    };
    assert!(matches!(guard.redeem(&token, &origin), Redeemed::Used));
    assert_ne!(guard.token(), token);
    assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    let pair = cookie.split(';').next().expect("a pair");
    let seen = |value: &str| guard.session(&headers(&[("cookie", value)])).is_some();
    assert!(seen(pair) && seen(&format!("other=1; {pair}")));
    assert!(!seen("drawbridge-setup=") && !seen(&pair[..pair.len() - 1]));
}

#[test]
fn a_form_of_another_site_is_told_from_ours() {
    let guard = Guard::new(None);
    let origin = guard
        .origin(&headers(&[("host", "localhost:3000")]))
        .expect("ours");
    for (given, ours) in [
        (&[][..], true),
        (&[("origin", "null")], true),
        (&[("origin", "http://localhost:3000")], true),
        (&[("origin", "http://localhost:3001")], false),
        (&[("origin", "https://evil.example")], false),
        (
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            false,
        ),
        (
            &[("origin", "null"), ("sec-fetch-site", "same-site")],
            false,
        ),
        (
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
            true,
        ),
    ] {
        assert_eq!(is_from(&origin, &headers(given)), ours, "{given:?}");
    }
}
