//! What a step of the wall clock leaves behind. Pure.
//!
//! A source goes on reporting the small bound of the time before a step until it compares the clock again:
//! chrony notices a step by somebody else only if it is over 10 s, so its bound may be wrong for a whole
//! poll, up to 17 minutes. Until the source has certainly seen the step, readings are held against the wall
//! clock as it was before.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::baseline::Baseline;
use super::{ClockSource, Reading};
use crate::time::ClockStep;

/// Without a reference time nothing shows that the source has compared the clock again; by then it has.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// How much later or earlier a reference time has to be to show on which side of a step it lies: it may be
/// too early by a second on purpose, and by another one that is cut off.
const CLEARLY: TimeDelta = TimeDelta::seconds(2);

/// Follows the readings of one source across steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepRecovery {
    /// What the last reading rests on.
    last: Option<Last>,
    /// The step that the source may not have seen.
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    baseline: Baseline,
    reference: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// The wall clock before the first step, and the reference time then.
    first: Last,
    /// The wall clocks before each of the steps.
    all: Baseline,
    /// The reference time of the first reading that was asked for after the last step.
    after: Option<DateTime<Utc>>,
    /// When a step was seen, by the wall clock as it ran before it: the latest such time.
    old_wall: DateTime<Utc>,
    /// Whether there was one step alone.
    is_single: bool,
    /// When the last step was seen.
    stepped: Instant,
}

impl StepRecovery {
    /// Takes note of a step. From now on readings are held against the clock before it.
    pub(crate) fn step(&mut self, step: &ClockStep) {
        let open = match self.open {
            Some(open) => open.again(step),
            None => Open::new(step, self.last),
        };
        self.open = Some(open);
    }

    /// Takes a reading, and returns it enlarged while its source may not have seen the last step.
    #[must_use]
    pub(crate) fn admit(&mut self, mut reading: Reading) -> Reading {
        if self.open.is_some_and(|open| open.is_over(&reading)) {
            self.open = None;
        }
        if let Some(open) = &mut self.open {
            reading.baseline = open.baseline(&reading);
            if reading.requested.monotonic >= open.stepped {
                open.after = open.after.or(reading.reference);
            }
        }
        self.last = Some(Last {
            baseline: reading.baseline,
            reference: reading.reference,
        });
        reading
    }
}

/// When the step was seen, on the wall clock as it ran before.
fn old_wall(step: &ClockStep) -> DateTime<Utc> {
    step.at.moved(-step.by).wall
}

impl Open {
    fn new(step: &ClockStep, last: Option<Last>) -> Self {
        let first = match last {
            Some(last) if step.gradual => Last {
                baseline: step.before.into(),
                ..last
            },
            Some(last) => last,
            None => Last {
                baseline: step.before.into(),
                reference: None,
            },
        };
        Self {
            first,
            all: first.baseline,
            after: None,
            old_wall: old_wall(step),
            is_single: true,
            stepped: step.at.monotonic,
        }
    }

    /// The same after one more step.
    fn again(self, step: &ClockStep) -> Self {
        Self {
            all: self.all.and(step.before),
            after: None,
            old_wall: self.old_wall.max(old_wall(step)),
            is_single: false,
            stepped: step.at.monotonic,
            ..self
        }
    }

    /// The wall clock that a reading speaks of. If its reference is the one of before the steps, that is
    /// the clock of then; else the clock may have been compared at any time until the answer, and all count:
    /// the reading's own time as well, since the clock may be stepped again before the next one.
    fn baseline(&self, reading: &Reading) -> Baseline {
        if self.first.reference.is_some() && self.first.reference == reading.reference {
            self.first.baseline
        } else {
            self.all.and(reading.requested).and(reading.taken)
        }
    }

    /// Whether this reading shows that its source has seen the step.
    fn is_over(&self, reading: &Reading) -> bool {
        let age = reading
            .requested
            .monotonic
            .checked_duration_since(self.stepped);
        // Asked before the step was seen: it may still speak of the clock before it.
        let Some(age) = age else {
            return false;
        };
        if !reading.is_synchronized() {
            return false;
        }
        match (reading.source, reading.reference) {
            (ClockSource::Ecs, Some(reference)) => self.is_since(reference),
            (ClockSource::Ecs, None) => age >= LONGEST,
            // A step by somebody else puts the kernel's estimate at its cap, where it is not synchronized.
            _ => true,
        }
    }

    /// Whether the clock was certainly compared after the step, if that is its reference time. A new one
    /// alone does not show it: the clock may have been compared between the last reading and the step.
    /// (Two steps that are noticed as one, with a comparison in between, are beyond this.)
    fn is_since(&self, reference: DateTime<Utc>) -> bool {
        // Another one than after the step, hence of a later comparison.
        let has_changed = self.after.is_some_and(|after| after != reference);
        // Before the steps no comparison had so late a time.
        let is_later = reference.signed_duration_since(self.old_wall) > CLEARLY;
        // Nor so early a one: a comparison with a clock that had been set back.
        let is_set_back = self.is_single
            && self
                .first
                .reference
                .is_some_and(|before| before.signed_duration_since(reference) > CLEARLY);
        has_changed || is_later || is_set_back
    }
}

#[cfg(test)]
mod tests;
