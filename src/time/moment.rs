//! Moments on two clocks, and ranges of time. Pure but for [`Moment::now`].

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

/// One moment, read on two clocks: the wall clock, which says what time it is and may jump, and the
/// monotonic clock, which only measures how much time has gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day as this machine believes it to be.
    pub wall: DateTime<Utc>,
    /// The monotonic clock at the same moment.
    pub monotonic: Instant,
}

impl Moment {
    /// The present moment.
    #[must_use]
    pub fn now() -> Self {
        Self {
            // By way of `SystemTime`: `Utc::now` panics on a clock set before 1970.
            wall: DateTime::from(SystemTime::now()),
            monotonic: Instant::now(),
        }
    }

    /// How much monotonic time lies between `earlier` and this moment; zero if `earlier` is later.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Duration {
        self.monotonic.saturating_duration_since(earlier.monotonic)
    }
}

/// The wall-clock time `time + by`, held at the last representable time instead of overflowing.
#[must_use]
pub(crate) fn later(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| time.checked_add_signed(by))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The wall-clock time `time - by`, held at the first representable time instead of overflowing.
#[must_use]
pub(crate) fn earlier(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| time.checked_sub_signed(by))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// A range that true time lies in.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use ecs_clock_emf::TimeInterval;
/// let now = SystemTime::now();
/// let around = |time: SystemTime, error: Duration| TimeInterval {
///     earliest: (time - error).into(),
///     latest: (time + error).into(),
/// };
/// let error = Duration::from_millis(1);
/// let later = now + Duration::from_millis(5);
/// assert!(around(now, error).is_before(&around(later, error)));
/// assert!(!around(now, 3 * error).is_before(&around(later, 3 * error)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeInterval {
    /// True time is not before this.
    pub earliest: DateTime<Utc>,
    /// True time is not after this.
    pub latest: DateTime<Utc>,
}

impl TimeInterval {
    /// Whether this range certainly lies before `other`: they do not touch.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.latest < other.earliest
    }

    /// Whether this range certainly lies after `other`: they do not touch.
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        other.is_before(self)
    }

    /// The range `time ± by`.
    pub(crate) fn around(time: DateTime<Utc>, by: Duration) -> Self {
        Self {
            earliest: earlier(time, by),
            latest: later(time, by),
        }
    }

    /// This range with `by` more on either side.
    pub(crate) fn widened(&self, by: Duration) -> Self {
        Self {
            earliest: earlier(self.earliest, by),
            latest: later(self.latest, by),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn intervals_that_touch_are_in_no_order() {
        let at = |a: i64, b: i64| TimeInterval {
            earliest: DateTime::UNIX_EPOCH + TimeDelta::seconds(a),
            latest: DateTime::UNIX_EPOCH + TimeDelta::seconds(b),
        };
        assert!(at(0, 1).is_before(&at(2, 3)));
        assert!(at(2, 3).is_after(&at(0, 1)));
        assert!(!at(0, 2).is_before(&at(2, 3)));
        assert!(!at(2, 3).is_after(&at(0, 2)));
    }

    proptest! {
        #[test]
        fn times_saturate(seconds in any::<u64>()) {
            let by = Duration::from_secs(seconds);
            prop_assert!(earlier(DateTime::UNIX_EPOCH, by) <= later(DateTime::UNIX_EPOCH, by));
        }
    }
}
