//! Drawbridge end to end: the app and a stand-in GitHub over real HTTP, told as what people do and see.

mod approval;
mod commands;
mod comment;
mod configuration;
mod gate;
mod mirror;
mod people;
mod support;
