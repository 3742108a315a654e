//! Which wall clock a reading's bound refers to. Pure.
//!
//! A source makes its claim by comparing the wall clock with its reference at some time. If the wall clock was moved
//! since by another program, the source continues to report the small bound from before, until it compares the clock
//! again. (chrony notices a step made by others only if it is over 10 s, and may compare the clock only every 17
//! minutes.) So each bound is applied to every wall clock that may have run when the source compared it.
//!
//! The time of that comparison follows from the reference time, which the wall clock of that time showed, and from
//! earlier readings. A different reference time alone proves nothing: the endpoint may answer from a cache.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::clock_reading::{Basis, Reading};
use super::pace::{Correction, Pace};
use super::status::{ClockSource, SyncStatus};
use crate::time::{
    ClockStep, DriftRate, ErrorBound, Moment, StepDetector, WallClocks, WallHistory,
};

/// A source without a reference time has compared the clock within this time.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// How far a reference time may be from the time of its comparison: chrony gives one that is up to a second too early
/// on purpose, and the endpoint truncates fractions of a second.
const TOLERANCE: Duration = Duration::from_secs(2);
/// The greatest age of an endpoint's answer, which may come from a cache.
const LONGEST_CACHED: Duration = Duration::from_secs(60);
/// The pace of a clock is measured over at least this time.
const PACE_OVER: Duration = Duration::from_secs(10);
/// The usual pace is the median of so many, so that corrections during a few of them do not matter.
const PACES: usize = 9;

/// Follows the clocks and the readings of one process.
#[derive(Debug, Clone)]
pub(crate) struct ClockWatch {
    drift: DriftRate,
    /// The last moment.
    latest: Moment,
    steps: StepDetector,
    history: WallHistory,
    /// The last step.
    stepped: Option<ClockStep>,
    last: Option<Claim>,
    /// The beginning of the time over which the pace is measured.
    pace_from: Moment,
    paces: VecDeque<Pace>,
}

/// The last reading with a reference time.
#[derive(Debug, Clone, Copy)]
struct Claim {
    status: SyncStatus,
    bound: Option<ErrorBound>,
    reference: DateTime<Utc>,
    requested: Moment,
    basis: Basis,
}

impl ClockWatch {
    /// Starts to watch at `now`. What happened before is unknown.
    #[must_use]
    pub(crate) fn new(now: Moment, drift: DriftRate) -> Self {
        Self {
            drift,
            latest: now,
            steps: StepDetector::new(now),
            history: WallHistory::new(now),
            stepped: None,
            last: None,
            pace_from: now,
            paces: VecDeque::new(),
        }
    }

    /// Adds a moment, and returns the step that has happened by then, if any is large enough to be reported.
    pub(crate) fn observe(&mut self, now: Moment) -> Option<ClockStep> {
        self.latest = now;
        self.history.observe(now);
        let step = self.steps.observe(now);
        self.stepped = step.or(self.stepped);
        step
    }

    /// Adds a reading that was taken before the last moment, and returns it with the wall clocks that its source may
    /// have compared.
    #[must_use]
    pub(crate) fn admit(&mut self, reading: Reading) -> Reading {
        self.measure_pace(&reading.requested);
        let asked = self.asked_on(&reading);
        if let (ClockSource::Ecs, Some(reference)) = (reading.source, reading.reference) {
            let basis = Basis {
                compared: self.compared(reference, &reading, asked),
                follows_unseen_step: self.may_precede_step(reference),
                correction: self.correction_of(reference, &reading),
            };
            self.last = Some(Claim {
                status: reading.status,
                bound: reading.bound,
                reference,
                requested: reading.requested,
                basis,
            });
            return reading.on(basis);
        }
        let (from, compared) = if reading.source == ClockSource::Ecs {
            let from = reading.taken.monotonic.checked_sub(LONGEST);
            (from, self.history.since(from))
        } else {
            // The kernel's estimate ends with a step, and an NTP exchange measures the clock as it is.
            (Some(reading.requested.monotonic), None)
        };
        reading.on(Basis {
            compared: compared.map_or(asked, |compared| compared.and_all(asked)),
            follows_unseen_step: self.was_stepped_since(from),
            correction: self.correction(),
        })
    }

    /// The wall clocks that ran while the source was asked.
    fn asked_on(&self, reading: &Reading) -> WallClocks {
        let [requested, taken] = reading.asked_on().map(|moment| self.history.at(moment));
        requested.and_all(taken)
    }

    /// The wall clocks on which the comparison of this reference time may have been made.
    fn compared(
        &self,
        reference: DateTime<Utc>,
        reading: &Reading,
        asked: WallClocks,
    ) -> WallClocks {
        let last = self.last.as_ref();
        // The source has not compared the clock since.
        if let Some(last) = last.filter(|last| last.reference == reference) {
            return last.basis.compared;
        }
        let from = self.not_compared_before(reference);
        let placed = |from| {
            self.history
                .compared(reference, TOLERANCE, from, &reading.taken)
        };
        let compared = match (placed(from), placed(None)) {
            (Some(placed), _) => Some(placed),
            // The reference time contradicts the order of the readings.
            (None, Some(placed)) => self.history.since(from).map(|since| since.and_all(placed)),
            // No wall clock can have shown this time.
            (None, None) => self.history.since(None),
        };
        // A step by the daemon itself changes the reference time of a comparison before the step too.
        let compared = compared.map_or(asked, |compared| compared.and_all(asked));
        // An older comparison, or one on a wall clock that was set back.
        let older = last.filter(|last| last.reference > reference);
        older.map_or(compared, |last| compared.and_all(last.basis.compared))
    }

    /// A comparison with a later reference time was made after the previous reading. Otherwise that reading would have
    /// reported it, unless it came from a cache.
    fn not_compared_before(&self, reference: DateTime<Utc>) -> Option<Instant> {
        let last = self
            .last
            .as_ref()
            .filter(|last| last.reference < reference)?;
        last.requested.monotonic.checked_sub(LONGEST_CACHED)
    }

    /// Whether the comparison of this reference time may have been made before the last step.
    fn may_precede_step(&self, reference: DateTime<Utc>) -> bool {
        let Some(step) = &self.stepped else {
            return false;
        };
        match &self.last {
            Some(last) if last.reference == reference => {
                last.basis.follows_unseen_step || last.requested.monotonic < step.at.monotonic
            }
            _ => {
                let from = self.not_compared_before(reference);
                let placed = |to| {
                    self.history
                        .compared(reference, TOLERANCE, from, to)
                        .is_some()
                };
                placed(&step.before) || !placed(&self.latest)
            }
        }
    }

    fn was_stepped_since(&self, from: Option<Instant>) -> bool {
        let stepped = self.stepped.map(|step| step.at.monotonic);
        stepped.is_some_and(|stepped| from.is_none_or(|from| from < stepped))
    }

    /// Measures the pace up to the next request.
    fn measure_pace(&mut self, requested: &Moment) {
        if requested.since(&self.pace_from) < PACE_OVER {
            return;
        }
        let pace = Pace::between(&self.pace_from, requested);
        self.paces.extend(pace.filter(Pace::is_of_oscillator));
        if self.paces.len() > PACES {
            self.paces.pop_front();
        }
        self.pace_from = *requested;
    }

    fn correction(&self) -> Correction {
        Correction {
            before: Some(Pace::usual(&self.paces)),
            already: Duration::ZERO,
        }
    }

    /// What a correction is recognized by after a reading with a reference time. A source that repeats its claim word
    /// for word does not know of a correction that has begun since it first made it.
    fn correction_of(&self, reference: DateTime<Utc>, reading: &Reading) -> Correction {
        let repeated = self.last.as_ref().filter(|last| {
            (last.reference, last.bound, last.status) == (reference, reading.bound, reading.status)
        });
        match repeated {
            Some(last) => Correction {
                before: last.basis.correction.before,
                already: last.basis.correction.excess(
                    &last.requested,
                    &reading.requested,
                    self.drift,
                ),
            },
            None => self.correction(),
        }
    }
}

#[cfg(test)]
mod tests;
