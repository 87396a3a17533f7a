//! Credentials, tokens, kept answers, outages, limits.

use super::key::PAIR;
use super::server::{
    Reply, Seen, Server, TOKENS, app, html, json_reply, refused, repo, token, with_header,
};
use crate::clock::Clock;
use crate::domain::event::{Account, AccountKind};
use crate::domain::ids::{CommentId, PrNumber, UserId};
use crate::github::GitHubError;
use crate::github::api::Permission;
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use serde_json::{Value, json};
use std::sync::Arc;

struct Wrong(Duration);

impl Clock for Wrong {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.0
    }
}

fn user() -> Account {
    Account {
        id: UserId(5),
        login: "alice".into(),
        kind: AccountKind::User,
    }
}

fn claims(seen: &Seen) -> Value {
    let der = PAIR.to_public_key().to_pkcs1_der().unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_exp = false;
    let jwt = seen
        .header("authorization")
        .strip_prefix("Bearer ")
        .unwrap();
    jsonwebtoken::decode(jwt, &DecodingKey::from_rsa_der(der.as_bytes()), &rules)
        .unwrap()
        .claims
}

fn text() -> Reply {
    json_reply(
        200,
        json!({ "type": "file", "encoding": "base64", "content": "aGVsbG8=\n" }),
    )
}

#[tokio::test]
async fn the_app_signs_in_within_github_s_rules_and_only_once() {
    let server = Server::start(|_, _| app()).await;
    let github = server.github();
    assert_eq!(github.app().await.unwrap().slug, "drawbridge");
    assert_eq!(github.app().await.unwrap().permissions["checks"], "write");
    let seen = server.seen();
    assert_eq!(server.lines(), ["GET /app"]);
    let (claims, now) = (claims(&seen[0]), Utc::now().timestamp());
    assert_eq!(claims["iss"], "7");
    assert!((now - 70..=now - 60).contains(&claims["iat"].as_i64().unwrap()));
    assert!((now + 530..=now + 540).contains(&claims["exp"].as_i64().unwrap()));
    for (header, value) in [
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        (
            "user-agent",
            concat!("drawbridge/", env!("CARGO_PKG_VERSION")),
        ),
    ] {
        assert_eq!(seen[0].header(header), value);
    }
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_by_github_s() {
    for wrong in [Duration::hours(-3), Duration::hours(3)] {
        let server = Server::start(|seen, _| {
            let (claims, now) = (claims(seen), Utc::now().timestamp());
            let (iat, exp) = (
                claims["iat"].as_i64().unwrap(),
                claims["exp"].as_i64().unwrap(),
            );
            let valid = iat <= now && exp > now && exp <= now + 600;
            if valid {
                app()
            } else {
                refused(
                    401,
                    "'Expiration time' claim ('exp') is too far in the future",
                )
            }
        })
        .await;
        assert!(server.github_at(Arc::new(Wrong(wrong))).app().await.is_ok());
        assert_eq!(server.lines().len(), 2);
    }
}

#[tokio::test]
async fn a_refused_key_is_reported_and_asked_about_again_later() {
    let server = Server::start(|_, nth| {
        if nth == 0 {
            refused(401, "A JSON web token could not be decoded")
        } else {
            app()
        }
    })
    .await;
    let github = server.github();
    assert!(matches!(
        github.app().await,
        Err(GitHubError::Unauthorized { .. })
    ));
    assert!(github.app().await.is_ok());
}

#[tokio::test]
async fn many_questions_at_once_share_one_token() {
    let server = Server::with_tokens(|_, _| text()).await;
    let repository = server.github().of(&repo());
    let asks = (0..20).map(|_| repository.file("a", None));
    assert!(
        futures::future::join_all(asks)
            .await
            .into_iter()
            .all(|text| text == Ok(Some("hello".into())))
    );
    assert_eq!(
        server.lines().iter().filter(|line| *line == TOKENS).count(),
        1
    );
    assert_eq!(server.seen()[1].header("authorization"), "Bearer secret-0");
}

#[tokio::test]
async fn those_who_wait_for_a_token_share_its_failure() {
    let server = Server::start(|_, _| html(502)).await;
    let repository = server.github().of(&repo());
    let asks = (0..20).map(|_| repository.file("a", None));
    assert!(
        futures::future::join_all(asks)
            .await
            .into_iter()
            .all(|text| text.unwrap_err().is_transient())
    );
    assert!(server.lines().len() < 5, "{}", server.lines().len());
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_it_ends() {
    let server = Server::start(|seen, nth| match seen.line.as_str() {
        TOKENS => json_reply(201, json!({ "token": format!("secret-{nth}"), "expires_at": Utc::now() + Duration::minutes(4) })),
        _ => text(),
    })
    .await;
    let repository = server.github().of(&repo());
    repository.file("a", None).await.unwrap();
    repository.file("a", None).await.unwrap();
    assert_eq!(
        server.lines().iter().filter(|line| *line == TOKENS).count(),
        2
    );
}

#[tokio::test]
async fn a_token_that_is_no_longer_accepted_is_replaced_once() {
    let bad = || refused(401, "Bad credentials");
    let server = Server::with_tokens(move |seen, _| {
        if seen.header("authorization") == "Bearer secret-0" {
            bad()
        } else {
            text()
        }
    })
    .await;
    let repository = server.github().of(&repo());
    assert_eq!(repository.file("a", None).await, Ok(Some("hello".into())));
    let file = "GET /repos/acme/engine/contents/a";
    assert_eq!(server.lines(), [TOKENS, file, TOKENS, file]);

    let server = Server::with_tokens(move |_, _| bad()).await;
    let error = server
        .github()
        .of(&repo())
        .file("a", None)
        .await
        .unwrap_err();
    assert!(matches!(error, GitHubError::Unauthorized { .. }));
    assert_eq!(server.lines().len(), 4);
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn a_suspended_installation_is_called_that() {
    let server = Server::start(|_, _| refused(403, "This installation has been suspended")).await;
    assert_eq!(
        server.github().of(&repo()).file("a", None).await,
        Err(GitHubError::Suspended)
    );
}

#[tokio::test]
async fn an_answer_that_still_holds_is_not_sent_again() {
    let server = Server::with_tokens(|seen, _| {
        if seen.header("if-none-match") == "\"1\"" {
            return Some((304, vec![("etag", "\"1\"".into())], String::new()));
        }
        let reply = if seen.line.contains("permission") {
            json_reply(200, json!({ "permission": "write", "user": { "id": 5, "login": "alice", "type": "User" } }))
        } else {
            text()
        };
        with_header(reply, "etag", "\"1\"")
    })
    .await;
    let repository = server.github().of(&repo());
    for _ in 0..2 {
        assert_eq!(repository.file("a", None).await, Ok(Some("hello".into())));
        assert_eq!(repository.permission(&user()).await, Ok(Permission::Write));
    }
    let conditional: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.header("if-none-match").to_owned())
        .collect();
    assert_eq!(conditional, ["", "", "", "\"1\"", "\"1\""]);
}

#[tokio::test]
async fn an_intermediary_s_page_is_never_github_s_word() {
    for status in [200, 401, 403, 404, 410, 502] {
        let server = Server::with_tokens(move |_, _| html(status)).await;
        let repository = server.github().of(&repo());
        for (what, transient) in [
            ("file", repository.file("a", None).await.err()),
            ("member", repository.is_member(&user()).await.err()),
            ("permission", repository.permission(&user()).await.err()),
            ("mirror", repository.mirror("pull-request/1").await.err()),
            ("pull", repository.pull(PrNumber(1)).await.err()),
        ]
        .map(|(what, error)| (what, error.is_some_and(|error| error.is_transient())))
        {
            assert!(transient, "{what} {status}");
        }
    }
}

#[tokio::test]
async fn silence_ends_in_an_error() {
    let server = Server::with_tokens(|_, _| None).await;
    let error = server
        .github_in_a_hurry()
        .of(&repo())
        .file("a", None)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitHub did not answer in time while reading a"
    );
    let nobody = Server {
        url: "http://127.0.0.1:1".into(),
        ..server
    };
    let error = nobody.github().app().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the connection to GitHub was lost while asking who the app is"
    );
}

#[tokio::test]
async fn a_renamed_repository_is_found_and_written_to_by_the_name_it_has_now() {
    let server = Server::with_tokens(|seen, _| match seen.line.as_str() {
        "GET /repositories/1/contents/a" => text(),
        "POST /repos/acme/motor/issues/1/comments" => json_reply(201, json!({ "id": 9 })),
        line if line == format!("GET /repositories/{}", repo().id) => json_reply(
            200,
            json!({
                "id": repo().id,
                "full_name": "acme/motor",
                "owner": { "id": 1, "type": "Organization" },
                "default_branch": "main",
            }),
        ),
        line if line.contains("/b") => with_header(
            json_reply(301, json!({})),
            "location",
            "http://localhost:1/repositories/1/contents/b",
        ),
        _ => {
            let here = format!("http://{}/repositories/1/contents/a", seen.header("host"));
            with_header(refused(301, "Moved Permanently"), "location", here)
        }
    })
    .await;
    let repository = server.github().of(&repo());
    assert_eq!(repository.file("a", None).await, Ok(Some("hello".into())));
    assert!(repository.file("b", None).await.unwrap_err().is_transient());
    let before = server.lines().len();
    let comment = repository.create_comment(PrNumber(1), "x").await;
    assert_eq!(comment, Ok(CommentId(9)));
    // By the old name, the question for the new one, and by that.
    assert_eq!(server.lines().len(), before + 3);
}

#[tokio::test]
async fn limits_say_how_long_to_wait_even_where_the_token_is_made() {
    let limited = || {
        with_header(
            refused(403, "You have exceeded a secondary rate limit"),
            "retry-after",
            "17",
        )
    };
    let server = Server::start(move |seen, _| {
        if seen.line == TOKENS {
            limited()
        } else {
            token(0)
        }
    })
    .await;
    let error = server
        .github()
        .of(&repo())
        .file("a", None)
        .await
        .unwrap_err();
    assert_eq!(
        error.retry_after(),
        Some(std::time::Duration::from_secs(17))
    );
}
