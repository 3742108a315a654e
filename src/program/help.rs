//! The part of the help that is not about options.

use std::fmt::Write as _;

use crate::sidecar::line::Metric;

/// The metrics with their units.
pub(crate) fn metrics() -> String {
    let width = Metric::ALL.iter().map(|metric| metric.as_str().len()).max();
    let width = width.unwrap_or_default();
    let mut text = "Metrics and their units:".to_owned();
    for metric in Metric::ALL {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {:width$}  {}", metric.as_str(), metric.unit());
    }
    text
}
