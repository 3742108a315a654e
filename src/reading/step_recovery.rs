//! What a step of the wall clock leaves behind. Pure.
//!
//! A source goes on reporting the small bound of the time before a step until it compares the clock again:
//! chrony notices a step by somebody else only if it is over 10 s, so its bound may be wrong for a whole
//! poll, up to 17 minutes. Until the source has certainly seen the step, readings are held against the wall
//! clock as it was before.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::{ClockSource, Reading};
use crate::time::{ClockStep, Moment, magnitude};

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
    baseline: Moment,
    reference: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// The wall clock before the first step, and the reference time then.
    first: Last,
    /// The wall clocks before the steps that were furthest behind and furthest ahead.
    lowest: Moment,
    highest: Moment,
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
                baseline: step.before,
                ..last
            },
            Some(last) => last,
            None => Last {
                baseline: step.before,
                reference: None,
            },
        };
        Self {
            first,
            lowest: first.baseline,
            highest: first.baseline,
            after: None,
            old_wall: old_wall(step),
            is_single: true,
            stepped: step.at.monotonic,
        }
    }

    /// The same after one more step.
    fn again(mut self, step: &ClockStep) -> Self {
        if step.before.wall_moved_since(&self.lowest) < TimeDelta::zero() {
            self.lowest = step.before;
        }
        if step.before.wall_moved_since(&self.highest) > TimeDelta::zero() {
            self.highest = step.before;
        }
        Self {
            after: None,
            old_wall: self.old_wall.max(old_wall(step)),
            is_single: false,
            stepped: step.at.monotonic,
            ..self
        }
    }

    /// The wall clock that a reading speaks of. If its reference is the one of before the steps, that is
    /// the clock of then; else the clock may have been compared at any time in between, and the furthest
    /// away counts.
    fn baseline(&self, reading: &Reading) -> Moment {
        if self.first.reference.is_some() && self.first.reference == reading.reference {
            return self.first.baseline;
        }
        let distance = |moment: &Moment| magnitude(reading.taken.wall_moved_since(moment));
        if distance(&self.lowest) > distance(&self.highest) {
            self.lowest
        } else {
            self.highest
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
mod tests {
    use super::*;
    use crate::reading::SyncStatus;
    use crate::time::ErrorBound;

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

    /// Regression: the small bound of a comparison before the step was believed after it.
    #[test]
    fn a_comparison_between_the_last_reading_and_the_step_does_not_end_it() {
        let mut world = World::new();
        assert_eq!(world.read(0, Ecs, Some(-5)), 0);
        // Compared at 6 s, stepped at 7 s.
        world.step(7, 350);
        assert_eq!(world.read(10, Ecs, Some(6)), 350);
        assert_eq!(world.read(20, Ecs, Some(6)), 350);
        assert_eq!(world.read(80, Ecs, Some(70)), 0, "compared again");
    }

    /// Regression: steps there and back were taken to cancel out, though the clock was corrected in between.
    #[test]
    fn steps_with_a_comparison_in_between_do_not_cancel_out() {
        let mut world = World::new();
        assert_eq!(world.read(0, Ecs, Some(-5)), 0);
        world.step(1, 350);
        assert_eq!(world.read(2, Ecs, Some(-5)), 350);
        world.step(12, -350);
        assert_eq!(world.read(13, Ecs, Some(5)), 350);
        assert_eq!(world.read(80, Ecs, Some(70)), 0);
    }

    /// A clock that was hours ahead and is set right by its daemon is believed at once.
    #[test]
    fn a_correction_by_hours_is_seen_at_once() {
        for hours in [3, -3] {
            let mut world = World::new();
            assert_eq!(world.read(0, Ecs, Some(-5)), 0);
            world.step(7, hours * 3_600_000);
            // The reference is of the new time line.
            assert_eq!(world.read(10, Ecs, Some(7 + hours * 3_600)), 0);
        }
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
