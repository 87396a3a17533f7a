//! From nothing to a served app: what the operator sees in the terminal and in the browser.

mod browser;
mod refused;
mod stored;
mod story;
