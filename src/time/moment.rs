//! Moments on two clocks, and ranges of time. Pure but for [`Moment::now`].

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use super::bound::milliseconds;

/// One moment, read on two clocks: the wall clock, which says what time it is and may jump, and the
/// monotonic clock, which only measures how much time has gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day as this machine believes it to be.
    pub wall: DateTime<Utc>,
    /// The monotonic clock, read right after the wall clock.
    pub monotonic: Instant,
    /// How much monotonic time may lie between the two reads.
    width: Duration,
}

impl Moment {
    /// The present moment. The wall clock is read between two reads of the monotonic clock. A thread
    /// that is put to sleep in between tries again, a few times, so that it does not look like a step.
    #[must_use]
    pub fn now() -> Self {
        Self::closest(Self::read_once)
    }

    /// The first read whose clocks lie close together, else the closest of a few.
    fn closest(mut read: impl FnMut() -> Self) -> Self {
        const TRIES: u32 = 3;
        const CLOSE: Duration = Duration::from_millis(1);
        let mut best = read();
        for _ in 1..TRIES {
            if best.width <= CLOSE {
                break;
            }
            let again = read();
            if again.width < best.width {
                best = again;
            }
        }
        best
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clocks"
    )]
    fn read_once() -> Self {
        let before = Instant::now();
        // By way of `SystemTime`: `Utc::now` panics on a clock set before 1970.
        let wall = DateTime::from(SystemTime::now());
        let monotonic = Instant::now();
        Self {
            wall,
            monotonic,
            width: monotonic.saturating_duration_since(before),
        }
    }

    /// A moment that both clocks give exactly.
    #[must_use]
    pub fn new(wall: DateTime<Utc>, monotonic: Instant) -> Self {
        Self {
            wall,
            monotonic,
            width: Duration::ZERO,
        }
    }

    /// This moment, with `width` between the reads of the two clocks.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn read_within(self, width: Duration) -> Self {
        Self { width, ..self }
    }

    /// How much monotonic time lies between `earlier` and this moment; zero if `earlier` is later.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Duration {
        self.monotonic.saturating_duration_since(earlier.monotonic)
    }

    /// How far the wall clock has moved against the monotonic clock since `earlier`; positive is
    /// forward. Slewing moves both clocks alike on Linux, so this is what was stepped.
    #[must_use]
    pub fn wall_moved_since(&self, earlier: &Self) -> TimeDelta {
        let elapsed = match self.monotonic.checked_duration_since(earlier.monotonic) {
            Some(elapsed) => delta(elapsed),
            None => -delta(earlier.monotonic.saturating_duration_since(self.monotonic)),
        };
        self.wall.signed_duration_since(earlier.wall) - elapsed
    }

    /// The most by which the wall clock may have moved since `earlier`, in either direction: neither
    /// moment is known better than the width of its reads.
    #[must_use]
    pub(crate) fn wall_moved_at_most(&self, earlier: &Self) -> Duration {
        magnitude(self.wall_moved_since(earlier)).saturating_add(self.width.max(earlier.width))
    }

    /// How much monotonic time may lie between the reads of the two clocks.
    #[must_use]
    pub(crate) fn width(&self) -> Duration {
        self.width
    }

    /// This moment on a wall clock that is ahead by `by`.
    #[must_use]
    pub(crate) fn moved(mut self, by: TimeDelta) -> Self {
        self.wall = self.wall.checked_add_signed(by).unwrap_or(self.wall);
        self
    }
}

/// A duration as a signed one, held at the largest instead of overflowing: far more than any monotonic
/// clock runs.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(365_000))
}

/// The magnitude of a signed duration.
#[must_use]
pub(crate) fn magnitude(by: TimeDelta) -> Duration {
    by.abs().to_std().unwrap_or(Duration::MAX)
}

/// A signed duration in milliseconds.
pub(crate) fn signed_milliseconds(by: TimeDelta) -> f64 {
    let milliseconds = milliseconds(magnitude(by));
    if by < TimeDelta::zero() {
        -milliseconds
    } else {
        milliseconds
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

    #[test]
    fn a_wall_clock_that_keeps_its_pace_has_not_moved() {
        let start = Instant::now();
        let at = |monotonic: u64, wall: i64| {
            Moment::new(
                DateTime::UNIX_EPOCH + TimeDelta::milliseconds(wall),
                start + Duration::from_millis(monotonic),
            )
        };
        for (later, moved) in [
            (at(1_000, 1_000), 0),
            (at(1_000, 1_250), 250),
            (at(1_000, -500), -1_500),
        ] {
            assert_eq!(
                later.wall_moved_since(&at(0, 0)),
                TimeDelta::milliseconds(moved)
            );
            assert_eq!(
                at(0, 0).wall_moved_since(&later),
                TimeDelta::milliseconds(-moved)
            );
        }
    }

    #[test]
    fn reads_are_repeated_until_they_are_close_and_the_closest_counts() {
        let now = Moment::now();
        for (widths_us, closest_us) in [
            (vec![1_000], 1_000),
            (vec![1_001, 900], 900),
            (vec![3_000, 5_000, 4_000], 3_000),
            (vec![4_000, 5_000, 3_000], 3_000),
        ] {
            let mut reads = widths_us.iter().copied().map(Duration::from_micros);
            let found = Moment::closest(|| now.read_within(reads.next().unwrap()));
            assert_eq!(found.width(), Duration::from_micros(closest_us));
            assert_eq!(reads.next(), None, "{widths_us:?}");
        }
    }

    #[test]
    fn a_clock_may_have_moved_by_the_wider_of_two_reads_more() {
        let now = Moment::now();
        let us = Duration::from_micros;
        for (earlier, this) in [(us(200), us(300)), (us(300), us(200))] {
            let moved = now.moved(TimeDelta::microseconds(-5)).read_within(this);
            let at_most = moved.wall_moved_at_most(&now.read_within(earlier));
            assert_eq!(at_most, us(305), "{earlier:?} {this:?}");
        }
    }

    proptest! {
        #[test]
        fn times_saturate(seconds in any::<u64>()) {
            let by = Duration::from_secs(seconds);
            prop_assert!(earlier(DateTime::UNIX_EPOCH, by) <= later(DateTime::UNIX_EPOCH, by));
        }
    }
}
