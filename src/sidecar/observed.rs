//! What the sidecar knows about the clock: the state from which the interfaces for other programs
//! answer.

use std::time::Instant;

use crate::reading::{ReadError, Reading};

/// The last reading and what has happened since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observed {
    /// The last reading, with any status; `None` before the first.
    pub last: Option<Reading>,
    /// Why the last attempt gave no reading; `None` if it gave one, and before the first.
    pub failure: Option<ReadError>,
    /// When that attempt was made.
    pub failed_at: Option<Instant>,
    /// When the wall clock was last seen to have been stepped.
    pub stepped: Option<Instant>,
    /// When the sidecar's loop last ran.
    pub beat: Instant,
}

impl Observed {
    /// The state of a sidecar whose loop starts at `now`.
    #[must_use]
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            last: None,
            failure: None,
            failed_at: None,
            stepped: None,
            beat: now,
        }
    }

    /// Takes the outcome of an attempt to read the clock, which was made at `at`.
    pub(crate) fn take(&mut self, outcome: &Result<Reading, ReadError>, at: Instant) {
        match outcome {
            Ok(reading) => {
                self.last = Some(reading.clone());
                (self.failure, self.failed_at) = (None, None);
            }
            Err(error) => {
                (self.failure, self.failed_at) = (Some(error.clone()), Some(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{ClockSource, ReadErrorKind};
    use crate::time::Moment;

    #[test]
    fn a_failure_leaves_the_last_reading_and_a_reading_ends_the_failure() {
        let now = Moment::now();
        let mut observed = Observed::new(now.monotonic);
        let error = ReadError::new(ReadErrorKind::Timeout, "no answer within 2s");
        observed.take(&Err(error.clone()), now.monotonic);
        assert_eq!(
            (&observed.last, &observed.failure),
            (&None, &Some(error.clone()))
        );
        let reading = Reading::new(ClockSource::Ecs, now, now);
        observed.take(&Ok(reading.clone()), now.monotonic);
        assert_eq!(
            (&observed.last, &observed.failure),
            (&Some(reading.clone()), &None)
        );
        observed.take(&Err(error.clone()), now.monotonic);
        assert_eq!(
            (&observed.last, &observed.failure),
            (&Some(reading), &Some(error))
        );
    }
}
