//! What proves the app to GitHub, and GitHub to the app: given by the operator or stored by the setup, one or the other as a whole.
//! A mixture would be of two apps.

use super::stored::{CredentialsFile, Found, Stored};
use super::{Given, SettingError, Settings, given, read_key, wrong};
use crate::github::{AppKey, WebhookSecrets};
use secrecy::{ExposeSecret as _, SecretString};

/// The app's credentials.
pub struct Credentials {
    /// App id or client id.
    pub app_id: String,
    /// The private key.
    pub key: AppKey,
    /// What deliveries are verified with.
    pub secrets: WebhookSecrets,
    /// What people sign in with GitHub by, if the operator wants that.
    pub sign_in: Option<SignIn>,
}

/// The app as people meet it when they sign in with GitHub.
#[derive(Clone)]
pub struct SignIn {
    /// The app's client id.
    pub client_id: String,
    /// What proves the app to GitHub.
    pub client_secret: SecretString,
}

/// What stands in the place of credentials until the app is registered.
pub struct Unregistered {
    /// Where they will be stored.
    pub file: CredentialsFile,
    /// Whether the operator has said which GitHub it is.
    pub api_is_given: bool,
    /// Whether an earlier setup ended between registering the app and storing what proves it.
    pub interrupted: bool,
}

/// Settings that are sound.
pub enum Checked {
    /// With credentials.
    Ready(Box<Settings>),
    /// Without any, given or stored.
    Unregistered(Box<Settings<Unregistered>>),
}

impl Credentials {
    /// Those that the operator gives.
    pub(super) fn of(all: &Given) -> Result<Self, SettingError> {
        let app_id = given(all.app_id.clone()).ok_or_else(|| {
            let remedy = "Set it to the \"App ID\" or \"Client ID\" that the app's settings page on GitHub shows \
                          (Settings → Developer settings → GitHub Apps → your app → About).";
            wrong("APP_ID", "is missing", remedy)
        })?;
        let key = read_key(all.private_key.as_ref(), all.private_key_path.as_deref())?;
        let secret = all.webhook_secret.as_ref().ok_or_else(|| {
            let remedy = "Set it to the secret typed into the app's settings page under Webhook, \
                          for instance the output of `openssl rand -hex 32`.";
            wrong("WEBHOOK_SECRET", "is missing", remedy)
        })?;
        let secrets = WebhookSecrets::parse(secret).map_err(|error| {
            let remedy =
                "Give one secret, or several with commas between them, none of them empty.";
            wrong("WEBHOOK_SECRET", error.to_string(), remedy)
        })?;
        Ok(Self {
            app_id: app_id.trim().to_owned(),
            key,
            secrets,
            sign_in: SignIn::of(all)?,
        })
    }

    /// Those that a setup has stored.
    ///
    /// # Errors
    /// When one of them can't be used; says which.
    pub fn stored(stored: &Stored) -> Result<Self, SettingError> {
        let remedy = "Mend the file, or take it away and set the app up anew.";
        let broken = |what: String| wrong("credentials.toml", what, remedy);
        let key = AppKey::parse(stored.private_key.expose_secret());
        let secrets = WebhookSecrets::parse(&stored.webhook_secret);
        Ok(Self {
            app_id: stored.app_id.to_string(),
            key: key.map_err(|error| broken(format!("private_key: {error}")))?,
            secrets: secrets.map_err(|error| broken(format!("webhook_secret: {error}")))?,
            sign_in: Some(SignIn {
                client_id: stored.client_id.clone(),
                client_secret: stored.client_secret.clone(),
            }),
        })
    }
}

impl SignIn {
    fn of(all: &Given) -> Result<Option<Self>, SettingError> {
        let remedy = "Give both, from the app's settings page on GitHub, or neither.";
        match (given(all.client_id.clone()), &all.client_secret) {
            (Some(client_id), Some(client_secret)) => Ok(Some(Self {
                client_id: client_id.trim().to_owned(),
                // A file that it was read from may end with a line's end.
                client_secret: client_secret.expose_secret().trim().into(),
            })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(wrong(
                "CLIENT_SECRET",
                "is missing, and CLIENT_ID is given",
                remedy,
            )),
            (None, Some(_)) => Err(wrong(
                "CLIENT_ID",
                "is missing, and CLIENT_SECRET is given",
                remedy,
            )),
        }
    }
}

impl Given {
    /// Whether not a single one of the credentials is given.
    fn gives_no_credentials(&self) -> bool {
        given(self.app_id.clone()).is_none()
            && given(self.client_id.clone()).is_none()
            && self.private_key.is_none()
            && self.private_key_path.is_none()
            && self.webhook_secret.is_none()
            && self.client_secret.is_none()
    }

    /// Checks everything, and finds the credentials: those given, else those stored.
    ///
    /// # Errors
    /// The first setting that is missing or wrong, with how to get it.
    pub fn check(self) -> Result<Checked, SettingError> {
        if !self.gives_no_credentials() {
            let app = Credentials::of(&self)?;
            return Ok(Checked::Ready(Box::new(self.check_rest()?.with(app))));
        }
        let api_is_given =
            given(self.github_api_url.clone()).is_some() || given(self.ghe_host.clone()).is_some();
        let rest = self.check_rest()?;
        let file = CredentialsFile::in_dir(&rest.data_dir);
        let interrupted = match file.read()? {
            Found::Stored(stored) => {
                return stored_settings(&file, &stored, rest, api_is_given);
            }
            Found::Interrupted => true,
            Found::Nothing => false,
        };
        Ok(Checked::Unregistered(Box::new(rest.with(Unregistered {
            file,
            api_is_given,
            interrupted,
        }))))
    }
}

fn stored_settings(
    file: &CredentialsFile,
    stored: &Stored,
    mut rest: Settings<()>,
    api_is_given: bool,
) -> Result<Checked, SettingError> {
    // Credentials never go to another server than the one that they are of.
    if api_is_given && rest.api_url != stored.github_api_url {
        let what = format!(
            "{} is of {}, and GITHUB_API_URL or GHE_HOST names {}",
            file.path().display(),
            stored.github_api_url,
            rest.api_url
        );
        let remedy = "Leave the setting out, or take the file away to set an app up there.";
        return Err(wrong("GITHUB_API_URL", what, remedy));
    }
    rest.api_url.clone_from(&stored.github_api_url);
    rest.public_url = rest.public_url.or_else(|| stored.public_url.clone());
    let app = Credentials::stored(stored)?;
    Ok(Checked::Ready(Box::new(rest.with(app))))
}
