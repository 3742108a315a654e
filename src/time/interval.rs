//! Ranges of time. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::moment::{earlier, later};

/// A range that contains true time.
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
    /// Whether this range is certainly before `other`: they do not touch.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.latest < other.earliest
    }

    /// Whether this range is certainly after `other`: they do not touch.
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

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
}
