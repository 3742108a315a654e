//! A line of the sidecar as documented: exactly these members, each of its type.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use emf_explain::{Input, Options, Rule, explain};
use serde::Deserialize;

/// An EMF line with all members that the program ever writes without `properties`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Line {
    #[serde(rename = "_aws")]
    pub(crate) aws: Metadata,
    pub(crate) cluster_name: Option<String>,
    pub(crate) service_name: Option<String>,
    pub(crate) task_definition_family: Option<String>,
    pub(crate) task_definition_revision: Option<String>,
    pub(crate) task_id: Option<String>,
    pub(crate) availability_zone: Option<String>,
    pub(crate) launch_type: Option<String>,
    #[serde(default)]
    pub(crate) clock_error_bound: Vec<f64>,
    pub(crate) clock_synchronized: Option<u8>,
    pub(crate) clock_reference_age: Option<f64>,
    #[serde(default)]
    pub(crate) clock_error_bound_age_adjusted: Vec<f64>,
    #[serde(default)]
    pub(crate) clock_step: Vec<f64>,
    pub(crate) clock_read_errors: Option<u64>,
    pub(crate) lines_dropped: Option<u64>,
    pub(crate) max_clock_error_bound: Option<f64>,
    pub(crate) mean_clock_error_bound: Option<f64>,
    pub(crate) samples: usize,
    pub(crate) clock_source: String,
    pub(crate) clock_synchronization_status: Option<String>,
    pub(crate) reference_timestamp: Option<DateTime<Utc>>,
    pub(crate) status_changes: Option<u64>,
    pub(crate) clock_steps: Option<u64>,
    pub(crate) last_clock_step: Option<f64>,
    pub(crate) longest_pause: Option<f64>,
    pub(crate) stopping: Option<bool>,
    pub(crate) answer_errors: Option<u64>,
    #[serde(default)]
    pub(crate) cross_check_offset: Vec<f64>,
    #[serde(default)]
    pub(crate) cross_check_error_bound: Vec<f64>,
    pub(crate) cross_check_disagreement: Option<u64>,
    pub(crate) cross_check_errors: Option<u64>,
    pub(crate) cross_check_error_kind: Option<String>,
    pub(crate) clock_bound_unknown: Option<u64>,
    pub(crate) bound_unknown_reason: Option<String>,
    pub(crate) clock_offset: Option<f64>,
    pub(crate) clock_offset_error_bound: Option<f64>,
    pub(crate) read_error_kind: Option<String>,
    pub(crate) read_error_message: Option<String>,
    pub(crate) sequence: u64,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) version: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    pub(crate) timestamp: i64,
    pub(crate) cloud_watch_metrics: Vec<Directive>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Directive {
    pub(crate) namespace: String,
    pub(crate) dimensions: Vec<Vec<String>>,
    pub(crate) metrics: Vec<serde_json::Value>,
}

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../data/emf-schema.json")).unwrap();
    jsonschema::validator_for(&schema).unwrap()
});

impl Line {
    /// Reads a line, and fails if it violates the schema of the specification or the rules beyond
    /// it.
    pub(crate) fn read(text: &str) -> Self {
        let value: serde_json::Value =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        if let Err(error) = SCHEMA.validate(&value) {
            panic!("{error}: {text}");
        }
        assert!(text.is_ascii() && text.len() < 16_384, "{text}");
        let options = Options::new(Input::Stdout, Utc::now());
        for event in explain(text.as_bytes(), options) {
            let problems = event.unwrap().problems;
            let other = problems
                .iter()
                .find(|problem| problem.rule() != Rule::NoMetricNamed);
            assert!(other.is_none(), "{}\n{text}", other.unwrap());
        }
        Self::deserialize(value).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The dimension sets of its only directive.
    pub(crate) fn dimensions(&self) -> Vec<Vec<&str>> {
        let [directive] = self.aws.cloud_watch_metrics.as_slice() else {
            panic!("not one directive: {self:?}");
        };
        directive
            .dimensions
            .iter()
            .map(|set| set.iter().map(String::as_str).collect())
            .collect()
    }
}
