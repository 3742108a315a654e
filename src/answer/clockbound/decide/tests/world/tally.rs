//! The ranges of simulated lives, counted.

use std::time::Duration;

/// Counts of the ranges that were given.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) ranges: u64,
    /// The ranges that leave out true time, but for the next four.
    pub(super) wrong: u64,
    /// Those of a process that rest on a wall clock which it has not seen: it ran before its start, or while it was stopped.
    pub(super) unseen: u64,
    /// Those of the segment that rest on a wall clock which no process has seen.
    pub(super) unseen_in_segment: u64,
    /// Those that lack no more than the drift since the reading, or of a sample interval if that is longer, where the daemon
    /// has corrected the clock since it made its claim: the drift is not added to a correction, and a cache hides one.
    pub(super) within_drift: u64,
    pub(super) worst_within_drift: i64,
    /// Those that lack no more than that and the correction, after a reading of a process that did not know the usual pace
    /// of the clock well yet.
    pub(super) while_young: u64,
    /// How many of the wrong ones are the segment's, which is written once a second.
    pub(super) wrong_in_segment: u64,
    /// By how much the worst one was wrong.
    pub(super) worst: i64,
    /// By how much a range was wider than its claim and the drift explain.
    pub(super) widest: Duration,
}

impl Tally {
    pub(super) fn add(&mut self, life: &Self) {
        self.ranges += life.ranges;
        self.wrong += life.wrong;
        self.unseen += life.unseen;
        self.unseen_in_segment += life.unseen_in_segment;
        self.within_drift += life.within_drift;
        self.worst_within_drift = self.worst_within_drift.max(life.worst_within_drift);
        self.while_young += life.while_young;
        self.wrong_in_segment += life.wrong_in_segment;
        self.worst = self.worst.max(life.worst);
        self.widest = self.widest.max(life.widest);
    }
}
