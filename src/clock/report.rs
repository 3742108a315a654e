//! Judges whether a clock is good enough, and reports what the verdict depends on. Pure.

mod json;
mod text;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::{AgeLimit, Limits, Reason, Warning};
use crate::reading::{ClockOffset, ClockSource, ReadError, ReadErrorKind, Reading, SyncStatus};
use crate::source::{Comparison, CrossCheck, Sample};
use crate::text::names;
use crate::time::{DriftRate, Moment, TimeInterval};

names! {
    /// Good or not. It serializes to its name; its `Display` is for a person.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Verdict {
        /// Synchronized, with a known error bound, and within every limit.
        Good = "good",
        /// Anything else. An unknown value counts as not good.
        NotGood = "not_good" => "not good",
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A verdict with everything it depends on. Unknown values are `None`.
///
/// It serializes to the object of `check --json`, and its `Display` is the text of `check`, a few lines
/// for a person.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Why the clock is not good; empty if it is.
    pub reasons: Vec<Reason>,
    /// Remarks that do not change the verdict.
    pub warnings: Vec<Warning>,
    /// The limits that the clock was judged by.
    pub limits: Limits,
    /// The source of the reading.
    pub source: Option<ClockSource>,
    /// Whether the clock is synchronized.
    pub status: Option<SyncStatus>,
    /// The source's error bound when the reading was taken, enlarged after a step that the source may not
    /// have noticed.
    pub error_bound: Option<Duration>,
    /// The error bound that was compared with the limit: grown to the moment of the verdict, from the read or,
    /// if the limits are age-adjusted, from the reference time. It includes the growth over [`Limits::valid_for`].
    pub bound_now: Option<Duration>,
    /// The measured distance to the reference clock, if the source measures it.
    pub offset: Option<ClockOffset>,
    /// The comparison with a second source, if it was requested and could be made.
    pub cross_check: Option<CrossCheck>,
    /// When the clock was last compared with its reference.
    pub reference: Option<DateTime<Utc>>,
    /// How long ago that was.
    pub reference_age: Option<Duration>,
    /// The error bound and its growth over the age of the reference, when the reading was taken.
    pub age_adjusted_bound: Option<Duration>,
    /// How fast the bound grows from then on, for a caller that keeps this report.
    pub max_drift: Option<DriftRate>,
    /// When the reading was taken.
    pub read_at: Option<DateTime<Utc>>,
    /// The range that contained true time at the moment of the verdict; `None` if the clock is not
    /// synchronized. Moved by the time that has passed, it holds for [`Limits::valid_for`].
    pub interval: Option<TimeInterval>,
    /// How long ago the judged ClockBound segment was written.
    pub written_age: Option<Duration>,
}

impl Report {
    /// Judges a reading at `now`. The bound and the age that are compared with the limits include
    /// their growth until then.
    ///
    /// ```
    /// use ecs_clock_emf::{ClockSource, DriftRate, Limits, Moment, Reading, Reason, Report};
    ///
    /// let now = Moment::now();
    /// // Neither a status nor a bound is known, so the clock is not good.
    /// let reading = Reading::new(ClockSource::Ecs, now, now);
    /// let report = Report::judge(&reading, &Limits::default(), &now, DriftRate::DEFAULT);
    /// assert!(report.reasons.contains(&Reason::BoundUnknown));
    /// ```
    #[must_use]
    pub fn judge(reading: &Reading, limits: &Limits, now: &Moment, drift: DriftRate) -> Self {
        let bound = if limits.age_adjusted {
            reading.age_adjusted_bound_at(now, drift)
        } else {
            reading.bound_at(now, drift)
        };
        let growth = drift.growth(limits.valid_for);
        let bound = bound.map(|bound| bound.saturating_add(growth));
        Self {
            reasons: reasons(reading, limits, now, bound),
            warnings: warnings(reading),
            limits: *limits,
            source: Some(reading.source),
            status: Some(reading.status),
            error_bound: reading.bound_when_taken(),
            bound_now: bound,
            offset: reading.offset,
            cross_check: None,
            reference: reading.reference,
            reference_age: reading.reference_age_at(now),
            age_adjusted_bound: reading.age_adjusted_bound(drift),
            max_drift: Some(drift),
            read_at: Some(reading.taken.wall),
            interval: bound
                .filter(|_| reading.is_synchronized())
                .map(|bound| TimeInterval::around(now.wall, bound)),
            written_age: None,
        }
    }

    /// The report on a clock that could not be read: not good.
    #[must_use]
    pub fn from_error(error: &ReadError, limits: &Limits) -> Self {
        let reason = match error.kind {
            ReadErrorKind::ClockStepping => Reason::ClockStepping,
            _ => Reason::NoReading(error.clone()),
        };
        Self::empty(vec![reason], limits)
    }

    /// A report with these reasons and nothing else known.
    pub(crate) fn empty(reasons: Vec<Reason>, limits: &Limits) -> Self {
        Self {
            reasons,
            warnings: Vec::new(),
            limits: *limits,
            source: None,
            status: None,
            error_bound: None,
            bound_now: None,
            offset: None,
            cross_check: None,
            reference: None,
            reference_age: None,
            age_adjusted_bound: None,
            max_drift: None,
            read_at: None,
            interval: None,
            written_age: None,
        }
    }

    /// Judges an attempt to read the clock at `now`, with a warning for each member that was withheld.
    #[must_use]
    pub fn judge_sample(sample: &Sample, limits: &Limits, now: &Moment, drift: DriftRate) -> Self {
        let mut report = match &sample.outcome {
            Ok(reading) => Self::judge(reading, limits, now, drift),
            Err(error) => Self::from_error(error, limits),
        };
        report.source = Some(sample.source);
        let withheld = sample.withheld.iter().cloned().map(Warning::Withheld);
        report.warnings.splice(0..0, withheld);
        report
    }

    /// Adds the outcome of a cross-check. A disagreement is a reason against the clock and takes away the range, a
    /// failure is a warning.
    pub fn add_cross_check(&mut self, outcome: Result<CrossCheck, ReadError>) {
        match outcome {
            Ok(check) => {
                match check.comparison {
                    Comparison::Agree => {}
                    Comparison::Disagree => {
                        self.reasons.push(Reason::CrossCheckDisagrees(check));
                        // One of the two is wrong, so the range may leave out true time.
                        self.interval = None;
                    }
                    Comparison::NotCompared(why) => self.warnings.push(Warning::NotCompared(why)),
                }
                self.cross_check = Some(check);
            }
            Err(error) => self.warnings.push(Warning::NoCrossCheck(error)),
        }
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

    /// The stable name of each reason.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.reasons.iter().map(Reason::as_str)
    }

    /// Whether there was no reading at all to judge.
    #[must_use]
    pub fn is_without_reading(&self) -> bool {
        matches!(self.reasons[..], [Reason::NoReading(_)])
    }

    /// Whether `instant` has certainly passed: the range of true time begins later. `false` without a
    /// range.
    #[must_use]
    pub fn is_certainly_past(&self, instant: impl Into<DateTime<Utc>>) -> bool {
        let instant = instant.into();
        self.interval
            .is_some_and(|interval| interval.earliest > instant)
    }
}

fn warnings(reading: &Reading) -> Vec<Warning> {
    let enlarged = Some(reading.enlarged_by()).filter(|by| !by.is_zero());
    let tolerated = reading.offset.filter(ClockOffset::is_tolerated);
    [
        reading.bound_unknown.map(Warning::BoundUnknown),
        tolerated.map(Warning::LeapSecond),
        enlarged.map(|by| Warning::Enlarged { by }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The reasons against a reading; `bound` is compared with the limit.
fn reasons(
    reading: &Reading,
    limits: &Limits,
    now: &Moment,
    bound: Option<Duration>,
) -> Vec<Reason> {
    let status = (!reading.is_synchronized()).then_some(Reason::NotSynchronized(reading.status));
    let offset = reading.offset.filter(ClockOffset::is_too_large);
    let offset = offset.map(Reason::OffsetTooLarge);
    let age = reading.reference_age_at(now);
    let age_adjusted = limits.age_adjusted;
    let bound = match (bound, limits.max_error_for(Some(reading.source))) {
        // Only the age is missing, which is reported below.
        (None, _) if age_adjusted && age.is_none() && reading.bound.is_some() => None,
        (None, _) => Some(Reason::BoundUnknown),
        (Some(bound), Some(limit)) if bound > limit => Some(Reason::BoundOverLimit {
            bound,
            limit,
            age_adjusted,
        }),
        _ => None,
    };
    let age = age.map(|age| age.saturating_add(limits.valid_for));
    let age = match (limits.max_age, age) {
        (AgeLimit::WhereKnown(limit) | AgeLimit::Required(limit), Some(age)) if age > limit => {
            Some(Reason::AgeOverLimit { age, limit })
        }
        (AgeLimit::Required(_), None) => Some(Reason::AgeUnknown),
        (_, None) if age_adjusted => Some(Reason::AgeUnknown),
        _ => None,
    };
    [status, offset, bound, age].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
