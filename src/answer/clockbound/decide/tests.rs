//! Tests each state of a segment, and compares its range with true time in a simulated world.

mod world;
mod yugabytedb;

use chrono::TimeDelta;

use super::*;
use crate::clock::{AgeLimit, ErrorLimit, Limits};
use crate::reading::{ClockWatch, ReadError, ReadErrorKind};

const RULES: Rules = Rules {
    drift: DriftRate::DEFAULT,
    sample_interval: Duration::from_secs(10),
    limits: LIMITS,
};
const LIMITS: Limits = Limits {
    max_error: ErrorLimit::BySource,
    max_age: AgeLimit::WhereKnown(Duration::from_secs(3_600)),
    age_adjusted: false,
    preset: None,
    valid_for: Duration::ZERO,
};
/// What is added to each bound: 15 ppm of 4 ms, and rounding.
const MARGIN: Duration = Duration::from_nanos(61);

/// The present `seconds` after `start`, with a wall clock that was stepped by `stepped_ms` meanwhile.
fn present(start: &Moment, seconds: f64, stepped_ms: i64) -> Present {
    let passed = Duration::from_secs_f64(seconds);
    let wall = start.wall + TimeDelta::from_std(passed).unwrap();
    let stepped = TimeDelta::milliseconds(stepped_ms);
    Present {
        coarse: Duration::from_secs(1_000) + passed,
        resolution: Duration::from_millis(4),
        moment: Moment::new(wall + stepped, start.monotonic + passed),
        difference: TimeDelta::days(20_000) + stepped,
    }
}

fn exact() -> Moment {
    let now = Moment::now();
    Moment::new(now.wall, now.monotonic)
}

/// A reading that was requested at `moment`, of a clock that was compared 5 s before.
fn reading(moment: Moment, status: SyncStatus, bound_ms: Option<f64>) -> Reading {
    let mut reading = Reading::new(ClockSource::Ecs, moment, moment);
    reading.status = status;
    reading.bound = bound_ms.map(|bound| ErrorBound::from_millis(bound).unwrap());
    reading.reference = Some(moment.wall - TimeDelta::seconds(5));
    reading
}

/// A good reading of a clock that was compared `age_s` before `of`, or it is not known when.
fn referred(moment: Moment, age_s: Option<i64>, of: Moment) -> Reading {
    let mut reading = good(moment);
    reading.reference = age_s.map(|age| of.wall - TimeDelta::seconds(age));
    reading
}

fn good(moment: Moment) -> Reading {
    reading(moment, SyncStatus::Synchronized, Some(1.0))
}

/// The memory after these readings.
fn memory(readings: impl IntoIterator<Item = Reading>, rules: &Rules) -> Memory {
    let mut memory = Memory::default();
    for reading in readings {
        let at = reading.taken.monotonic;
        let mut observed = Observed::new(at);
        observed.take(&Ok(reading), at);
        memory.take(&observed, rules);
    }
    memory
}

/// The status, the bound without the margin, and for how long it holds; only the status if that is
/// unknown.
fn said(memory: &Memory, now: &Present, rules: &Rules) -> (Status, Duration, Duration) {
    let segment = memory.segment(now, rules);
    assert_eq!(segment.as_of, now.coarse);
    assert_eq!(segment.drift_ppb, 15_000);
    assert!(!segment.disruption_support);
    if segment.status == Status::Unknown {
        assert_eq!(segment.bound, Duration::from_secs(86_400));
        assert_eq!(segment.void_after, segment.as_of);
        return (segment.status, Duration::ZERO, Duration::ZERO);
    }
    (
        segment.status,
        segment.bound.checked_sub(MARGIN).unwrap(),
        segment.void_after.checked_sub(segment.as_of).unwrap(),
    )
}

const NOTHING: (Status, Duration, Duration) = (Status::Unknown, Duration::ZERO, Duration::ZERO);

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

#[test]
fn without_a_good_reading_nothing_is_known() {
    let start = exact();
    let now = present(&start, 1.0, 0);
    for readings in [
        vec![],
        vec![reading(start, SyncStatus::Synchronized, None)],
        vec![reading(start, SyncStatus::NotSynchronized, Some(16_000.0))],
        vec![reading(start, SyncStatus::Unknown, Some(1.0))],
    ] {
        assert_eq!(said(&memory(readings, &RULES), &now, &RULES), NOTHING);
    }
    // A failed read is not a reading.
    let mut memory = Memory::default();
    let mut observed = Observed::new(start.monotonic);
    let error = ReadError::new(ReadErrorKind::Timeout, "none");
    observed.take(&Err(error), start.monotonic);
    memory.take(&observed, &RULES);
    assert!(memory.is_empty());
}

#[test]
fn a_good_reading_grows_old() {
    let start = exact();
    let memory = memory([good(start)], &RULES);
    for (seconds, status, bound_us, left_s) in [
        (0.0, Status::Synchronized, 1_000, 1_000),
        (40.0, Status::Synchronized, 1_600, 960),
        (60.0, Status::Synchronized, 1_900, 940),
        (61.0, Status::FreeRunning, 1_915, 939),
        (999.0, Status::FreeRunning, 15_985, 1),
    ] {
        let expected = (status, micros(bound_us), Duration::from_secs(left_s));
        assert_eq!(
            said(&memory, &present(&start, seconds, 0), &RULES),
            expected,
            "{seconds}"
        );
    }
    for seconds in [1_000.0, 1e6] {
        assert_eq!(said(&memory, &present(&start, seconds, 0), &RULES), NOTHING);
    }
}

#[test]
fn the_slower_the_sampling_the_longer_a_reading_is_fresh() {
    let start = exact();
    for (interval_s, fresh_s) in [
        (0.1, 60.0),
        (1.0, 60.0),
        (20.0, 60.0),
        (30.0, 90.0),
        (60.0, 180.0),
        (300.0, 900.0),
        (400.0, 999.0),
    ] {
        let rules = Rules {
            sample_interval: Duration::from_secs_f64(interval_s),
            ..RULES
        };
        let memory = memory([good(start)], &rules);
        let status = |seconds: f64| said(&memory, &present(&start, seconds, 0), &rules).0;
        assert_eq!(status(fresh_s), Status::Synchronized);
        assert_ne!(status(fresh_s + 1.0), Status::Synchronized);
        assert_ne!(status(999.0), Status::Unknown);
        assert_eq!(status(1_000.0), Status::Unknown);
    }
}

#[test]
fn a_clock_that_lost_its_reference_runs_free_by_the_larger_bound() {
    let start = exact();
    let later = present(&start, 10.0, 0);
    let lost = |bound| reading(later.moment, SyncStatus::NotSynchronized, bound);
    for (bound, expected_us) in [(None, 1_150), (Some(0.1), 1_150), (Some(5.0), 5_000)] {
        let memory = memory([good(start), lost(bound)], &RULES);
        let expected = (
            Status::FreeRunning,
            micros(expected_us),
            Duration::from_secs(990),
        );
        assert_eq!(said(&memory, &later, &RULES), expected, "{bound:?}");
    }
    // A later synchronized reading without a bound does not end it; a complete one does.
    let again = present(&start, 20.0, 0);
    let half = reading(again.moment, SyncStatus::Synchronized, None);
    let mut readings = vec![good(start), lost(None), half];
    let status = |readings: &[Reading]| said(&memory(readings.to_vec(), &RULES), &again, &RULES).0;
    assert_eq!(status(&readings), Status::FreeRunning);
    readings.push(good(again.moment));
    assert_eq!(status(&readings), Status::Synchronized);
}

#[test]
fn a_status_that_is_not_known_makes_nothing_known() {
    let start = exact();
    let later = present(&start, 10.0, 0);
    let word = reading(later.moment, SyncStatus::Unknown, Some(1.0));
    let known = memory([good(start), word.clone()], &RULES);
    assert_eq!(said(&known, &later, &RULES), NOTHING);
    let known = memory([good(start), word, good(later.moment)], &RULES);
    assert_eq!(said(&known, &later, &RULES).0, Status::Synchronized);
}

#[test]
fn a_reference_that_is_too_old_runs_free() {
    let start = exact();
    for (age_s, max_age, status) in [
        (Some(3_599), LIMITS.max_age, Status::Synchronized),
        (Some(3_600), LIMITS.max_age, Status::FreeRunning),
        (Some(1_000_000), AgeLimit::Off, Status::Synchronized),
        (None, LIMITS.max_age, Status::Synchronized),
    ] {
        let limits = Limits { max_age, ..LIMITS };
        let rules = Rules { limits, ..RULES };
        let known = memory([referred(start, age_s, start)], &rules);
        assert_eq!(
            said(&known, &present(&start, 1.0, 0), &rules).0,
            status,
            "{age_s:?}"
        );
    }
}

#[test]
fn a_bound_over_the_limit_runs_free() {
    let start = exact();
    for (source, max_error, bound_ms, status) in [
        (
            ClockSource::Ecs,
            ErrorLimit::BySource,
            999.0,
            Status::Synchronized,
        ),
        (
            ClockSource::Ecs,
            ErrorLimit::BySource,
            1_000.0,
            Status::FreeRunning,
        ),
        (
            ClockSource::Kernel,
            ErrorLimit::BySource,
            1_900.0,
            Status::Synchronized,
        ),
        (
            ClockSource::Kernel,
            ErrorLimit::BySource,
            2_000.0,
            Status::FreeRunning,
        ),
        (
            ClockSource::Ecs,
            ErrorLimit::AtMost(Duration::from_millis(5)),
            4.9,
            Status::Synchronized,
        ),
        (
            ClockSource::Ecs,
            ErrorLimit::AtMost(Duration::from_millis(5)),
            5.0,
            Status::FreeRunning,
        ),
        (
            ClockSource::Ecs,
            ErrorLimit::Off,
            60_000.0,
            Status::Synchronized,
        ),
    ] {
        let rules = Rules {
            limits: LIMITS.with_max_error(max_error),
            ..RULES
        };
        let mut known = reading(start, SyncStatus::Synchronized, Some(bound_ms));
        known.source = source;
        let memory = memory([known], &rules);
        let (seen, bound, _) = said(&memory, &present(&start, 1.0, 0), &rules);
        assert_eq!(seen, status, "{source}, {bound_ms} ms");
        // The range stays: a client that accepts FreeRunning may use it.
        assert!(bound >= Duration::from_secs_f64(bound_ms / 1e3));
    }
}

#[test]
fn age_adjusted_grows_from_the_reference() {
    let start = exact();
    let rules = Rules {
        limits: LIMITS.with_age_adjustment(),
        ..RULES
    };
    let now = present(&start, 15.0, 0);
    // 1 ms, and 15 ppm of 5 s before the reading and 15 s after it.
    let expected = (
        Status::Synchronized,
        micros(1_300),
        Duration::from_secs(985),
    );
    assert_eq!(said(&memory([good(start)], &rules), &now, &rules), expected);
    let ageless = referred(start, None, start);
    assert_eq!(
        said(&memory([ageless.clone()], &rules), &now, &rules),
        NOTHING
    );
    // It does not replace a reading that is still valid.
    let known = memory([good(start), ageless], &rules);
    assert_eq!(said(&known, &now, &rules), expected);
}

#[test]
fn after_a_step_the_range_holds_both_times_and_runs_free() {
    let start = exact();
    let mut known = memory([good(start)], &RULES);
    let stepped = present(&start, 10.0, -50);
    known.step(stepped.moment.monotonic);
    let expected = (
        Status::FreeRunning,
        micros(51_150),
        Duration::from_secs(990),
    );
    assert_eq!(said(&known, &stepped, &RULES), expected);
    // Back where it was: the range is small again, but the clock has not been compared since.
    let back = present(&start, 10.0, 0);
    assert_eq!(said(&known, &back, &RULES).0, Status::FreeRunning);
    assert_eq!(said(&known, &back, &RULES).1, micros(1_150));

    // A reading that is requested at the moment of the step is from after it.
    let mut at_once = memory([good(stepped.moment)], &RULES);
    at_once.step(stepped.moment.monotonic);
    assert_eq!(said(&at_once, &stepped, &RULES).0, Status::Synchronized);

    // A reading whose source may not have seen the step does not end it.
    let mut watch = ClockWatch::new(start, RULES.drift);
    let _ = watch.admit(good(start));
    assert!(watch.observe(stepped.moment).is_some());
    let later = present(&start, 20.0, -50);
    assert_eq!(watch.observe(later.moment), None);
    let mut read = |reference_age_s: i64| {
        let mut observed = Observed::new(later.moment.monotonic);
        let read = referred(later.moment, Some(reference_age_s), start);
        observed.take(&Ok(watch.admit(read)), later.moment.monotonic);
        known.take(&observed, &RULES);
        said(&known, &later, &RULES)
    };
    assert_eq!(
        read(5),
        (
            Status::FreeRunning,
            micros(51_000),
            Duration::from_secs(1_000)
        )
    );
    // A comparison that is certainly younger does.
    assert_eq!(
        read(-18),
        (
            Status::Synchronized,
            micros(1_000),
            Duration::from_secs(1_000)
        )
    );
}

#[test]
fn over_a_day_nothing_is_known() {
    let start = exact();
    let known = memory([good(start)], &RULES);
    let year_ms = 365 * 86_400_000;
    for stepped in [year_ms, -year_ms] {
        assert_eq!(
            said(&known, &present(&start, 1.0, stepped), &RULES),
            NOTHING
        );
    }
    let nearly = reading(start, SyncStatus::Synchronized, Some(86_400_000.0));
    assert_eq!(
        said(&memory([nearly], &RULES), &present(&start, 0.0, 0), &RULES),
        NOTHING
    );
}

/// Regression: a time daemon may slew a clock back after a step that no sidecar saw, which shows in neither clock. The next
/// step then moves it away from true time by the whole of itself, though it looks like a step back.
#[test]
fn an_earlier_writers_range_holds_every_wall_clock_since() {
    let start = exact();
    let written = present(&start, 0.0, 0);
    let segment = memory([good(start)], &RULES).segment(&written, &RULES);
    let restarted = present(&start, 10.0, -25);
    let mut memory = Memory::default();
    memory.inherit(segment, written.difference, &restarted);
    for (seconds, stepped_ms, bound_us) in [
        (10.0, -25, 26_150),
        (20.0, -8, 26_300),
        (30.0, 0, 26_450),
        (40.0, 2, 28_600),
    ] {
        let now = present(&start, seconds, stepped_ms);
        let said = memory.inherited(&now, &RULES).unwrap();
        let bound = said.bound.checked_sub(MARGIN * 2).unwrap();
        let found = (said.status, bound, said.void_after);
        let expected = (Status::FreeRunning, micros(bound_us), segment.void_after);
        assert_eq!(found, expected, "after {seconds} s");
    }
}

/// Regression: the wall clock was stepped, the sidecar died, the clock was compared, and by chance a second step took the
/// first one back. The next sidecar sees the wall clock that the segment was written for.
#[test]
fn a_segment_that_ran_free_leaves_a_step_to_the_next_sidecar() {
    let start = exact();
    let stepped = present(&start, 10.0, 3);
    let mut earlier = memory([good(start)], &RULES);
    earlier.step(stepped.moment.monotonic);
    let ran_free = earlier.segment(&stepped, &RULES);
    let synchronized = Segment {
        status: Status::Synchronized,
        ..ran_free
    };
    let restarted = present(&start, 40.0, 0);
    // Compared 5 s before the restart or after it.
    let read = present(&start, 60.0, 0);
    let before = referred(read.moment, Some(25), read.moment);
    let after = referred(read.moment, Some(10), read.moment);
    let nothing = unknown(restarted.coarse, RULES.drift);
    let moved = present(&start, 0.0, 1).difference;
    let mut knows_nothing = memory([before.clone()], &RULES);
    knows_nothing.inherit(nothing, moved, &restarted);
    assert_eq!(said(&knows_nothing, &read, &RULES), NOTHING);
    for (segment, reading, status, bound_us) in [
        (ran_free, &before, Status::FreeRunning, 5_150),
        (ran_free, &after, Status::Synchronized, 1_000),
        (synchronized, &before, Status::Synchronized, 1_000),
    ] {
        let mut memory = memory([reading.clone()], &RULES);
        memory.inherit(segment, present(&start, 0.0, 0).difference, &restarted);
        let (found, bound, _) = said(&memory, &read, &RULES);
        assert_eq!(found, status);
        assert_eq!(bound.as_micros(), bound_us);
    }
}
