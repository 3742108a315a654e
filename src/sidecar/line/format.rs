//! The parts of the configuration that all lines of a process depend on.

use super::metric::Metric;
use crate::time::DriftRate;

/// The format of all lines of a process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Format {
    /// The namespace of the metrics.
    pub namespace: String,
    /// The dimension sets.
    pub dimensions: Dimensions,
    /// Additional root members from the configuration.
    pub properties: Vec<Property>,
    /// The metrics to emit.
    pub metrics: Vec<Metric>,
    /// The resolution at which CloudWatch stores the metrics.
    pub resolution: StorageResolution,
    /// For the age-adjusted bound.
    pub drift: DriftRate,
}

impl Format {
    /// Whether each reading is written on its own line: a data point for each second is useless a minute later.
    #[must_use]
    pub(crate) fn is_reading_by_reading(&self) -> bool {
        self.resolution == StorageResolution::Second
    }
}

/// The resolution at which CloudWatch stores a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorageResolution {
    /// Every minute.
    Minute,
    /// Every second.
    Second,
}

/// The dimension sets of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dimensions {
    /// `ClusterName,ServiceName`; `ClusterName,TaskDefinitionFamily` for a task outside a service.
    Default,
    /// These sets of names.
    Sets(Vec<Vec<String>>),
}

/// An additional root member from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}
