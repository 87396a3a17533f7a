//! Finds a configuration, and the filters it names, among the files of a working copy.

use crate::domain::config::{self, ConfigError, ConfigFile, Filters, PATHS, RepoConfig, Scope};
use clap::Args;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why there is no configuration.
pub enum Trouble {
    /// There is nothing to read; a sentence.
    NoFile(String),
    /// The server would refuse it.
    Mistake(ConfigError),
}

impl From<ConfigError> for Trouble {
    fn from(mistake: ConfigError) -> Self {
        Self::Mistake(mistake)
    }
}

/// The files that a configuration is made of.
#[derive(Debug, Args)]
pub struct Sources {
    /// The organisation's defaults, which its .github repository holds, to combine the configuration with
    #[arg(long, value_name = "FILE", conflicts_with = "organisation")]
    defaults: Option<PathBuf>,
    /// The configuration itself is the one of an organisation's .github repository
    #[arg(long)]
    organisation: bool,
}

/// One file, as read.
struct Source {
    path: PathBuf,
    shown: String,
    text: String,
    file: ConfigFile,
}

impl Source {
    fn read(path: PathBuf, scope: Scope) -> Result<Self, Trouble> {
        let shown = path.display().to_string();
        let text = match text_of(&path, &shown)? {
            Ok(text) => text,
            Err(why) => return Err(Trouble::NoFile(format!("can't read {shown}: {why}"))),
        };
        let file = config::parse(&shown, &text, scope)?;
        Ok(Self {
            path,
            shown,
            text,
            file,
        })
    }
}

/// Reads a configuration, by default the one that the server would read, and the filters it names. Gives its path, too.
pub fn read(path: Option<&Path>, sources: &Sources) -> Result<(String, RepoConfig), Trouble> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => PATHS
            .iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
            .ok_or_else(|| {
                Trouble::NoFile(format!(
                    "there is no {} and no {} here. Go to the root of the repository, or name the file",
                    PATHS[0], PATHS[1]
                ))
            })?,
    };
    let shown = path.display().to_string();
    let (org, own) = if sources.organisation {
        (Some(Source::read(path, Scope::Organisation)?), None)
    } else {
        let org = sources.defaults.clone();
        let org = org.map(|path| Source::read(path, Scope::Organisation));
        (
            org.transpose()?,
            Some(Source::read(path, Scope::Repository)?),
        )
    };
    let [of_org, of_repo] = [&org, &own].map(|source| source.as_ref().map(|source| &source.file));
    let filters = match config::filters_file(of_org, of_repo) {
        None => None,
        Some(named) => {
            let holder = match named.scope {
                Scope::Organisation => org.as_ref(),
                Scope::Repository => own.as_ref(),
            };
            holder
                .map(|holder| filters_of(holder, named.path))
                .transpose()?
        }
    };
    let config = config::resolve(of_org, of_repo, filters.as_ref())?;
    Ok((shown, config))
}

/// The filters in a file of their own that a configuration names.
fn filters_of(holder: &Source, named: &str) -> Result<Filters, Trouble> {
    let places = places(&holder.path, named);
    let found = places.iter().find(|place| place.exists());
    let found = found.ok_or_else(|| missing(&holder.shown, &holder.text, named, &places))?;
    let name = found.display().to_string();
    let filters = text_of(found, &name)?.map_err(|why| mistake(&name, why, None))?;
    Ok(config::parse_filters(&name, &filters)?)
}

/// Where the file of filters may be. For a configuration in `.github` as for the server: from the root of the repository.
/// One that is kept elsewhere (an example, a draft) may have its filters beside it.
fn places(config: &Path, named: &str) -> Vec<PathBuf> {
    let folder = config.parent().unwrap_or(Path::new(""));
    // `.github/x.yaml` has the parent `.github`; from within that folder the name alone says nothing.
    let whole = folder.canonicalize();
    let within = |folder: &Path| folder.file_name().is_some_and(|name| name == ".github");
    if within(folder) {
        return vec![folder.parent().unwrap_or(Path::new("")).join(named)];
    }
    if folder.as_os_str().is_empty() && whole.is_ok_and(|folder| within(&folder)) {
        return vec![Path::new("..").join(named)];
    }
    let beside = Path::new(named).file_name().unwrap_or_default();
    let mut places = vec![folder.join(named), folder.join(beside)];
    places.dedup();
    places
}

fn missing(config: &str, text: &str, named: &str, places: &[PathBuf]) -> ConfigError {
    let looked: Vec<String> = places
        .iter()
        .map(|place| format!("`{}`", place.display()))
        .collect();
    let value = text.lines().enumerate().find_map(|(at, line)| {
        let rest = line.strip_prefix("filters:")?;
        let column = line.len() - rest.trim_start().len() + 1;
        Some((u32::try_from(at + 1).ok()?, u32::try_from(column).ok()?))
    });
    ConfigError {
        path: config.to_owned(),
        line: value.map(|(line, _)| line),
        column: value.map(|(_, column)| column),
        message: format!(
            "`filters` names the file `{named}`, and there is no {}",
            looked.join(" or ")
        ),
        hint: Some("Add the file, or write its path from the root of the repository".to_owned()),
    }
}

/// The text of a file; `Err` inside: why there is nothing to read.
fn text_of(path: &Path, shown: &str) -> Result<Result<String, String>, ConfigError> {
    match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(Err("there is no such file".to_owned()))
        }
        Err(error) => Ok(Err(error.to_string())),
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Ok(text)),
            Err(_) => {
                let hint = Some("Save it as UTF-8".to_owned());
                Err(mistake(shown, "the file is no text".to_owned(), hint))
            }
        },
    }
}

fn mistake(path: &str, message: String, hint: Option<String>) -> ConfigError {
    ConfigError {
        path: path.to_owned(),
        line: None,
        column: None,
        message,
        hint,
    }
}
