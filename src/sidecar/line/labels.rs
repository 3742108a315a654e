//! The members of a line that tell one task from another, and the dimension sets made of them.

use super::Format;
use crate::reading::{Label, TaskIdentity};
use crate::sidecar::line::Metric;
use emf_explain::limits::{MAX_DIMENSION_NAME_CHARS, MAX_DIMENSION_VALUE_CHARS};

/// The labels' names: root members that tell one task from another. They may be dimensions, and
/// `properties` may override them.
pub(crate) const LABELS: [&str; 7] = Label::NAMES;

/// The other root members of the program's own, metrics aside.
pub(super) const MEMBERS: [&str; 16] = [
    "_aws",
    "AnswerErrors",
    "ClockSource",
    "ClockSteps",
    "ClockSynchronizationStatus",
    "LastClockStep",
    "MaxClockErrorBound",
    "MeanClockErrorBound",
    "ReadErrorKind",
    "ReadErrorMessage",
    "ReferenceTimestamp",
    "Samples",
    "Sequence",
    "StartedAt",
    "StatusChanges",
    "Version",
];

/// The longest label emitted, in bytes of JSON. The names ECS allows are shorter by far.
const LABEL_LIMIT: usize = 512;

/// Which dimension sets a line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dimensions {
    /// `ClusterName,ServiceName`; for a task known to be outside a service
    /// `ClusterName,TaskDefinitionFamily`.
    Default,
    /// These sets of names.
    Sets(Vec<Vec<String>>),
}

/// A root member of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Whether CloudWatch takes `name` for a dimension.
pub(crate) fn is_dimension_name(name: &str) -> bool {
    (1..=MAX_DIMENSION_NAME_CHARS).contains(&name.len())
        && !name.starts_with(':')
        && is_dimension_value(name)
}

/// Whether CloudWatch takes `value` for a dimension's value.
pub(crate) fn is_dimension_value(value: &str) -> bool {
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    (1..=MAX_DIMENSION_VALUE_CHARS).contains(&value.len())
        && value.chars().all(printable)
        && !value.trim().is_empty()
}

/// Whether a root member is the program's own and no label.
pub(crate) fn is_reserved_member(name: &str) -> bool {
    MEMBERS.contains(&name) || Metric::ALL.iter().any(|metric| metric.as_str() == name)
}

/// The labels that are known, with the properties in their places.
pub(super) fn labels<'a>(
    format: &'a Format,
    identity: &'a TaskIdentity,
) -> Vec<(&'a str, &'a str)> {
    let mut labels = Vec::new();
    for &label in Label::ALL {
        let name = label.as_str();
        let overridden = format.properties.iter().any(|own| own.name == name);
        let value = identity.get(label);
        if let Some(value) = value.filter(|value| fits(value) && !overridden) {
            labels.push((name, value));
        }
    }
    let own = format.properties.iter();
    labels.extend(own.map(|own| (own.name.as_str(), own.value.as_str())));
    labels
}

/// Whether a label's JSON is short enough to be emitted; anything longer is no name of ECS.
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

/// The dimension sets whose every member is known and valid; one empty set where none is left, since
/// a set with a member that is missing or empty would make CloudWatch drop metrics or put them
/// elsewhere.
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
            // Not known yet is not the same as no service: only the endpoint can say the latter.
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
