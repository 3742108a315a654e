//! What a segment is to say, from what the sidecar has read. Pure: time is an argument.

use std::time::{Duration, Instant};

use super::segment::{Segment, Status};
use crate::answer::freshness::longest_age;
use crate::reading::{Observed, Reading, SyncStatus};
use crate::time::{DriftRate, ErrorBound, Moment};

/// No bound counts for longer, however seldom the clock is read: the longest chrony waits between two
/// comparisons is 1,024 s.
const LONGEST_HORIZON: Duration = Duration::from_secs(1_000);
const SHORTEST_HORIZON: Duration = Duration::from_secs(60);
/// So many sample intervals without a good reading make a bound count no more.
const HORIZON_INTERVALS: u32 = 10;
/// The client cuts the growth it computes to whole nanoseconds, and a bound in decimal milliseconds was
/// rounded to them.
const ROUNDING: Duration = Duration::from_nanos(2);

/// By which rules a segment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// How fast a bound grows.
    pub drift: DriftRate,
    /// From one reading to the next.
    pub sample_interval: Duration,
    /// The clock counts as free-running once its reference time is known to be older than this.
    pub max_age: Option<Duration>,
    /// Whether growth is counted from the reference time. A reading whose reference time is unknown then
    /// has no bound.
    pub age_adjusted: bool,
}

impl Rules {
    /// How long after a reading nothing written from it counts any more.
    fn horizon(&self) -> Duration {
        self.sample_interval
            .saturating_mul(HORIZON_INTERVALS)
            .clamp(SHORTEST_HORIZON, LONGEST_HORIZON)
    }

    fn bound_at(&self, reading: &Reading, now: &Moment) -> Option<Duration> {
        if self.age_adjusted {
            reading.age_adjusted_bound_at(now, self.drift)
        } else {
            reading.bound_at(now, self.drift)
        }
    }

    /// Whether a reading gives a bound at all.
    fn has_bound(&self, reading: &Reading) -> bool {
        reading.bound.is_some() && !(self.age_adjusted && reading.reference.is_none())
    }
}

/// The present on the clocks that a segment rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present {
    /// `CLOCK_MONOTONIC_COARSE`, read before `moment`.
    pub coarse: Duration,
    /// How far that clock may lag behind the fine one.
    pub resolution: Duration,
    /// The wall clock and the fine monotonic clock.
    pub moment: Moment,
}

/// What of the readings so far counts for the segment.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// The last synchronized reading with a bound.
    good: Option<Reading>,
    /// The reading after it that was not synchronized, if one was.
    lost: Option<Reading>,
    /// When the wall clock was last seen to have been stepped.
    stepped: Option<Instant>,
}

impl Memory {
    /// Whether any reading has counted yet, good or not.
    pub(super) fn is_empty(&self) -> bool {
        self.good.is_none() && self.lost.is_none()
    }

    /// Takes what the sidecar has observed. A failed read and a reading that says synchronized without a
    /// bound change nothing: what was known grows old.
    pub(super) fn take(&mut self, observed: &Observed, rules: &Rules) {
        let Some(reading) = &observed.last else {
            return;
        };
        match reading.status {
            SyncStatus::Synchronized if rules.has_bound(reading) => {
                self.good = Some(reading.clone());
                self.lost = None;
            }
            SyncStatus::Synchronized => {}
            _ => self.lost = Some(reading.clone()),
        }
    }

    /// Takes note that the wall clock was stepped.
    pub(super) fn step(&mut self, now: &Moment) {
        self.stepped = Some(now.monotonic);
    }

    /// What clients are to read at `now`.
    #[must_use]
    pub(super) fn segment(&self, now: &Present, rules: &Rules) -> Segment {
        self.known(now, rules)
            .unwrap_or_else(|| unknown(now.coarse, rules.drift))
    }

    fn known(&self, now: &Present, rules: &Rules) -> Option<Segment> {
        let good = self.good.as_ref()?;
        let age = now.moment.since(&good.requested);
        if age >= rules.horizon() {
            return None;
        }
        let bound = self.bound(good, now, rules)?;
        Some(Segment {
            as_of: now.coarse,
            // Counted from the reading: writing it again does not make it younger.
            void_after: now
                .coarse
                .saturating_add(rules.horizon())
                .saturating_sub(age),
            bound,
            status: if self.is_synchronized(good, now, rules) {
                Status::Synchronized
            } else {
                Status::FreeRunning
            },
            ..unknown(now.coarse, rules.drift)
        })
    }

    /// How far the wall clock may be off at `now`; `None` if nothing bounds it.
    fn bound(&self, good: &Reading, now: &Present, rules: &Rules) -> Option<Duration> {
        let mut bound = rules.bound_at(good, &now.moment)?;
        if let Some(lost) = &self.lost {
            if lost.status == SyncStatus::Unknown {
                return None;
            }
            if rules.has_bound(lost) {
                bound = bound.max(rules.bound_at(lost, &now.moment)?);
            }
        }
        // A client counts its growth on a clock that lags.
        let lag = rules.drift.growth(now.resolution);
        let bound = bound.saturating_add(lag).saturating_add(ROUNDING);
        (bound <= ErrorBound::MAX).then_some(bound)
    }

    /// Whether the clock is known to be kept in step, given its last good reading.
    fn is_synchronized(&self, good: &Reading, now: &Present, rules: &Rules) -> bool {
        let was_stepped = self
            .stepped
            .is_some_and(|stepped| good.requested.monotonic < stepped);
        let is_stale = match (rules.max_age, good.reference_age_at(&now.moment)) {
            (Some(limit), Some(age)) => age > limit,
            _ => false,
        };
        self.lost.is_none()
            && now.moment.since(&good.requested) <= longest_age(rules.sample_interval)
            && !was_stepped
            && !good.follows_an_unseen_step()
            && !is_stale
    }
}

/// The segment that says nothing. Its bound is a day and not 0, which a program that ignores the status
/// would take for perfect time.
#[must_use]
pub(super) fn unknown(coarse: Duration, drift: DriftRate) -> Segment {
    let drift_ppb = drift.growth(Duration::from_secs(1)).as_nanos();
    Segment {
        as_of: coarse,
        void_after: coarse,
        bound: ErrorBound::MAX,
        drift_ppb: u32::try_from(drift_ppb).unwrap_or(u32::MAX),
        status: Status::Unknown,
        disruption_marker: 0,
        disruption_support: false,
    }
}

#[cfg(test)]
mod tests;
