//! What a step of the wall clock leaves behind. Pure.
//!
//! A source goes on reporting the small bound of the time before a step until it compares the clock again:
//! chrony notices a step by somebody else only if it is over 10 s, so its bound may be wrong for a whole
//! poll, up to 17 minutes. Until the source has certainly seen the step, readings are held against the wall
//! clock as it was before.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::{ClockSource, Reading};
use crate::time::{ClockStep, Moment};

/// Without a reference time nothing shows that the source has compared the clock again; by then it has.
const LONGEST: Duration = Duration::from_secs(60 * 60);

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
    baseline: Moment,
    reference: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// The wall clock that the source speaks of until it has seen the step.
    baseline: Moment,
    /// The reference time before the step.
    reference: Option<DateTime<Utc>>,
    /// When the last step was seen.
    stepped: Instant,
}

impl StepRecovery {
    /// Takes note of a step. From now on readings are held against the clock before it.
    pub(crate) fn step(&mut self, step: &ClockStep) {
        let baseline = match (&self.open, &self.last) {
            // Two steps in a row: what counts is how far they led together.
            (Some(open), _) => open.baseline,
            (None, Some(last)) if !step.gradual => last.baseline,
            _ => step.before,
        };
        self.open = Some(Open {
            baseline,
            reference: self.last.and_then(|last| last.reference),
            stepped: step.at.monotonic,
        });
    }

    /// Takes a reading, and returns it enlarged while its source may not have seen the last step.
    #[must_use]
    pub(crate) fn admit(&mut self, mut reading: Reading) -> Reading {
        if self.open.is_some_and(|open| open.is_over(&reading)) {
            self.open = None;
        }
        if let Some(open) = &mut self.open {
            reading.baseline = open.baseline;
            // The first reference time that is known may be that of before the step.
            open.reference = open.reference.or(reading.reference);
        }
        self.last = Some(Last {
            baseline: reading.baseline,
            reference: reading.reference,
        });
        reading
    }
}

impl Open {
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
            (ClockSource::Ecs, Some(reference)) => {
                self.reference.is_some_and(|before| before != reference)
            }
            (ClockSource::Ecs, None) => age >= LONGEST,
            // A step by somebody else puts the kernel's estimate at its cap, where it is not synchronized.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::SyncStatus;
    use crate::time::ErrorBound;
    use chrono::TimeDelta;

    /// A world in which the wall clock is stepped.
    struct World {
        start: Moment,
        recovery: StepRecovery,
        moved: TimeDelta,
    }

    impl World {
        fn new() -> Self {
            Self {
                start: Moment::now(),
                recovery: StepRecovery::default(),
                moved: TimeDelta::zero(),
            }
        }

        fn at(&self, seconds: u64) -> Moment {
            let passed = Duration::from_secs(seconds);
            let wall = self.start.wall + TimeDelta::from_std(passed).unwrap() + self.moved;
            Moment::new(wall, self.start.monotonic + passed)
        }

        fn step(&mut self, seconds: u64, by_ms: i64) {
            let before = self.at(seconds);
            self.moved += TimeDelta::milliseconds(by_ms);
            self.recovery.step(&ClockStep {
                by: TimeDelta::milliseconds(by_ms),
                at: self.at(seconds),
                before,
                gradual: false,
            });
        }

        /// By how many milliseconds a reading is enlarged.
        fn read(&mut self, seconds: u64, source: ClockSource, reference: Option<i64>) -> u128 {
            self.read_as(seconds, source, reference, SyncStatus::Synchronized)
        }

        fn read_as(
            &mut self,
            seconds: u64,
            source: ClockSource,
            reference: Option<i64>,
            status: SyncStatus,
        ) -> u128 {
            let now = self.at(seconds);
            let mut reading = Reading::new(source, now, now);
            reading.status = status;
            reading.bound = ErrorBound::from_millis(0.5).ok();
            reading.reference = reference.map(|s| self.start.wall + TimeDelta::seconds(s));
            let reading = self.recovery.admit(reading);
            let bound = reading.bound_when_taken().unwrap();
            assert_eq!(bound, reading.enlarged_by() + Duration::from_micros(500));
            reading.enlarged_by().as_millis()
        }
    }

    use ClockSource::{Ecs, Kernel};

    #[test]
    fn a_new_reference_time_ends_it() {
        let mut world = World::new();
        assert_eq!(world.read(0, Ecs, Some(-5)), 0);
        world.step(7, 350);
        assert_eq!(world.read(10, Ecs, Some(-5)), 350);
        assert_eq!(world.read(1_000, Ecs, Some(-5)), 350);
        let lost = SyncStatus::NotSynchronized;
        assert_eq!(world.read_as(1_005, Ecs, Some(1_003), lost), 350);
        assert_eq!(world.read(1_010, Ecs, Some(1_003)), 0);
    }

    #[test]
    fn steps_add_up_and_cancel_out() {
        let mut world = World::new();
        assert_eq!(world.read(0, Ecs, Some(-5)), 0);
        world.step(1, 350);
        world.step(2, 50);
        assert_eq!(world.read(10, Ecs, Some(-5)), 400);
        world.step(12, -400);
        assert_eq!(world.read(20, Ecs, Some(-5)), 0, "back where it was");
    }

    #[test]
    fn without_a_reference_time_it_ends_after_an_hour() {
        let mut world = World::new();
        assert_eq!(world.read(0, Ecs, None), 0);
        world.step(7, 350);
        assert_eq!(world.read(3_606, Ecs, None), 350);
        assert_eq!(world.read(3_607, Ecs, None), 0);
    }

    #[test]
    fn a_kernel_that_is_synchronized_has_seen_it() {
        let mut world = World::new();
        assert_eq!(world.read(0, Kernel, None), 0);
        world.step(7, -350);
        let capped = SyncStatus::NotSynchronized;
        assert_eq!(world.read_as(10, Kernel, None, capped), 350);
        assert_eq!(world.read(20, Kernel, None), 0);
    }

    #[test]
    fn a_request_sent_before_the_step_was_seen_does_not_end_it() {
        let mut world = World::new();
        assert_eq!(world.read(0, Ecs, Some(-5)), 0);
        world.step(7, 350);
        assert_eq!(world.read(6, Ecs, Some(5)), 350);
    }

    #[test]
    fn a_step_before_the_first_reading_counts() {
        let mut world = World::new();
        world.step(1, 350);
        assert_eq!(world.read(2, Ecs, Some(-5)), 350);
        assert_eq!(world.read(100, Ecs, Some(90)), 0);
    }
}
