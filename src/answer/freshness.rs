//! How old a reading may be before it counts as missing.

use std::time::Duration;

/// The shortest limit, however often the clock is read.
const MINUTE: Duration = Duration::from_secs(60);

/// The greatest age of a reading that still answers: a minute, or three sample intervals if that is longer.
#[must_use]
pub(crate) fn longest_age(sample_interval: Duration) -> Duration {
    sample_interval.saturating_mul(3).max(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_fresh_for_a_minute_or_three_intervals() {
        for (interval_ms, fresh_ms) in [(100, 60_000), (20_000, 60_000), (21_000, 63_000)] {
            let fresh = longest_age(Duration::from_millis(interval_ms));
            assert_eq!(fresh, Duration::from_millis(fresh_ms));
        }
    }
}
