//! How far the clock is from a reference clock, and whether that is too far. Pure.

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;

use crate::time::{magnitude, signed_milliseconds};

/// A clock that is certainly off by more is not synchronized: time daemons step such a clock instead of slewing it.
const LIMIT: Duration = Duration::from_millis(128);
/// The largest offset that a leap second can cause.
const LEAP_SECOND: Duration = Duration::from_secs(1);

/// The distance between the clock and a reference clock, measured by one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockOffset {
    /// Reference minus clock: positive if the clock is behind.
    pub offset: TimeDelta,
    /// The largest error of `offset`, in either direction.
    pub error: Duration,
    /// Whether the reference announces a leap second, or announced one within the last 24 hours. Servers may spread it
    /// over a day, so that two correct clocks differ.
    pub is_near_leap_second: bool,
}

impl ClockOffset {
    /// An offset measured far from any leap second.
    #[must_use]
    pub fn new(offset: TimeDelta, error: Duration) -> Self {
        Self {
            offset,
            error,
            is_near_leap_second: false,
        }
    }

    /// How far the clock may be from true time: `|offset| + error`.
    #[must_use]
    pub fn bound(&self) -> Duration {
        magnitude(self.offset).saturating_add(self.error)
    }

    /// Whether the clock is certainly over 128 ms off, so that it is not synchronized. An offset of up to a second is
    /// tolerated near a leap second.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.is_over_limit() && !self.may_be_leap_second()
    }

    /// Whether the offset is over the limit and only tolerated because a leap second is near.
    pub(crate) fn is_tolerated(&self) -> bool {
        self.is_over_limit() && self.may_be_leap_second()
    }

    fn is_over_limit(&self) -> bool {
        self.smallest() > LIMIT
    }

    fn may_be_leap_second(&self) -> bool {
        self.is_near_leap_second && self.smallest() <= LEAP_SECOND
    }

    /// The least by which the clock is off.
    fn smallest(&self) -> Duration {
        magnitude(self.offset).saturating_sub(self.error)
    }
}

/// Both figures in milliseconds, as in "-7920000.02 ms ± 0.6 ms".
impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = crate::time::milliseconds(self.error);
        write!(
            f,
            "{} ms \u{b1} {error} ms",
            signed_milliseconds(self.offset)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_too_large_if_it_is_certainly_over_128_ms() {
        for (offset_us, error_us, near_leap_second, too_large) in [
            (0, 0, false, false),
            (128_000, 0, false, false),
            (128_001, 0, false, true),
            (-128_001, 0, false, true),
            (128_600, 600, false, false),
            (128_601, 600, false, true),
            (-7_920_000_000, 600, false, true),
            // An error this large may explain any offset.
            (500_000, 600_000, false, false),
            (128_001, 0, true, false),
            (-1_000_600, 600, true, false),
            (1_000_601, 600, true, true),
        ] {
            let offset = ClockOffset {
                is_near_leap_second: near_leap_second,
                ..ClockOffset::new(
                    TimeDelta::microseconds(offset_us),
                    Duration::from_micros(error_us),
                )
            };
            let what = format!("{offset} {near_leap_second}");
            assert_eq!(offset.is_too_large(), too_large, "{what}");
            assert!(!(offset.is_too_large() && offset.is_tolerated()), "{what}");
        }
    }

    #[test]
    fn near_a_leap_second_up_to_a_second_over_the_limit_is_tolerated() {
        for (offset_us, near_leap_second, tolerated) in [
            (128_000, true, false),
            (128_001, true, true),
            (128_001, false, false),
            (-1_000_000, true, true),
            (-1_000_001, true, false),
        ] {
            let offset = ClockOffset {
                is_near_leap_second: near_leap_second,
                ..ClockOffset::new(TimeDelta::microseconds(offset_us), Duration::ZERO)
            };
            assert_eq!(offset.is_tolerated(), tolerated, "{offset}");
        }
    }

    #[test]
    fn the_bound_is_the_offset_and_its_error() {
        for offset_us in [700, -700] {
            let offset = TimeDelta::microseconds(offset_us);
            let offset = ClockOffset::new(offset, Duration::from_micros(50));
            assert_eq!(offset.bound(), Duration::from_micros(750));
        }
    }
}
