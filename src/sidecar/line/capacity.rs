//! How many readings one line may hold. Pure.
//!
//! Logs Insights discovers the first 200 fields of an event and no more. It flattens an event: members of
//! objects and items of arrays count one by one. A field beyond them cannot be queried by name.

use super::{Dimensions, Format, StorageResolution};
use crate::sidecar::line::Metric;
use crate::sidecar::window::{MAX_CROSS_CHECKS, MAX_STEPS};
use emf_explain::limits::MAX_VALUES;

/// The most fields on a line: fewer than Logs Insights discovers.
const MAX_FIELDS: usize = 199;
/// The fewest readings that a line must have room for. With fewer there would be more lines than windows
/// at the usual intervals.
pub(crate) const FEWEST_READINGS: usize = 10;
/// `Timestamp` and one `Namespace`.
const METADATA: usize = 2;
/// The labels of a task.
const LABELS: usize = super::LABELS.len();

impl Format {
    /// The most readings on one line, so that even one with everything else on it has fewer than 200
    /// fields. 0 where the properties leave no room.
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

    /// The fields of a line with all that it can hold but for the values of readings.
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
            + super::MEMBERS.len()
    }
}

/// The fields of a metric's own value on a line, but for those with a value per reading.
fn fields_of(metric: Metric) -> usize {
    match metric {
        Metric::ClockStep => MAX_STEPS,
        Metric::CrossCheckOffset | Metric::CrossCheckErrorBound => MAX_CROSS_CHECKS,
        _ if metric.has_a_value_per_reading() => 0,
        _ => 1,
    }
}
