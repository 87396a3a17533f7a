//! Drawbridge end to end: the app and a stand-in GitHub over real HTTP, told as what people do and see.

mod access;
mod api_calls;
mod approval;
mod commands;
mod comment;
mod configuration;
mod dashboard;
mod faults;
mod gate;
mod hostile;
mod init;
mod jobs;
mod limits;
mod metrics;
mod mirror;
mod order;
mod people;
mod quiet;
mod recovery;
mod repository;
mod rules;
mod security;
mod support;
mod systems;
mod titles;
