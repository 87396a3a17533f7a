use super::*;
use http::HeaderName;

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let header = |(name, value): &(&str, &str)| {
        (
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.parse().unwrap(),
        )
    };
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.iter().map(header).collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn judge(status: u16, headers: &[(&str, &str)], body: &str) -> GitHubError {
    let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
    checked(answer(status, headers, body), "asking", now).unwrap_err()
}

#[test]
fn limits_say_how_long_to_wait() {
    let limited = r#"{"message":"API rate limit exceeded for installation"}"#;
    for (status, headers, body, seconds) in [
        (
            403,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1000100"),
            ][..],
            limited,
            101,
        ),
        // Our clock is wrong: GitHub's own counts.
        (
            403,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1000100"),
                ("date", "Mon, 12 Jan 1970 13:47:40 GMT"),
            ],
            limited,
            41,
        ),
        (
            429,
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")],
            limited,
            1,
        ),
        (
            403,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "99999999999999"),
            ],
            limited,
            3600,
        ),
        (403, &[("x-ratelimit-remaining", "0")], limited, 60),
        (
            403,
            &[("retry-after", "30"), ("x-ratelimit-remaining", "4999")],
            "{}",
            30,
        ),
        (429, &[("retry-after", "0")], "{}", 1),
        (429, &[], "<html>", 60),
        (
            403,
            &[],
            r#"{"message":"You have exceeded a secondary rate limit."}"#,
            60,
        ),
        (
            403,
            &[],
            r#"{"message":"You have triggered an abuse detection mechanism."}"#,
            60,
        ),
        (503, &[("retry-after", "9")], "", 9),
    ] {
        let error = judge(status, headers, body);
        assert!(error.is_transient(), "{error}");
        assert_eq!(
            error.retry_after(),
            Some(Duration::from_secs(seconds)),
            "{status} {headers:?} {body}"
        );
    }
}

#[test]
fn outages_and_foreign_pages_may_pass() {
    for (status, body) in [
        (500, ""),
        (502, "<html>"),
        (504, "{}"),
        (408, ""),
        (409, "{}"),
        (404, "<html>"),
        (401, "nope"),
        (403, "<html>"),
        (422, "x"),
    ] {
        let error = judge(status, &[], body);
        assert_eq!(
            error.to_string(),
            format!("GitHub answered {status} while asking")
        );
        assert_eq!(error.retry_after(), None);
    }
}

#[test]
fn refusals_are_told_apart() {
    let message = |text: &str| {
        serde_json::json!({ "message": text, "documentation_url": "https://docs.github.com/rest" })
            .to_string()
    };
    let doing = || "asking".to_owned();
    let missing = |permission: &str| GitHubError::MissingPermission {
        doing: doing(),
        permission: permission.to_owned(),
        page: None,
    };
    let refused = |status, message: &str| GitHubError::Refused {
        doing: doing(),
        status,
        message: message.to_owned(),
    };
    let needs = [("x-accepted-github-permissions", "checks=write")];
    for (status, headers, body, expected) in [
        (401, &[][..], message("Bad credentials"), GitHubError::Unauthorized { doing: doing() }),
        (404, &[], message("Not Found"), GitHubError::NotFound { doing: doing() }),
        (404, &[], String::new(), GitHubError::NotFound { doing: doing() }),
        (403, &[], message("This installation has been suspended"), GitHubError::Suspended),
        (403, &needs, message("Resource not accessible by integration"), missing("checks=write")),
        (403, &[], message("Resource not accessible by integration"), missing("it needs")),
        // GitHub sends the header with every answer: alone it says nothing.
        (403, &needs, message("Repository was archived so is read-only."), refused(403, "Repository was archived so is read-only.")),
        (
            422,
            &[],
            message("refusing to allow a GitHub App to create or update workflow `.github/workflows/a.yml` without `workflows` permission"),
            missing("workflows=write"),
        ),
        (422, &[], r#"{"message":"Validation Failed","errors":[{"code":"custom","message":"sha wasn't supplied"},"x"]}"#.into(), refused(422, "Validation Failed: sha wasn't supplied: x")),
        (422, &[], message("a\nb\u{202e}"), refused(422, "a b\\u{202e}")),
        (302, &[], String::new(), refused(302, "")),
    ] {
        assert_eq!(judge(status, headers, &body), expected);
    }
}

#[test]
fn successes_and_confirmations_pass() {
    let now = DateTime::UNIX_EPOCH;
    for status in [200, 201, 204, 304] {
        assert!(checked(answer(status, &[], ""), "asking", now).is_ok());
    }
}
