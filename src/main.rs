//! The `drawbridge` binary; see the library for what it does.

fn main() -> std::process::ExitCode {
    drawbridge::cli::run()
}
