//! What ends a step, and what does not, in a world in which the wall clock is stepped.

use super::*;
use crate::reading::SyncStatus;
use crate::time::{DriftRate, ErrorBound, Moment};

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
        let adjusted = reading.age_adjusted_bound(DriftRate::DEFAULT);
        assert!(adjusted.is_none_or(|adjusted| adjusted >= bound));
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

/// Regression: a reading that may be of either side of a step was held against the time before it alone. After a
/// step back its small bound was believed, though its source had compared the clock in between.
#[test]
fn a_reading_after_a_step_is_held_against_its_own_time_too() {
    let mut world = World::new();
    assert_eq!(world.read(0, Ecs, Some(-5)), 0);
    world.step(7, 1_000);
    let requested = world.at(8);
    let mut reading = Reading::new(Ecs, requested, requested);
    reading.bound = ErrorBound::from_millis(0.5).ok();
    reading.reference = Some(requested.wall);
    let reading = world.recovery.admit(reading);
    for (by_ms, bound_us) in [(0, 1_000_500), (-1_000, 1_000_500), (-2_500, 2_500_500)] {
        world.moved = TimeDelta::milliseconds(1_000 + by_ms);
        let now = world.at(8);
        let bound = reading.bound_at(&now, DriftRate::DEFAULT);
        assert_eq!(bound, Some(Duration::from_micros(bound_us)), "{by_ms}");
    }
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

/// Clocks of two machines differ a little: only what is over 2 s later or earlier is of the new time line.
#[test]
fn the_first_reference_after_a_step_must_be_clearly_of_the_new_time_line() {
    for (reference, enlarged) in [(8, 350), (9, 350), (10, 0), (-7, 350), (-8, 0)] {
        let mut world = World::new();
        assert_eq!(world.read(0, Ecs, Some(-5)), 0);
        world.step(7, 350);
        assert_eq!(
            world.read(12, Ecs, Some(reference)),
            enlarged,
            "{reference}"
        );
    }
}

/// A reference that is set back is of the new time line after one step; after several it may be of any.
#[test]
fn a_reference_set_back_ends_one_step_and_not_several() {
    for (steps, enlarged) in [(1, 0), (2, 700)] {
        let mut world = World::new();
        assert_eq!(world.read(0, Ecs, Some(-5)), 0);
        for seconds in 0..steps {
            world.step(7 + seconds, 350);
        }
        assert_eq!(world.read(12, Ecs, Some(-8)), enlarged, "{steps}");
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
    // Its reference is none to compare with: this one is of before the step as well.
    assert_eq!(world.read(10, Ecs, Some(6)), 350);
}

#[test]
fn a_step_before_the_first_reading_counts() {
    let mut world = World::new();
    world.step(1, 350);
    assert_eq!(world.read(2, Ecs, Some(-5)), 350);
    assert_eq!(world.read(100, Ecs, Some(90)), 0);
}
