//! The binary as operators run it: a process of its own, talked to over HTTP, stopped by signals, with a stand-in GitHub in
//! this process.

mod callbacks;
mod channel;
mod check;
mod connections;
mod disk_full;
mod doctor;
mod follow;
mod health;
mod hooks;
mod logging;
mod metrics;
mod plan;
mod process;
mod refusals;
mod sandbox;
mod secrets;
mod settings;
mod settings_file;
mod setup;
mod state;
mod state_damaged;
mod state_versions;
mod stopping;
