//! The options of `run`, read into the settings of the sidecar and of the interfaces for
//! applications.

use std::time::Duration;

use crate::answer;
use crate::program::clock::{clock, limits, usual_ntp_interval};
use crate::program::cross_check::cross_check;
use crate::program::options::answer::{CLOCKBOUND_DIRECTORY, LISTEN};
use crate::program::options::clock::SourceKind;
use crate::program::options::run::{
    DIMENSIONS, EMIT_INTERVAL, EMIT_JITTER, LONGEST_EMIT_INTERVAL, METRICS, NAMESPACE, ONCE,
    PROPERTIES, SAMPLE_INTERVAL, STORAGE_RESOLUTION, USUAL_SAMPLE_INTERVAL,
};
use crate::program::options::{Expected, at_most, known_names, metrics_by_default};
use crate::program::raw::Raw;
use crate::sidecar::line::{Dimensions, FEWEST_READINGS, Format};
use crate::sidecar::{Rules, Settings};
use crate::time::DriftRate;

/// Reads the options.
pub(crate) fn read(raw: &mut Raw<'_>) -> Option<(Settings, answer::Settings)> {
    let clock = clock(raw);
    let once = raw.is_on(&ONCE);
    let kind = clock.as_ref().map(|clock| clock.kind);
    let intervals = intervals(raw, kind);
    let cross_check = cross_check(raw, clock.as_ref());
    let format = format(raw, clock.as_ref().map(|clock| clock.drift));
    let listen = raw.get(&LISTEN);
    let clockbound_directory = raw.get(&CLOCKBOUND_DIRECTORY);
    let limits = limits(raw);
    let (clock, intervals) = (clock?, intervals?);
    let answers = answer::Settings {
        listen,
        clockbound_directory,
        rules: answer::Rules {
            limits,
            drift: clock.drift,
            sample_interval: intervals.sample,
        },
    };
    let cross_check = cross_check?;
    let format = format?;
    let rules = Rules {
        once,
        sample_interval: intervals.sample,
        emit_interval: intervals.emit,
        emit_jitter: intervals.jitter,
        reading_by_reading: format.is_reading_by_reading(),
        capacity: format.capacity(),
        in_ecs: clock.in_ecs,
        drift: clock.drift,
        cross_check: cross_check.is_some(),
        source: clock.source.current(),
    };
    let settings = Settings {
        source: clock
            .source
            .with_drift(clock.drift)
            .read_every(intervals.sample),
        cross_check,
        format,
        rules,
    };
    Some((settings, answers))
}

struct Intervals {
    sample: Duration,
    emit: Duration,
    jitter: Duration,
}

fn intervals(raw: &mut Raw<'_>, source: Option<SourceKind>) -> Option<Intervals> {
    let sample = raw.get(&SAMPLE_INTERVAL);
    let emit = raw.get(&EMIT_INTERVAL);
    let jitter = raw.get(&EMIT_JITTER);
    // Without a valid emit interval, the others are compared with the longest possible one.
    let longest = emit.unwrap_or(LONGEST_EMIT_INTERVAL);
    let sample = if raw.is_given(&SAMPLE_INTERVAL) {
        raw.allowed(&SAMPLE_INTERVAL, sample, |sample| at_most(*sample, longest))
    } else {
        // A default must not be a fault.
        let usual = match source {
            Some(SourceKind::Ntp) => usual_ntp_interval(raw),
            _ => USUAL_SAMPLE_INTERVAL,
        };
        Some(usual.min(longest))
    };
    let jitter = raw.allowed(&EMIT_JITTER, jitter, |jitter| at_most(*jitter, longest));
    Some(Intervals {
        sample: sample?,
        emit: emit?,
        jitter: jitter.unwrap_or(longest / 2),
    })
}

fn format(raw: &mut Raw<'_>, drift: Option<DriftRate>) -> Option<Format> {
    let resolution = raw.get(&STORAGE_RESOLUTION);
    let namespace = raw.get(&NAMESPACE);
    let dimensions = raw.get(&DIMENSIONS);
    let properties = raw.get(&PROPERTIES);
    let metrics = raw.get(&METRICS);
    let known = properties.as_deref().unwrap_or_default();
    let dimensions = raw.allowed(&DIMENSIONS, dimensions, |sets| known_names(sets, known));
    let format = Format {
        namespace: namespace?,
        dimensions: dimensions.map_or(Dimensions::Default, Dimensions::Sets),
        properties: properties?,
        metrics: metrics.unwrap_or_else(metrics_by_default),
        resolution: resolution?,
        drift: drift?,
    };
    with_room(raw, format)
}

/// The format, unless each line has too little room for readings. Properties are the fault, unless
/// the dimensions alone leave too little.
fn with_room(raw: &mut Raw<'_>, mut format: Format) -> Option<Format> {
    let properties = std::mem::take(&mut format.properties);
    let room = has_room(&format, "dimensions");
    raw.allowed(&DIMENSIONS, Some(Vec::new()), |_| room)?;
    let given = format!("{} properties", properties.len());
    format.properties.clone_from(&properties);
    let room = has_room(&format, &given);
    raw.allowed(&PROPERTIES, Some(properties), |_| room)?;
    Some(format)
}

fn has_room(format: &Format, given: &str) -> Result<(), Expected> {
    let capacity = format.capacity();
    if capacity >= FEWEST_READINGS {
        return Ok(());
    }
    Err(Expected::described(
        format!(
            "room for at least {FEWEST_READINGS} readings on a line, which has fewer than 200 fields"
        ),
        format!("{given} that leave room for {capacity}"),
    ))
}

#[cfg(test)]
mod tests;
