//! How the demonstration writes values: times to the microsecond, bounds in milliseconds, ages in seconds.

use std::time::Duration;

use ecs_clock_emf::chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// A time in RFC 3339, rounded down to the microsecond.
pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The first whole microsecond that is not before `time`.
pub(super) fn whole_microsecond(time: DateTime<Utc>) -> DateTime<Utc> {
    let missing = (1_000 - i64::from(time.timestamp_subsec_nanos() % 1_000)) % 1_000;
    time.checked_add_signed(TimeDelta::nanoseconds(missing))
        .unwrap_or(time)
}

/// A duration as a number of milliseconds.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 nanoseconds, which is 104 days"
    )]
    let nanoseconds = duration.as_nanos() as f64;
    nanoseconds / 1e6
}

/// A bound as the reports have it, such as `0.446931 ms`.
pub(super) fn in_ms(bound: Duration) -> String {
    format!("{} ms", milliseconds(bound))
}

/// An age to the millisecond, such as `29.064 s`.
pub(super) fn in_s(age: Duration) -> String {
    let age = (age.as_secs_f64() * 1e3).round() / 1e3;
    format!("{age} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_in_reports() {
        assert_eq!(in_ms(Duration::from_nanos(446_931)), "0.446931 ms");
        assert_eq!(in_ms(Duration::from_millis(5)), "5 ms");
        assert_eq!(in_ms(Duration::from_micros(10_500)), "10.5 ms");
        assert_eq!(in_s(Duration::from_micros(29_063_900)), "29.064 s");
    }

    #[test]
    fn a_whole_microsecond_is_never_before_the_time() {
        let at = |nanoseconds| DateTime::<Utc>::from_timestamp_nanos(nanoseconds);
        assert_eq!(whole_microsecond(at(1_000)), at(1_000));
        assert_eq!(whole_microsecond(at(1_001)), at(2_000));
        assert_eq!(whole_microsecond(at(-1)), at(0));
    }
}
