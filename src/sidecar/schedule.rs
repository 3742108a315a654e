//! When to read: the beat of the monotonic clock. Pure.

use std::time::{Duration, Instant};

/// Beats at even distances. A beat that was missed, because the read before took too long, is left
/// out; the ones after it stay where they were.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beat {
    next: Instant,
    interval: Duration,
}

impl Beat {
    /// The first beat at `first`, the others every `interval` after it.
    #[must_use]
    pub(crate) fn new(first: Instant, interval: Duration) -> Self {
        Self {
            next: first,
            interval,
        }
    }

    /// The next beat.
    #[must_use]
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Leaves out the beats that have gone by at `now`, since the read before them took so long.
    pub(crate) fn leave_out_missed(&mut self, now: Instant) {
        if self.next <= now {
            self.advance(now);
        }
    }

    /// Moves on to the first beat after `now`.
    pub(crate) fn advance(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.next).as_nanos();
        let beats = late / self.interval.as_nanos().max(1) + 1;
        let beats = u32::try_from(beats).unwrap_or(u32::MAX);
        self.next += self.interval.saturating_mul(beats);
    }
}

/// A share of `span`: `fraction` of it, from 0 to 1.
#[must_use]
pub(crate) fn share(span: Duration, fraction: f64) -> Duration {
    span.mul_f64(fraction.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missed_beats_are_left_out() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        for (now, next) in [
            (1_000, 1_100),
            (1_099, 1_100),
            (1_100, 1_200),
            (3_050, 3_100),
        ] {
            let mut beat = Beat::new(at(1_000), Duration::from_millis(100));
            beat.advance(at(now));
            assert_eq!(beat.next(), at(next), "at {now}");
        }
        for (now, next) in [(900, 1_000), (999, 1_000), (1_000, 1_100), (1_250, 1_300)] {
            let mut beat = Beat::new(at(1_000), Duration::from_millis(100));
            beat.leave_out_missed(at(now));
            assert_eq!(beat.next(), at(next), "at {now}");
        }
    }
}
