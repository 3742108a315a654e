//! The members of a line that identify the task, and the dimension sets made of them.

use super::format::{Dimensions, Format};
use super::metric::Metric;
use super::task::KnownTask;
use crate::reading::{Label, TaskIdentity};
use emf_explain::limits::{MAX_DIMENSION_NAME_CHARS, MAX_DIMENSION_VALUE_CHARS};

/// The names of the labels, the root members that identify the task. They may be dimensions, and `properties` may give
/// them fallback values.
pub(crate) const LABELS: [&str; 7] = Label::NAMES;

/// The other root members that the program sets, apart from metrics.
pub(super) const MEMBERS: [&str; 22] = [
    "_aws",
    "AnswerErrors",
    "BoundUnknownReason",
    "ClockOffset",
    "ClockOffsetErrorBound",
    "ClockSource",
    "ClockSteps",
    "ClockSynchronizationStatus",
    "CrossCheckErrorKind",
    "LastClockStep",
    "LongestPause",
    "MaxClockErrorBound",
    "MeanClockErrorBound",
    "ReadErrorKind",
    "ReadErrorMessage",
    "ReferenceTimestamp",
    "Samples",
    "Sequence",
    "StartedAt",
    "StatusChanges",
    "Stopping",
    "Version",
];

/// The longest label that is written, in bytes of JSON. Names in ECS are much shorter.
const LABEL_LIMIT: usize = 512;

/// Whether CloudWatch accepts `name` as the name of a dimension.
pub(crate) fn is_dimension_name(name: &str) -> bool {
    (1..=MAX_DIMENSION_NAME_CHARS).contains(&name.len())
        && !name.starts_with(':')
        && is_dimension_value(name)
}

/// Whether CloudWatch accepts `value` as the value of a dimension.
pub(crate) fn is_dimension_value(value: &str) -> bool {
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    (1..=MAX_DIMENSION_VALUE_CHARS).contains(&value.len())
        && value.chars().all(printable)
        && !value.trim().is_empty()
}

/// Whether the program sets this root member itself, and it is not a label.
pub(crate) fn is_reserved_member(name: &str) -> bool {
    MEMBERS.contains(&name) || Metric::ALL.iter().any(|metric| metric.as_str() == name)
}

/// The known labels, then the properties. A property with the name of a label is the label's fallback.
pub(super) fn labels<'a>(format: &'a Format, task: &'a KnownTask) -> Vec<(&'a str, &'a str)> {
    let mut labels = Vec::new();
    for &label in Label::ALL {
        let name = label.as_str();
        let value = task.identity().get(label).filter(|value| fits(value));
        let fallback = || {
            let own = format.properties.iter().find(|own| own.name == name);
            own.filter(|_| task.allows_fallback(label))
        };
        let value = value.or_else(|| fallback().map(|own| own.value.as_str()));
        labels.extend(value.map(|value| (name, value)));
    }
    let own = format.properties.iter();
    let own = own.filter(|own| !LABELS.contains(&own.name.as_str()));
    labels.extend(own.map(|own| (own.name.as_str(), own.value.as_str())));
    labels
}

/// Whether a label is short enough to be written.
fn fits(value: &str) -> bool {
    let escaped: usize = value
        .chars()
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                2
            } else {
                6 * c.len_utf16()
            }
        })
        .sum();
    !value.is_empty() && escaped <= LABEL_LIMIT
}

/// The dimension sets whose members are all known and valid, or one empty set if none is left. With a missing or empty
/// member, CloudWatch would drop the metrics or publish them without dimensions.
pub(super) fn dimension_sets<'a>(
    format: &'a Format,
    identity: &TaskIdentity,
    labels: &[(&str, &str)],
) -> Vec<Vec<&'a str>> {
    let known = |name: &str| {
        labels
            .iter()
            .any(|(label, value)| *label == name && is_dimension_value(value))
    };
    let mut sets: Vec<Vec<&str>> = match &format.dimensions {
        Dimensions::Sets(sets) => sets
            .iter()
            .map(|set| set.iter().map(String::as_str).collect())
            .collect(),
        Dimensions::Default => {
            // An unknown service differs from no service, which only a document can show.
            let outside_service = identity.is_outside_service
                && identity.service.is_none()
                && !labels
                    .iter()
                    .any(|(label, _)| *label == Label::ServiceName.as_str());
            let second = if outside_service {
                Label::TaskDefinitionFamily
            } else {
                Label::ServiceName
            };
            vec![vec![Label::ClusterName.as_str(), second.as_str()]]
        }
    };
    sets.retain(|set| set.iter().all(|name| known(name)));
    if sets.is_empty() {
        sets.push(Vec::new());
    }
    sets
}
