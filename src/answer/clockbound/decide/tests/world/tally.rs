//! The ranges of simulated lives, counted.

use std::time::Duration;

/// Counts of the ranges that were given.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) ranges: u64,
    pub(super) wrong: u64,
    /// How many of the wrong ones are wrong by more than the drift since the reading, or in the time between two readings
    /// if that is longer: the drift is not added to a correction in progress, nor to one that the reading did not report.
    pub(super) beyond_drift: u64,
    /// How many of the wrong ones are the segment's, which is written once a second.
    pub(super) wrong_in_segment: u64,
    /// By how much the worst one was wrong.
    pub(super) worst: i64,
    /// By how much a range was wider than its claim and the drift explain.
    pub(super) widest: Duration,
}
