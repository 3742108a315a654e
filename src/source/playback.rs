//! A source that returns prepared readings, for the tests of applications. No I/O.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::sample::Sample;
use crate::reading::{ClockSource, ReadError, ReadErrorKind, Reading};
use crate::time::Moment;

/// The answers to come; the last one repeats.
#[derive(Debug)]
pub(super) struct Playback(Mutex<VecDeque<Result<Reading, ReadError>>>);

impl Playback {
    pub(super) fn new(answers: impl IntoIterator<Item = Result<Reading, ReadError>>) -> Self {
        Self(Mutex::new(answers.into_iter().collect()))
    }

    /// The next answer, dated to this moment.
    pub(super) fn read(&self) -> Sample {
        let now = Moment::now();
        let outcome = self.next().map(|reading| dated(&reading, now));
        let source = outcome
            .as_ref()
            .map_or(ClockSource::Ecs, |reading| reading.source);
        Sample::new(source, now, outcome)
    }

    /// The source that the next answer names.
    pub(super) fn source(&self) -> ClockSource {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answers.front() {
            Some(Ok(reading)) => reading.source,
            _ => ClockSource::Ecs,
        }
    }

    fn next(&self) -> Result<Reading, ReadError> {
        // Poisoning is harmless: an answer is removed in one step.
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        next.unwrap_or_else(|| {
            let message = "no answer was prepared";
            Err(ReadError::new(ReadErrorKind::Connection, message))
        })
    }
}

/// The reading, as if it were taken at `now`.
fn dated(given: &Reading, now: Moment) -> Reading {
    let mut reading = Reading::new(given.source, now, now);
    reading.status = given.status;
    reading.bound = given.bound;
    reading.reference = given.reference.map(|reference| {
        let age = given.taken.wall.signed_duration_since(reference);
        now.wall.checked_sub_signed(age).unwrap_or(reference)
    });
    reading
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn the_last_answer_repeats_and_ages_are_kept() {
        let now = Moment::now();
        let mut old = Reading::new(ClockSource::Kernel, now, now);
        old.reference = Some(now.wall - TimeDelta::seconds(900));
        let error = ReadError::new(ReadErrorKind::Kernel, "refused");
        let playback = Playback::new([Err(error.clone()), Ok(old.clone())]);
        assert_eq!(playback.read().outcome, Err(error));
        for _ in 0..2 {
            let sample = playback.read();
            assert_eq!(sample.source, ClockSource::Kernel);
            let reading = sample.outcome.unwrap();
            assert!(reading.taken.monotonic > old.taken.monotonic);
            assert_eq!(reading.reference_age(), old.reference_age());
        }
        let error = Playback::new([]).read().outcome.unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Connection);
    }
}
