//! A report as JSON: the one place where its members are named.

use serde::{Serialize, Serializer};

use super::Report;
use crate::clock::{Limits, Preset};
use crate::reading::{ClockSource, SyncStatus};
use crate::source::CrossCheck;
use crate::time::{DriftRate, age_seconds, milliseconds, rfc3339, rfc3339_up, signed_milliseconds};

/// The members, in their order. Unknown values are `null`.
#[derive(Serialize)]
struct Members {
    verdict: &'static str,
    reasons: Vec<String>,
    codes: Vec<&'static str>,
    warnings: Vec<String>,
    limits: LimitMembers,
    source: Option<&'static str>,
    status: Option<&'static str>,
    error_bound_ms: Option<f64>,
    offset_ms: Option<f64>,
    offset_error_ms: Option<f64>,
    reference_timestamp: Option<String>,
    reference_age_s: Option<f64>,
    age_adjusted_bound_ms: Option<f64>,
    max_drift_ppm: Option<u32>,
    read_at: Option<String>,
    earliest: Option<String>,
    latest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_check: Option<CrossCheckMembers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_s_ago: Option<f64>,
}

/// The limits that were applied. A limit that is off is `null`.
#[derive(Serialize)]
struct LimitMembers {
    max_error_ms: Option<f64>,
    max_age_s: Option<f64>,
    age_adjusted: bool,
    r#for: Option<&'static str>,
}

impl LimitMembers {
    fn new(limits: &Limits, source: Option<ClockSource>) -> Self {
        Self {
            max_error_ms: limits.max_error_for(source).map(milliseconds),
            max_age_s: limits.max_age.longest().map(age_seconds),
            age_adjusted: limits.age_adjusted,
            r#for: limits.preset.map(Preset::as_str),
        }
    }
}

/// A comparison with a second source. `agrees` is `null` if the two could not be compared.
#[derive(Serialize)]
struct CrossCheckMembers {
    offset_ms: f64,
    offset_error_ms: f64,
    agrees: Option<bool>,
}

impl CrossCheckMembers {
    fn new(check: &CrossCheck) -> Self {
        Self {
            offset_ms: signed_milliseconds(check.offset.offset),
            offset_error_ms: milliseconds(check.offset.error),
            agrees: check.agrees(),
        }
    }
}

impl From<&Report> for Members {
    fn from(report: &Report) -> Self {
        Self {
            verdict: report.verdict().as_str(),
            reasons: report.reasons.iter().map(ToString::to_string).collect(),
            codes: report.codes().collect(),
            warnings: report.warnings.iter().map(ToString::to_string).collect(),
            limits: LimitMembers::new(&report.limits, report.source),
            source: report.source.map(ClockSource::as_str),
            status: report.status.map(SyncStatus::as_str),
            error_bound_ms: report.error_bound.map(milliseconds),
            offset_ms: report
                .offset
                .map(|measured| signed_milliseconds(measured.offset)),
            offset_error_ms: report.offset.map(|measured| milliseconds(measured.error)),
            reference_timestamp: report.reference.map(rfc3339),
            reference_age_s: report.reference_age.map(age_seconds),
            age_adjusted_bound_ms: report.age_adjusted_bound.map(milliseconds),
            max_drift_ppm: report.max_drift.map(DriftRate::ppm),
            read_at: report.read_at.map(rfc3339),
            earliest: report.interval.map(|interval| rfc3339(interval.earliest)),
            latest: report.interval.map(|interval| rfc3339_up(interval.latest)),
            cross_check: report.cross_check.as_ref().map(CrossCheckMembers::new),
            written_s_ago: report.written_age.map(age_seconds),
        }
    }
}

/// The object that `check --json` prints.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Members::from(self).serialize(serializer)
    }
}
