//! What the operator chooses: read from the form, checked, and shown again with what is wrong.

use super::Plan;
use crate::domain::printable::is_deceptive;
use crate::settings::{api_of, is_host};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// GitHub takes no longer one.
const LONGEST_NAME: usize = 34;

/// The fields as they were typed.
#[derive(Clone, Default)]
pub(super) struct Fields {
    /// `organisation` or `own`.
    pub owner: String,
    pub organisation: String,
    pub name: String,
    pub public_url: String,
    pub host: String,
    /// `store` or `show`.
    pub keep: String,
}

/// What is wrong, by field.
pub(super) type Mistakes = BTreeMap<&'static str, &'static str>;

/// What is to be registered, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// `None`: whoever presses the button.
    pub organisation: Option<String>,
    pub name: String,
    pub public_url: String,
    pub api_url: String,
    pub keep: Keep,
}

/// What becomes of the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// They are stored in `DATA_DIR`.
    Store,
    /// They are shown on the page, once.
    Show,
    /// They are shown in the terminal, once.
    Print,
}

impl Fields {
    /// What stands in the form at first.
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            owner: "organisation".to_owned(),
            public_url: plan.public_url.clone().unwrap_or_default(),
            host: "github.com".to_owned(),
            keep: "store".to_owned(),
            ..Self::default()
        }
    }

    /// The fields of a form that was sent, and the key that it carries.
    pub(super) fn read(form: &[u8]) -> (Self, String) {
        let mut fields = Self::default();
        let mut key = String::new();
        for (name, value) in form_urlencoded::parse(form) {
            let value = value.trim().to_owned();
            match name.as_ref() {
                "owner" => fields.owner = value,
                "organisation" => fields.organisation = value,
                "name" => fields.name = value,
                "public_url" => fields.public_url = value.trim_end_matches('/').to_owned(),
                "host" => fields.host = value.to_lowercase(),
                "keep" => fields.keep = value,
                "key" => key = value,
                _ => {}
            }
        }
        (fields, key)
    }

    /// Checks them.
    pub(super) fn check(&self, plan: &Plan) -> Result<Choice, Mistakes> {
        let mut mistakes = Mistakes::new();
        let organisation = (self.owner != "own").then(|| self.organisation.clone());
        if organisation
            .as_deref()
            .is_some_and(|login| !is_login(login))
        {
            mistakes.insert(
                "organisation",
                "Type the organisation's name as it stands in its address on GitHub, such as acme.",
            );
        }
        if !plan.api_is_given && !is_host(&self.host) {
            mistakes.insert("host", "Type the host alone, such as github.example.com.");
        }
        let api_url = if plan.api_is_given {
            plan.api_url.clone()
        } else {
            api_of(&self.host)
        };
        let name = match (self.name.as_str(), &organisation) {
            ("", Some(login)) => format!("drawbridge-{login}")
                .chars()
                .take(LONGEST_NAME)
                .collect(),
            (name, _) => name.to_owned(),
        };
        if name.is_empty() {
            mistakes.insert(
                "name",
                "Give the app a name, such as drawbridge-ada: nobody else's may be called so.",
            );
        } else if name.chars().count() > LONGEST_NAME || name.chars().any(is_deceptive) {
            mistakes.insert(
                "name",
                "A name has at most 34 characters, all of them visible.",
            );
        }
        // What the settings say is what the server goes by later.
        let public_url = plan.public_url.as_ref().unwrap_or(&self.public_url);
        match reachability(public_url) {
            None => {
                mistakes.insert("public_url", "Type an address that begins with https://, without anything after the host but a path.");
            }
            Some(Reach::Here)
                if plan.proxy_url.is_none() && reachability(&api_url) != Some(Reach::Here) =>
            {
                mistakes.insert("public_url", "GitHub can't reach this address. Type the public one, or start the server with WEBHOOK_PROXY_URL to have deliveries handed on to a laptop.");
            }
            Some(_) => {}
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Choice {
            organisation,
            name,
            public_url: public_url.clone(),
            api_url,
            keep: match (plan.print, self.keep.as_str()) {
                (true, _) => Keep::Print,
                (false, "show") => Keep::Show,
                (false, _) => Keep::Store,
            },
        })
    }
}

#[derive(PartialEq, Eq)]
enum Reach {
    /// Only from this machine or its own network.
    Here,
    Anywhere,
}

/// From where an address can be reached, as far as it says; `None`: it is none.
fn reachability(url: &str) -> Option<Reach> {
    let uri: http::Uri = url.parse().ok()?;
    let authority = uri.authority()?;
    let plain = !url.contains(['?', '#', '@']) && !url.chars().any(is_deceptive);
    if !plain || !matches!(uri.scheme_str(), Some("http" | "https")) || authority.host().is_empty()
    {
        return None;
    }
    let name = authority.host().trim_matches(['[', ']']);
    let local = match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
        }
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    };
    Some(if local { Reach::Here } else { Reach::Anywhere })
}

/// Whether a text can be an account's name.
fn is_login(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=39).contains(&text.len()) && text.chars().all(fits)
}
