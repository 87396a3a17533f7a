//! Signing in to the app: the page where somebody agrees, what its code is exchanged for, and what the token then shows (GitHub,
//! "Generating a user access token for a GitHub App"). Who signs in is chosen on the page, or by `login` in its address.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Duration, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::answer::{Outcome, Reply};
use super::auth::Who;
use super::call::Call;
use super::entrance::Asked;
use super::paging;
use crate::sandbox::model::Hub;
use crate::sandbox::model::access::Kind;
use crate::sandbox::model::users::{Code, UserToken};
use crate::sandbox::{Sandbox, show};

/// How long a token of a user is good for.
const LASTS: Duration = Duration::hours(8);

impl Hub {
    /// A token with which the app asks in this user's name.
    pub(crate) fn new_user_token(&mut self, user: u64) -> String {
        let token = format!("ghu_{}", Uuid::new_v4().simple());
        let expires_at = Utc::now() + LASTS;
        let kept = UserToken { user, expires_at };
        self.user_tokens.insert(token.clone(), kept);
        token
    }
}

type Fields = BTreeMap<String, String>;

/// Answers `GET /login/oauth/authorize` and `POST /login/oauth/access_token`; `None`: it is another address.
pub(super) fn page(sandbox: &Sandbox, asked: &Asked) -> Option<Reply> {
    match (asked.method.as_str(), asked.path()) {
        ("GET", "/login/oauth/authorize") => {
            let fields = fields(asked.query().as_bytes());
            Some(sandbox.edit(|hub| authorize(hub, asked, &fields)))
        }
        ("POST", "/login/oauth/access_token") => {
            Some(sandbox.edit(|hub| exchange(hub, &body(asked))))
        }
        _ => None,
    }
}

fn fields(form: &[u8]) -> Fields {
    form_urlencoded::parse(form).into_owned().collect()
}

/// The fields of a body, which is JSON or a form.
fn body(asked: &Asked) -> Fields {
    match serde_json::from_slice::<BTreeMap<String, Value>>(&asked.bytes) {
        Ok(json) => {
            let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
            json.into_iter().filter_map(text).collect()
        }
        Err(_) => fields(&asked.bytes),
    }
}

/// Lets somebody be chosen, or leads the one who was back to the app with a code.
fn authorize(hub: &mut Hub, asked: &Asked, fields: &Fields) -> Reply {
    if fields.get("client_id") != Some(&hub.our_app().client_id) {
        return Reply::not_found();
    }
    let Some(back) = fields.get("redirect_uri").filter(|uri| is_here(uri)) else {
        return Reply::page("<p>The redirect_uri is not one of this machine.</p>");
    };
    let challenge = fields.get("code_challenge");
    if challenge.is_some()
        && fields.get("code_challenge_method").map(String::as_str) != Some("S256")
    {
        return Reply::page("<p>Only the code_challenge_method S256 is known.</p>");
    }
    let mut answer: Vec<(&str, String)> = Vec::new();
    match fields.get("login") {
        None => return choice(hub, &asked.target),
        Some(login) if login.is_empty() => {
            answer.push(("error", "access_denied".to_owned()));
            let what = "The user has denied your application access.";
            answer.push(("error_description", what.to_owned()));
        }
        Some(login) => {
            let code = Uuid::new_v4().simple().to_string();
            let kept = Code {
                user: hub.ensure_user(login),
                redirect_uri: back.clone(),
                challenge: challenge.cloned(),
                expires_at: Utc::now() + Duration::minutes(10),
            };
            hub.codes.insert(code.clone(), kept);
            answer.push(("code", code));
        }
    }
    answer.extend(fields.get("state").map(|state| ("state", state.clone())));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    let mut reply = Reply::no_content().header("location", format!("{back}?{}", query.finish()));
    reply.status = 302;
    reply
}

/// A list of everybody who is known, each with the way on.
fn choice(hub: &Hub, target: &str) -> Reply {
    let escaped = |text: &str| {
        text.replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;")
    };
    let target = escaped(target);
    let people = hub.users.values().filter(|user| user.kind == Kind::User);
    let mut page = "<h1>A stand-in for GitHub: who are you?</h1><ul>".to_owned();
    for login in people.map(|user| escaped(&user.login)) {
        page.push_str(&format!(
            "<li><a href=\"{target}&amp;login={login}\">{login}</a></li>"
        ));
    }
    page.push_str(&format!(
        "</ul><p><a href=\"{target}&amp;login=\">Cancel</a></p>"
    ));
    Reply::page(&page)
}

/// GitHub leads back to the app's own addresses; the stand-in's app is on this machine.
fn is_here(uri: &str) -> bool {
    let authority = uri.parse::<http::Uri>().ok();
    let authority = authority.and_then(|uri| uri.into_parts().authority);
    authority.is_some_and(|at| {
        matches!(at.host(), "127.0.0.1" | "localhost" | "[::1]") && !at.as_str().contains('@')
    })
}

/// GitHub says what is wrong with status 200.
fn refused(error: &str, description: &str) -> Reply {
    Reply::ok(
        json!({ "error": error, "error_description": description, "error_uri": "https://docs.github.com" }),
    )
}

fn exchange(hub: &mut Hub, fields: &Fields) -> Reply {
    let text = |name: &str| fields.get(name).map_or("", String::as_str);
    let secret = text("client_secret")
        .as_bytes()
        .ct_eq(hub.client_secret.as_bytes());
    if text("client_id") != hub.our_app().client_id || !bool::from(secret) {
        return refused(
            "incorrect_client_credentials",
            "The client_id and/or client_secret passed are incorrect.",
        );
    }
    let bad = || {
        refused(
            "bad_verification_code",
            "The code passed is incorrect or expired.",
        )
    };
    // Whatever comes of it, it was used.
    let Some(code) = hub.codes.remove(text("code")) else {
        return bad();
    };
    let shown = URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier")));
    if code.expires_at <= Utc::now() || code.challenge.is_some_and(|wanted| wanted != shown) {
        return bad();
    }
    if text("redirect_uri") != code.redirect_uri {
        return refused(
            "redirect_uri_mismatch",
            "The redirect_uri MUST match the registered callback URL for this application.",
        );
    }
    Reply::ok(json!({
        "access_token": hub.new_user_token(code.user),
        "expires_in": LASTS.num_seconds(),
        "refresh_token": format!("ghr_{}", Uuid::new_v4().simple()),
        "refresh_token_expires_in": 15_897_600,
        "scope": "",
        "token_type": "bearer",
    }))
}

fn asker(call: &Call<'_>) -> Result<u64, Reply> {
    match &call.who {
        Who::User { user, .. } => Ok(*user),
        _ => Err(Reply::error(401, "Requires authentication")),
    }
}

/// `GET /user`
pub(super) fn user(call: &mut Call<'_>) -> Outcome {
    let user = asker(call)?;
    Ok(Reply::ok(show::user::public(call.hub, user)))
}

/// The installation's repositories that somebody has an own right to: that everybody may read one is none.
fn repositories_of(hub: &Hub, user: u64) -> Vec<u64> {
    let installation = &hub.installation;
    let own = |id: &&u64| {
        let repo = hub.repo(**id);
        let invited = repo.collaborators.get(&user);
        repo.owner == user
            || hub.members.contains_key(&user)
            || invited.is_some_and(|role| *role > crate::sandbox::Permission::None)
    };
    match installation.deleted || installation.suspended_at.is_some() {
        true => Vec::new(),
        false => installation
            .repositories
            .iter()
            .filter(own)
            .copied()
            .collect(),
    }
}

/// `GET /user/installations`
pub(super) fn installations(call: &mut Call<'_>) -> Outcome {
    let user = asker(call)?;
    let all = match repositories_of(call.hub, user).is_empty() {
        true => Vec::new(),
        false => vec![show::app::installation(call.hub)],
    };
    Ok(paging::counted(call, "installations", all))
}

/// `GET /user/installations/{installation_id}/repositories`
pub(super) fn repositories(call: &mut Call<'_>) -> Outcome {
    let user = asker(call)?;
    let own = repositories_of(call.hub, user);
    if call.number("installation_id")? != call.hub.installation.id || own.is_empty() {
        return Err(Reply::not_found());
    }
    let shown = own.iter().map(|id| show::repo::full(call.hub, *id));
    let shown = shown.collect();
    Ok(paging::counted(call, "repositories", shown))
}
