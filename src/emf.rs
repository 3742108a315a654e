//! A window as CloudWatch embedded metric format: one line of ASCII JSON. Pure.
//!
//! Format: the schema in the CloudWatch user guide, `CloudWatch_Embedded_Metric_Format_Specification`,
//! and the limits CloudWatch enforces without a word.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::bound::{DriftRate, age_seconds, milliseconds};
use crate::identity::TaskIdentity;
use crate::metric::Metric;
use crate::reading::Reading;
use crate::window::Window;

/// The labels: root members that tell one task from another. They may be dimensions, and `properties`
/// may override them.
pub const LABELS: [&str; 7] = [
    "ClusterName",
    "ServiceName",
    "TaskDefinitionFamily",
    "TaskDefinitionRevision",
    "TaskId",
    "AvailabilityZone",
    "LaunchType",
];

/// The other root members of the program's own, metrics aside.
const MEMBERS: [&str; 12] = [
    "_aws",
    "ClockSource",
    "ClockSynchronizationStatus",
    "MaxClockErrorBound",
    "MeanClockErrorBound",
    "ReadErrorKind",
    "ReadErrorMessage",
    "ReferenceTimestamp",
    "Samples",
    "Sequence",
    "StartedAt",
    "Version",
];

/// The longest label emitted, in bytes of JSON. The names ECS allows are shorter by far.
const LABEL_LIMIT: usize = 512;

/// How lines look: everything about them that does not change while the process lives.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
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
    pub fn is_reading_by_reading(&self) -> bool {
        self.resolution == StorageResolution::Second
    }
}

/// Which dimension sets a line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimensions {
    /// `ClusterName,ServiceName`; for a task known to be outside a service
    /// `ClusterName,TaskDefinitionFamily`.
    Default,
    /// These sets of names.
    Sets(Vec<Vec<String>>),
}

/// How finely CloudWatch stores a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageResolution {
    /// Every minute.
    Minute,
    /// Every second.
    Second,
}

impl StorageResolution {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "60" => Ok(Self::Minute),
            "1" => Ok(Self::Second),
            _ => Err("allowed are 60 and 1".to_owned()),
        }
    }
}

/// A root member of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a line says about the process that wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The task; `None` before the endpoint named it.
    pub identity: Option<&'a TaskIdentity>,
    /// When the process started.
    pub started_at: DateTime<Utc>,
    /// The number of this line, from 1.
    pub sequence: u64,
    /// How many lines were lost since the last one that said so.
    pub lines_dropped: u64,
}

/// Whether CloudWatch takes `name` for a dimension.
pub(crate) fn is_dimension_name(name: &str) -> bool {
    (1..=250).contains(&name.len()) && !name.starts_with(':') && is_dimension_value(name)
}

/// Whether CloudWatch takes `value` for a dimension's value.
pub(crate) fn is_dimension_value(value: &str) -> bool {
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    (1..=1024).contains(&value.len()) && value.chars().all(printable) && !value.trim().is_empty()
}

/// Whether a root member is the program's own and no label.
pub(crate) fn is_reserved_member(name: &str) -> bool {
    MEMBERS.contains(&name) || Metric::ALL.iter().any(|metric| metric.name() == name)
}

/// The line that tells `window`, newline included.
#[must_use]
pub fn render(format: &Format, window: &Window, origin: &Origin<'_>) -> Vec<u8> {
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
    for (metric, value) in metrics {
        root.put(metric.name(), value);
    }
    put_window(&mut root, window);
    root.put("Sequence", Member::Count(origin.sequence));
    root.put("StartedAt", Member::time(origin.started_at));
    root.put(
        "Version",
        Member::Text(Cow::Borrowed(env!("CARGO_PKG_VERSION"))),
    );
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
        Metric::ClockStep => window
            .step
            .map(|step| Member::Number(signed_milliseconds(step.by))),
        Metric::ClockReadErrors => some_count(window.read_errors),
        Metric::LinesDropped => some_count(origin.lines_dropped),
    };
    format
        .metrics
        .iter()
        .filter_map(|metric| Some((*metric, value_of(*metric)?)))
        .collect()
}

fn bounds(window: &Window) -> impl Iterator<Item = Duration> {
    window
        .readings
        .iter()
        .filter_map(|reading| Some(reading.bound?.as_duration()))
}

fn array(values: impl Iterator<Item = Duration>) -> Option<Member<'static>> {
    let values: Vec<f64> = values.map(milliseconds).collect();
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
    let magnitude = by.abs().to_std().unwrap_or(Duration::MAX);
    // A step is far coarser than a microsecond.
    let microseconds = (milliseconds(magnitude) * 1e3).round() / 1e3;
    if by < TimeDelta::zero() {
        -microseconds
    } else {
        microseconds
    }
}

/// The labels that are known, with the properties in their places.
fn labels<'a>(
    format: &'a Format,
    identity: Option<&'a TaskIdentity>,
) -> Vec<(&'a str, Cow<'a, str>)> {
    let mut labels: Vec<(&str, Cow<'_, str>)> = Vec::new();
    if let Some(identity) = identity {
        let known = [
            &identity.cluster,
            &identity.service,
            &identity.family,
            &identity.revision,
            &identity.task_id,
            &identity.availability_zone,
            &identity.launch_type,
        ];
        for (name, value) in LABELS.into_iter().zip(known) {
            let overridden = format.properties.iter().any(|own| own.name == name);
            if let Some(value) = value.as_deref().filter(|value| fits(value) && !overridden) {
                labels.push((name, Cow::Borrowed(value)));
            }
        }
    }
    let own = format.properties.iter();
    labels.extend(own.map(|own| (own.name.as_str(), Cow::Borrowed(own.value.as_str()))));
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
fn dimension_sets<'a>(
    format: &'a Format,
    identity: Option<&TaskIdentity>,
    labels: &[(&str, Cow<'_, str>)],
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
            let outside_service = identity.is_some_and(|identity| identity.service.is_none())
                && !labels.iter().any(|(label, _)| *label == "ServiceName");
            let second = if outside_service {
                "TaskDefinitionFamily"
            } else {
                "ServiceName"
            };
            vec![vec!["ClusterName", second]]
        }
    };
    sets.retain(|set| set.iter().all(|name| known(name)));
    if sets.is_empty() {
        sets.push(Vec::new());
    }
    sets
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

/// The root object: members in the order they are to be read.
struct Root<'a>(Vec<(&'a str, Member<'a>)>);

impl<'a> Root<'a> {
    fn put(&mut self, name: &'a str, value: Member<'a>) {
        self.0.push((name, value));
    }
}

impl Serialize for Root<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Member<'a> {
    Metadata(Metadata<'a>),
    Text(Cow<'a, str>),
    Count(u64),
    Number(f64),
    Numbers(Vec<f64>),
}

impl Member<'_> {
    fn time(time: DateTime<Utc>) -> Self {
        Self::Text(Cow::Owned(
            time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        ))
    }
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(rename = "Timestamp")]
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: Vec<Directive<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: Vec<Vec<&'a str>>,
    metrics: Vec<Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_resolution: Option<u8>,
}

/// Compact JSON in which every character beyond ASCII is escaped: one bad byte on the way makes the
/// log driver's whole batch fail.
struct AsciiFormatter;

impl Formatter for AsciiFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(start) = rest.find(|c: char| !c.is_ascii() || c == '\u{7f}') {
            CompactFormatter.write_string_fragment(writer, &rest[..start])?;
            let mut characters = rest[start..].chars();
            if let Some(character) = characters.next() {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}
