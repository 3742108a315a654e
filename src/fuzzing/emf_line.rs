//! Checks the lines that the sidecar writes, for any input.
//!
//! The bytes are a configuration, a task's labels, and a sequence of readings, errors, steps and cross-checks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::entry::{Event, lines};
use crate::sidecar::line::Metric;
use crate::{
    ClockSource, Comparison, Environment, ErrorBound, Moment, ReadError, ReadErrorKind, Reading,
    SyncStatus, TaskIdentity,
};
use arbitrary::Unstructured;
use chrono::{DateTime, TimeDelta, Utc};
use emf_explain::{Input, Options, Rule, explain};
use serde_json::Value;

use super::{moment, time};

/// The most events that one input makes.
const MOST_EVENTS: usize = 400;
/// The length at which some log routers cut a line.
const LARGEST_LINE: usize = 16_384;

pub(super) fn check(bytes: &[u8]) {
    let _ = check_lines(&mut Unstructured::new(bytes));
}

fn check_lines(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let environment = environment(input)?;
    let identity = identity(input)?;
    let start = time("2026-11-22T12:00:00Z");
    let started = moment(start, Duration::ZERO);
    let events = events(input, start)?;
    let Some(lines) = lines(&environment, identity.as_ref(), &started, &events) else {
        return Ok(());
    };
    let documents: Vec<Value> = lines.iter().map(|line| document(line)).collect();
    check_sums(&documents, &events);
    for (index, document) in documents.iter().enumerate() {
        assert_eq!(document["Sequence"], index + 1);
        check_document(document);
    }
    Ok(())
}

/// Variables of the options that shape a line.
fn environment(input: &mut Unstructured<'_>) -> arbitrary::Result<Environment> {
    let mut variables = Vec::new();
    if input.ratio(1, 4)? {
        variables.push(("CLOCK_EMF_STORAGE_RESOLUTION", "1".to_owned()));
    }
    if input.ratio(1, 4)? {
        variables.push((
            "CLOCK_EMF_EMIT_INTERVAL",
            input.choose(&["1s", "10s", "1500ms"])?.to_string(),
        ));
    }
    let mut names = vec![
        "ClusterName",
        "ServiceName",
        "TaskId",
        "LaunchType",
        "TaskDefinitionFamily",
    ];
    if input.ratio(1, 2)? {
        let mut properties = Vec::new();
        for name in ["Stage", "ClusterName", "A b", "\"", "Zone"] {
            if input.ratio(1, 2)? {
                properties.push(format!("{name}={}", text(input, 40)?));
                names.push(name);
            }
        }
        variables.push(("CLOCK_EMF_PROPERTIES", properties.join(",")));
    }
    if input.ratio(1, 2)? {
        let mut sets = Vec::new();
        for _ in 0..input.int_in_range(1..=4)? {
            let mut set = Vec::new();
            for name in &names {
                if input.ratio(1, 3)? {
                    set.push(*name);
                }
            }
            sets.push(set.join(","));
        }
        variables.push(("CLOCK_EMF_DIMENSIONS", sets.join(";")));
    }
    if input.ratio(1, 3)? {
        let metrics = Metric::ALL
            .iter()
            .filter(|_| input.ratio(2, 3).unwrap_or(true));
        let names: Vec<_> = metrics.map(|metric| metric.as_str()).collect();
        variables.push(("CLOCK_EMF_METRICS", names.join(",")));
    }
    Ok(variables.into_iter().collect())
}

fn text(input: &mut Unstructured<'_>, longest: usize) -> arbitrary::Result<String> {
    let text: &str = input.arbitrary()?;
    Ok(text.chars().take(longest).collect())
}

/// Makes a task's identity from any characters.
fn identity(input: &mut Unstructured<'_>) -> arbitrary::Result<Option<TaskIdentity>> {
    if !input.ratio(3, 4)? {
        return Ok(None);
    }
    let mut identity = TaskIdentity::default();
    for place in [
        &mut identity.cluster,
        &mut identity.service,
        &mut identity.family,
        &mut identity.revision,
        &mut identity.task_id,
        &mut identity.availability_zone,
        &mut identity.launch_type,
    ] {
        if input.ratio(3, 4)? {
            let text = text(input, 255)?;
            *place = (1..=255).contains(&text.len()).then_some(text);
        }
    }
    identity.is_outside_service = identity.service.is_none() && input.arbitrary()?;
    Ok(Some(identity))
}

/// The events in order. Times stay within a month, as CloudWatch would see them.
fn events(input: &mut Unstructured<'_>, start: DateTime<Utc>) -> arbitrary::Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut monotonic = Duration::ZERO;
    let mut ahead = TimeDelta::zero();
    while !input.is_empty() && events.len() < MOST_EVENTS {
        monotonic += Duration::from_millis(input.int_in_range(0..=20_000)?);
        let at = |ahead: TimeDelta| moment(start + monotonic + ahead, monotonic);
        events.push(match input.int_in_range(0..=9)? {
            0..=5 => sampled(input, at(ahead))?,
            6 => {
                let by =
                    TimeDelta::microseconds(input.int_in_range(-80_000_000_000..=80_000_000_000)?);
                ahead = (ahead + by).clamp(TimeDelta::days(-14), TimeDelta::days(14));
                Event::Stepped { at: at(ahead), by }
            }
            7 => Event::CrossChecked {
                at: at(ahead),
                offset: TimeDelta::nanoseconds(input.arbitrary()?),
                distance: Duration::from_nanos(input.int_in_range(0..=20_000_000_000)?),
                comparison: *input.choose(&[Comparison::Agree, Comparison::Disagree])?,
            },
            8 => Event::Sampled {
                at: at(ahead),
                outcome: Err(read_error(input)?),
                withheld: Vec::new(),
            },
            _ => Event::Woken { at: at(ahead) },
        });
    }
    Ok(events)
}

fn sampled(input: &mut Unstructured<'_>, at: Moment) -> arbitrary::Result<Event> {
    let source = *input.choose(&[ClockSource::Ecs, ClockSource::Kernel, ClockSource::Ntp])?;
    let mut reading = Reading::new(source, at, at);
    reading.status = *input.choose(&[
        SyncStatus::Synchronized,
        SyncStatus::Synchronized,
        SyncStatus::NotSynchronized,
        SyncStatus::Unknown,
    ])?;
    if input.ratio(7, 8)? {
        let bound: u64 = input.int_in_range(0..=86_400_000_000_000)?;
        reading.bound =
            ErrorBound::try_from(Duration::from_nanos(bound >> input.int_in_range(0..=40)?)).ok();
    }
    if input.ratio(7, 8)? {
        reading.reference =
            Some(at.wall - TimeDelta::milliseconds(input.int_in_range(-1_000..=4_000_000_000)?));
    }
    let withheld = if input.ratio(1, 8)? {
        vec![read_error(input)?]
    } else {
        Vec::new()
    };
    Ok(Event::Sampled {
        at,
        outcome: Ok(reading),
        withheld,
    })
}

fn read_error(input: &mut Unstructured<'_>) -> arbitrary::Result<ReadError> {
    let kind = *input.choose(ReadErrorKind::ALL)?;
    // Every error has a message.
    Ok(ReadError::new(kind, text(input, 300)? + "."))
}

/// Checks that a line is one JSON object of printable ASCII without faults by `explain`.
fn document(line: &[u8]) -> Value {
    let (end, text) = line.split_last().expect("a line");
    assert_eq!(*end, b'\n');
    assert!(
        text.iter()
            .all(|byte| *byte == b' ' || byte.is_ascii_graphic())
    );
    assert!(line.len() < LARGEST_LINE, "{} bytes", line.len());
    let document: Value = serde_json::from_slice(text).expect("JSON");
    let stamp = document["_aws"]["Timestamp"].as_i64().expect("a timestamp");
    let now = DateTime::from_timestamp_millis(stamp).expect("a time");
    let options = Options::new(Input::Stdout, now);
    let judged: Vec<_> = explain(line, options)
        .map(|event| event.expect("memory can be read"))
        .collect();
    assert_eq!(judged.len(), 1);
    // Which metrics there are is up to the configuration.
    let problems = judged[0]
        .problems
        .iter()
        .filter(|problem| problem.rule() != Rule::NoMetricNamed);
    let problems: Vec<_> = problems.map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:?}");
    assert!(judged[0].points.iter().all(|point| point.certain));
    document
}

/// Checks that Logs Insights discovers all of it, and that unknown values are left out.
fn check_document(document: &Value) {
    assert!(fields(document) < 200, "{} fields", fields(document));
    let members = document.as_object().expect("an object");
    assert!(
        members
            .values()
            .all(|member| !member.is_null() && *member != ""),
        "{document}"
    );
    let is_lost = members
        .get("ClockSynchronized")
        .is_some_and(|value| *value == 0);
    let status = members.get("ClockSynchronizationStatus");
    assert!(
        is_lost
            || status.is_none_or(|status| *status == "SYNCHRONIZED")
            || !members.contains_key("ClockSynchronized")
    );
}

fn fields(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(fields).sum(),
        Value::Object(members) => members.values().map(fields).sum(),
        _ => 1,
    }
}

/// Checks that every event is on the lines once, in order, to the nanosecond.
fn check_sums(documents: &[Value], events: &[Event]) {
    let seen = EventSums::from_events(events);
    let sum = |member: &str| {
        documents
            .iter()
            .filter_map(|document| document[member].as_u64())
            .sum::<u64>()
    };
    assert_eq!(sum("Samples"), seen.readings);
    assert_eq!(sum("ClockSteps"), seen.steps);
    let chosen: BTreeMap<_, _> = Metric::ALL
        .iter()
        .map(|metric| (*metric, is_named(documents, *metric)))
        .collect();
    if chosen[&Metric::ClockErrorBound] {
        let values = documents
            .iter()
            .filter_map(|document| document["ClockErrorBound"].as_array());
        let values: Vec<f64> = values.flatten().filter_map(Value::as_f64).collect();
        let bounds: Vec<f64> = seen
            .bounds
            .iter()
            .map(|bound| bound.as_nanos() as f64 / 1e6)
            .collect();
        assert_eq!(values, bounds);
    }
    if chosen[&Metric::ClockReadErrors] {
        assert_eq!(sum("ClockReadErrors"), seen.errors);
    }
    if chosen[&Metric::CrossCheckDisagreement] {
        assert_eq!(sum("CrossCheckDisagreement"), seen.disagreements);
    }
}

/// Whether a metric is emitted at all.
fn is_named(documents: &[Value], metric: Metric) -> bool {
    documents
        .iter()
        .any(|document| document.get(metric.as_str()).is_some())
}

/// The sums over all events.
#[derive(Default)]
struct EventSums {
    readings: u64,
    bounds: Vec<Duration>,
    errors: u64,
    steps: u64,
    disagreements: u64,
}

impl EventSums {
    fn from_events(events: &[Event]) -> Self {
        let mut seen = Self::default();
        for event in events {
            match event {
                Event::Sampled {
                    outcome, withheld, ..
                } => {
                    seen.errors += withheld.len() as u64 + u64::from(outcome.is_err());
                    if let Ok(reading) = outcome {
                        seen.readings += 1;
                        seen.bounds
                            .extend(reading.bound.map(ErrorBound::as_duration));
                    }
                }
                Event::Stepped { .. } => seen.steps += 1,
                Event::CrossChecked { comparison, .. } => {
                    seen.disagreements += u64::from(*comparison == Comparison::Disagree)
                }
                Event::Woken { .. } => {}
            }
        }
        seen
    }
}
