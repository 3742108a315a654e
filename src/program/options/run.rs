//! The options of `run` alone.

use std::time::Duration;

use super::durations::within;
use super::labels::{dimensions, metrics, namespace, properties};
use super::{DefaultValue, Expected, Opt, expected};
use crate::sidecar::line::Metric;
use crate::sidecar::line::{Property, StorageResolution};

/// The longest time that one line may cover.
pub(crate) const LONGEST_EMIT_INTERVAL: Duration = Duration::from_secs(60);

pub(crate) const ONCE: Opt<bool> = Opt::switch(
    "once",
    "CLOCK_EMF_ONCE",
    "Take one reading, write it, and exit",
);

/// The default time between readings.
pub(crate) const USUAL_SAMPLE_INTERVAL: Duration = Duration::from_secs(10);

pub(crate) const SAMPLE_INTERVAL: Opt<Duration> = Opt {
    name: "sample-interval",
    variable: "CLOCK_EMF_SAMPLE_INTERVAL",
    value_name: "DURATION",
    default: DefaultValue::Derived("10s; with source ntp 16s, and with a segment too 4s"),
    help: "Time from one reading to the next: 100ms up to the emit interval, which is the default if it is shorter",
    rule: |text| within(text, Duration::from_millis(100), LONGEST_EMIT_INTERVAL),
};

pub(crate) const EMIT_INTERVAL: Opt<Duration> = Opt {
    name: "emit-interval",
    variable: "CLOCK_EMF_EMIT_INTERVAL",
    value_name: "DURATION",
    default: DefaultValue::Text("60s"),
    help: "Time one line covers: a divisor of 60s, at least 1s",
    rule: divisor_of_a_minute,
};

fn divisor_of_a_minute(text: &str) -> Result<Duration, Expected> {
    let interval = within(text, Duration::from_secs(1), LONGEST_EMIT_INTERVAL)?;
    let minute = LONGEST_EMIT_INTERVAL.as_nanos();
    if interval.subsec_nanos() % 1_000_000 != 0 || !minute.is_multiple_of(interval.as_nanos()) {
        let divisor = "a divisor of 60s in whole milliseconds, such as 1s, 10s, 20s or 60s";
        return Err(expected(divisor, text));
    }
    Ok(interval)
}

pub(crate) const EMIT_JITTER: Opt<Duration> = Opt {
    name: "emit-jitter",
    variable: "CLOCK_EMF_EMIT_JITTER",
    value_name: "DURATION",
    default: DefaultValue::Derived("half the emit interval"),
    help: "Longest delay of regular lines, up to the emit interval. Each process draws its own, to spread a fleet's lines",
    rule: |text| within(text, Duration::ZERO, LONGEST_EMIT_INTERVAL),
};

pub(crate) const STORAGE_RESOLUTION: Opt<StorageResolution> = Opt {
    name: "storage-resolution",
    variable: "CLOCK_EMF_STORAGE_RESOLUTION",
    value_name: "SECONDS",
    default: DefaultValue::Text("60"),
    help: "60, or 1 to write each reading at once on its own line",
    rule: |text| match text {
        "60" => Ok(StorageResolution::Minute),
        "1" => Ok(StorageResolution::Second),
        _ => Err(expected("60 or 1", text)),
    },
};

pub(crate) const NAMESPACE: Opt<String> = Opt {
    name: "namespace",
    variable: "CLOCK_EMF_NAMESPACE",
    value_name: "NAME",
    default: DefaultValue::Text("ECS/ClockAccuracy"),
    help: "Namespace of the metrics: 1 to 255 of A-Z a-z 0-9 . _ # : / -, not beginning with AWS/ or :",
    rule: namespace,
};

pub(crate) const DIMENSIONS: Opt<Vec<Vec<String>>> = Opt {
    name: "dimensions",
    variable: "CLOCK_EMF_DIMENSIONS",
    value_name: "SETS",
    default: DefaultValue::Derived(
        "ClusterName,ServiceName; for a task outside a service ClusterName,TaskDefinitionFamily",
    ),
    help: "Dimension sets of labels and properties: ';' between sets, ',' between names. Each set is billed",
    rule: dimensions,
};

pub(crate) const PROPERTIES: Opt<Vec<Property>> = Opt {
    name: "properties",
    variable: "CLOCK_EMF_PROPERTIES",
    value_name: "LIST",
    default: DefaultValue::Text(""),
    help: "Additional members of each line, or fallback values of labels: Name=value,...",
    rule: properties,
};

pub(crate) const METRICS: Opt<Vec<Metric>> = Opt {
    name: "metrics",
    variable: "CLOCK_EMF_METRICS",
    value_name: "LIST",
    default: DefaultValue::Derived("all but ClockErrorBoundAgeAdjusted"),
    help: "Metrics to emit, separated by ','",
    rule: metrics,
};
