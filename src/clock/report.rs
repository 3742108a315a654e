//! Whether a clock is good enough. Pure.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::reading::{ReadError, Reading};
use crate::time::{DriftRate, Moment, age_seconds, milliseconds};

/// What is asked of a clock beyond being synchronized.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// The largest error bound that is good.
    pub max_error: Option<Duration>,
    /// The largest age of the reference time that is good.
    pub max_age: Option<Duration>,
}

/// A verdict with all it rests on: the members of `check --json`. What is not known is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// `good` or `not_good`.
    pub verdict: Verdict,
    /// Why it is not good: one sentence for each reason.
    pub reasons: Vec<String>,
    /// `ecs` or `kernel`.
    pub source: Option<&'static str>,
    /// `SYNCHRONIZED`, `NOT_SYNCHRONIZED` or `UNKNOWN`.
    pub status: Option<&'static str>,
    /// The source's bound, in milliseconds.
    pub error_bound_ms: Option<f64>,
    /// When the clock was last compared with its reference (RFC 3339).
    pub reference_timestamp: Option<String>,
    /// How long ago that was, in seconds.
    pub reference_age_s: Option<f64>,
    /// Bound and growth over the age of the reference, in milliseconds.
    pub age_adjusted_bound_ms: Option<f64>,
    /// When the reading was taken (RFC 3339).
    pub read_at: Option<String>,
    /// True time is not before this (RFC 3339).
    pub earliest: Option<String>,
    /// True time is not after this (RFC 3339).
    pub latest: Option<String>,
}

/// Good or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Synchronized, and within every limit.
    Good,
    /// Anything else, the unknown included.
    NotGood,
}

impl Report {
    /// Judges a reading at `now`.
    ///
    /// The bound that is compared with a limit is the one at `now`, grown since the read.
    #[must_use]
    pub fn on(reading: &Reading, limits: &Limits, now: &Moment, drift: DriftRate) -> Self {
        let bound = reading.bound_at(now, drift);
        let reasons = reasons(reading, limits, now, bound);
        let interval = reading.interval_at(now, drift);
        Self {
            verdict: if reasons.is_empty() {
                Verdict::Good
            } else {
                Verdict::NotGood
            },
            reasons,
            source: Some(reading.source.as_str()),
            status: Some(reading.status.as_str()),
            error_bound_ms: reading.bound_when_taken().map(milliseconds),
            reference_timestamp: reading.reference.map(rfc3339),
            reference_age_s: reading.reference_age_at(now).map(age_seconds),
            age_adjusted_bound_ms: reading.age_adjusted_bound(drift).map(milliseconds),
            read_at: Some(rfc3339(reading.taken.wall)),
            earliest: interval.map(|interval| rfc3339(interval.earliest)),
            latest: interval.map(|interval| rfc3339(interval.latest)),
        }
    }

    /// The report where there is no reading: not good.
    #[must_use]
    pub fn on_failure(error: &ReadError) -> Self {
        Self {
            verdict: Verdict::NotGood,
            reasons: vec![format!("no reading: {}", error.message)],
            source: None,
            status: None,
            error_bound_ms: None,
            reference_timestamp: None,
            reference_age_s: None,
            age_adjusted_bound_ms: None,
            read_at: None,
            earliest: None,
            latest: None,
        }
    }

    /// This report, not good for one more reason.
    pub(crate) fn refused(mut self, reason: String) -> Self {
        self.verdict = Verdict::NotGood;
        self.reasons.push(reason);
        self
    }

    /// Whether the verdict is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.verdict == Verdict::Good
    }
}

fn reasons(
    reading: &Reading,
    limits: &Limits,
    now: &Moment,
    bound: Option<Duration>,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if !reading.is_synchronized() {
        let status = reading.status.as_str();
        reasons.push(format!(
            "the clock is not known to be synchronized: its status is {status}"
        ));
    }
    let mut hold =
        |what: &str, limit: Option<Duration>, value: Option<Duration>| match (limit, value) {
            (Some(limit), None) => {
                let limit = humantime::format_duration(limit);
                reasons.push(format!("the {what} is unknown; the limit is {limit}"));
            }
            (Some(limit), Some(value)) if value > limit => {
                let [value, limit] = [value, limit].map(humantime::format_duration);
                reasons.push(format!(
                    "the {what} of {value} is over the limit of {limit}"
                ));
            }
            _ => {}
        };
    hold("error bound", limits.max_error, bound);
    hold(
        "age of the reference time",
        limits.max_age,
        reading.reference_age_at(now),
    );
    reasons
}

/// A time as every report writes it: to the nanosecond.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

impl std::fmt::Display for Report {
    /// A few lines for a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unknown = || "unknown".to_owned();
        let number = |value: Option<f64>, unit: &str| {
            value.map_or_else(unknown, |value| format!("{value} {unit}"))
        };
        let text = |value: Option<&str>| value.map_or_else(unknown, str::to_owned);
        let verdict = match self.verdict {
            Verdict::Good => "good",
            Verdict::NotGood => "not good",
        };
        writeln!(f, "verdict             {verdict}")?;
        for reason in &self.reasons {
            writeln!(f, "reason              {reason}")?;
        }
        writeln!(f, "source              {}", text(self.source))?;
        writeln!(f, "status              {}", text(self.status))?;
        writeln!(
            f,
            "error bound         {}",
            number(self.error_bound_ms, "ms")
        )?;
        writeln!(
            f,
            "age-adjusted bound  {}",
            number(self.age_adjusted_bound_ms, "ms")
        )?;
        writeln!(
            f,
            "reference time      {}",
            text(self.reference_timestamp.as_deref())
        )?;
        writeln!(
            f,
            "reference age       {}",
            number(self.reference_age_s, "s")
        )?;
        writeln!(f, "read at             {}", text(self.read_at.as_deref()))?;
        writeln!(f, "earliest true time  {}", text(self.earliest.as_deref()))?;
        writeln!(f, "latest true time    {}", text(self.latest.as_deref()))
    }
}
