//! When an NTP server is asked for a second opinion, and on which reading. Pure.

use std::time::{Duration, Instant};

use crate::reading::Reading;
use crate::source::{CrossCheck, Exchange};
use crate::time::DriftRate;

/// From one second opinion to the next, at least.
const PAUSE: Duration = Duration::from_secs(60);

/// The second opinions of a sidecar: one a minute, each right after a reading.
#[derive(Debug)]
pub(crate) struct SecondOpinion {
    drift: DriftRate,
    due: Instant,
    /// The reading that the present one is about, while the server is asked.
    asked_about: Option<Reading>,
}

impl SecondOpinion {
    /// The first one is due at `now`.
    pub(crate) fn new(drift: DriftRate, now: Instant) -> Self {
        Self {
            drift,
            due: now,
            asked_about: None,
        }
    }

    /// Whether the server is to be asked now, right after this reading.
    pub(crate) fn begins(&mut self, reading: &Reading, now: Instant) -> bool {
        if self.asked_about.is_some() || now < self.due {
            return false;
        }
        self.due = now + PAUSE;
        self.asked_about = Some(reading.clone());
        true
    }

    /// What an exchange shows about the reading it was begun after; `None` if it had failed.
    pub(crate) fn ends(&mut self, exchange: Option<&Exchange>) -> Option<CrossCheck> {
        let reading = self.asked_about.take()?;
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
        let mut opinion = SecondOpinion::new(DriftRate::DEFAULT, at(0));
        let mut asked = Vec::new();
        for second in (0..200).step_by(10) {
            if opinion.begins(&reading, at(second)) {
                asked.push(second);
            }
            // Each takes 15 s.
            if second % 60 == 20 {
                assert_eq!(opinion.ends(None), None);
            }
        }
        assert_eq!(asked, [0, 60, 120, 180]);
    }
}
