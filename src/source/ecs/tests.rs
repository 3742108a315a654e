//! From documents to samples.

use std::time::Instant;

use chrono::{DateTime, Utc};

use super::*;
use crate::reading::SyncStatus;
use crate::time::ErrorBound;

/// The moment at which this document is read: in the morning of its day.
const READ_AT: &str = "2026-11-25T10:05:00Z";

fn read_at(body: &[u8], wall: &str) -> (Sample, ClockKnowledge) {
    let wall: DateTime<Utc> = wall.parse().unwrap();
    let moment = Moment::new(wall, Instant::now());
    interpret(task_document::parse(body), moment, moment)
}

fn read(body: &str) -> (Sample, ClockKnowledge) {
    read_at(body.as_bytes(), READ_AT)
}

fn document(members: &str) -> String {
    format!(r#"{{"TaskARN":"arn:aws:ecs:us-east-1:1:task/c/t1",{members}}}"#)
}

fn withheld(sample: &Sample) -> Vec<&str> {
    let errors = sample.withheld.iter();
    errors.map(|error| error.message.as_str()).collect()
}

fn millis(bound: f64) -> ErrorBound {
    ErrorBound::from_millis(bound).unwrap()
}

#[test]
fn a_bound_that_is_negative_is_withheld_alone() {
    let body = include_str!("../../../tests/data/clock/bound-negative.json");
    let (sample, knowledge) = read(body);
    assert_eq!(knowledge, ClockKnowledge::Known);
    assert_eq!(
        withheld(&sample),
        [
            "ClockErrorBound: expected a number of milliseconds from 0 to 86400000 (24 hours), got -1"
        ]
    );
    let reading = sample.outcome.unwrap();
    assert_eq!(reading.status, SyncStatus::Synchronized);
    assert_eq!(reading.bound, None);
    assert_eq!(reading.reference, "2026-11-25T10:00:00Z".parse().ok());
}

#[test]
fn a_time_source_lost_hours_ago_shows_by_the_age_alone() {
    let body = include_str!("../../../tests/data/clock/frozen-7h.json");
    let (sample, _) = read(body);
    assert_eq!(withheld(&sample), [""; 0]);
    let reading = sample.outcome.unwrap();
    assert_eq!(reading.status, SyncStatus::Synchronized);
    assert_eq!(reading.bound.unwrap(), millis(0.35));
    let age = reading.reference_age().unwrap();
    assert_eq!(age, Duration::from_secs(7 * 3_600 + 5 * 60));
}

#[test]
fn a_clock_that_is_not_synchronized_keeps_its_small_bound() {
    let body = include_str!("../../../tests/data/clock/not-synchronized-tiny.json");
    let (sample, _) = read(body);
    assert_eq!(withheld(&sample), [""; 0]);
    let reading = sample.outcome.unwrap();
    assert_eq!(reading.status, SyncStatus::NotSynchronized);
    assert_eq!(reading.bound.unwrap(), millis(0.4));
}

#[test]
fn a_clock_behind_the_reference_contradicts_itself() {
    let body = include_bytes!("../../../tests/data/clock/frozen-7h.json");
    for (wall, is_contradiction) in [
        ("2026-11-25T03:00:00Z", false),
        ("2026-11-25T02:59:59Z", false),
        ("2026-11-25T02:59:58.999650Z", false),
        ("2026-11-25T02:59:58.999649Z", true),
        ("1970-01-01T00:00:00Z", true),
    ] {
        let (sample, knowledge) = read_at(body, wall);
        assert_eq!(knowledge, ClockKnowledge::Known);
        assert_eq!(
            sample.withheld.len(),
            usize::from(is_contradiction),
            "{wall}"
        );
        let reading = sample.outcome.unwrap();
        assert_eq!(
            reading.status == SyncStatus::Unknown,
            is_contradiction,
            "{wall}"
        );
        assert_eq!(reading.bound.is_none(), is_contradiction, "{wall}");
        assert_eq!(reading.reference.is_none(), is_contradiction, "{wall}");
    }
}

#[test]
fn what_an_answer_shows_of_the_endpoints_knowledge() {
    use ClockKnowledge::{Known, NotKnown, Unclear};
    for (body, expected, kind) in [
        (document(r#""ClockDrift":{"Other":1}"#), Known, None),
        (
            document(r#""ClockDrift":null"#),
            NotKnown,
            Some(ReadErrorKind::NoClockDrift),
        ),
        (
            document(r#""ClockDrift":{}"#),
            NotKnown,
            Some(ReadErrorKind::NoClockDrift),
        ),
        (
            document(r#""Family":"f""#),
            NotKnown,
            Some(ReadErrorKind::NoClockDrift),
        ),
        (
            document(r#""ClockDrift":[]"#),
            Unclear,
            Some(ReadErrorKind::NoClockDrift),
        ),
        (
            document(r#""ClockDrift":"x""#),
            Unclear,
            Some(ReadErrorKind::NoClockDrift),
        ),
        ("{}".to_owned(), Unclear, Some(ReadErrorKind::NoTaskArn)),
        ("[]".to_owned(), Unclear, Some(ReadErrorKind::InvalidJson)),
    ] {
        let (sample, knowledge) = read(&body);
        assert_eq!(knowledge, expected, "{body}");
        let error = sample.outcome.err();
        assert_eq!(error.as_ref().map(|error| error.kind), kind, "{body}");
        let names_task = !matches!(
            kind,
            Some(ReadErrorKind::NoTaskArn | ReadErrorKind::InvalidJson)
        );
        assert_eq!(sample.identity.is_some(), names_task, "{body}");
    }
}

#[test]
fn a_document_without_the_clock_names_its_launch_type() {
    let body = include_str!("../../../tests/data/clock/ec2.json");
    let (sample, knowledge) = read(body);
    assert_eq!(knowledge, ClockKnowledge::NotKnown);
    let error = sample.outcome.unwrap_err();
    assert_eq!(
        error.message,
        "the task document has no ClockDrift (LaunchType EC2)"
    );
    let identity = sample.identity.unwrap();
    assert_eq!(identity.get(Label::AvailabilityZone), Some("eu-west-1a"));
}

#[test]
fn members_withheld_from_the_task_and_from_the_clock_are_all_reported() {
    let body = document(
        r#""Cluster":7,"ClockDrift":{"ClockErrorBound":"x","ClockSynchronizationStatus":1,
           "ReferenceTimestamp":"2026-11-25T10:05:02Z"}"#,
    );
    let (sample, _) = read(&body);
    let withheld = withheld(&sample);
    let expected = [
        "Cluster: expected a string, got 7",
        "ClockErrorBound: expected a number",
        "ClockSynchronizationStatus: expected a string, got 1",
        "the reference time 2026-11-25T10:05:02.000000Z is later than the clock",
    ];
    assert_eq!(withheld.len(), expected.len(), "{withheld:?}");
    for (found, expected) in withheld.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}
