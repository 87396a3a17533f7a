//! What can go wrong with a question to GitHub, told apart by what the asker has to do next.

use std::fmt::Write as _;
use std::time::Duration;

/// How long to wait when GitHub limits us and does not say for how long: "wait for at least one minute"
/// (GitHub, "Rate limits for the REST API").
pub const LIMITED_WITHOUT_TIME: Duration = Duration::from_secs(60);

/// What the errors say that are limits.
pub(super) const USED_UP: &str = "GitHub's rate limit is used up";
pub(super) const PAUSE: &str = "GitHub asked for a pause";

const MOVED: &str = "GitHub says that the repository has moved";

/// Why an answer could not be had. The texts are short, fit for a check's title, and hold no
/// secrets and no addresses but the one of the page where a permission is granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitHubError {
    /// It may work later, without anybody doing anything: an outage, a broken answer, a rate limit.
    #[error("{detail} while {doing}")]
    Transient {
        /// What was being done, as a participle: `listing the commits`.
        doing: String,
        /// A sentence without its end: `GitHub answered 502`.
        detail: String,
        /// How long GitHub wants to be left alone; `None`: the asker's own schedule.
        retry_after: Option<Duration>,
    },
    /// The installation has not granted what this needs; its owner has to accept it.
    #[error("the app lacks the permission {permission} for {doing}{}", granted_at(page.as_deref()))]
    MissingPermission {
        /// What was being done.
        doing: String,
        /// As GitHub names it in `x-accepted-github-permissions`: `checks=write`.
        permission: String,
        /// The address of the page where the owner of the installation grants it.
        page: Option<String>,
    },
    /// Not asked: so much has been asked lately that GitHub would soon refuse, or other requests come first.
    #[error("GitHub's limits are nearly reached, so {doing} waits")]
    Resting {
        /// What was to be done.
        doing: String,
        /// When to come again.
        retry_after: Duration,
    },
    /// GitHub does not accept the app's key or a token that was made a moment ago.
    #[error("GitHub does not accept the app's credentials for {doing}")]
    Unauthorized {
        /// What was being done.
        doing: String,
    },
    /// There is no such thing, or the app may not see it: GitHub does not tell these apart.
    #[error("GitHub found nothing for {doing}")]
    NotFound {
        /// What was being done.
        doing: String,
    },
    /// The installation is suspended; nothing works until that ends, which is announced by a delivery.
    #[error("the app's installation is suspended")]
    Suspended,
    /// GitHub understood and said no; saying it again won't help. Also for a file that can't be used as one
    /// (status 200).
    #[error("{}", refusal(doing, *status, message))]
    Refused {
        /// What was being done.
        doing: String,
        /// The status GitHub answered with.
        status: u16,
        /// GitHub's reason, shortened, without control characters.
        message: String,
    },
}

fn granted_at(page: Option<&str>) -> String {
    page.map_or_else(String::new, |page| {
        format!("; the installation's owner grants it at {page}")
    })
}

fn refusal(doing: &str, status: u16, message: &str) -> String {
    match status {
        200..=299 => format!("GitHub's answer for {doing} can't be used: {message}"),
        _ if message.is_empty() => format!("GitHub refused {doing} ({status})"),
        _ => format!("GitHub refused {doing} ({status}): {message}"),
    }
}

impl GitHubError {
    /// How long GitHub wants to be left alone, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transient { retry_after, .. } => *retry_after,
            Self::Resting { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// Whether the same question may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. } | Self::Resting { .. })
    }

    /// Whether GitHub was not asked, so that nothing can have come of it.
    pub fn was_not_asked(&self) -> bool {
        matches!(self, Self::Resting { .. })
    }

    /// Whether it is a limit: of the app, if that was asked as, otherwise of the installation. An outage is none, also if it
    /// says how long it takes: it may be of the one request.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::Transient { detail, .. } => detail == USED_UP || detail == PAUSE,
            Self::Resting { .. } => true,
            _ => false,
        }
    }

    /// Whether somebody has to act before it can work.
    pub fn needs_somebody(&self) -> bool {
        matches!(self, Self::MissingPermission { .. } | Self::Suspended)
    }

    /// What was looked at changed while it was being looked at.
    pub(crate) fn moving(doing: &str) -> Self {
        Self::transient(doing, "things changed on GitHub")
    }

    pub(super) fn transient(doing: &str, detail: impl Into<String>) -> Self {
        Self::Transient {
            doing: doing.to_owned(),
            detail: detail.into(),
            retry_after: None,
        }
    }

    pub(crate) fn unusable(doing: &str, message: impl Into<String>) -> Self {
        Self::Refused {
            doing: doing.to_owned(),
            status: 200,
            message: message.into(),
        }
    }

    /// Whether GitHub answered 409: what is asked for does not go with how things stand now.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Transient { detail, .. } if detail == "GitHub answered 409")
    }

    /// What GitHub says of a repository that is asked for by a former name.
    pub(super) fn moved(doing: &str) -> Self {
        Self::transient(doing, MOVED)
    }

    /// Whether the repository was asked for by a former name.
    pub(super) fn is_moved(&self) -> bool {
        matches!(self, Self::Transient { detail, .. } if detail == MOVED)
    }

    /// Whether GitHub refused with 422 for a reason that contains `words`, in whatever case.
    pub(super) fn is_unprocessable(&self, words: &str) -> bool {
        matches!(self, Self::Refused { status: 422, message, .. } if contains_words(message, words))
    }
}

/// Whether `text` contains `words`, which are lower case, in whatever case.
pub(super) fn contains_words(text: &str, words: &str) -> bool {
    text.to_lowercase().contains(words)
}

/// A foreign text made fit for a sentence: one line, at most `max` characters, nothing that moves the cursor or
/// turns the direction of writing.
pub(super) fn plain(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut blank = false;
    for (count, c) in text.trim().chars().enumerate() {
        if count == max {
            out.push('…');
            break;
        }
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push(' ');
        }
        let hidden = c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if hidden {
            // Writing to a String can't fail.
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_sentences() {
        let doing = || "listing the commits".to_owned();
        let transient = GitHubError::transient(&doing(), "GitHub answered 502");
        assert_eq!(
            transient.to_string(),
            "GitHub answered 502 while listing the commits"
        );
        let refused = |status, message: &str| {
            GitHubError::Refused {
                doing: doing(),
                status,
                message: message.to_owned(),
            }
            .to_string()
        };
        assert_eq!(
            refused(422, "no"),
            "GitHub refused listing the commits (422): no"
        );
        assert_eq!(refused(422, ""), "GitHub refused listing the commits (422)");
        assert_eq!(
            refused(200, "it is a directory"),
            "GitHub's answer for listing the commits can't be used: it is a directory"
        );
    }

    #[test]
    fn a_foreign_text_is_one_short_line() {
        assert_eq!(plain(" a\n b\u{202e}c\u{7} ", 100), "a b\\u{202e}c\\u{7}");
        assert_eq!(plain("abcdef", 3), "abc…");
    }
}
