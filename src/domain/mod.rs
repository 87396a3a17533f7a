//! The pure core: everything that decides.
//!
//! No I/O, no async, no clock of its own: the time is an argument. Given the same state and the same findings, it
//! decides the same. May use std, serde and value crates; nothing in here knows of GitHub's JSON, HTTP or the store.

pub mod command;
pub mod config;
pub mod deed;
pub mod event;
pub mod filter;
pub mod gate;
pub mod glob;
pub mod ids;
pub mod init;
pub(crate) mod masked;
pub mod pages;
pub mod pipeline;
pub mod preview;
pub(crate) mod printable;
pub mod pull;
pub mod recovery;
pub mod repository;
pub mod run;
pub mod runs;
mod similar;
pub mod text;
pub mod trust;
pub(crate) mod yaml;
