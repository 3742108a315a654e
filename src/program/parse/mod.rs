//! The rules for single option values. Each function says what is allowed where it refuses.

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::clock::AgeLimit;
use crate::emf::Metric;
use crate::sidecar::line::{self, LABELS, Property};
use crate::time::DriftRate;

/// The longest time one line may cover.
pub(crate) const LONGEST_EMIT_INTERVAL: Duration = Duration::from_secs(60);
const SHORTEST_EMIT_INTERVAL: Duration = Duration::from_secs(1);
const SHORTEST_SAMPLE_INTERVAL: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// What the lists of a configuration may take up in a line, in bytes as JSON. Together with the rest
/// of the largest line this stays under the 16,384 bytes at which some log routers cut.
const LIST_LIMIT: usize = 3 * 1024;

/// The values of the option `source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceKind {
    Auto,
    Ecs,
    Kernel,
}

impl SourceKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ecs => "ecs",
            Self::Kernel => "kernel",
        }
    }
}

pub(crate) fn source(text: &str) -> Result<SourceKind, String> {
    match text {
        "auto" => Ok(SourceKind::Auto),
        "ecs" => Ok(SourceKind::Ecs),
        "kernel" => Ok(SourceKind::Kernel),
        _ => Err("allowed are auto, ecs and kernel".to_owned()),
    }
}

pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("allowed are true and false".to_owned()),
    }
}

pub(crate) fn log_level(text: &str) -> Result<LevelFilter, String> {
    match text {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err("allowed are error, warn, info, debug, trace and off".to_owned()),
    }
}

pub(crate) fn drift_rate(text: &str) -> Result<DriftRate, String> {
    text.parse()
        .ok()
        .and_then(DriftRate::from_ppm)
        .ok_or_else(|| format!("allowed is a whole number from 0 to {}", DriftRate::MAX_PPM))
}

/// A duration with its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
    humantime::parse_duration(text)
        .ok()
        .filter(|_| has_unit)
        .ok_or_else(|| "allowed is a number with a unit, such as 500ms, 10s or 2m".to_owned())
}

/// The largest age of the reference time that is good.
pub(crate) fn max_age(text: &str) -> Result<AgeLimit, String> {
    match text {
        "off" => Ok(AgeLimit::Off),
        _ => duration(text)
            .map(AgeLimit::Required)
            .map_err(|allowed| format!("{allowed}, or off")),
    }
}

fn duration_within(text: &str, shortest: Duration, longest: Duration) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration < shortest || duration > longest {
        return Err(format!(
            "allowed is {} to {}",
            humantime::format_duration(shortest),
            humantime::format_duration(longest)
        ));
    }
    Ok(duration)
}

pub(crate) fn request_timeout(text: &str) -> Result<Duration, String> {
    duration_within(text, Duration::from_millis(1), LONGEST_REQUEST_TIMEOUT)
}

pub(crate) fn wait(text: &str) -> Result<Duration, String> {
    duration_within(text, Duration::ZERO, LONGEST_WAIT)
}

/// How often an application may read the clock.
#[cfg(feature = "demo")]
pub(crate) fn refresh_interval(text: &str) -> Result<Duration, String> {
    duration_within(text, SHORTEST_SAMPLE_INTERVAL, LONGEST_EMIT_INTERVAL)
}

/// A host, an address or a bracketed IPv6 address, and a port.
#[cfg(feature = "demo")]
pub(crate) fn listen_address(text: &str) -> Result<String, String> {
    let good = text.rsplit_once(':').is_some_and(|(host, port)| {
        let bracketed = host.starts_with('[') && host.ends_with(']');
        !host.is_empty() && (bracketed || !host.contains(':')) && port.parse::<u16>().is_ok()
    });
    good.then(|| text.to_owned()).ok_or_else(|| {
        "allowed is an address and a port, such as 0.0.0.0:8080, 127.0.0.1:0 or [::]:8080"
            .to_owned()
    })
}

pub(crate) fn emit_interval(text: &str) -> Result<Duration, String> {
    let interval = duration_within(text, SHORTEST_EMIT_INTERVAL, LONGEST_EMIT_INTERVAL)?;
    let minute = LONGEST_EMIT_INTERVAL.as_nanos();
    if interval.subsec_nanos() % 1_000_000 != 0 || !minute.is_multiple_of(interval.as_nanos()) {
        return Err(
            "allowed is a divisor of 60s in whole milliseconds, such as 1s, 10s, 20s or 60s"
                .to_owned(),
        );
    }
    Ok(interval)
}

pub(crate) fn sample_interval(text: &str, emit_interval: Duration) -> Result<Duration, String> {
    duration_within(text, SHORTEST_SAMPLE_INTERVAL, emit_interval)
        .map_err(|problem| format!("{problem} (the emit interval)"))
}

pub(crate) fn emit_jitter(text: &str, emit_interval: Duration) -> Result<Duration, String> {
    duration_within(text, Duration::ZERO, emit_interval)
        .map_err(|problem| format!("{problem} (the emit interval)"))
}

pub(crate) fn namespace(text: &str) -> Result<String, String> {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._#:/-".contains(c);
    if text.len() > 255 || !text.chars().all(safe) {
        return Err("allowed are 1 to 255 of the characters A-Z a-z 0-9 . _ # : / -".to_owned());
    }
    if text.starts_with("AWS/") || text.starts_with(':') {
        return Err("a namespace may not begin with AWS/ or a colon".to_owned());
    }
    Ok(text.to_owned())
}

/// `Name=value,…`.
pub(crate) fn properties(text: &str) -> Result<Vec<Property>, String> {
    let mut properties: Vec<Property> = Vec::new();
    for item in text.split(',').filter(|_| !text.is_empty()) {
        let (name, value) = item
            .split_once('=')
            .ok_or_else(|| format!("{item:?} has no '='; allowed is Name=value,Name=value"))?;
        if !line::is_dimension_name(name) {
            return Err(format!(
                "the name {name:?} is not allowed: 1 to 250 printable ASCII characters, not beginning with a colon"
            ));
        }
        if !line::is_dimension_value(value) {
            return Err(format!(
                "the value {value:?} of {name} is not allowed: 1 to 1024 printable ASCII characters, not all of them spaces"
            ));
        }
        if line::is_reserved_member(name) {
            return Err(format!(
                "{name} is a member of the program's own; of these only {} may be overridden",
                LABELS.join(", ")
            ));
        }
        if properties.iter().any(|property| property.name == name) {
            return Err(format!("{name} is given twice"));
        }
        properties.push(Property {
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }
    let size: usize = properties
        .iter()
        .map(|property| json_size(&property.name) + json_size(&property.value) + 2)
        .sum();
    within_list_limit(size)?;
    Ok(properties)
}

/// `Name,Name;Name`: sets of the names of labels and of `properties`.
pub(crate) fn dimensions(text: &str, properties: &[Property]) -> Result<Vec<Vec<String>>, String> {
    const NAMES_IN_A_SET: usize = 30;
    let mut sets: Vec<Vec<String>> = Vec::new();
    for given in text.split(';') {
        let mut set: Vec<String> = Vec::new();
        for name in given.split(',') {
            let known =
                LABELS.contains(&name) || properties.iter().any(|property| property.name == name);
            if !known {
                let own = properties.iter().map(|property| property.name.as_str());
                let mut allowed: Vec<&str> = LABELS.into_iter().chain(own).collect();
                allowed.dedup();
                return Err(format!(
                    "{name:?} is no label and no property; allowed are {}",
                    allowed.join(", ")
                ));
            }
            if set.iter().any(|other| other == name) {
                return Err(format!("{name} stands twice in one set"));
            }
            set.push(name.to_owned());
        }
        if set.len() > NAMES_IN_A_SET {
            return Err(format!(
                "a set of {} names; allowed are {NAMES_IN_A_SET}",
                set.len()
            ));
        }
        // In whatever order: CloudWatch would have the same dimensions twice.
        let same = |other: &Vec<String>| {
            other.len() == set.len() && set.iter().all(|name| other.contains(name))
        };
        if sets.iter().any(same) {
            return Err(format!("the set {given:?} is given twice"));
        }
        sets.push(set);
    }
    let size = sets.iter().flatten().map(|name| json_size(name) + 3).sum();
    within_list_limit(size)?;
    Ok(sets)
}

pub(crate) fn metrics(text: &str) -> Result<Vec<Metric>, String> {
    let mut chosen = Vec::new();
    for name in text.split(',') {
        let Some(metric) = Metric::ALL.into_iter().find(|metric| metric.name() == name) else {
            let names = Metric::ALL.map(Metric::name).join(", ");
            return Err(format!("{name:?} is no metric; allowed are {names}"));
        };
        if chosen.contains(&metric) {
            return Err(format!("{name} is given twice"));
        }
        chosen.push(metric);
    }
    Ok(chosen)
}

/// The bytes a string of printable ASCII takes in JSON.
fn json_size(text: &str) -> usize {
    text.len() + 2 + text.matches(['"', '\\']).count()
}

fn within_list_limit(size: usize) -> Result<(), String> {
    if size > LIST_LIMIT {
        return Err(format!(
            "it takes {size} bytes of every line; allowed are {LIST_LIMIT}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
