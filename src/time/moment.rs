//! Moments on the machine's clocks. Pure but for [`Moment::now`].

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use super::raw_clock;

/// One moment, read on the machine's clocks: the wall clock, which gives the time of day and may jump, and the
/// monotonic clock, which only measures how much time passes.
///
/// [`Moment::now`] also reads the raw clock on Linux: the oscillator, which no time daemon corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day according to this machine.
    pub wall: DateTime<Utc>,
    /// The monotonic clock, read right after the wall clock.
    pub monotonic: Instant,
    /// The raw clock; `None` if the system has none.
    raw: Option<Duration>,
    /// How much monotonic time may lie between the first and the last of these reads.
    width: Duration,
}

impl Moment {
    /// The present moment. The other clocks are read between two reads of the monotonic clock. If the thread was
    /// suspended in between they are read again, a few times, so that this does not look like a step.
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
        let raw = raw_clock::now();
        // Through `SystemTime`, because `Utc::now` panics on a clock set before 1970.
        let wall = DateTime::from(SystemTime::now());
        let monotonic = Instant::now();
        Self {
            wall,
            monotonic,
            raw,
            width: monotonic.saturating_duration_since(before),
        }
    }

    /// A moment on both clocks, read exactly, without the raw clock.
    #[must_use]
    pub fn new(wall: DateTime<Utc>, monotonic: Instant) -> Self {
        Self {
            wall,
            monotonic,
            raw: None,
            width: Duration::ZERO,
        }
    }

    /// This moment, with `width` between the reads of the clocks.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn read_within(self, width: Duration) -> Self {
        Self { width, ..self }
    }

    /// This moment, with the raw clock at `raw`.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_raw(self, raw: Duration) -> Self {
        Self {
            raw: Some(raw),
            ..self
        }
    }

    /// How much monotonic time lies between `earlier` and this moment; zero if `earlier` is later.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Duration {
        self.monotonic.saturating_duration_since(earlier.monotonic)
    }

    /// As [`Moment::since`], negative if `earlier` is later.
    #[must_use]
    pub(crate) fn elapsed_since(&self, earlier: &Self) -> TimeDelta {
        match self.monotonic.checked_duration_since(earlier.monotonic) {
            Some(elapsed) => delta(elapsed),
            None => -delta(earlier.monotonic.saturating_duration_since(self.monotonic)),
        }
    }

    /// How far the wall clock has moved against the monotonic clock since `earlier`; positive is forward. On Linux
    /// slewing moves both clocks alike, so only a step shows here.
    #[must_use]
    pub fn wall_moved_since(&self, earlier: &Self) -> TimeDelta {
        self.wall.signed_duration_since(earlier.wall) - self.elapsed_since(earlier)
    }

    /// The most by which the wall clock may have moved since `earlier`, in either direction: neither moment is known more
    /// precisely than the width of its reads.
    #[must_use]
    pub(crate) fn wall_moved_at_most(&self, earlier: &Self) -> Duration {
        magnitude(self.wall_moved_since(earlier)).saturating_add(self.width.max(earlier.width))
    }

    /// How far the monotonic clock has moved against the raw clock since `earlier`: what a time daemon has corrected
    /// meanwhile. `None` where there is no raw clock.
    #[must_use]
    pub(crate) fn slewed_since(&self, earlier: &Self) -> Option<TimeDelta> {
        let passed =
            TimeDelta::from_std(self.raw?).ok()? - TimeDelta::from_std(earlier.raw?).ok()?;
        Some(self.elapsed_since(earlier) - passed)
    }

    /// How much monotonic time may lie between the reads of the clocks.
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

/// A duration as a signed one, limited instead of overflowing: far more than any monotonic clock runs.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(365_000))
}

/// The magnitude of a signed duration.
#[must_use]
pub(crate) fn magnitude(by: TimeDelta) -> Duration {
    by.abs().to_std().unwrap_or(Duration::MAX)
}

/// The wall-clock time `time + by`, limited to the last representable time instead of overflowing.
#[must_use]
pub(crate) fn later(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| time.checked_add_signed(by))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The wall-clock time `time - by`, limited to the first representable time instead of overflowing.
#[must_use]
pub(crate) fn earlier(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| time.checked_sub_signed(by))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        // Of equally close ones the first.
        let mut later = 0;
        let found = Moment::closest(|| {
            later += 1;
            now.moved(TimeDelta::microseconds(later))
                .read_within(Duration::from_millis(2))
        });
        assert_eq!((found.wall - now.wall).num_microseconds(), Some(1));
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

    #[test]
    fn the_raw_clock_shows_what_was_slewed() {
        let start = Moment::now().with_raw(Duration::from_secs(100));
        let at = |monotonic_ms, raw_us: i64| {
            let passed = Duration::from_millis(monotonic_ms);
            Moment::new(later(start.wall, passed), start.monotonic + passed)
                .with_raw(Duration::from_micros(100_000_000 + raw_us.unsigned_abs()))
        };
        for (now, slewed_us) in [
            (at(1_000, 1_000_000), 0),
            (at(1_000, 999_500), 500),
            (at(1_000, 1_000_020), -20),
        ] {
            let slewed = Some(TimeDelta::microseconds(slewed_us));
            assert_eq!(now.slewed_since(&start), slewed);
        }
        let without = Moment::new(start.wall, start.monotonic);
        assert_eq!(without.slewed_since(&start), None);
        assert_eq!(start.slewed_since(&without), None);
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn this_machine_has_a_raw_clock() {
        let first = Moment::now();
        let slewed = Moment::now().slewed_since(&first);
        assert!(slewed.is_some_and(|slewed| magnitude(slewed) < Duration::from_secs(1)));
    }

    proptest! {
        #[test]
        fn times_saturate(seconds in any::<u64>()) {
            let by = Duration::from_secs(seconds);
            prop_assert!(earlier(DateTime::UNIX_EPOCH, by) <= later(DateTime::UNIX_EPOCH, by));
        }
    }
}
