//! The client against answers that are given over real HTTP on loopback.

mod asking;
mod client;
mod contents;
mod http;
pub(super) mod key;
mod lanes;
mod reports;
mod runs;
mod server;
