//! A report as text for a person: the one place where it is laid out.

use std::fmt;

use super::{Report, rfc3339, rfc3339_up};
use crate::clock::Verdict;
use crate::time::{age_seconds, milliseconds};

/// One fact a line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: Option<String>| {
            let value = value.unwrap_or_else(|| "unknown".to_owned());
            writeln!(f, "{name:<20}{value}")
        };
        let verdict = match self.verdict() {
            Verdict::Good => "good",
            Verdict::NotGood => "not good",
        };
        line("verdict", Some(verdict.to_owned()))?;
        for reason in &self.reasons {
            line("reason", Some(reason.to_string()))?;
        }
        for warning in &self.warnings {
            line("warning", Some(warning.to_string()))?;
        }
        let in_ms = |bound| format!("{} ms", milliseconds(bound));
        let in_seconds = |age| format!("{} s", age_seconds(age));
        let (earliest, latest) = self
            .interval
            .map(|interval| (rfc3339(interval.earliest), rfc3339_up(interval.latest)))
            .unzip();
        line("source", self.source.map(|source| source.to_string()))?;
        line("status", self.status.map(|status| status.to_string()))?;
        line("error bound", self.error_bound.map(in_ms))?;
        line("age-adjusted bound", self.age_adjusted_bound.map(in_ms))?;
        line("reference time", self.reference.map(rfc3339))?;
        line("reference age", self.reference_age.map(in_seconds))?;
        line("read at", self.read_at.map(rfc3339))?;
        line("earliest true time", earliest)?;
        line("latest true time", latest)
    }
}
