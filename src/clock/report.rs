//! Whether a clock is good enough, with all that the verdict rests on. Pure.

mod json;
mod text;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{AgeLimit, Limits, Reason, Verdict, Warning};
use crate::reading::{ClockSource, ReadError, ReadErrorKind, Reading, SyncStatus};
use crate::source::Sample;
use crate::time::{DriftRate, Moment, TimeInterval};

/// A verdict with all it rests on. What is not known is `None`.
///
/// It serializes to the object of `check --json`, and its `Display` is the text of `check`, a few lines
/// for a person.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Why the clock is not good; empty if it is.
    pub reasons: Vec<Reason>,
    /// What else there is to know.
    pub warnings: Vec<Warning>,
    /// Which source was asked.
    pub source: Option<ClockSource>,
    /// Whether the clock is kept in step.
    pub status: Option<SyncStatus>,
    /// The source's error bound when the reading was taken, enlarged after a step that the source may not
    /// have noticed.
    pub error_bound: Option<Duration>,
    /// When the clock was last compared with its reference.
    pub reference: Option<DateTime<Utc>>,
    /// How long ago that was.
    pub reference_age: Option<Duration>,
    /// The error bound and its growth over the age of the reference, when the reading was taken.
    pub age_adjusted_bound: Option<Duration>,
    /// When the reading was taken.
    pub read_at: Option<DateTime<Utc>>,
    /// The range that true time lay in at the moment of the verdict; none for a clock that is not
    /// synchronized.
    pub interval: Option<TimeInterval>,
}

impl Report {
    /// Judges a reading at `now`. What is compared with the limits is what the bound and the age have
    /// grown to by then.
    ///
    /// ```
    /// use ecs_clock_emf::{ClockSource, DriftRate, Limits, Moment, Reading, Reason, Report};
    ///
    /// let now = Moment::now();
    /// // It says neither a status nor a bound: what is not known is not good.
    /// let reading = Reading::new(ClockSource::Ecs, now, now);
    /// let report = Report::on(&reading, &Limits::default(), &now, DriftRate::DEFAULT);
    /// assert!(report.reasons.contains(&Reason::BoundUnknown));
    /// ```
    #[must_use]
    pub fn on(reading: &Reading, limits: &Limits, now: &Moment, drift: DriftRate) -> Self {
        let bound = if limits.age_adjusted {
            reading.age_adjusted_bound_at(now, drift)
        } else {
            reading.bound_at(now, drift)
        };
        let enlarged = Some(reading.enlarged_by()).filter(|by| !by.is_zero());
        Self {
            reasons: reasons(reading, limits, now, bound),
            warnings: enlarged
                .map(|by| Warning::Enlarged { by })
                .into_iter()
                .collect(),
            source: Some(reading.source),
            status: Some(reading.status),
            error_bound: reading.bound_when_taken(),
            reference: reading.reference,
            reference_age: reading.reference_age_at(now),
            age_adjusted_bound: reading.age_adjusted_bound(drift),
            read_at: Some(reading.taken.wall),
            interval: bound
                .filter(|_| reading.is_synchronized())
                .map(|bound| TimeInterval::around(now.wall, bound)),
        }
    }

    /// The report where there is no reading: not good.
    #[must_use]
    pub fn on_failure(error: &ReadError) -> Self {
        let reason = match error.kind {
            ReadErrorKind::ClockStepping => Reason::ClockStepping,
            _ => Reason::NoReading(error.clone()),
        };
        Self {
            reasons: vec![reason],
            warnings: Vec::new(),
            source: None,
            status: None,
            error_bound: None,
            reference: None,
            reference_age: None,
            age_adjusted_bound: None,
            read_at: None,
            interval: None,
        }
    }

    /// Judges an attempt to read the clock at `now`, with a warning for each member that was withheld.
    #[must_use]
    pub fn on_sample(sample: &Sample, limits: &Limits, now: &Moment, drift: DriftRate) -> Self {
        let mut report = match &sample.outcome {
            Ok(reading) => Self::on(reading, limits, now, drift),
            Err(error) => Self::on_failure(error),
        };
        report.source = Some(sample.source);
        let withheld = sample.withheld.iter().cloned().map(Warning::Withheld);
        report.warnings.splice(0..0, withheld);
        report
    }

    /// The verdict: good if there is no reason against it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.reasons.is_empty() {
            Verdict::Good
        } else {
            Verdict::NotGood
        }
    }

    /// Whether the verdict is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The word for each reason.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.reasons.iter().map(Reason::code)
    }

    /// Whether there was no reading at all to judge.
    #[must_use]
    pub fn is_without_reading(&self) -> bool {
        matches!(self.reasons[..], [Reason::NoReading(_)])
    }

    /// Whether `instant` has certainly passed: the earliest that true time may be is later. `false` where
    /// there is no range.
    #[must_use]
    pub fn is_certainly_past(&self, instant: impl Into<DateTime<Utc>>) -> bool {
        let instant = instant.into();
        self.interval
            .is_some_and(|interval| interval.earliest > instant)
    }

    /// This report if it is good, so that `?` ends what must not go on without a good clock.
    ///
    /// # Errors
    /// [`NotGood`], which holds this report and says the reasons in one line.
    pub fn into_result(self) -> Result<Self, NotGood> {
        if self.is_good() {
            Ok(self)
        } else {
            Err(NotGood::new(self))
        }
    }
}

/// Why a reading is not good; `bound` is the one that a limit is held against.
fn reasons(
    reading: &Reading,
    limits: &Limits,
    now: &Moment,
    bound: Option<Duration>,
) -> Vec<Reason> {
    let status = (!reading.is_synchronized()).then_some(Reason::NotSynchronized(reading.status));
    let age = reading.reference_age_at(now);
    let age_adjusted = limits.age_adjusted;
    let bound = match (bound, limits.max_error) {
        // The age is what is missing, and is named below.
        (None, _) if age_adjusted && age.is_none() && reading.bound.is_some() => None,
        (None, _) => Some(Reason::BoundUnknown),
        (Some(bound), Some(limit)) if bound > limit => Some(Reason::BoundOverLimit {
            bound,
            limit,
            age_adjusted,
        }),
        _ => None,
    };
    let age = match (limits.max_age, age) {
        (AgeLimit::WhereKnown(limit) | AgeLimit::Required(limit), Some(age)) if age > limit => {
            Some(Reason::AgeOverLimit { age, limit })
        }
        (AgeLimit::Required(_), None) => Some(Reason::AgeUnknown),
        (_, None) if age_adjusted => Some(Reason::AgeUnknown),
        _ => None,
    };
    [status, bound, age].into_iter().flatten().collect()
}

/// A clock that is not good, as an error. In one line: the reasons.
///
/// ```
/// use ecs_clock_emf::{NotGood, ReadError, ReadErrorKind, Reason, Report};
///
/// let error = ReadError::new(ReadErrorKind::Timeout, "no complete answer within 2s");
/// let not_good = Report::on_failure(&error).into_result().unwrap_err();
/// assert_eq!(not_good.to_string(), "the clock is not good: no reading: no complete answer within 2s");
/// assert!(matches!(not_good.reasons(), [Reason::NoReading(_)]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NotGood(Box<Report>);

impl NotGood {
    pub(super) fn new(report: Report) -> Self {
        Self(Box::new(report))
    }

    /// Why; at least one.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.0.reasons
    }

    /// The whole report.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.0
    }
}

impl fmt::Display for NotGood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the clock is not good")?;
        for (index, reason) in self.reasons().iter().enumerate() {
            write!(f, "{} {reason}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for NotGood {}

/// A time as every report writes it: with six fraction digits, rounded down.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// As [`rfc3339`], rounded up: for the end of a range, and for what must not be understated.
pub(crate) fn rfc3339_up(time: DateTime<Utc>) -> String {
    let almost_one = TimeDelta::nanoseconds(999);
    rfc3339(time.checked_add_signed(almost_one).unwrap_or(time))
}

#[cfg(test)]
mod tests;
