//! What follows from a reading: growth, ages, and the range that true time lies in.

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::time::{earlier, later};

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
        ..Reading::new(ClockSource::Ecs, requested, taken)
    };
    let at_once = reading.bound_at(&taken, DriftRate::DEFAULT).unwrap();
    assert!(at_once >= Duration::from_micros(1_030), "{at_once:?}");
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
