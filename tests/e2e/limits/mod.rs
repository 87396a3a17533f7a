//! GitHub's limits, and what the app may do at all: nothing is asked beyond them, what is urgent goes first, and the rest
//! is made up for.

mod budget;
mod burst;
mod clock;
mod inbox;
mod permissions;
mod tokens;
