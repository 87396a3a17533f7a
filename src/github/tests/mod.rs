//! The client against answers that are given over real HTTP on loopback.

mod asking;
mod client;
mod fan_out;
pub(super) mod key;
mod lanes;
mod server;
