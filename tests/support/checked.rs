//! A verdict as JSON: what `check --json` prints and the demonstration's `/clock` answers.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// A verdict as its documentation has it: every member there, `null` for what is unknown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checked {
    pub(crate) verdict: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) codes: Vec<String>,
    pub(crate) warnings: Vec<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) source: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) status: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) error_bound_ms: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) reference_timestamp: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) reference_age_s: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) age_adjusted_bound_ms: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) read_at: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) earliest: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) latest: Option<DateTime<Utc>>,
}
