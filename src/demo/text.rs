//! Times and durations as the page and the answers show them. Pure.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// A time to the nanosecond.
pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// A duration in milliseconds.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 nanoseconds, which is 104 days"
    )]
    let nanoseconds = duration.as_nanos() as f64;
    nanoseconds / 1e6
}
