//! Steps of the wall clock, found by comparing it with the monotonic clock. No I/O but the reading of
//! the two clocks.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use crate::time::{Moment, later};

/// The smallest jump that is taken for a step.
const THRESHOLD: Duration = Duration::from_millis(5);
/// Off Linux the two clocks run at rates of their own: how far apart, at most, in parts per million.
/// On Linux the kernel disciplines both alike.
const RATE_DIFFERENCE_PPM: u32 = if cfg!(target_os = "linux") { 0 } else { 500 };

/// Both clocks, read so that it is known how far apart the reads may have been.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockPair {
    before: Instant,
    wall: DateTime<Utc>,
    after: Instant,
}

impl ClockPair {
    /// Reads monotonic, wall, monotonic. Whoever is put to sleep in between tries again, a few times.
    #[must_use]
    pub(crate) fn read() -> Self {
        const TRIES: u32 = 3;
        const CLOSE: Duration = Duration::from_millis(1);
        let mut best = Self::read_once();
        for _ in 1..TRIES {
            if best.uncertainty() <= CLOSE {
                break;
            }
            let again = Self::read_once();
            if again.uncertainty() < best.uncertainty() {
                best = again;
            }
        }
        best
    }

    fn read_once() -> Self {
        let before = Instant::now();
        let wall = DateTime::from(SystemTime::now());
        let after = Instant::now();
        Self {
            before,
            wall,
            after,
        }
    }

    /// The moment of the pair.
    #[must_use]
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            wall: self.wall,
            monotonic: self.after,
        }
    }

    fn uncertainty(&self) -> Duration {
        self.after.saturating_duration_since(self.before)
    }
}

impl From<Moment> for ClockPair {
    /// A pair without uncertainty.
    fn from(moment: Moment) -> Self {
        Self {
            before: moment.monotonic,
            wall: moment.wall,
            after: moment.monotonic,
        }
    }
}

/// A jump of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockStep {
    /// How far the wall clock jumped against the monotonic clock; positive is forward.
    pub by: TimeDelta,
    /// The present moment on the wall clock as it ran before the jump.
    pub old_wall: DateTime<Utc>,
}

/// The present on the wall clock as it ran at `earlier`, and how far the wall clock is from that now.
fn compared(earlier: &ClockPair, now: &ClockPair) -> (DateTime<Utc>, TimeDelta) {
    let old_wall = later(
        earlier.wall,
        now.after.saturating_duration_since(earlier.after),
    );
    (old_wall, now.wall.signed_duration_since(old_wall))
}

/// How far the wall clock has come from where the monotonic clock says that it should be: what a step
/// is made of, and also what is too small to be one.
#[must_use]
pub(crate) fn divergence(earlier: &ClockPair, now: &ClockPair) -> Duration {
    let (_, by) = compared(earlier, now);
    by.abs().to_std().unwrap_or(Duration::MAX)
}

/// The step between two readings of the clocks, or `None`.
#[must_use]
pub(crate) fn step_between(earlier: &ClockPair, now: &ClockPair) -> Option<ClockStep> {
    let elapsed = now.after.saturating_duration_since(earlier.after);
    let (old_wall, by) = compared(earlier, now);
    // Each wall clock reading lies somewhere between its two monotonic ones.
    let slack = THRESHOLD
        .saturating_add(earlier.uncertainty())
        .saturating_add(now.uncertainty())
        .saturating_add(elapsed * RATE_DIFFERENCE_PPM / 1_000_000);
    (by.abs() >= TimeDelta::from_std(slack).unwrap_or(TimeDelta::MAX))
        .then_some(ClockStep { by, old_wall })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(base: Instant, monotonic_ms: u64, wall_us: i64, width_ms: u64) -> ClockPair {
        ClockPair {
            before: base + Duration::from_millis(monotonic_ms),
            wall: DateTime::UNIX_EPOCH + TimeDelta::microseconds(wall_us),
            after: base + Duration::from_millis(monotonic_ms + width_ms),
        }
    }

    #[test]
    fn steps() {
        let base = Instant::now();
        let second = 1_000_000;
        let hour = 3_600 * second;
        for (what, elapsed_ms, wall_us, width_ms, expected_us) in [
            ("no step", 1_000, second, 0, None),
            ("just under", 1_000, second + 4_999, 0, None),
            ("just under, back", 1_000, second - 4_999, 0, None),
            ("at the threshold", 1_000, second + 5_000, 0, Some(5_000)),
            ("back", 1_000, second - 5_000, 0, Some(-5_000)),
            ("an hour", 1_000, hour + second, 0, Some(hour)),
            ("an hour back", 1_000, second - hour, 0, Some(-hour)),
            // Put to sleep for 50 ms between the reads: the wall clock is up to 50 ms early.
            ("descheduled", 1_000, second + 7_000, 50, None),
            (
                "descheduled, and a step",
                1_000,
                2 * second,
                50,
                Some(950_000),
            ),
        ] {
            let start = pair(base, 0, 0, 0);
            let now = pair(base, elapsed_ms, wall_us, width_ms);
            let step = step_between(&start, &now);
            assert_eq!(
                step.map(|step| step.by.num_microseconds().unwrap()),
                expected_us,
                "{what}"
            );
        }
    }

    #[test]
    fn a_step_is_stamped_in_the_old_time_line() {
        let base = Instant::now();
        let step = step_between(&pair(base, 0, 0, 0), &pair(base, 10_000, -5_000_000, 0)).unwrap();
        assert_eq!(step.old_wall, DateTime::UNIX_EPOCH + TimeDelta::seconds(10));
        assert_eq!(step.by, TimeDelta::seconds(-15));
    }

    #[test]
    fn these_clocks_do_not_step_within_a_moment() {
        let pair = ClockPair::read();
        assert_eq!(step_between(&pair, &pair), None);
    }
}
