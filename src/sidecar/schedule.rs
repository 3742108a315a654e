//! Decides when to read: at even intervals on the monotonic clock. Pure.

use std::time::{Duration, Instant};

/// Minimum time between samples that are taken at once after a step of the wall clock.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// The times of the samples. A sample that was missed because a read took too long is left out; later
/// ones keep their times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    next: Instant,
    interval: Duration,
    /// When the last read began.
    last: Instant,
}

impl Schedule {
    /// A first sample at `now`, the second at `second`, the others every `interval` after it.
    #[must_use]
    pub(crate) fn new(now: Instant, second: Instant, interval: Duration) -> Self {
        Self {
            next: second,
            interval,
            last: now,
        }
    }

    /// The next sample.
    #[must_use]
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Leaves out the samples whose time has passed at `now` because a read took so long.
    pub(crate) fn skip_missed(&mut self, now: Instant) {
        if self.next <= now {
            self.advance(now);
        }
    }

    /// Takes a sample at `now`: moves on to the first time after it.
    pub(crate) fn take(&mut self, now: Instant) {
        self.last = now;
        self.advance(now);
    }

    /// Takes the next sample as early as allowed, because the wall clock was stepped; the others follow
    /// at the same intervals.
    pub(crate) fn hasten(&mut self, now: Instant) {
        let soonest = now.max(self.last + SHORTEST_PAUSE);
        self.next = self.next.min(soonest);
    }

    fn advance(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.next).as_nanos();
        let missed = late / self.interval.as_nanos().max(1) + 1;
        let missed = u32::try_from(missed).unwrap_or(u32::MAX);
        self.next += self.interval.saturating_mul(missed);
    }
}

/// A share of `span`: `fraction` of it, from 0 to 1.
#[must_use]
pub(crate) fn fraction_of(span: Duration, fraction: f64) -> Duration {
    span.mul_f64(fraction.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(100);

    #[test]
    fn missed_samples_are_left_out() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        for (now, next) in [
            (1_000, 1_100),
            (1_099, 1_100),
            (1_100, 1_200),
            (3_050, 3_100),
        ] {
            let mut schedule = Schedule::new(start, at(1_000), INTERVAL);
            schedule.take(at(now));
            assert_eq!(schedule.next(), at(next), "at {now}");
        }
        for (now, next) in [(900, 1_000), (999, 1_000), (1_000, 1_100), (1_250, 1_300)] {
            let mut schedule = Schedule::new(start, at(1_000), INTERVAL);
            schedule.skip_missed(at(now));
            assert_eq!(schedule.next(), at(next), "at {now}");
        }
    }

    #[test]
    fn after_a_step_the_next_sample_comes_at_once_but_not_within_a_second() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut schedule = Schedule::new(at(0), at(10), Duration::from_secs(10));
        schedule.take(at(10));
        schedule.hasten(at(13));
        assert_eq!(schedule.next(), at(13));
        schedule.take(at(13));
        assert_eq!(schedule.next(), at(23), "the distances go on from there");
        schedule.hasten(at(13));
        assert_eq!(schedule.next(), at(14));
        // If samples are close together anyway, none is postponed.
        let mut schedule = Schedule::new(start, start + INTERVAL, INTERVAL);
        schedule.hasten(start);
        assert_eq!(schedule.next(), start + INTERVAL);
    }

    #[test]
    fn a_fraction_of_a_span() {
        let span = Duration::from_secs(30);
        for (fraction, share) in [(0.0, 0), (0.5, 15), (1.0, 30), (7.0, 30), (-1.0, 0)] {
            assert_eq!(fraction_of(span, fraction), Duration::from_secs(share));
        }
    }
}
