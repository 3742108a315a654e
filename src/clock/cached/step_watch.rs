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
