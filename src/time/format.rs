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

/// Microseconds since 1970, rounded down.
#[cfg(feature = "cli")]
pub(crate) fn unix_micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// As [`unix_micros`], rounded up: for the end of a range.
#[cfg(feature = "cli")]
pub(crate) fn unix_micros_up(time: DateTime<Utc>) -> i64 {
    let is_whole = time.timestamp_subsec_nanos().is_multiple_of(1_000);
    time.timestamp_micros() + i64::from(!is_whole)
}

/// RFC 3339 with as many fraction digits as the time has: for times that somebody else wrote.
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
