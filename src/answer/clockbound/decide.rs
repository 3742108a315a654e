//! Decides what a segment contains, from what the sidecar has read. Pure: time is an argument.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::client;
use super::segment::{Segment, Status};
use crate::answer::Rules;
use crate::reading::{ClockSource, Reading, SyncStatus};
use crate::sidecar::Observed;
use crate::time::{DriftRate, ErrorBound, Moment, magnitude};

/// How long a reading counts, as with ClockBound's own daemon: about the longest time that chrony waits between two
/// comparisons.
const HORIZON: Duration = Duration::from_secs(1_000);
/// Added to the bound, because clients truncate its growth to whole nanoseconds.
const ROUNDING: Duration = Duration::from_nanos(1);
/// A move of the wall clock by this much since an earlier writer's last write is a step: far more than the precision with
/// which the clocks are read and file systems keep times.
const SMALLEST_STEP: Duration = Duration::from_micros(50);
/// After a larger move nothing is known: it may have been a restart of the machine.
const LARGEST_STEP: Duration = Duration::from_secs(60);
/// How far a reference time may be from the time of its comparison.
const REFERENCE_TOLERANCE: Duration = Duration::from_secs(2);
/// A source without a reference time has compared the clock within this time.
const LONGEST_UNCOMPARED: Duration = Duration::from_secs(60 * 60);

impl Rules {
    fn bound_at(&self, reading: &Reading, now: &Moment) -> Option<Duration> {
        if self.limits.age_adjusted {
            reading.age_adjusted_bound_at(now, self.drift)
        } else {
            reading.bound_at(now, self.drift)
        }
    }

    /// Whether a bound is within the limit.
    fn accepts(&self, bound: Duration, source: ClockSource) -> bool {
        let limit = self.limits.max_error_for(Some(source));
        limit.is_none_or(|limit| bound <= limit)
    }

    /// Whether a reading gives a bound at all.
    fn has_bound(&self, reading: &Reading) -> bool {
        reading.bound.is_some() && !(self.limits.age_adjusted && reading.reference.is_none())
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
    /// How far the wall clock is ahead of the fine monotonic clock, which counts from the machine's start.
    pub difference: TimeDelta,
}

/// The readings so far, as far as the segment depends on them.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// The last synchronized reading with a bound.
    good: Option<Reading>,
    /// The reading after it that was not synchronized, if one was.
    lost: Option<Reading>,
    /// When the wall clock was last seen to have been stepped.
    stepped: Option<Instant>,
    /// What an earlier writer left.
    inherited: Option<Inherited>,
}

/// A segment of an earlier writer, which clients may be using.
#[derive(Debug, Clone, Copy)]
struct Inherited {
    segment: Segment,
    /// How far the wall clock was ahead of the monotonic clock when it was written.
    difference: TimeDelta,
    /// When it was taken over.
    since: Instant,
    /// Whether the wall clock may have been stepped without a comparison since: after it was written, or before, which may be
    /// why the segment runs free. A step while no sidecar ran may have taken that back by chance.
    was_stepped: bool,
    /// The least and the most that it has been ahead since.
    lowest: TimeDelta,
    highest: TimeDelta,
}

impl Memory {
    /// Whether any reading has counted yet, good or not.
    pub(super) fn is_empty(&self) -> bool {
        self.good.is_none() && self.lost.is_none()
    }

    /// Takes what the sidecar has observed. A failed read changes nothing, and neither does a
    /// synchronized reading without a bound: the earlier reading ages.
    pub(super) fn take(&mut self, observed: &Observed, rules: &Rules) {
        if let Some(stepped) = observed.stepped {
            self.step(stepped);
        }
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

    /// Notes that the wall clock was stepped.
    pub(super) fn step(&mut self, at: Instant) {
        self.stepped = self.stepped.max(Some(at));
    }

    /// Takes over at `now` what an earlier writer left when the wall clock was ahead of the monotonic clock by
    /// `difference`.
    pub(super) fn inherit(&mut self, segment: Segment, difference: TimeDelta, now: &Present) {
        let mut inherited = Inherited {
            segment,
            difference,
            since: now.moment.monotonic,
            was_stepped: segment.status == Status::FreeRunning,
            lowest: difference,
            highest: difference,
        };
        inherited.follow(now);
        self.inherited = Some(inherited);
    }

    /// Records where the wall clock is at `now`.
    pub(super) fn follow(&mut self, now: &Present) {
        if let Some(inherited) = &mut self.inherited {
            inherited.follow(now);
        }
    }

    /// What clients should read at `now` instead of an earlier writer's segment while there is no reading; `None` while
    /// that segment is still right.
    #[must_use]
    pub(super) fn inherited(&mut self, now: &Present, rules: &Rules) -> Option<Segment> {
        let inherited = self.inherited.as_mut()?;
        inherited.follow(now);
        inherited
            .was_stepped
            .then(|| inherited.enlarged(now, rules))
    }

    /// How far the wall clock that the readings refer to is ahead of the monotonic clock. It is the one before a step until
    /// the source has compared the clock again, so that a later writer learns of the step too.
    #[must_use]
    pub(super) fn difference(&self, now: &Present) -> TimeDelta {
        let inherited = self.inherited.as_ref();
        let before = inherited.filter(|inherited| {
            inherited.was_stepped
                && self
                    .good
                    .as_ref()
                    .is_none_or(|good| !inherited.moved_before(good, now).is_zero())
        });
        let good = self.good.as_ref();
        let moved = good.map_or(TimeDelta::zero(), |good| {
            good.moved_since_compared(&now.moment)
        });
        before.map_or(now.difference - moved, |before| before.difference)
    }

    /// What clients should read at `now`.
    #[must_use]
    pub(super) fn segment(&self, now: &Present, rules: &Rules) -> Segment {
        self.known(now, rules)
            .unwrap_or_else(|| unknown(now.coarse, rules.drift))
    }

    fn known(&self, now: &Present, rules: &Rules) -> Option<Segment> {
        let good = self.good.as_ref()?;
        let age = now.moment.since(&good.requested);
        if age >= HORIZON {
            return None;
        }
        let bound = self.bound(good, now, rules)?;
        Some(Segment {
            as_of: now.coarse,
            // Counted from the reading: writing it again does not make it younger.
            void_after: now.coarse.saturating_add(HORIZON).saturating_sub(age),
            bound,
            status: if self.is_synchronized(good, now, rules) && rules.accepts(bound, good.source) {
                Status::Synchronized
            } else {
                Status::FreeRunning
            },
            ..unknown(now.coarse, rules.drift)
        })
    }

    /// How far the wall clock may be off at `now`; `None` if nothing bounds it.
    fn bound(&self, good: &Reading, now: &Present, rules: &Rules) -> Option<Duration> {
        let before = self.moved_before(good, now);
        let mut bound = rules.bound_at(good, &now.moment)?.saturating_add(before);
        if let Some(lost) = &self.lost {
            if lost.status == SyncStatus::Unknown {
                return None;
            }
            if rules.has_bound(lost) {
                bound = bound.max(rules.bound_at(lost, &now.moment)?);
            }
        }
        // Clients compute the growth on a clock that lags.
        let lag = rules.drift.growth(now.resolution);
        let bound = bound.saturating_add(lag).saturating_add(ROUNDING);
        (bound <= ErrorBound::MAX).then_some(bound)
    }

    /// How far the wall clock was moved before this process started, if that still counts.
    fn moved_before(&self, reading: &Reading, now: &Present) -> Duration {
        let inherited = self.inherited.as_ref();
        inherited.map_or(Duration::ZERO, |inherited| {
            inherited.moved_before(reading, now)
        })
    }

    /// Whether the clock is known to be synchronized, given its last good reading.
    fn is_synchronized(&self, good: &Reading, now: &Present, rules: &Rules) -> bool {
        let was_stepped = self
            .stepped
            .is_some_and(|stepped| good.requested.monotonic < stepped);
        let longest = rules.limits.max_age.longest();
        let is_stale = match (longest, good.reference_age_at(&now.moment)) {
            (Some(limit), Some(age)) => age > limit,
            _ => false,
        };
        self.lost.is_none()
            && now.moment.since(&good.requested) <= rules.longest_age()
            && !was_stepped
            && !good.follows_an_unseen_step()
            && self.moved_before(good, now).is_zero()
            && !is_stale
    }
}

impl Inherited {
    /// Takes note of where the wall clock is.
    fn follow(&mut self, now: &Present) {
        self.lowest = self.lowest.min(now.difference);
        self.highest = self.highest.max(now.difference);
        self.was_stepped |= self.apart() >= SMALLEST_STEP;
    }

    /// How far the wall clocks since the segment was written are apart. The time daemon may have compared any of them and
    /// slewed it, which moves both clocks alike, so a step back does not undo this.
    fn apart(&self) -> Duration {
        magnitude(self.highest - self.lowest)
    }

    /// How far the wall clock was moved before this process started, while the source of the reading may not have
    /// compared it since.
    fn moved_before(&self, reading: &Reading, now: &Present) -> Duration {
        let moved = magnitude(now.difference - self.difference);
        let since = now.moment.monotonic.saturating_duration_since(self.since);
        let uncompared = match reading.source {
            ClockSource::Ecs => {
                reading
                    .reference_age_at(&now.moment)
                    .map_or(LONGEST_UNCOMPARED, |age| {
                        age.saturating_add(REFERENCE_TOLERANCE)
                            .saturating_add(self.apart())
                    })
            }
            _ => Duration::ZERO,
        };
        if self.was_stepped && uncompared >= since {
            // The source may have compared any wall clock within the range that was written.
            moved.saturating_add(self.spread())
        } else {
            Duration::ZERO
        }
    }

    /// How far the wall clocks that the segment may refer to are apart. One that says nothing bounds nothing: its writer may
    /// have seen others since the one that it gives.
    fn spread(&self) -> Duration {
        match self.segment.status {
            Status::Unknown => ErrorBound::MAX,
            _ => self.segment.bound,
        }
    }

    /// The segment at `now`, after the wall clock has moved. Its expiry does not change.
    fn enlarged(&self, now: &Present, rules: &Rules) -> Segment {
        let moved = self.apart();
        let nothing = unknown(now.coarse, rules.drift);
        let is_known = client::status(&self.segment, now.coarse) != Status::Unknown
            && self.segment.status != Status::Disrupted;
        if !is_known || now.coarse >= self.segment.void_after || moved > LARGEST_STEP {
            return nothing;
        }
        let lag = rules.drift.growth(now.resolution);
        let bound = client::bound(&self.segment, now.coarse)
            .saturating_add(moved)
            .saturating_add(lag)
            .saturating_add(ROUNDING);
        Segment {
            void_after: self.segment.void_after,
            bound,
            drift_ppb: nothing.drift_ppb.max(self.segment.drift_ppb),
            status: Status::FreeRunning,
            ..nothing
        }
    }
}

/// The segment that says that nothing is known. Its bound is a day: a program that ignores the status would take 0 for
/// perfect time.
#[must_use]
pub(super) fn unknown(coarse: Duration, drift: DriftRate) -> Segment {
    let drift_ppb = drift.growth(Duration::from_secs(1)).as_nanos();
    Segment {
        as_of: coarse,
        void_after: coarse,
        bound: ErrorBound::MAX,
        drift_ppb: u32::try_from(drift_ppb).unwrap_or(u32::MAX),
        status: Status::Unknown,
        disruption_support: false,
    }
}

#[cfg(test)]
mod tests;
