//! `DATA_DIR/credentials.toml`: what proves an app that the setup has registered. It is its owner's alone, is there whole or not at
//! all, and nobody logs it.

use super::{SettingError, wrong};
use crate::github::Registered;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

const NAME: &str = "credentials.toml";

/// What stands in for it while an app is being registered. Each process writes the credentials to a file of its own, which is called
/// so with its number before the last dot.
const UNFINISHED: &str = "credentials.toml.new";

/// What stands in an unfinished file: whoever finds it knows what happened.
const REGISTERING: &str = "# An app is being registered on GitHub; its credentials come next.\n";

/// A registered app, as it is stored.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// The app's id.
    pub app_id: u64,
    /// Its page on GitHub, where it is installed.
    pub page: String,
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: SecretString,
    /// What its deliveries are signed with.
    pub webhook_secret: SecretString,
    /// Its private key, PEM.
    pub private_key: SecretString,
    /// The GitHub that it is of.
    pub github_api_url: String,
    /// Where GitHub reaches this server, unless the settings say it.
    pub public_url: Option<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    app_id: u64,
    page: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
    webhook_secret: &'a str,
    private_key: &'a str,
    github_api_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<&'a str>,
}

impl Stored {
    /// What GitHub gave for a manifest, and where.
    pub fn new(app: Registered, github_api_url: &str, public_url: &str) -> Self {
        Self {
            app_id: app.id,
            page: app.html_url,
            client_id: app.client_id,
            client_secret: app.client_secret,
            webhook_secret: app.webhook_secret,
            private_key: app.pem,
            github_api_url: github_api_url.to_owned(),
            public_url: Some(public_url.to_owned()),
        }
    }

    /// The page on which the app is installed.
    pub fn install_page(&self) -> String {
        format!("{}/installations/new", self.page)
    }

    fn text(&self) -> Result<Zeroizing<String>, toml::ser::Error> {
        let written = Written {
            app_id: self.app_id,
            page: &self.page,
            client_id: &self.client_id,
            client_secret: self.client_secret.expose_secret(),
            webhook_secret: self.webhook_secret.expose_secret(),
            private_key: self.private_key.expose_secret(),
            github_api_url: &self.github_api_url,
            public_url: self.public_url.as_deref(),
        };
        let text = Zeroizing::new(toml::to_string(&written)?);
        let head = "# What proves this app to GitHub, written by Drawbridge's setup. Whoever has it is the app: show it to nobody.\n";
        Ok(Zeroizing::new(format!("{head}{}", *text)))
    }
}

/// What is stored.
pub enum Found {
    /// Nothing.
    Nothing,
    /// An app.
    Stored(Box<Stored>),
    /// A setup ended in the middle; what GitHub may have given is lost.
    Interrupted,
}

/// The file.
#[derive(Clone)]
pub struct CredentialsFile {
    path: PathBuf,
    unfinished: PathBuf,
}

impl CredentialsFile {
    /// The file of a `DATA_DIR`.
    pub fn in_dir(dir: &Path) -> Self {
        Self {
            path: dir.join(NAME),
            unfinished: dir.join(UNFINISHED),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what is stored. One that a crash left whole but without its name gets that now.
    ///
    /// # Errors
    /// When it can't be read, others may read it too, or something in it is wrong.
    pub fn read(&self) -> Result<Found, SettingError> {
        if let Some(text) = read_private(&self.path)? {
            return parse(&text)
                .map(|stored| Found::Stored(Box::new(stored)))
                .map_err(|what| {
                    let remedy = "Mend the file, or take it away and set the app up anew.";
                    wrong(
                        "DATA_DIR",
                        format!("{}: {what}", self.path.display()),
                        remedy,
                    )
                });
        }
        let mut found = Found::Nothing;
        for unfinished in self.all_unfinished() {
            let Some(text) = read_private(&unfinished)? else {
                continue;
            };
            found = Found::Interrupted;
            let Ok(stored) = parse(&text) else {
                continue;
            };
            self.finish(&unfinished).map_err(|error| {
                let what = format!("can't finish {}: {error}", self.path.display());
                wrong(
                    "DATA_DIR",
                    what,
                    "Give this process the right to write there.",
                )
            })?;
            return Ok(Found::Stored(Box::new(stored)));
        }
        Ok(found)
    }

    /// What setups have left beside it.
    fn all_unfinished(&self) -> Vec<PathBuf> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let names = fs::read_dir(dir).into_iter().flatten().flatten();
        let is_one = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("credentials.toml.") && name.ends_with(".new"))
        };
        let mut all: Vec<PathBuf> = names.map(|entry| entry.path()).filter(is_one).collect();
        all.sort();
        all
    }

    /// Makes sure that it can be written, before there is anything to write.
    ///
    /// # Errors
    /// When it can't.
    pub fn prepare(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(self.path.parent().unwrap_or(Path::new(".")))?;
        self.give_up()?;
        write_new(&self.unfinished, REGISTERING)
    }

    /// Whether it can be written, as far as that can be told now.
    ///
    /// # Errors
    /// When it can't.
    pub fn probe(&self, interrupted: bool) -> io::Result<()> {
        self.prepare()?;
        // What an earlier setup left says something as long as nobody has set the app up.
        if interrupted { Ok(()) } else { self.give_up() }
    }

    /// There will be nothing to write.
    ///
    /// # Errors
    /// When what was prepared can't be removed.
    pub fn give_up(&self) -> io::Result<()> {
        remove(&self.unfinished)
    }

    /// Stores an app: on disk whole, or not at all.
    ///
    /// # Errors
    /// When the disk does not take it, or another app is stored already, by a setup beside this one, say. What was stored before
    /// stays.
    pub fn store(&self, app: &Stored) -> io::Result<()> {
        let text = app.text().map_err(io::Error::other)?;
        let name = format!("credentials.toml.{}.new", std::process::id());
        let own = self.path.with_file_name(name);
        // Only an earlier process of this number can have left one; one that was whole would have been found at the start.
        remove(&own)?;
        write_new(&own, &text)?;
        let finished = self.finish(&own);
        // What an interrupted setup has left says nothing any more, whichever app is stored.
        self.give_up()?;
        finished
    }

    /// Gives what is whole its name, if nobody has it: unlike renaming, linking replaces nothing.
    fn finish(&self, unfinished: &Path) -> io::Result<()> {
        let linked = match fs::hard_link(unfinished, &self.path) {
            // A file system without links: there, two setups in the same moment are not told apart.
            Err(error)
                if error.kind() != ErrorKind::AlreadyExists && !self.path.try_exists()? =>
            {
                return fs::rename(unfinished, &self.path).and_then(|()| self.keep());
            }
            Err(_) => Err(io::Error::new(
                ErrorKind::AlreadyExists,
                "another app was stored here meanwhile",
            )),
            Ok(()) => self.keep(),
        };
        remove(unfinished)?;
        linked
    }

    /// Names are on disk once their directory is.
    fn keep(&self) -> io::Result<()> {
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// Writes a file that nobody else may read, and that was not there.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn parse(text: &str) -> Result<Stored, String> {
    // The message of the whole error quotes the line, which may hold a secret.
    toml::from_str(text).map_err(|error| super::unquoted(error.message()))
}

/// The text of a file that nobody else may read; `None`: there is none.
fn read_private(path: &Path) -> Result<Option<Zeroizing<String>>, SettingError> {
    let unreadable = |error: io::Error| {
        let what = format!("can't read {}: {error}", path.display());
        wrong("DATA_DIR", what, "Make it readable for this process alone.")
    };
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        let what = format!("others may read {}", path.display());
        let remedy = format!(
            "chmod 600 {}, and if somebody may have read it, make a new key and new secrets on GitHub.",
            path.display()
        );
        return Err(wrong("DATA_DIR", what, remedy));
    }
    fs::read_to_string(path)
        .map(|text| Some(Zeroizing::new(text)))
        .map_err(unreadable)
}

#[cfg(test)]
mod tests;
