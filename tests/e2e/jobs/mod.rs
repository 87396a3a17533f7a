//! Pipelines end to end: which jobs run, what the gates say of them, and who may change that.

mod anchors;
mod commands;
mod conditions;
mod elsewhere;
mod forged;
mod gates;
mod many;
mod outputs;
mod pushes;
mod queue;
mod schedule;
mod servers;
mod workload;
