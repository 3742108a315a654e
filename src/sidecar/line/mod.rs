//! A window as CloudWatch embedded metric format: one line of ASCII JSON. Pure.
//!
//! Format: the schema in the CloudWatch user guide, `CloudWatch_Embedded_Metric_Format_Specification`,
//! and the limits CloudWatch enforces without a word.

mod capacity;
mod json;
mod labels;

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize as _;

use self::json::{AsciiFormatter, Definition, Directive, Member, Metadata, Root};
use self::labels::{MEMBERS, dimension_sets, labels};
use crate::emf::Metric;
use crate::reading::{Reading, TaskIdentity};
use crate::sidecar::window::Window;
use crate::time::{DriftRate, age_seconds, magnitude, milliseconds};

pub(crate) use self::capacity::FEWEST_READINGS;
pub(crate) use self::labels::{Dimensions, LABELS, Property};
pub(crate) use self::labels::{is_dimension_name, is_dimension_value, is_reserved_member};

/// How lines look: everything about them that does not change while the process lives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Format {
    /// The namespace of the metrics.
    pub namespace: String,
    /// The dimension sets.
    pub dimensions: Dimensions,
    /// Root members of the user's own.
    pub properties: Vec<Property>,
    /// The metrics to emit.
    pub metrics: Vec<Metric>,
    /// How finely CloudWatch stores the metrics.
    pub resolution: StorageResolution,
    /// For the age-adjusted bound.
    pub drift: DriftRate,
}

impl Format {
    /// Whether each reading makes a line of its own: a point stored by the second is of no use a
    /// minute later.
    #[must_use]
    pub(crate) fn is_reading_by_reading(&self) -> bool {
        self.resolution == StorageResolution::Second
    }
}

/// How finely CloudWatch stores a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorageResolution {
    /// Every minute.
    Minute,
    /// Every second.
    Second,
}

/// What a line says about the process that wrote it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// The task; `None` before the endpoint named it.
    pub identity: Option<&'a TaskIdentity>,
    /// When the process started.
    pub started_at: DateTime<Utc>,
    /// The number of this line, from 1.
    pub sequence: u64,
    /// How many lines were lost since the last one that said so.
    pub lines_dropped: u64,
    /// How often other programs could not be answered since the last line that said so.
    pub answer_errors: u64,
}

/// The line that tells `window`, newline included.
#[must_use]
pub(crate) fn render(format: &Format, window: &Window, origin: &Origin<'_>) -> Vec<u8> {
    let labels = labels(format, origin.identity);
    let metrics = metric_values(format, window, origin);
    let directives: Vec<Directive<'_>> = if metrics.is_empty() {
        Vec::new()
    } else {
        vec![Directive {
            namespace: &format.namespace,
            dimensions: dimension_sets(format, origin.identity, &labels),
            metrics: metrics
                .iter()
                .map(|(metric, _)| definition(*metric, format.resolution))
                .collect(),
        }]
    };
    let metadata = Metadata {
        timestamp: window.stamp.timestamp_millis(),
        directives,
    };

    let mut line = Vec::with_capacity(1024);
    let mut root = Root(Vec::with_capacity(32));
    root.put("_aws", Member::Metadata(metadata));
    for (name, value) in labels {
        root.put(name, Member::Text(value));
    }
    // Arrays of values stand last, so that all else is among the fields that Logs Insights sees.
    let (arrays, plain): (Vec<_>, Vec<_>) = metrics
        .into_iter()
        .partition(|(_, value)| matches!(value, Member::Numbers(_)));
    for (metric, value) in plain {
        root.put(metric.name(), value);
    }
    put_window(&mut root, window);
    if origin.answer_errors > 0 {
        root.put("AnswerErrors", Member::Count(origin.answer_errors));
    }
    root.put("Sequence", Member::Count(origin.sequence));
    root.put("StartedAt", Member::time(origin.started_at));
    root.put(
        "Version",
        Member::Text(Cow::Borrowed(env!("CARGO_PKG_VERSION"))),
    );
    for (metric, value) in arrays {
        root.put(metric.name(), value);
    }
    let mut serializer = serde_json::Serializer::with_formatter(&mut line, AsciiFormatter);
    // Writing to memory cannot fail, and no member is of a kind that JSON has not.
    if root.serialize(&mut serializer).is_err() {
        line.clear();
    }
    line.push(b'\n');
    line
}

/// The members that tell what the window saw, beside the metrics.
fn put_window<'a>(root: &mut Root<'a>, window: &'a Window) {
    let bounds: Vec<Duration> = bounds(window).collect();
    if let Some(max) = bounds.iter().max() {
        root.put("MaxClockErrorBound", Member::Number(milliseconds(*max)));
        root.put(
            "MeanClockErrorBound",
            Member::Number(milliseconds(mean(&bounds))),
        );
    }
    root.put("Samples", Member::Count(window.readings.len() as u64));
    root.put(
        "ClockSource",
        Member::Text(Cow::Borrowed(window.source.as_str())),
    );
    if let Some(last) = window.readings.last() {
        let status = Cow::Borrowed(last.status.as_str());
        root.put("ClockSynchronizationStatus", Member::Text(status));
        if let Some(reference) = last.reference {
            root.put("ReferenceTimestamp", Member::time(reference));
        }
    }
    put_changes(root, window);
    if let Some(error) = &window.last_error {
        root.put(
            "ReadErrorKind",
            Member::Text(Cow::Borrowed(error.kind.as_str())),
        );
        root.put(
            "ReadErrorMessage",
            Member::Text(Cow::Borrowed(&error.message)),
        );
    }
}

/// What changed in the window, where anything did.
fn put_changes(root: &mut Root<'_>, window: &Window) {
    if window.status_changes > 0 {
        root.put("StatusChanges", Member::Count(window.status_changes));
    }
    if let Some(last) = window.last_step {
        root.put("ClockSteps", Member::Count(window.step_count));
        root.put("LastClockStep", Member::Number(signed_milliseconds(last)));
    }
}

/// The metrics that are chosen and have a value.
fn metric_values(
    format: &Format,
    window: &Window,
    origin: &Origin<'_>,
) -> Vec<(Metric, Member<'static>)> {
    let value_of = |metric| match metric {
        Metric::ClockErrorBound => array(bounds(window)),
        Metric::ClockErrorBoundAgeAdjusted => array(
            window
                .readings
                .iter()
                .filter_map(|reading| reading.age_adjusted_bound(format.drift)),
        ),
        Metric::ClockSynchronized => (!window.readings.is_empty()).then(|| {
            let all = window.readings.iter().all(Reading::is_synchronized);
            Member::Count(u64::from(all))
        }),
        Metric::ClockReferenceAge => window
            .readings
            .iter()
            .filter_map(Reading::reference_age)
            .max()
            .map(|age| Member::Number(age_seconds(age))),
        Metric::ClockStep => numbers(window.steps.iter().copied().map(signed_milliseconds)),
        Metric::ClockReadErrors => some_count(window.read_errors),
        Metric::LinesDropped => some_count(origin.lines_dropped),
        Metric::CrossCheckOffset => {
            let offsets = window.cross_checks.iter().map(|check| check.offset);
            numbers(offsets.map(signed_milliseconds))
        }
        Metric::CrossCheckErrorBound => {
            array(window.cross_checks.iter().map(|check| check.distance))
        }
        Metric::CrossCheckDisagreement => some_count(window.disagreements),
    };
    format
        .metrics
        .iter()
        .filter_map(|metric| Some((*metric, value_of(*metric)?)))
        .collect()
}

fn bounds(window: &Window) -> impl Iterator<Item = Duration> {
    window.readings.iter().filter_map(Reading::bound_when_taken)
}

fn array(values: impl Iterator<Item = Duration>) -> Option<Member<'static>> {
    numbers(values.map(milliseconds))
}

fn numbers(values: impl Iterator<Item = f64>) -> Option<Member<'static>> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then_some(Member::Numbers(values))
}

/// A counter that is silent at zero: a metric that is not sent costs nothing.
fn some_count(count: u64) -> Option<Member<'static>> {
    (count > 0).then_some(Member::Count(count))
}

fn mean(values: &[Duration]) -> Duration {
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX).max(1);
    values.iter().sum::<Duration>() / count
}

fn signed_milliseconds(by: TimeDelta) -> f64 {
    let milliseconds = milliseconds(magnitude(by));
    if by < TimeDelta::zero() {
        -milliseconds
    } else {
        milliseconds
    }
}

fn definition(metric: Metric, resolution: StorageResolution) -> Definition {
    Definition {
        name: metric.name(),
        unit: metric.unit(),
        storage_resolution: match resolution {
            StorageResolution::Minute => None,
            StorageResolution::Second => Some(1),
        },
    }
}

#[cfg(test)]
mod tests;
