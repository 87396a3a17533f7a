//! The buckets of the histograms: fine where it matters, up to where somebody would look for the cause anyway.

/// Answering on the network or writing to a disk, in seconds.
pub(super) const QUICK: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// What asks GitHub, in seconds; a request has at most a minute.
pub(super) const ASKING: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// From a delivery to what people see, in seconds; an hour when a limit is reached.
pub(super) const WAITING: &[f64] = &[
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];

/// How many.
pub(super) const MANY: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
