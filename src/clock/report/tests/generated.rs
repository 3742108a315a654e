//! Tests what holds for every reading and all limits.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::clock::ErrorLimit;
use crate::time::{rfc3339, rfc3339_up};

proptest! {
    /// A good verdict always has a range, tighter limits never make it good, and nothing overflows.
    #[test]
    fn a_good_verdict_is_known_through_and_through(
        status in prop_oneof![Just(SyncStatus::Synchronized), Just(SyncStatus::NotSynchronized), Just(SyncStatus::Unknown)],
        bound in proptest::option::of(0.0f64..86_400_000.0),
        age in proptest::option::of(0u64..1_000_000_000),
        since in 0u64..1_000_000_000,
        max_error in proptest::option::of(0u64..100_000),
        max_age in proptest::option::of(0u64..1_000_000),
    ) {
        let reading = reading(status, bound, age.map(Duration::from_secs));
        let now = later_by(&reading, since);
        let max_error = max_error.map(Duration::from_millis);
        let limits = Limits::default()
            .with_max_error(max_error.map_or(ErrorLimit::Off, ErrorLimit::AtMost))
            .with_max_age(max_age.map_or(AgeLimit::Off, |age| AgeLimit::Required(Duration::from_secs(age))));
        let report = Report::judge(&reading, &limits, &now, DRIFT);
        let adjusted = Report::judge(&reading, &limits.with_age_adjustment(), &now, DRIFT);
        prop_assert!(!report.is_good() || report.interval.is_some());
        prop_assert!(!adjusted.is_good() || report.is_good(), "age-adjusted is stricter");
        if let (Some(plain), Some(adjusted)) = (report.interval, adjusted.interval) {
            prop_assert!(adjusted.earliest <= plain.earliest && plain.latest <= adjusted.latest);
        }
        let text = serde_json::to_string(&report).unwrap();
        prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }

    /// The written range contains the exact one.
    #[test]
    fn a_written_range_contains_the_range(nanoseconds in 0..4_000_000_000_000_000_000_i64) {
        let time = DateTime::from_timestamp_nanos(nanoseconds);
        let read = |text: String| text.parse::<DateTime<Utc>>().unwrap();
        let (down, up) = (read(rfc3339(time)), read(rfc3339_up(time)));
        prop_assert!(down <= time && time <= up);
        prop_assert!(up - down <= TimeDelta::microseconds(1));
    }
}
