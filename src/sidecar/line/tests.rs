//! Golden lines and the limits of the format.

pub(in crate::sidecar) mod fixtures;
mod generated;
mod labels;
mod values;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use self::fixtures::{format, identity};
use super::*;
use crate::reading::{
    BoundUnknown, ClockOffset, ClockSource, ReadError, ReadErrorKind, SyncStatus, TaskIdentity,
};
use crate::sidecar::window::{MAX_CROSS_CHECKS, MAX_STEPS};
use crate::source::{Comparison, CrossCheck};
use crate::time::DriftRate;
use crate::time::{ErrorBound, Moment};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn property(name: &str, value: &str) -> Property {
    Property {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn reading(at: &str, bound_ms: Option<f64>) -> Reading {
    let taken = moment(at);
    let mut reading = Reading::new(ClockSource::Ecs, taken, taken);
    reading.status = SyncStatus::Synchronized;
    reading.bound = bound_ms.map(|ms| ErrorBound::from_millis(ms).unwrap());
    reading.reference = Some(time("2026-11-22T10:00:00Z"));
    reading
}

fn moment(wall: &str) -> Moment {
    Moment::new(time(wall), std::time::Instant::now())
}

fn cross_check(offset: TimeDelta) -> CrossCheck {
    CrossCheck {
        offset: ClockOffset::new(offset, Duration::from_nanos(1_234_567)),
        comparison: Comparison::Disagree,
    }
}

fn window(readings: Vec<Reading>) -> Window {
    let stamp = readings
        .last()
        .map_or(time("2026-11-22T10:00:50Z"), |last| last.taken.wall);
    Window {
        readings,
        ..Window::empty(ClockSource::Ecs, stamp)
    }
}

/// The parts of a line that do not come from its window.
#[derive(Clone, Copy)]
struct Origin<'a> {
    identity: Option<&'a TaskIdentity>,
    /// How many documents gave this identity.
    documents: usize,
    tally: Tally,
}

fn origin(identity: Option<&TaskIdentity>) -> Origin<'_> {
    Origin {
        identity,
        documents: 2,
        tally: Tally {
            sequence: 3,
            lines_dropped: 0,
            answer_errors: 0,
        },
    }
}

fn render(format: &Format, window: &Window, origin: &Origin<'_>) -> Vec<u8> {
    let identity = origin.identity.cloned().unwrap_or_default();
    let mut task = KnownTask::default();
    for _ in 0..origin.documents {
        task.learn(&identity);
    }
    let template = Template::new(format, &task, time("2026-11-22T09:59:00.125Z"));
    super::render(format, &template, window, &origin.tally)
}

fn line(format: &Format, window: &Window, origin: &Origin<'_>) -> String {
    let line = String::from_utf8(render(format, window, origin)).unwrap();
    // Only the version changes with a release.
    line.replace(env!("CARGO_PKG_VERSION"), "0.0.0")
}

fn parsed(format: &Format, window: &Window, origin: &Origin<'_>) -> Value {
    serde_json::from_slice(&render(format, window, origin)).unwrap()
}

#[test]
fn the_last_line_says_so() {
    let (format, window, origin) = (format(), window(Vec::new()), origin(None));
    assert_eq!(parsed(&format, &window, &origin).get("Stopping"), None);
    let last = parsed(&format, &window.stopping(), &origin);
    assert_eq!(last["Stopping"], true);
}

#[test]
fn at_a_resolution_of_a_second_each_reading_has_a_line() {
    for (resolution, expected) in [
        (StorageResolution::Second, true),
        (StorageResolution::Minute, false),
    ] {
        let format = Format {
            resolution,
            ..format()
        };
        assert_eq!(format.is_reading_by_reading(), expected);
    }
}

#[test]
fn golden_a_window_of_readings() {
    let window = window(vec![
        reading("2026-11-22T10:00:10.25Z", Some(0.446_931)),
        reading("2026-11-22T10:00:20.25Z", Some(0.5)),
    ]);
    assert_eq!(
        line(&format(), &window, &origin(Some(&identity()))),
        concat!(
            r#"{"_aws":{"Timestamp":1795341620250,"CloudWatchMetrics":[{"Namespace":"ECS/ClockAccuracy","#,
            r#""Dimensions":[["ClusterName","ServiceName"]],"Metrics":["#,
            r#"{"Name":"ClockErrorBound","Unit":"Milliseconds"},{"Name":"ClockSynchronized","Unit":"Count"},"#,
            r#"{"Name":"ClockReferenceAge","Unit":"Seconds"}]}]},"#,
            r#""ClusterName":"orders","ServiceName":"ledger","TaskDefinitionFamily":"ledger-task","#,
            r#""TaskDefinitionRevision":"7","TaskId":"bfa2636268144d039771334145e490c5","#,
            r#""AvailabilityZone":"us-east-1d","LaunchType":"FARGATE","#,
            r#""ClockSynchronized":1,"ClockReferenceAge":20.25,"#,
            r#""MaxClockErrorBound":0.5,"MeanClockErrorBound":0.473465,"Samples":2,"ClockSource":"ecs","#,
            r#""ClockSynchronizationStatus":"SYNCHRONIZED","ReferenceTimestamp":"2026-11-22T10:00:00Z","#,
            r#""Sequence":3,"StartedAt":"2026-11-22T09:59:00.125Z","Version":"0.0.0","#,
            r#""ClockErrorBound":[0.446931,0.5]}"#,
            "\n"
        )
    );
}

#[test]
fn golden_nothing_but_failures_before_the_task_is_known() {
    let window = Window {
        read_errors: 6,
        last_error: Some(ReadError::new(
            ReadErrorKind::Timeout,
            "no complete answer within 2s",
        )),
        ..window(Vec::new())
    };
    assert_eq!(
        line(&format(), &window, &origin(None)),
        concat!(
            r#"{"_aws":{"Timestamp":1795341650000,"CloudWatchMetrics":[{"Namespace":"ECS/ClockAccuracy","#,
            r#""Dimensions":[[]],"Metrics":[{"Name":"ClockReadErrors","Unit":"Count"}]}]},"#,
            r#""ClockReadErrors":6,"Samples":0,"ClockSource":"ecs","ReadErrorKind":"timeout","#,
            r#""ReadErrorMessage":"no complete answer within 2s","#,
            r#""Sequence":3,"StartedAt":"2026-11-22T09:59:00.125Z","Version":"0.0.0"}"#,
            "\n"
        )
    );
}

#[test]
fn golden_everything_at_once_by_the_second() {
    let format = Format {
        namespace: "Own".to_owned(),
        dimensions: Dimensions::Sets(vec![
            vec!["Stage".to_owned()],
            vec!["ClusterName".to_owned(), "TaskId".to_owned()],
        ]),
        properties: vec![property("Stage", "prod"), property("ClusterName", "mine")],
        metrics: Metric::ALL.to_vec(),
        resolution: StorageResolution::Second,
        ..format()
    };
    let mut unknown = reading("2026-11-22T10:15:00Z", None);
    unknown.bound_unknown = Some(BoundUnknown::NoEstimate);
    let mut measured = reading("2026-11-22T10:15:00Z", Some(0.5));
    let offset = TimeDelta::microseconds(-400);
    measured.offset = Some(ClockOffset::new(offset, Duration::from_micros(100)));
    let window = Window {
        read_errors: 1,
        last_error: Some(ReadError::new(ReadErrorKind::InvalidMember, "x")),
        status_changes: 2,
        step_count: 12,
        steps: vec![
            TimeDelta::milliseconds(7),
            TimeDelta::microseconds(-1_500_250),
        ],
        last_step: Some(TimeDelta::microseconds(-1_500_250)),
        cross_checks: vec![cross_check(TimeDelta::nanoseconds(-500_000_123))],
        disagreements: 1,
        longest_pause: Duration::ZERO,
        stopping: false,
        cross_check_errors: 3,
        cross_check_error: Some("timeout"),
        stamp: time("2026-11-22T10:15:01Z"),
        ..window(vec![unknown, measured])
    };
    let identity = TaskIdentity {
        task_id: Some("t".into()),
        ..TaskIdentity::default()
    };
    let mut origin = origin(Some(&identity));
    origin.tally.lines_dropped = 9;
    origin.tally.answer_errors = 2;
    assert_eq!(
        line(&format, &window, &origin),
        concat!(
            r#"{"_aws":{"Timestamp":1795342501000,"CloudWatchMetrics":[{"Namespace":"Own","#,
            r#""Dimensions":[["Stage"],["ClusterName","TaskId"]],"Metrics":["#,
            r#"{"Name":"ClockErrorBound","Unit":"Milliseconds","StorageResolution":1},"#,
            r#"{"Name":"ClockSynchronized","Unit":"Count","StorageResolution":1},"#,
            r#"{"Name":"ClockReferenceAge","Unit":"Seconds","StorageResolution":1},"#,
            r#"{"Name":"ClockErrorBoundAgeAdjusted","Unit":"Milliseconds","StorageResolution":1},"#,
            r#"{"Name":"ClockStep","Unit":"Milliseconds","StorageResolution":1},"#,
            r#"{"Name":"ClockReadErrors","Unit":"Count","StorageResolution":1},"#,
            r#"{"Name":"LinesDropped","Unit":"Count","StorageResolution":1},"#,
            r#"{"Name":"CrossCheckOffset","Unit":"Milliseconds","StorageResolution":1},"#,
            r#"{"Name":"CrossCheckErrorBound","Unit":"Milliseconds","StorageResolution":1},"#,
            r#"{"Name":"ClockBoundUnknown","Unit":"Count","StorageResolution":1},"#,
            r#"{"Name":"CrossCheckErrors","Unit":"Count","StorageResolution":1},"#,
            r#"{"Name":"CrossCheckDisagreement","Unit":"Count","StorageResolution":1}]}]},"#,
            r#""ClusterName":"mine","TaskId":"t","Stage":"prod","#,
            r#""ClockSynchronized":1,"ClockReferenceAge":900.0,"ClockReadErrors":1,"LinesDropped":9,"#,
            r#""ClockBoundUnknown":1,"CrossCheckErrors":3,"CrossCheckDisagreement":1,"#,
            r#""MaxClockErrorBound":0.5,"MeanClockErrorBound":0.5,"Samples":2,"ClockSource":"ecs","#,
            r#""ClockSynchronizationStatus":"SYNCHRONIZED","ReferenceTimestamp":"2026-11-22T10:00:00Z","#,
            r#""ClockOffset":-0.4,"ClockOffsetErrorBound":0.1,"BoundUnknownReason":"no_estimate","#,
            r#""StatusChanges":2,"ClockSteps":12,"LastClockStep":-1500.25,"#,
            r#""ReadErrorKind":"invalid_member","ReadErrorMessage":"x","CrossCheckErrorKind":"timeout","#,
            r#""AnswerErrors":2,"#,
            r#""Sequence":3,"StartedAt":"2026-11-22T09:59:00.125Z","Version":"0.0.0","#,
            r#""ClockErrorBound":[0.5],"ClockErrorBoundAgeAdjusted":[13.999994],"ClockStep":[7.0,-1500.25],"#,
            r#""CrossCheckOffset":[-500.000123],"CrossCheckErrorBound":[1.234567]}"#,
            "\n"
        )
    );
}

#[test]
fn one_sample_out_of_step_makes_the_window_unsynchronized() {
    let mut lost = reading("2026-11-22T10:00:20Z", None);
    lost.status = SyncStatus::Unknown;
    let window = window(vec![reading("2026-11-22T10:00:10Z", None), lost]);
    let line = parsed(&format(), &window, &origin(None));
    assert_eq!(line["ClockSynchronized"], 0);
    assert_eq!(line["ClockSynchronizationStatus"], "UNKNOWN");
    for absent in [
        "ClockErrorBound",
        "MaxClockErrorBound",
        "MeanClockErrorBound",
    ] {
        assert!(line.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn without_a_metric_there_is_no_directive() {
    let format = Format {
        metrics: vec![Metric::ClockStep],
        ..format()
    };
    let line = parsed(&format, &window(Vec::new()), &origin(None));
    assert_eq!(line["_aws"]["CloudWatchMetrics"], serde_json::json!([]));
}

#[test]
fn the_largest_line_stays_under_what_log_routers_cut() {
    const CUT: usize = 16_384;
    let long = |letter: &str| Some(letter.repeat(255));
    let identity = TaskIdentity {
        cluster: long("\\"),
        service: long("\\"),
        is_outside_service: false,
        family: long("\\"),
        revision: long("\\"),
        task_id: long("\\"),
        availability_zone: long("\\"),
        launch_type: long("\\"),
        ..TaskIdentity::default()
    };
    // About as long as the program lets each list be.
    let names: Vec<String> = (0..11)
        .map(|index| format!("{index:02}{}", "n".repeat(248)))
        .collect();
    let properties = names.iter().map(|name| Property {
        name: name.clone(),
        value: "v".to_owned(),
    });
    let properties = properties.collect();
    let format = Format {
        namespace: "n".repeat(255),
        dimensions: Dimensions::Sets(vec![names]),
        properties,
        metrics: Metric::ALL.to_vec(),
        resolution: StorageResolution::Second,
        // With its growth the bound would exceed a day, so it is unknown.
        drift: DriftRate::from_ppm(0).unwrap(),
    };
    let mut reading = reading("2026-11-22T10:00:10Z", Some(86_399_999.999_999));
    reading.reference = Some(time("1970-01-01T00:00:00.123456789Z"));
    let mut unknown = reading.clone();
    unknown.bound = None;
    unknown.bound_unknown = Some(BoundUnknown::ErrorAtCap);
    let mut measured = reading.clone();
    measured.offset = Some(ClockOffset::new(-TimeDelta::MAX, Duration::MAX));
    let mut readings = vec![reading; format.capacity() - 2];
    readings.extend([unknown, measured]);
    let window = Window {
        read_errors: u64::MAX,
        last_error: Some(ReadError::new(
            ReadErrorKind::InvalidMember,
            "\"".repeat(300),
        )),
        status_changes: u64::MAX,
        step_count: u64::MAX,
        steps: vec![-TimeDelta::MAX; MAX_STEPS],
        last_step: Some(-TimeDelta::MAX),
        cross_checks: vec![cross_check(-TimeDelta::MAX); MAX_CROSS_CHECKS],
        disagreements: u64::MAX,
        longest_pause: Duration::MAX,
        stopping: true,
        cross_check_errors: u64::MAX,
        cross_check_error: Some("not_synchronized"),
        ..window(readings)
    };
    let tally = Tally {
        sequence: u64::MAX,
        lines_dropped: u64::MAX,
        answer_errors: u64::MAX,
    };
    let origin = Origin {
        tally,
        ..origin(Some(&identity))
    };
    let line = render(&format, &window, &origin);
    let document: Value = serde_json::from_slice(&line).unwrap();
    let fields = generated::fields(&document);
    assert!(
        (190..200).contains(&fields),
        "{fields} of the 200 that are seen"
    );
    assert!(line.len() < CUT, "{} bytes", line.len());
    assert!(
        line.len() > 12_000,
        "{} bytes: not the largest line any more",
        line.len()
    );
}
