//! A verdict as JSON: what `check --json` prints and the demonstration's `/clock` answers.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// A verdict as documented: every member is present, `null` if unknown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckAnswer {
    pub(crate) verdict: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) codes: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) limits: CheckedLimits,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) source: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) status: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) error_bound_ms: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) offset_ms: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) offset_error_ms: Option<f64>,
    pub(crate) cross_check: Option<CheckedCrossCheck>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) reference_timestamp: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) reference_age_s: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) age_adjusted_bound_ms: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) max_drift_ppm: Option<u32>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) read_at: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) earliest: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) latest: Option<DateTime<Utc>>,
}

/// The comparison with a second source.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckedCrossCheck {
    pub(crate) offset_ms: f64,
    pub(crate) offset_error_ms: f64,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) agrees: Option<bool>,
}

/// The limits that an answer names.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckedLimits {
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) max_error_ms: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) max_age_s: Option<f64>,
    pub(crate) age_adjusted: bool,
    #[serde(deserialize_with = "Option::deserialize", rename = "for")]
    pub(crate) preset: Option<String>,
}
