//! How times and durations are written, in every output. Pure.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::moment::magnitude;

/// RFC 3339 with six fraction digits, rounded down.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// As [`rfc3339`], rounded up: for the end of a range.
pub(crate) fn rfc3339_up(time: DateTime<Utc>) -> String {
    let almost_one = TimeDelta::nanoseconds(999);
    rfc3339(time.checked_add_signed(almost_one).unwrap_or(time))
}

/// Microseconds since 1970, rounded up: for the end of a range.
#[cfg(feature = "cli")]
pub(crate) fn unix_micros_up(time: DateTime<Utc>) -> i64 {
    let is_whole = time.timestamp_subsec_nanos().is_multiple_of(1_000);
    time.timestamp_micros() + i64::from(!is_whole)
}

/// RFC 3339 with as many fraction digits as the time has: for times from other programs.
#[cfg(feature = "cli")]
pub(crate) fn rfc3339_exact(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A duration in milliseconds: whole nanoseconds, so at most six decimals.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 nanoseconds, which is 104 days"
    )]
    let nanoseconds = duration.as_nanos() as f64;
    nanoseconds / 1e6
}

/// As [`milliseconds`], with a sign.
pub(crate) fn signed_milliseconds(by: TimeDelta) -> f64 {
    let milliseconds = milliseconds(magnitude(by));
    if by < TimeDelta::zero() {
        -milliseconds
    } else {
        milliseconds
    }
}

/// An age in seconds, to the millisecond: reference times are seldom finer than a second.
pub(crate) fn age_seconds(age: Duration) -> f64 {
    (age.as_secs_f64() * 1e3).round() / 1e3
}

/// RFC 3339 to the second, rounded down, of milliseconds since 1970.
#[cfg(feature = "cli")]
pub(crate) fn rfc3339_of_seconds(milliseconds: i64) -> String {
    rfc3339_of(milliseconds, SecondsFormat::Secs)
}

/// RFC 3339 to the millisecond, of milliseconds since 1970.
#[cfg(feature = "cli")]
pub(crate) fn rfc3339_of_milliseconds(milliseconds: i64) -> String {
    rfc3339_of(milliseconds, SecondsFormat::Millis)
}

#[cfg(feature = "cli")]
fn rfc3339_of(milliseconds: i64, digits: SecondsFormat) -> String {
    DateTime::from_timestamp_millis(milliseconds).map_or_else(
        || format!("{milliseconds} ms"),
        |moment| moment.to_rfc3339_opts(digits, true),
    )
}

/// A length of time with its two largest units.
#[cfg(feature = "cli")]
pub(crate) fn two_units(milliseconds: i64) -> String {
    let units = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("min", 60_000),
        ("s", 1_000),
    ];
    let Some(at) = units.iter().position(|(_, unit)| milliseconds >= *unit) else {
        return format!("{milliseconds} ms");
    };
    let (name, unit) = units[at];
    let rest = milliseconds % unit;
    let next = units.get(at + 1).map(|(name, unit)| (name, rest / unit));
    let whole = milliseconds / unit;
    match next {
        Some((next, count)) if count > 0 => format!("{whole} {name} {count} {next}"),
        None if rest > 0 => format!("{whole}.{} {name}", rest / 100),
        _ => format!("{whole} {name}"),
    }
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_range_are_rounded_outwards() {
        for (nanoseconds, down, up, micros_up) in [
            (
                -1,
                "1969-12-31T23:59:59.999999Z",
                "1970-01-01T00:00:00.000000Z",
                0,
            ),
            (
                0,
                "1970-01-01T00:00:00.000000Z",
                "1970-01-01T00:00:00.000000Z",
                0,
            ),
            (
                1,
                "1970-01-01T00:00:00.000000Z",
                "1970-01-01T00:00:00.000001Z",
                1,
            ),
            (
                1_000,
                "1970-01-01T00:00:00.000001Z",
                "1970-01-01T00:00:00.000001Z",
                1,
            ),
            (
                1_001,
                "1970-01-01T00:00:00.000001Z",
                "1970-01-01T00:00:00.000002Z",
                2,
            ),
        ] {
            let time = DateTime::from_timestamp_nanos(nanoseconds);
            assert_eq!(
                (rfc3339(time).as_str(), rfc3339_up(time).as_str()),
                (down, up)
            );
            assert_eq!(unix_micros_up(time), micros_up, "{nanoseconds}");
        }
    }

    #[test]
    fn times_have_the_digits_of_their_purpose() {
        for (nanoseconds, exact) in [
            (0, "1970-01-01T00:00:00Z"),
            (250_000_000, "1970-01-01T00:00:00.250Z"),
            (1, "1970-01-01T00:00:00.000000001Z"),
        ] {
            assert_eq!(
                rfc3339_exact(DateTime::from_timestamp_nanos(nanoseconds)),
                exact
            );
        }
        let milliseconds = 1_795_824_000_999;
        assert_eq!(rfc3339_of_seconds(milliseconds), "2026-11-28T00:00:00Z");
        assert_eq!(
            rfc3339_of_milliseconds(milliseconds),
            "2026-11-28T00:00:00.999Z"
        );
        assert_eq!(rfc3339_of_seconds(i64::MAX), "9223372036854775807 ms");
    }

    #[test]
    fn durations_are_numbers_with_a_sign_only_where_they_go_back() {
        for (nanoseconds, text) in [
            (-1_500_000, "-1.5"),
            (0, "0"),
            (1, "0.000001"),
            (2_000_000, "2"),
        ] {
            assert_eq!(
                signed_milliseconds(TimeDelta::nanoseconds(nanoseconds)).to_string(),
                text
            );
        }
        for (microseconds, text) in [(0, "0"), (1_234_400, "1.234"), (1_234_600, "1.235")] {
            assert_eq!(
                age_seconds(Duration::from_micros(microseconds)).to_string(),
                text
            );
        }
    }

    #[test]
    fn durations_have_two_units() {
        for (milliseconds, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (1_500, "1.5 s"),
            (250_000, "4 min 10 s"),
            (3_600_000, "1 h"),
            (3_660_000, "1 h 1 min"),
            (86_400_000, "1 d"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(two_units(milliseconds), text);
        }
    }
}
