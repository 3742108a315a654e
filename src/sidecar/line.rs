//! Renders a window in CloudWatch embedded metric format: one line of ASCII JSON. Pure.
//!
//! Format: the schema in the CloudWatch user guide, `CloudWatch_Embedded_Metric_Format_Specification`, and the limits
//! that CloudWatch enforces silently.

mod capacity;
mod format;
mod json;
mod labels;
mod metric;
mod task;
mod template;

use std::time::Duration;

use self::json::{Members, push_list, push_number};
use crate::reading::Reading;
use crate::sidecar::window::Window;
use crate::time::{age_seconds, milliseconds, signed_milliseconds};

pub(crate) use self::capacity::FEWEST_READINGS;
pub(crate) use self::format::{Dimensions, Format, Property, StorageResolution};
pub(crate) use self::labels::LABELS;
pub(crate) use self::labels::{is_dimension_name, is_dimension_value, is_reserved_member};
pub use self::metric::Metric;
pub(crate) use self::task::{Conflict, KnownTask};
pub(crate) use self::template::Template;

/// The numbers of a line that do not come from its window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally {
    /// The number of this line, starting from 1.
    pub sequence: u64,
    /// The lost lines that no line has reported yet.
    pub lines_dropped: u64,
    /// The failures of the interfaces for other programs that no line has reported yet.
    pub answer_errors: u64,
}

/// Renders the line of a window, newline included. The template must be made from the same format.
#[must_use]
pub(crate) fn render(
    format: &Format,
    template: &Template,
    window: &Window,
    tally: &Tally,
) -> Vec<u8> {
    let metrics = metric_values(format, window, tally);
    let mut line = Members::after(metadata(format, template, window, &metrics));
    line.extend(&template.labels);
    for (metric, value) in &metrics {
        match value {
            Value::Count(count) => line.number(metric.as_str(), *count),
            Value::Number(number) => line.number(metric.as_str(), *number),
            // Arrays come last, so that every other member is among the fields that Logs Insights discovers.
            Value::Numbers(_) => {}
        }
    }
    put_window(&mut line, window);
    if tally.answer_errors > 0 {
        line.number("AnswerErrors", tally.answer_errors);
    }
    line.number("Sequence", tally.sequence);
    line.extend(&template.process);
    for (metric, value) in &metrics {
        if let Value::Numbers(numbers) = value {
            line.numbers(metric.as_str(), numbers);
        }
    }
    let mut line = line.close();
    line.push(b'\n');
    line
}

/// The start of the line, with the member `_aws` that declares the metrics.
fn metadata(
    format: &Format,
    template: &Template,
    window: &Window,
    metrics: &[(Metric, Value)],
) -> Vec<u8> {
    // The usual line has 900 bytes.
    let mut line = Vec::with_capacity(1024);
    line.extend_from_slice(br#"{"_aws":{"Timestamp":"#);
    push_number(&mut line, window.stamp.timestamp_millis());
    line.extend_from_slice(br#","CloudWatchMetrics":["#);
    if !metrics.is_empty() {
        line.extend_from_slice(&template.directive);
        push_list(&mut line, metrics, |json, (metric, _)| {
            push_definition(json, *metric, format.resolution);
        });
        line.push(b'}');
    }
    line.extend_from_slice(b"]}");
    line
}

fn push_definition(json: &mut Vec<u8>, metric: Metric, resolution: StorageResolution) {
    json.extend_from_slice(br#"{"Name":""#);
    json.extend_from_slice(metric.as_str().as_bytes());
    json.extend_from_slice(br#"","Unit":""#);
    json.extend_from_slice(metric.unit().as_bytes());
    json.extend_from_slice(match resolution {
        StorageResolution::Minute => br#""}"#,
        StorageResolution::Second => br#"","StorageResolution":1}"#,
    });
}

/// The members of the window that are not metrics.
fn put_window(line: &mut Members, window: &Window) {
    let bounds: Vec<Duration> = bounds(window).collect();
    if let Some(max) = bounds.iter().max().copied().max(window.bound_while_moved) {
        line.number("MaxClockErrorBound", milliseconds(max));
    }
    if !bounds.is_empty() {
        line.number("MeanClockErrorBound", milliseconds(mean(&bounds)));
    }
    line.number("Samples", window.readings.len() as u64);
    line.text("ClockSource", window.source.as_str());
    if let Some(last) = window.readings.last() {
        line.text("ClockSynchronizationStatus", last.status.as_str());
        if let Some(reference) = last.reference {
            line.time("ReferenceTimestamp", reference);
        }
        if let Some(measured) = last.offset {
            line.number("ClockOffset", signed_milliseconds(measured.offset));
            line.number("ClockOffsetErrorBound", milliseconds(measured.error));
        }
    }
    let unknown = window
        .readings
        .iter()
        .rev()
        .find_map(|reading| reading.bound_unknown);
    if let Some(reason) = unknown {
        line.text("BoundUnknownReason", reason.as_str());
    }
    put_changes(line, window);
    if let Some(error) = &window.last_error {
        line.text("ReadErrorKind", error.kind.as_str());
        line.text("ReadErrorMessage", &error.message);
    }
    if let Some(kind) = window.cross_check_error {
        line.text("CrossCheckErrorKind", kind);
    }
}

/// The members about changes in the window, if any.
fn put_changes(line: &mut Members, window: &Window) {
    if window.status_changes > 0 {
        line.number("StatusChanges", window.status_changes);
    }
    if let Some(last) = window.last_step {
        line.number("ClockSteps", window.step_count);
        line.number("LastClockStep", signed_milliseconds(last));
    }
    if !window.longest_pause.is_zero() {
        line.number("LongestPause", milliseconds(window.longest_pause).round());
    }
    if window.stopping {
        line.flag("Stopping");
    }
}

/// The value of a metric on a line.
enum Value {
    Count(u64),
    Number(f64),
    Numbers(Vec<f64>),
}

/// The chosen metrics that have a value.
fn metric_values(format: &Format, window: &Window, tally: &Tally) -> Vec<(Metric, Value)> {
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
            Value::Count(u64::from(all))
        }),
        Metric::ClockReferenceAge => window
            .readings
            .iter()
            .filter_map(Reading::reference_age)
            .max()
            .map(|age| Value::Number(age_seconds(age))),
        Metric::ClockStep => numbers(window.steps.iter().copied().map(signed_milliseconds)),
        Metric::ClockReadErrors => some_count(window.read_errors),
        Metric::LinesDropped => some_count(tally.lines_dropped),
        Metric::CrossCheckOffset => {
            let offsets = window.cross_checks.iter().map(|check| check.offset.offset);
            numbers(offsets.map(signed_milliseconds))
        }
        Metric::CrossCheckErrorBound => {
            array(window.cross_checks.iter().map(|check| check.offset.error))
        }
        Metric::ClockBoundUnknown => some_count(without_bound(window)),
        Metric::CrossCheckErrors => some_count(window.cross_check_errors),
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

/// The synchronized readings without a bound. To an alarm, a reading with only one of the two looks like a good clock.
fn without_bound(window: &Window) -> u64 {
    let readings = window.readings.iter();
    let unknown = readings
        .filter(|reading| reading.is_synchronized() && reading.bound_when_taken().is_none());
    unknown.count() as u64
}

fn array(values: impl Iterator<Item = Duration>) -> Option<Value> {
    numbers(values.map(milliseconds))
}

fn numbers(values: impl Iterator<Item = f64>) -> Option<Value> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then_some(Value::Numbers(values))
}

/// A counter that is left out at zero: a metric without data costs nothing.
fn some_count(count: u64) -> Option<Value> {
    (count > 0).then_some(Value::Count(count))
}

fn mean(values: &[Duration]) -> Duration {
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX).max(1);
    let sum = values
        .iter()
        .fold(Duration::ZERO, |sum, value| sum.saturating_add(*value));
    sum / count
}

#[cfg(test)]
pub(super) mod tests;
