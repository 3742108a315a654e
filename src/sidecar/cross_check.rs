//! Decides when a cross-check is made, and of which reading. Pure.

use std::time::{Duration, Instant};

use crate::reading::Reading;
use crate::source::{CrossCheck, Exchange};
use crate::time::DriftRate;

/// The shortest time between two cross-checks.
const PAUSE: Duration = Duration::from_secs(60);

/// Starts one cross-check a minute, right after a reading, so that drift alone explains the difference.
#[derive(Debug)]
pub(crate) struct CrossCheckSchedule {
    drift: DriftRate,
    due: Instant,
    /// The reading to compare, while the server is asked.
    examined: Option<Reading>,
}

impl CrossCheckSchedule {
    /// The first cross-check is due at `now`.
    pub(crate) fn new(drift: DriftRate, now: Instant) -> Self {
        Self {
            drift,
            due: now,
            examined: None,
        }
    }

    /// Whether to ask the server now, right after this reading.
    pub(crate) fn start(&mut self, reading: &Reading, now: Instant) -> bool {
        if self.examined.is_some() || now < self.due {
            return false;
        }
        self.due = now + PAUSE;
        self.examined = Some(reading.clone());
        true
    }

    /// Compares the exchange with the reading it was started after; `None` if the exchange failed.
    pub(crate) fn finish(&mut self, exchange: Option<&Exchange>) -> Option<CrossCheck> {
        let reading = self.examined.take()?;
        Some(CrossCheck::new(&reading, exchange?, self.drift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::ClockSource;
    use crate::time::Moment;

    #[test]
    fn once_a_minute_and_one_at_a_time() {
        let start = Moment::now();
        let at = |seconds| start.monotonic + Duration::from_secs(seconds);
        let reading = Reading::new(ClockSource::Ecs, start, start);
        let mut schedule = CrossCheckSchedule::new(DriftRate::DEFAULT, at(0));
        let mut started = Vec::new();
        for second in (0..200).step_by(10) {
            if schedule.start(&reading, at(second)) {
                started.push(second);
            }
            // Each takes 15 s.
            if second % 60 == 20 {
                assert_eq!(schedule.finish(None), None);
            }
        }
        assert_eq!(started, [0, 60, 120, 180]);
    }
}
