//! GitHub's own descriptions, as npm packages: fetched once into `target/npm/`, never committed.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A file of a package at a pinned version.
pub struct File {
    pub package: &'static str,
    pub version: &'static str,
    pub path: &'static str,
}

/// The description of the REST API and, under `x-webhooks`, of the webhooks.
pub const OPENAPI: File = File {
    package: "@octokit/openapi",
    version: "23.0.2",
    path: "generated/api.github.com.json",
};

/// Payloads that GitHub really sent.
pub const EXAMPLES: File = File {
    package: "@octokit/webhooks-examples",
    version: "7.6.1",
    path: "api.github.com/index.json",
};

/// Makes a missing package a failure instead of a skipped test.
const REQUIRED: &str = "DRAWBRIDGE_REQUIRE_NPM";

/// The file's JSON. `None`, with the reason printed, where npm or its registry is out of reach.
///
/// # Panics
/// Instead of `None`, if `DRAWBRIDGE_REQUIRE_NPM=1`.
pub fn read(file: &File) -> Option<Value> {
    // Tests of one binary run at the same time; one of them fetches.
    static FETCHING: Mutex<()> = Mutex::new(());
    let fetched = {
        let _one = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
        fetch(file)
    };
    match fetched {
        Ok(path) => {
            let text =
                fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Some(serde_json::from_slice(&text).expect("the package's file is JSON"))
        }
        Err(why) if std::env::var(REQUIRED).is_ok_and(|value| value == "1") => {
            panic!("{why}, and {REQUIRED}=1 asks for it")
        }
        Err(why) => {
            println!("skipped: {why}");
            None
        }
    }
}

/// The file's place on disk, after fetching its package if it is not there.
fn fetch(file: &File) -> Result<PathBuf, String> {
    let name = file.package.trim_start_matches('@').replace('/', "-");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/npm");
    let unpacked = root.join(format!("{name}-{}", file.version));
    let wanted = unpacked.join("package").join(file.path);
    if wanted.exists() {
        return Ok(wanted);
    }
    // A directory that appears by one rename is a whole one, whatever is interrupted when.
    fs::create_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    let half =
        tempfile::tempdir_in(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    let wants = format!("{}@{}", file.package, file.version);
    run(
        Command::new("npm")
            .args(["pack", "--loglevel=error", &wants])
            .current_dir(&half),
        "npm",
    )?;
    let archive = format!("{name}-{}.tgz", file.version);
    let inside = format!("package/{}", file.path);
    run(
        Command::new("tar")
            .args(["-xzf", &archive, &inside])
            .current_dir(&half),
        "tar",
    )?;
    fs::remove_file(half.path().join(&archive)).map_err(|error| error.to_string())?;
    match fs::rename(half.path(), &unpacked) {
        Ok(()) => {}
        // Another test binary was faster.
        Err(_) if wanted.exists() => {}
        Err(error) => return Err(format!("{}: {error}", unpacked.display())),
    }
    Ok(wanted)
}

fn run(command: &mut Command, name: &str) -> Result<(), String> {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!("{name} is not installed"));
        }
        Err(error) => return Err(format!("{name} does not run: {error}")),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said
        .lines()
        .find(|line| line.starts_with("npm error"))
        .unwrap_or("no reason given");
    Err(format!("{name} could not fetch the package: {first}"))
}
