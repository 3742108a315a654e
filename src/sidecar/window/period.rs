//! Limits how many windows may close early, so that a flapping clock does not flood the log. Pure.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::time::Moment;

/// Early closings within one emit interval. Each costs two lines.
const EARLY_CLOSINGS: u8 = 3;

/// Why a window may close before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The clock is no longer synchronized.
    Loss,
    /// Another change of the status.
    Status,
    /// The wall clock was stepped.
    Step,
}

/// One emit interval on the monotonic clock, so that a step of the wall clock does not shorten it.
#[derive(Debug)]
pub(super) struct Period {
    interval: Duration,
    ends: Instant,
    early_closings: u8,
    had_loss: bool,
    stepped: bool,
}

impl Period {
    /// The interval that contains `now`. It ends when the wall clock is a multiple of `interval`.
    pub(super) fn new(interval: Duration, now: &Moment) -> Self {
        let left = next_boundary(now.wall, interval).signed_duration_since(now.wall);
        Self {
            interval,
            ends: now.monotonic + left.to_std().unwrap_or(interval),
            early_closings: 0,
            had_loss: false,
            stepped: false,
        }
    }

    /// Begins the next interval, if this one is over.
    pub(super) fn renew(&mut self, now: Instant) {
        if now < self.ends {
            return;
        }
        let late = now.saturating_duration_since(self.ends).as_nanos();
        let intervals = late / self.interval.as_nanos().max(1) + 1;
        let intervals = u32::try_from(intervals).unwrap_or(u32::MAX);
        self.ends += self.interval.saturating_mul(intervals);
        self.early_closings = 0;
        self.had_loss = false;
        self.stepped = false;
    }

    /// Whether a window may close early for this change, which is noted. The first loss of an interval
    /// always may.
    pub(super) fn admits(&mut self, change: Change) -> bool {
        let first_loss = change == Change::Loss && !self.had_loss;
        self.had_loss |= change == Change::Loss;
        self.stepped |= change == Change::Step;
        if self.early_closings < EARLY_CLOSINGS {
            self.early_closings += 1;
            return true;
        }
        first_loss
    }

    /// When windows end after a step. The wall clock then has other boundaries, and following them
    /// would cost one more line per step.
    pub(super) fn end_after_step(&self) -> Option<Instant> {
        self.stepped.then_some(self.ends)
    }
}

/// The first multiple of `interval` after `at`, counted from the Unix epoch.
pub(super) fn next_boundary(at: DateTime<Utc>, interval: Duration) -> DateTime<Utc> {
    let interval = i64::try_from(interval.as_millis())
        .unwrap_or(i64::MAX)
        .max(1);
    let into = at.timestamp_millis().rem_euclid(interval);
    let boundary = at.timestamp_millis().saturating_add(interval - into);
    DateTime::from_timestamp_millis(boundary).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::Change::{Loss, Status, Step};
    use super::*;

    #[test]
    fn three_early_closings_and_the_first_loss() {
        let start = Moment::new(DateTime::UNIX_EPOCH, Instant::now());
        let mut period = Period::new(Duration::from_secs(60), &start);
        let mut admitted = |changes: &[Change]| {
            let admitted: Vec<bool> = changes
                .iter()
                .map(|change| period.admits(*change))
                .collect();
            period.renew(period.ends);
            admitted
        };
        assert_eq!(
            admitted(&[Step, Status, Step, Step, Status, Loss, Loss]),
            [true, true, true, false, false, true, false]
        );
        assert_eq!(
            admitted(&[Loss, Status, Loss, Status, Loss]),
            [true, true, true, false, false]
        );
        assert_eq!(admitted(&[Step]), [true]);
    }

    #[test]
    fn it_ends_where_the_wall_clock_divides_and_goes_on_by_the_monotonic_clock() {
        let base = Instant::now();
        let at = |seconds| base + Duration::from_secs(seconds);
        let start = Moment::new(DateTime::from_timestamp(50, 0).unwrap(), at(0));
        let mut period = Period::new(Duration::from_secs(60), &start);
        for (now, ends) in [(9, 10), (10, 70), (69, 70), (200, 250)] {
            period.renew(at(now));
            assert_eq!(period.ends, at(ends), "at {now} s");
        }
    }
}
