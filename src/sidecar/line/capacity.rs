//! How many readings fit on a line. Pure.
//!
//! Logs Insights discovers only the first 200 fields of an event, and only these can be queried. It flattens the event,
//! so that each member of an object and each item of an array is a field.

use super::format::{Dimensions, Format, StorageResolution};
use super::metric::Metric;
use crate::sidecar::window::{MAX_CROSS_CHECKS, MAX_STEPS};
use emf_explain::limits::MAX_VALUES;

/// The most fields on a line: fewer than Logs Insights discovers.
const MAX_FIELDS: usize = 199;
/// The fewest readings that a line must have room for. With fewer, a window at the default intervals would need several
/// lines.
pub(crate) const FEWEST_READINGS: usize = 10;
/// `Timestamp` and one `Namespace`.
const METADATA: usize = 2;
/// The labels of a task.
const LABELS: usize = super::labels::LABELS.len();

impl Format {
    /// The most readings on one line, so that a line with every other member still has fewer than 200 fields. 0 if the
    /// properties leave no room.
    #[must_use]
    pub(crate) fn capacity(&self) -> usize {
        let Some(free) = MAX_FIELDS.checked_sub(self.fields_without_readings()) else {
            return 0;
        };
        let arrays = self
            .metrics
            .iter()
            .filter(|metric| metric.has_a_value_per_reading())
            .count();
        match arrays {
            0 => MAX_VALUES,
            arrays => (free / arrays).min(MAX_VALUES),
        }
    }

    /// The fields of a line with every possible member, without the values of readings.
    fn fields_without_readings(&self) -> usize {
        let definition = match self.resolution {
            StorageResolution::Minute => 2,
            StorageResolution::Second => 3,
        };
        let dimensions = match &self.dimensions {
            Dimensions::Default => 2,
            Dimensions::Sets(sets) => sets.iter().map(|set| set.len().max(1)).sum(),
        };
        let values: usize = self.metrics.iter().map(|metric| fields_of(*metric)).sum();
        METADATA
            + dimensions
            + self.metrics.len() * definition
            + LABELS
            + self.properties.len()
            + values
            + super::labels::MEMBERS.len()
    }
}

/// The fields of a metric's value; 0 for a metric with a value per reading.
fn fields_of(metric: Metric) -> usize {
    match metric {
        Metric::ClockStep => MAX_STEPS,
        Metric::CrossCheckOffset | Metric::CrossCheckErrorBound => MAX_CROSS_CHECKS,
        _ if metric.has_a_value_per_reading() => 0,
        _ => 1,
    }
}
