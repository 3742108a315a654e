//! A source that plays given readings, for the tests of applications. No I/O.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::{Kind, Sample, Source};
use crate::reading::{ClockSource, ReadError, ReadErrorKind, Reading};
use crate::time::Moment;

/// Readings still to be played; the last one stays.
#[derive(Debug)]
pub(super) struct Played(Mutex<VecDeque<Result<Reading, ReadError>>>);

impl Source {
    /// A source that gives these answers, one at each read, and the last one from then on; with none at
    /// all every read fails. It needs no endpoint and no time.
    ///
    /// Each reading counts as taken when it is played, and its reference is as old as it was when the
    /// given reading was taken. How often a source is read is up to its user: a [`Clock`](crate::Clock)
    /// asks for the next answer when its refresh interval is over.
    ///
    /// Only with the feature `test-util`, which is meant for `[dev-dependencies]`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{
    ///     Clock, ClockSource, ErrorBound, Limits, Moment, ReadError, ReadErrorKind, Reading, Reason,
    ///     Source, SyncStatus,
    /// };
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Moment::now();
    /// let mut good = Reading::new(ClockSource::Ecs, now, now);
    /// good.status = SyncStatus::Synchronized;
    /// good.bound = Some(ErrorBound::from_millis(0.4)?);
    /// let mut lost = good.clone();
    /// lost.status = SyncStatus::NotSynchronized;
    /// let silent = ReadError::new(ReadErrorKind::Timeout, "no answer");
    ///
    /// let source = Source::playing([Ok(good), Ok(lost), Err(silent)]);
    /// let clock = Clock::new(source, Duration::from_millis(100));
    /// let mut codes = Vec::new();
    /// for _ in 0..3 {
    ///     let report = clock.report(&Limits::default()).await;
    ///     codes.extend(report.codes());
    ///     tokio::time::sleep(Duration::from_millis(100)).await;
    /// }
    /// assert_eq!(codes, ["not_synchronized", "no_reading"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn playing(answers: impl IntoIterator<Item = Result<Reading, ReadError>>) -> Self {
        let answers = answers.into_iter().collect();
        Self::of(Kind::Played(Played(Mutex::new(answers))))
    }
}

impl Played {
    /// The next answer, as one of this moment.
    pub(super) fn read(&self) -> Sample {
        let now = Moment::now();
        let outcome = self.next().map(|reading| at(&reading, now));
        Sample {
            source: outcome
                .as_ref()
                .map_or(ClockSource::Ecs, |reading| reading.source),
            at: now,
            outcome,
            withheld: Vec::new(),
            identity: None,
        }
    }

    fn next(&self) -> Result<Reading, ReadError> {
        // A panic elsewhere leaves whole answers behind.
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        next.unwrap_or_else(|| {
            let message = "there is no answer to play";
            Err(ReadError::new(ReadErrorKind::Connection, message))
        })
    }
}

/// A reading as if it were taken at `now`.
fn at(given: &Reading, now: Moment) -> Reading {
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
    fn the_last_answer_stays_and_ages_are_kept() {
        let now = Moment::now();
        let mut old = Reading::new(ClockSource::Kernel, now, now);
        old.reference = Some(now.wall - TimeDelta::seconds(900));
        let error = ReadError::new(ReadErrorKind::Kernel, "refused");
        let source = Source::playing([Err(error.clone()), Ok(old.clone())]);
        let Kind::Played(played) = &source.kind else {
            panic!("{source:?}");
        };
        assert_eq!(played.read().outcome, Err(error));
        for _ in 0..2 {
            let sample = played.read();
            assert_eq!(sample.source, ClockSource::Kernel);
            let reading = sample.outcome.unwrap();
            assert!(reading.taken.monotonic > old.taken.monotonic);
            assert_eq!(reading.reference_age(), old.reference_age());
        }
        let nothing = Source::playing([]);
        let Kind::Played(played) = &nothing.kind else {
            panic!("{nothing:?}");
        };
        let error = played.read().outcome.unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Connection);
    }
}
