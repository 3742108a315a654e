//! Steps of the wall clock, and readings corrected for those that their source may not have noticed. Pure.

use crate::reading::{Reading, StepRecovery};
use crate::time::{Moment, StepDetector, step_between};

/// Follows the moments and readings of one clock.
#[derive(Debug, Default)]
pub(super) struct StepWatch {
    detector: Option<StepDetector>,
    recovery: StepRecovery,
    /// Where the last attempt to read the source began, or the last step was noticed.
    since: Option<Moment>,
}

impl StepWatch {
    /// Takes in the moment at which an attempt to read the source begins.
    pub(super) fn begin(&mut self, now: Moment) {
        self.observe(now);
        self.since = Some(now);
    }

    /// Takes in a moment. What has come to a step since the attempt began is one, however slowly it came.
    pub(super) fn observe(&mut self, now: Moment) {
        let detector = self.detector.get_or_insert_with(|| StepDetector::new(now));
        let slowly = || self.since.and_then(|since| step_between(&since, &now));
        if let Some(step) = detector.observe(now).or_else(slowly) {
            self.recovery.step(&step);
            self.since = Some(now);
        }
    }

    /// Takes in a reading, and returns it enlarged while its source may not have noticed the last step.
    pub(super) fn admit(&mut self, reading: Reading) -> Reading {
        self.recovery.admit(reading)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::*;
    use crate::reading::ClockSource;
    use crate::time::later;

    /// Over a minute apart the detector forgets them one by one, yet a reading is read again for their sum.
    #[test]
    fn moves_that_are_small_during_a_read_and_after_it_add_up() {
        let start = Moment::now();
        let at = |seconds, moved_ms| {
            let passed = Duration::from_secs(seconds);
            let wall = later(start.wall, passed) + TimeDelta::milliseconds(moved_ms);
            Moment::new(wall, start.monotonic + passed)
        };
        for (during_ms, after_ms, enlarged_ms) in [(3, 3, 6), (-3, -3, 6), (2, 2, 0), (3, -3, 0)] {
            let mut watch = StepWatch::default();
            watch.begin(at(0, 0));
            watch.observe(at(2, during_ms));
            let now = at(100, during_ms + after_ms);
            watch.begin(now);
            let reading = watch.admit(Reading::new(ClockSource::Ecs, now, now));
            let expected = Duration::from_millis(enlarged_ms);
            assert_eq!(reading.enlarged_by(), expected, "{during_ms} {after_ms}");
        }
    }
}
