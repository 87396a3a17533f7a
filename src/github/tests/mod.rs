//! The client against answers that are given over real HTTP on loopback.

mod asking;
mod client;
pub(super) mod key;
mod server;
