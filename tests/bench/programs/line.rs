//! The members of the sidecar's own line, as an entry of `metrique`.

use std::time::SystemTime;

use metrique::emf::NoMetric;
use metrique::writer::core::entry::EntryWriter;
use metrique::writer::core::unit::{Count, Millisecond, Second, UnitTag};
use metrique::writer::{Entry, MetricFlags, Observation, Value, ValueWriter};

pub(crate) const NAMESPACE: &str = "ECS/ClockAccuracy";
pub(crate) const DIMENSIONS: [&str; 2] = ["ClusterName", "ServiceName"];

/// The members of the sidecar's line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) time: SystemTime,
    /// The two dimensions and the other names of the task.
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) bounds: Vec<f64>,
    pub(crate) synchronized: u64,
    pub(crate) reference_age: f64,
    pub(crate) status: String,
    pub(crate) reference: String,
    pub(crate) sequence: u64,
    pub(crate) started_at: String,
}

impl Line {
    /// Largest and mean bound.
    pub(crate) fn summary(&self) -> (f64, f64) {
        let largest = self.bounds.iter().copied().fold(0.0, f64::max);
        let count = u32::try_from(self.bounds.len()).unwrap();
        (largest, self.bounds.iter().sum::<f64>() / f64::from(count))
    }
}

impl Entry for Line {
    fn write<'a>(&'a self, writer: &mut impl EntryWriter<'a>) {
        let (largest, mean) = self.summary();
        writer.timestamp(self.time);
        for (name, value) in &self.labels {
            writer.value(*name, value);
        }
        writer.value(
            "ClockSynchronized",
            &With(Count::UNIT, &[self.synchronized as f64]),
        );
        writer.value(
            "ClockReferenceAge",
            &With(Second::UNIT, &[self.reference_age]),
        );
        writer.value("MaxClockErrorBound", &NoMetric::from(largest));
        writer.value("MeanClockErrorBound", &NoMetric::from(mean));
        writer.value("Samples", &NoMetric::from(self.bounds.len() as u64));
        writer.value("ClockSource", "ecs");
        writer.value("ClockSynchronizationStatus", &self.status);
        writer.value("ReferenceTimestamp", &self.reference);
        writer.value("Sequence", &NoMetric::from(self.sequence));
        writer.value("StartedAt", &self.started_at);
        writer.value("Version", "0.0.0");
        writer.value("ClockErrorBound", &With(Millisecond::UNIT, &self.bounds));
    }
}

/// Values of a metric with their unit.
struct With<'a>(metrique::writer::Unit, &'a [f64]);

impl Value for With<'_> {
    fn write(&self, writer: impl ValueWriter) {
        let values = self.1.iter().map(|value| Observation::Floating(*value));
        writer.metric(values, self.0, [], MetricFlags::empty());
    }
}
