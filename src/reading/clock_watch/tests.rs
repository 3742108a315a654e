//! Tests which wall clocks a reading refers to, in a world in which the wall clock is moved.

#[cfg(all(feature = "cli", target_os = "linux"))]
mod unseen_steps;

use chrono::TimeDelta;

use super::*;
use crate::time::later;

/// Two clocks, and a source that reports what the test sets. Seconds count from the start.
struct World {
    start: Moment,
    watch: ClockWatch,
    moved: TimeDelta,
    source: ClockSource,
}

impl World {
    fn new(source: ClockSource) -> Self {
        let now = Moment::now();
        let start = Moment::new(now.wall, now.monotonic);
        Self {
            start,
            watch: ClockWatch::new(start, DriftRate::DEFAULT),
            moved: TimeDelta::zero(),
            source,
        }
    }

    fn at(&self, seconds: u64) -> Moment {
        let passed = Duration::from_secs(seconds);
        let wall = later(self.start.wall, passed) + self.moved;
        Moment::new(wall, self.start.monotonic + passed)
    }

    /// Another program moves the wall clock, which is seen at once.
    fn step(&mut self, seconds: u64, by_ms: i64) {
        let before = self.at(seconds);
        let _ = self.watch.observe(before);
        self.moved += TimeDelta::milliseconds(by_ms);
        let after = self.at(seconds);
        let _ = self.watch.observe(after);
    }

    /// A reading of a clock whose source compared it when the wall clock showed the second `reference` after the start.
    fn reading(&mut self, seconds: u64, reference: Option<i64>) -> Reading {
        let now = self.at(seconds);
        let mut reading = Reading::new(self.source, now, now);
        reading.status = SyncStatus::Synchronized;
        reading.bound = ErrorBound::from_millis(0.5).ok();
        reading.reference = reference.map(|at| self.start.wall + TimeDelta::seconds(at));
        let _ = self.watch.observe(now);
        self.watch.admit(reading)
    }

    /// By how many milliseconds it is enlarged.
    fn read(&mut self, seconds: u64, reference: Option<i64>) -> u128 {
        let reading = self.reading(seconds, reference);
        let bound = reading.bound_when_taken().unwrap();
        assert_eq!(bound, reading.enlarged_by() + Duration::from_micros(500));
        let adjusted = reading.age_adjusted_bound(DriftRate::DEFAULT);
        assert!(adjusted.is_none_or(|adjusted| adjusted >= bound));
        reading.enlarged_by().as_millis()
    }
}

fn ecs() -> World {
    World::new(ClockSource::Ecs)
}

#[test]
fn a_comparison_that_is_certainly_younger_ends_it() {
    let mut world = ecs();
    assert_eq!(world.read(10, Some(5)), 0);
    world.step(20, 350);
    assert_eq!(world.read(30, Some(5)), 350);
    assert_eq!(world.read(1_000, Some(5)), 350);
    assert_eq!(world.read(1_010, Some(1_003)), 0);
}

/// Regression: any other reference time ended the enlargement, also a cached one from before the step.
#[test]
fn another_reference_time_alone_does_not_end_it() {
    let mut world = ecs();
    assert_eq!(world.read(10, Some(-60)), 0);
    world.step(20, 9_000);
    assert_eq!(world.read(30, Some(2)), 9_000);
    assert_eq!(world.read(40, Some(18)), 9_000);
    // By the new clock that was at 21 s, and by the old one it would have been after the step.
    assert_eq!(world.read(50, Some(30)), 0);

    let mut world = ecs();
    assert_eq!(world.read(10, Some(-60)), 0);
    world.step(20, -9_000);
    // At 18 s by the old clock, or at 27 s by the new one.
    assert_eq!(world.read(30, Some(18)), 9_000);
    assert_eq!(world.read(40, Some(25)), 0);
}

/// Regression: moves below 5 ms were missing from every figure.
#[cfg(target_os = "linux")]
#[test]
fn small_moves_add_up_while_the_reference_time_stays_the_same() {
    let mut world = ecs();
    assert_eq!(world.read(0, Some(-5)), 0);
    for (seconds, by_ms) in [(61, 4), (122, 8), (183, 12)] {
        world.step(seconds, 4);
        assert_eq!(world.read(seconds + 9, Some(-5)), by_ms);
    }
    assert_eq!(world.read(300, Some(290)), 0, "compared again");
}

#[cfg(target_os = "linux")]
#[test]
fn small_moves_since_a_comparison_count_whatever_the_last_reading_reported() {
    let mut world = ecs();
    assert_eq!(world.read(0, Some(-5)), 0);
    // Compared at 3 s, moved at 7 s: only the next reading reports the comparison.
    world.step(7, 4);
    assert_eq!(world.read(10, Some(3)), 4);
    assert_eq!(world.read(500, Some(3)), 4);
}

#[test]
fn moves_there_and_back_cancel_out_while_nothing_was_compared() {
    let mut world = ecs();
    assert_eq!(world.read(0, Some(-5)), 0);
    world.step(1, 350);
    world.step(2, 50);
    assert_eq!(world.read(10, Some(-5)), 400);
    world.step(12, -400);
    assert_eq!(world.read(20, Some(-5)), 0, "back where it was");
}

/// Regression: steps there and back were taken to cancel out, though the clock was corrected in between.
#[test]
fn moves_with_a_comparison_in_between_do_not_cancel_out() {
    let mut world = ecs();
    assert_eq!(world.read(0, Some(-5)), 0);
    world.step(1, 350);
    assert_eq!(world.read(2, Some(-5)), 350);
    world.step(12, -350);
    assert_eq!(world.read(13, Some(5)), 350);
    assert_eq!(world.read(80, Some(70)), 0);
}

#[test]
fn a_move_while_the_source_is_asked_is_held_against_both_wall_clocks() {
    for by_ms in [3_000, -3_000] {
        let mut world = ecs();
        assert_eq!(world.read(0, Some(-5)), 0);
        let requested = world.at(10);
        let _ = world.watch.observe(requested);
        world.moved += TimeDelta::milliseconds(by_ms);
        let taken = world.at(11);
        let mut reading = Reading::new(ClockSource::Ecs, requested, taken);
        reading.bound = ErrorBound::from_millis(0.5).ok();
        // Compared during the read, before the move or after it.
        reading.reference = Some(requested.wall);
        let _ = world.watch.observe(taken);
        let reading = world.watch.admit(reading);
        assert_eq!(reading.enlarged_by(), Duration::from_secs(3));
        // Moved back: the source may have compared the clock in between.
        world.moved = TimeDelta::zero();
        let bound = reading.bound_at(&world.at(12), DriftRate::DEFAULT).unwrap();
        assert!(bound >= Duration::from_micros(3_000_500), "{bound:?}");
    }
}

#[test]
fn a_clock_that_was_hours_ahead_is_believed_again_within_minutes() {
    let mut world = ecs();
    let three_hours = 3 * 3_600;
    world.moved = TimeDelta::seconds(three_hours);
    world.watch = ClockWatch::new(world.at(0), DriftRate::DEFAULT);
    for seconds in (0..100).step_by(10) {
        let polled = seconds / 16 * 16;
        assert_eq!(
            world.read(seconds, Some(three_hours + polled.cast_signed())),
            0
        );
    }
    world.step(100, -three_hours * 1_000);
    let last_enlarged = (100..400).step_by(10).filter(|seconds| {
        let polled = seconds / 16 * 16;
        world.read(*seconds, Some(polled.cast_signed())) > 0
    });
    let last_enlarged = last_enlarged.last();
    assert!(
        (100..200).contains(&last_enlarged.unwrap()),
        "{last_enlarged:?}"
    );
}

#[test]
fn a_reference_time_that_is_set_back_may_be_of_an_older_comparison() {
    let mut world = ecs();
    assert_eq!(world.read(10, Some(5)), 0);
    world.step(20, 350);
    assert_eq!(world.read(30, Some(25)), 0);
    // Another cache, which is behind.
    assert_eq!(world.read(40, Some(5)), 350);
    assert_eq!(world.read(50, Some(45)), 0);
}

/// The clock ran ahead for a while, and the source may still answer with what it compared then.
#[test]
fn a_reference_time_of_a_clock_that_was_set_back_may_be_of_the_clock_before() {
    let mut world = ecs();
    world.step(100, 1_000_000);
    assert_eq!(world.read(150, Some(1_140)), 0);
    world.step(200, -1_000_000);
    assert_eq!(world.read(210, Some(205)), 1_000_000);
    assert_eq!(world.read(280, Some(275)), 0);
}

#[test]
fn a_pace_is_measured_every_ten_seconds_and_the_last_nine_are_kept() {
    let mut world = ecs();
    world.watch = ClockWatch::new(slewed(&world, 0, 0), DriftRate::DEFAULT);
    for (seconds, paces) in [
        (5, 0),
        (9, 0),
        (10, 1),
        (19, 1),
        (20, 2),
        (29, 2),
        (31, 3),
        (40, 3),
    ] {
        world.watch.measure_pace(&slewed(&world, seconds, 0));
        assert_eq!(world.watch.paces.len(), paces, "{seconds} s");
    }
    for (seconds, paces) in (5..15).map(|tens| (tens * 10, usize::min(tens - 1, 9))) {
        let seconds = u64::try_from(seconds).unwrap();
        world.watch.measure_pace(&slewed(&world, seconds, 0));
        assert_eq!(world.watch.paces.len(), paces, "{seconds} s");
    }
}

#[test]
fn without_a_reference_time_all_wall_clocks_of_an_hour_count() {
    let mut world = ecs();
    assert_eq!(world.read(0, None), 0);
    world.step(7, 350);
    assert_eq!(world.read(3_606, None), 350);
    assert_eq!(world.read(3_607, None), 350);
    assert_eq!(world.read(3_608, None), 0);
}

#[test]
fn the_kernel_and_an_ntp_server_see_a_step_at_once() {
    for source in [ClockSource::Kernel, ClockSource::Ntp] {
        let mut world = World::new(source);
        assert_eq!(world.read(0, None), 0);
        world.step(7, -350);
        assert_eq!(world.read(8, None), 0);
        // Asked before the step, and answered after it.
        let requested = world.at(20);
        world.step(20, 100);
        let reading = Reading::new(source, requested, world.at(20));
        let reading = world.watch.admit(reading);
        assert_eq!(reading.enlarged_by(), Duration::from_millis(100));
    }
}

#[test]
fn a_step_before_the_first_reading_counts() {
    let mut world = ecs();
    world.step(10, 350);
    assert_eq!(world.read(11, Some(5)), 350);
    assert_eq!(world.read(100, Some(90)), 0);
}

/// A step by the daemon changes the reference time of a comparison that was made before it.
#[test]
fn a_step_by_the_daemon_itself_is_held_against_the_new_wall_clock_too() {
    let mut world = ecs();
    assert_eq!(world.read(10, Some(5)), 0);
    world.step(20, -10_000);
    // Compared at 17 s, and adjusted.
    let reading = world.reading(30, Some(7));
    world.step(31, 10_000);
    let bound = reading.bound_at(&world.at(32), DriftRate::DEFAULT).unwrap();
    assert!(bound >= Duration::from_secs(10), "{bound:?}");
}

/// A moment at which the raw clock shows a correction by `slewed_us`.
fn slewed(world: &World, seconds: u64, slewed_us: i64) -> Moment {
    let passed = Duration::from_secs(seconds);
    let monotonic = (TimeDelta::from_std(passed).unwrap() + TimeDelta::microseconds(slewed_us))
        .to_std()
        .unwrap();
    Moment::new(
        later(world.start.wall, monotonic),
        world.start.monotonic + monotonic,
    )
    .with_raw(Duration::from_secs(9) + passed)
}

#[test]
fn a_correction_counts_until_the_source_reports_something_new() {
    let drift = DriftRate::DEFAULT;
    for (reference, already_us) in [(5, 4_850), (15, 0)] {
        let mut world = ecs();
        world.watch = ClockWatch::new(slewed(&world, 0, 0), drift);
        let mut read = |now: Moment, reference| {
            let mut reading = Reading::new(ClockSource::Ecs, now, now);
            reading.bound = ErrorBound::from_millis(0.5).ok();
            reading.reference = Some(world.start.wall + TimeDelta::seconds(reference));
            let _ = world.watch.observe(now);
            world.watch.admit(reading)
        };
        let asked = slewed(&ecs_at(world.start), 10, 0);
        let quiet = read(asked, 5);
        assert_eq!(quiet.corrected_by(&asked, drift), Duration::ZERO);
        // From now on the daemon slews by 500 ppm, of which the drift allows for 15.
        let later = slewed(&ecs_at(world.start), 20, 5_000);
        let found = quiet.corrected_by(&later, drift).as_micros();
        assert!((4_849..=4_850).contains(&found), "{found}");
        assert!(quiet.is_being_corrected(&later, drift));
        let bound = quiet.bound_at(&later, drift).unwrap().as_micros();
        assert!((5_499..=5_501).contains(&bound), "{bound}");
        // The source repeats its claim, or makes another.
        let next = read(later, reference);
        let found = next.enlarged_by().as_micros();
        assert!(found.abs_diff(already_us) <= 1, "{reference}: {found}");
    }
}

fn ecs_at(start: Moment) -> World {
    World { start, ..ecs() }
}
