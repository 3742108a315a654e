//! Which wall clock a bound speaks of. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::time::{Moment, magnitude};

/// The wall clock that a bound speaks of, by moments at which it ran; after steps that the source may have
/// seen in part, any wall clock between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Baseline {
    /// The one furthest behind.
    lowest: Moment,
    /// The one furthest ahead.
    highest: Moment,
}

impl From<Moment> for Baseline {
    /// The wall clock as it ran at that moment.
    fn from(moment: Moment) -> Self {
        Self {
            lowest: moment,
            highest: moment,
        }
    }
}

impl Baseline {
    /// These wall clocks, and the one that ran at `moment`.
    pub(super) fn and(mut self, moment: Moment) -> Self {
        if moment.wall_moved_since(&self.lowest) < TimeDelta::zero() {
            self.lowest = moment;
        }
        if moment.wall_moved_since(&self.highest) > TimeDelta::zero() {
            self.highest = moment;
        }
        self
    }

    /// How far the wall clock is at `now` from the furthest of these.
    pub(super) fn distance(&self, now: &Moment) -> Duration {
        let [lowest, highest] =
            [self.lowest, self.highest].map(|moment| magnitude(now.wall_moved_since(&moment)));
        lowest.max(highest)
    }

    /// As [`Baseline::distance`], with what the reads of the clocks leave open.
    pub(super) fn largest_distance(&self, now: &Moment) -> Duration {
        let [lowest, highest] =
            [self.lowest, self.highest].map(|moment| now.wall_moved_at_most(&moment));
        lowest.max(highest)
    }

    /// The time at `now`, by the wall clock furthest ahead.
    pub(super) fn wall_at(&self, now: &Moment) -> Option<DateTime<Utc>> {
        let since = TimeDelta::from_std(now.since(&self.highest)).ok()?;
        self.highest.wall.checked_add_signed(since)
    }
}
