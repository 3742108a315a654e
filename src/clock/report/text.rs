//! A report as text for a person: the one place where it is laid out.

use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use super::Report;
use crate::clock::{AgeLimit, ErrorLimit, Preset};
use crate::time::{age_seconds, milliseconds, rfc3339, rfc3339_up};

/// Writes one fact per line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: &str| writeln!(f, "{name:<20}{value}");
        line("verdict", &self.verdict().to_string())?;
        for reason in &self.reasons {
            line("reason", &reason.to_string())?;
        }
        for warning in &self.warnings {
            line("warning", &warning.to_string())?;
        }
        let (earliest, latest) = self
            .interval
            .map(|interval| (rfc3339(interval.earliest), rfc3339_up(interval.latest)))
            .unzip();
        line("source", &or_unknown(self.source))?;
        line("status", &or_unknown(self.status))?;
        line("error bound", &self.bound_and_limit())?;
        if let Some(offset) = self.offset {
            line("offset", &format!("{offset} (reference minus clock)"))?;
        }
        if let Some(check) = &self.cross_check {
            let agrees = match check.agrees() {
                Some(true) => "agrees",
                Some(false) => "disagrees",
                None => "not compared",
            };
            let offset = check.offset;
            line(
                "cross-check",
                &format!("{agrees}: offset {offset} (server minus clock)"),
            )?;
        }
        if let Some(age) = self.written_age {
            line("written", &format!("{} ago", in_seconds(age)))?;
        } else {
            line("reference time", &or_unknown(self.reference.map(rfc3339)))?;
            line("reference age", &self.age_and_limit())?;
            line("read at", &or_unknown(self.read_at.map(rfc3339)))?;
        }
        line("earliest true time", &or_unknown(earliest))?;
        line("latest true time", &or_unknown(latest))
    }
}

impl Report {
    /// The bound that was judged, and its limit; the reason names the same number.
    fn bound_and_limit(&self) -> String {
        let bound = or_unknown(self.bound_now.map(in_milliseconds));
        let adjusted = if self.limits.age_adjusted {
            ", age-adjusted"
        } else {
            ""
        };
        let limit = self.limits.max_error_for(self.source);
        let limit = limit.map_or("no limit".to_owned(), |limit| {
            format!("limit {}", ErrorLimit::AtMost(limit))
        });
        let preset = self.limits.preset.map(|preset| self.in_words(preset));
        format!("{bound}{adjusted} ({limit}{})", preset.unwrap_or_default())
    }

    /// The preset, with its own limit if a smaller one applies.
    fn in_words(&self, preset: Preset) -> String {
        let own = preset.max_error();
        if self.limits.max_error_for(self.source) == Some(own) {
            format!(" for {preset}")
        } else {
            format!(", below the {} for {preset}", ErrorLimit::AtMost(own))
        }
    }

    fn age_and_limit(&self) -> String {
        let limit = match self.limits.max_age {
            AgeLimit::Off => "no limit".to_owned(),
            AgeLimit::WhereKnown(limit) => {
                format!("limit {} where known", format_duration(limit))
            }
            AgeLimit::Required(limit) => format!("limit {}", format_duration(limit)),
        };
        let age = or_unknown(self.reference_age.map(in_seconds));
        format!("{age} ({limit})")
    }
}

fn or_unknown(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

fn in_milliseconds(bound: Duration) -> String {
    format!("{} ms", milliseconds(bound))
}

fn in_seconds(age: Duration) -> String {
    format!("{} s", age_seconds(age))
}
