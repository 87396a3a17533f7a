//! `drawbridge state …`: what an operator does with a state while no server runs on it.

use crate::store::{Counts, Kind, StateDir, StoreError};
use chrono::Utc;
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Args)]
struct Place {
    /// The server's DATA_DIR
    #[arg(long, env = "DATA_DIR", value_name = "DIR", default_value = "./data")]
    data_dir: PathBuf,
}

#[derive(Subcommand)]
enum StateCommand {
    /// Write the state as lines of JSON
    Export {
        #[command(flatten)]
        place: Place,
        /// Write what this snapshot holds instead; the server may run meanwhile
        #[arg(long, value_name = "FILE")]
        snapshot: Option<PathBuf>,
        /// Where to [default: standard output]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Take over an export or a snapshot
    Import {
        #[command(flatten)]
        place: Place,
        /// What `state export` wrote, or a file of DATA_DIR/snapshots
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Keep the state that is there under another name, and put this one in its place
        #[arg(long)]
        replace: bool,
    },
    /// Read everything and say what is wrong
    Verify {
        #[command(flatten)]
        place: Place,
        /// An export or a snapshot to read instead
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Write the state anew without the room that is no longer used
    Compact {
        #[command(flatten)]
        place: Place,
    },
}

pub(super) fn state(args: StateArgs) -> ExitCode {
    let done = match args.command {
        StateCommand::Export {
            place,
            snapshot,
            output,
        } => export(&place, snapshot.as_deref(), output.as_deref()),
        StateCommand::Import {
            place,
            file,
            replace,
        } => import(&place, &file, replace),
        StateCommand::Verify { place, file: None } => verify(&place),
        StateCommand::Verify {
            file: Some(file), ..
        } => verify_file(&file),
        StateCommand::Compact { place } => compact(&place),
    };
    done.unwrap_or_else(|error| {
        // What was being done is what was asked for.
        eprintln!("drawbridge: {}", error.cause);
        ExitCode::FAILURE
    })
}

fn export(
    place: &Place,
    snapshot: Option<&Path>,
    output: Option<&Path>,
) -> Result<ExitCode, StoreError> {
    let to: Box<dyn Write + Send> = match output {
        Some(path) => Box::new(BufWriter::new(create(path)?)),
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let exported = match snapshot {
        Some(snapshot) => StateDir::export_snapshot(snapshot, to),
        None => StateDir::new(&place.data_dir).export(Utc::now(), to),
    };
    if exported.is_err()
        && let Some(path) = output
    {
        // Half an export is none.
        let _ = std::fs::remove_file(path);
    }
    eprintln!("exported {}", records(total(&exported?)));
    Ok(ExitCode::SUCCESS)
}

/// A file for the state: for its owner only, and never in the place of another one.
fn create(path: &Path) -> Result<File, StoreError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| StoreError {
        doing: "exporting the state",
        cause: format!("{}: {error}", path.display()),
    })
}

fn import(place: &Place, file: &Path, replace: bool) -> Result<ExitCode, StoreError> {
    let imported = StateDir::new(&place.data_dir).import(Utc::now(), file, replace)?;
    println!(
        "imported {} as they stood at {}",
        records(total(&imported.counts)),
        imported.taken_at.format("%Y-%m-%d %H:%M:%S UTC")
    );
    if let Some(kept_in) = imported.kept_in {
        println!("the state that was there is kept in {}", kept_in.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(place: &Place) -> Result<ExitCode, StoreError> {
    let dir = StateDir::new(&place.data_dir);
    let found = dir.verify(Utc::now())?;
    print_counts(&found.counts);
    if found.problems.is_empty() {
        println!(
            "{} is sound: {}, {}",
            dir.path().display(),
            records(total(&found.counts)),
            size(found.bytes)
        );
        return Ok(ExitCode::SUCCESS);
    }
    for problem in &found.problems {
        println!("wrong: {problem}");
    }
    println!(
        "{} is damaged. The server sets it aside when it starts, and restores the newest snapshot.",
        dir.path().display()
    );
    Ok(ExitCode::FAILURE)
}

fn verify_file(file: &Path) -> Result<ExitCode, StoreError> {
    let counts = StateDir::verify_file(file)?;
    print_counts(&counts);
    println!("{} is sound: {}", file.display(), records(total(&counts)));
    Ok(ExitCode::SUCCESS)
}

fn compact(place: &Place) -> Result<ExitCode, StoreError> {
    let dir = StateDir::new(&place.data_dir);
    let done = dir.compact(Utc::now())?;
    println!(
        "compacted {}: {}, before {}, now {}",
        dir.path().display(),
        records(total(&done.counts)),
        size(done.before),
        size(done.after)
    );
    Ok(ExitCode::SUCCESS)
}

fn print_counts(counts: &Counts) {
    for (kind, count) in counts.iter().filter(|(_, count)| **count > 0) {
        println!("{}: {count}", name(*kind));
    }
}

/// What people call the records of a kind.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Pull => "pull requests",
        Kind::Runs => "subjects with runs",
        Kind::Head => "heads",
        Kind::Repo => "repositories",
        Kind::Inbox => "entries of deliveries that wait",
        Kind::Due => "subjects that are due",
        Kind::Seen => "ids of accepted deliveries",
        Kind::Aside => "deliveries that could not be decoded",
        Kind::History => "lines of history",
        Kind::Mark => "marks of how far something has come",
    }
}

fn total(counts: &Counts) -> u64 {
    counts.values().sum()
}

fn records(count: u64) -> String {
    match count {
        1 => "1 record".to_owned(),
        _ => format!("{count} records"),
    }
}

fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        ..KIB => format!("{bytes} bytes"),
        _ if bytes < KIB * KIB => format!("{} KiB", bytes.div_ceil(KIB)),
        _ => format!("{} MiB", bytes.div_ceil(KIB * KIB)),
    }
}
