//! The log, on standard error, and beside it traces for a collector.

use crate::settings::{LogFormat, Logging, SettingError};
use crate::telemetry::Exporting;
use std::io::IsTerminal;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt};

// sled traces from what it tidies up while a thread ends, when the thread's line buffer in `tracing_subscriber` may be gone; that
// panics in a destructor of a thread-local, which aborts the process (tokio-rs/tracing#3239). So its traces are compiled out.
const _: () = assert!(log::STATIC_MAX_LEVEL as usize <= log::LevelFilter::Debug as usize);

/// Begins to log. `traces`: where they go besides.
pub(crate) fn start_logging(
    logging: &Logging,
    traces: Option<&Exporting>,
) -> Result<(), SettingError> {
    // To the filter a bare word is a module's name, so that `LOG_LEVEL=inof` would log nothing at all.
    let mut words = logging.level.split(',').map(str::trim);
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    // (A directive for a span may have commas of its own.)
    if !logging.level.contains('[') && words.any(|word| !word.contains('=') && !is_level(word)) {
        return Err(SettingError::log_level(&logging.level));
    }
    let filter =
        EnvFilter::try_new(&logging.level).map_err(|_| SettingError::log_level(&logging.level))?;
    let lines = fmt::layer::<Registry>()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let lines = match logging.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter));
    // A second subscriber in one process (tests) is not an error worth ending for.
    let _ = match traces {
        None => subscriber.try_init(),
        Some(traces) => subscriber.with(traces.layer()).try_init(),
    };
    Ok(())
}
