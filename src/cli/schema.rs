//! `drawbridge schema`

use crate::domain::config::schema;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints the schema of the configuration.
pub fn print() -> ExitCode {
    let text = format!("{:#}\n", schema().to_value());
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads it has had enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("drawbridge: can't print the schema: {error}");
            ExitCode::FAILURE
        }
    }
}
