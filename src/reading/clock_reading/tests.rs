//! Tests what follows from a reading: growth, ages, and the range of true time.

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::time::{earlier, later};
use chrono::TimeDelta;

fn reading(bound_ms: f64, reference_age: i64) -> Reading {
    let now = Moment::now();
    Reading {
        status: SyncStatus::Synchronized,
        bound: ErrorBound::from_millis(bound_ms).ok(),
        reference: Some(now.wall - TimeDelta::seconds(reference_age)),
        ..Reading::new(ClockSource::Ecs, now, now)
    }
}

/// The moment `seconds` after a reading was requested, with the wall clock moved by `moved_ms`.
fn after(reading: &Reading, seconds: u64, moved_ms: i64) -> Moment {
    let passed = Duration::from_secs(seconds);
    Moment::new(
        later(reading.requested.wall, passed) + TimeDelta::milliseconds(moved_ms),
        reading.requested.monotonic + passed,
    )
}

#[test]
fn the_interval_grows_with_monotonic_time() {
    let start = Moment::new(DateTime::UNIX_EPOCH, Instant::now());
    let reading = Reading {
        status: SyncStatus::Synchronized,
        bound: ErrorBound::from_millis(1.0).ok(),
        reference: Some(start.wall),
        ..Reading::new(ClockSource::Ecs, start, start)
    };
    let now = after(&reading, 100, 0);
    let interval = reading.interval_at(&now, DriftRate::DEFAULT).unwrap();
    // 1 ms and 100 s × 15 ppm = 1.5 ms.
    let half = Duration::from_micros(2_500);
    assert_eq!(interval.earliest, earlier(now.wall, half));
    assert_eq!(interval.latest, later(now.wall, half));
    assert_eq!(
        reading.reference_age_at(&now),
        Some(Duration::from_secs(100))
    );
    // A wall clock that has moved by 3 ms since is off by that much more.
    let moved = reading.bound_at(&after(&reading, 100, -3), DriftRate::DEFAULT);
    assert_eq!(moved, Some(half + Duration::from_millis(3)));
}

#[test]
fn growth_counts_from_before_the_request() {
    let requested = Moment::now();
    let taken = Moment::new(
        later(requested.wall, Duration::from_secs(2)),
        requested.monotonic + Duration::from_secs(2),
    );
    let reading = Reading {
        bound: ErrorBound::from_millis(1.0).ok(),
        reference: Some(earlier(requested.wall, Duration::from_secs(10))),
        ..Reading::new(ClockSource::Ecs, requested, taken)
    };
    let at_once = reading.bound_at(&taken, DriftRate::DEFAULT).unwrap();
    assert!(at_once >= Duration::from_micros(1_030), "{at_once:?}");
    assert_eq!(reading.reference_age(), Some(Duration::from_secs(12)));
}

#[test]
fn what_the_reads_of_the_clocks_leave_open_is_in_the_bound() {
    let width = Duration::from_micros(400);
    let reading = reading(1.0, 0);
    let start = Moment::new(reading.requested.wall, reading.requested.monotonic);
    let exact = Reading {
        bound: reading.bound,
        ..Reading::new(ClockSource::Ecs, start, start)
    };
    let wide = Reading {
        bound: reading.bound,
        ..Reading::new(ClockSource::Ecs, start.read_within(width), start)
    };
    for (reading, now, expected_us) in [
        (&exact, start, 1_000),
        (&exact, start.read_within(width), 1_400),
        (&wide, start, 1_400),
    ] {
        let bound = reading.bound_at(&now, DriftRate::DEFAULT);
        assert_eq!(bound, Some(Duration::from_micros(expected_us)));
    }
}

#[test]
fn a_clock_that_is_not_synchronized_has_no_range() {
    for status in [SyncStatus::NotSynchronized, SyncStatus::Unknown] {
        let mut reading = reading(1.0, 0);
        reading.status = status;
        let now = reading.taken;
        assert_eq!(reading.interval_at(&now, DriftRate::DEFAULT), None);
        assert!(reading.bound_at(&now, DriftRate::DEFAULT).is_some());
    }
}

#[test]
fn a_bound_over_a_day_is_unknown() {
    let reading = reading(86_400_000.0, 0);
    assert!(reading.bound_when_taken().is_some());
    let now = after(&reading, 1, 0);
    assert_eq!(reading.bound_at(&now, DriftRate::DEFAULT), None);
    assert_eq!(reading.interval_at(&now, DriftRate::DEFAULT), None);
}

#[test]
fn the_age_adjusted_bound_uses_the_age_of_the_reference() {
    let adjusted = reading(0.5, 900).age_adjusted_bound(DriftRate::DEFAULT);
    assert_eq!(adjusted, Some(Duration::from_millis(14)));
    let mut without_reference = reading(0.5, 900);
    without_reference.reference = None;
    assert_eq!(
        without_reference.age_adjusted_bound(DriftRate::DEFAULT),
        None
    );
}

/// A synchronized reading of clocks that are read at once, of which `already` was corrected before it.
fn corrected(bound_ms: f64, already: Duration) -> Reading {
    let now = Moment::now();
    let start = Moment::new(now.wall, now.monotonic);
    let mut reading = Reading {
        status: SyncStatus::Synchronized,
        bound: ErrorBound::from_millis(bound_ms).ok(),
        reference: Some(start.wall - TimeDelta::seconds(1_000)),
        ..Reading::new(ClockSource::Ecs, start, start)
    };
    reading.basis.correction.already = already;
    reading
}

#[test]
fn the_age_adjusted_bound_grows_from_the_reference_on() {
    let mut reading = corrected(1.0, Duration::ZERO);
    // 1,100 s at 15 ppm, and a move by 2 ms.
    let now = after(&reading, 100, 2);
    let adjusted = |reading: &Reading| reading.age_adjusted_bound_at(&now, DriftRate::DEFAULT);
    assert_eq!(adjusted(&reading), Some(Duration::from_micros(19_500)));
    reading.reference = None;
    assert_eq!(adjusted(&reading), None);
}

#[test]
fn a_correction_of_over_half_the_bound_and_over_100_us_is_worth_a_read() {
    for (bound_ms, corrected_us, is_worth_it) in [
        (1.0, 500, false),
        (1.0, 501, true),
        (0.15, 100, false),
        (0.15, 101, true),
        (0.0, 100, false),
    ] {
        let reading = corrected(bound_ms, Duration::from_micros(corrected_us));
        let found = reading.is_being_corrected(&reading.taken, DriftRate::DEFAULT);
        assert_eq!(found, is_worth_it, "{corrected_us} of {bound_ms}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn a_move_after_the_reading_is_in_a_bound_without_growth() {
    let reading = corrected(1.0, Duration::from_millis(2));
    let at = |seconds, moved_ms| {
        reading.bound_if_moved(&after(&reading, seconds, moved_ms), DriftRate::DEFAULT)
    };
    assert_eq!(at(0, 0), None);
    assert_eq!(at(60, 0), None, "growth is no move");
    assert_eq!(at(60, 4), Some(Duration::from_millis(7)));
    assert_eq!(at(60, -4), Some(Duration::from_millis(7)));

    let now = after(&reading, 60, 4);
    for change in [
        |reading: &mut Reading| reading.status = SyncStatus::NotSynchronized,
        |reading: &mut Reading| reading.bound = None,
    ] {
        let mut reading = reading.clone();
        change(&mut reading);
        assert_eq!(reading.bound_if_moved(&now, DriftRate::DEFAULT), None);
    }
}

#[cfg(all(feature = "cli", target_os = "linux"))]
#[test]
fn a_reading_knows_how_far_the_clock_was_moved_and_whether_its_source_saw_it() {
    let mut reading = corrected(1.0, Duration::ZERO);
    for moved_ms in [0, 4, -4] {
        let moved = reading.moved_since_compared(&after(&reading, 60, moved_ms));
        assert_eq!(moved, TimeDelta::milliseconds(moved_ms));
    }
    assert!(!reading.follows_an_unseen_step());
    reading.basis.follows_unseen_step = true;
    assert!(reading.follows_an_unseen_step());
}

#[test]
fn a_reference_slightly_in_the_future_has_age_zero() {
    assert_eq!(reading(0.5, -1).reference_age(), Some(Duration::ZERO));
}

proptest! {
    /// A later moment, a longer age and a larger drift never make the range smaller, and nothing
    /// overflows.
    #[test]
    fn the_bound_only_grows(
        bound in 0.0f64..86_400_000.0,
        age in -10i64..1_000_000_000,
        seconds in 0u64..1_000_000_000,
        more in 0u64..1_000_000,
        ppm in 0..=DriftRate::MAX_PPM,
        moved in -100_000_000i64..100_000_000,
    ) {
        let reading = reading(bound, age);
        let drift = DriftRate::from_ppm(ppm).unwrap();
        let unknown_last = |bound: Option<Duration>| bound.unwrap_or(Duration::MAX);
        let at = |seconds| after(&reading, seconds, moved);
        let (sooner, later) = (at(seconds), at(seconds + more));
        prop_assert!(
            unknown_last(reading.bound_at(&sooner, drift)) <= unknown_last(reading.bound_at(&later, drift))
        );
        prop_assert!(
            unknown_last(reading.bound_at(&sooner, drift))
                <= unknown_last(reading.age_adjusted_bound_at(&sooner, drift)),
            "age-adjusted contains plain"
        );
        let still = reading.bound_at(&after(&reading, seconds, 0), drift);
        prop_assert!(unknown_last(still) <= unknown_last(reading.bound_at(&sooner, drift)));
    }
}

/// A reading with a bound of half a second, whose reference is later than the clock by this much.
fn reading_from_the_future(ahead_us: i64) -> Reading {
    let mut reading = reading(500.0, 0);
    reading.reference = Some(reading.taken.wall + TimeDelta::microseconds(ahead_us));
    reading
}

#[test]
fn a_reference_later_than_the_clock_allows_contradicts_the_reading() {
    for (ahead_us, is_contradiction) in [
        (-3_600_000_000, false),
        (0, false),
        (1_000_000, false),
        (1_499_999, false),
        (1_500_000, false),
        (1_500_001, true),
        (7_200_000_000, true),
    ] {
        for status in [SyncStatus::Synchronized, SyncStatus::NotSynchronized] {
            let mut found = reading_from_the_future(ahead_us);
            found.status = status;
            let before = found.clone();
            let error = found.withhold_contradiction();
            assert_eq!(error.is_some(), is_contradiction, "{ahead_us}");
            if let Some(error) = error {
                assert_eq!(error.kind, ReadErrorKind::InvalidMember);
                assert!(error.message.contains("withheld"), "{error}");
                assert_eq!(found.status, SyncStatus::Unknown, "{ahead_us}");
                assert_eq!((found.bound, found.reference), (None, None));
            } else {
                assert_eq!(found, before, "{ahead_us}");
            }
        }
    }
    let ahead = reading_from_the_future(1_500_000).reference_age();
    assert_eq!(ahead, Some(Duration::ZERO));
}

#[test]
fn without_a_bound_a_second_in_the_future_is_the_limit() {
    for (ahead_us, is_contradiction) in [(1_000_000, false), (1_000_001, true)] {
        let mut reading = reading_from_the_future(ahead_us);
        reading.bound = None;
        assert_eq!(reading.withhold_contradiction().is_some(), is_contradiction);
        assert_eq!(reading.is_synchronized(), !is_contradiction);
    }
    let mut reading = reading(0.5, 0);
    reading.reference = None;
    assert_eq!(reading.withhold_contradiction(), None);
}

#[test]
fn the_end_of_time_contradicts_and_nothing_overflows() {
    for (reference, is_contradiction) in [
        (DateTime::<Utc>::MAX_UTC, true),
        (DateTime::<Utc>::MIN_UTC, false),
    ] {
        let mut reading = reading(86_400_000.0, 0);
        reading.reference = Some(reference);
        assert_eq!(reading.withhold_contradiction().is_some(), is_contradiction);
    }
}
