//! The task document of the ECS task metadata endpoint.
//!
//! The bytes are the body of an answer. If a common JSON parser reads them too, the reading is compared with the
//! document.

use std::time::Duration;

use super::entry::sample_of_body;
use crate::{DriftRate, ErrorBound, Label, ReadError, ReadErrorKind, Reading, Sample, SyncStatus};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{assert_presentable, moment, time};

/// The wall clocks that the document is read by: a usual one, and one that was never set.
const CLOCKS: [&str; 2] = ["2026-11-22T12:00:00.25Z", "1970-01-01T00:00:01Z"];

pub(super) fn check(body: &[u8]) {
    for clock in CLOCKS {
        check_at(body, time(clock));
    }
}

fn check_at(body: &[u8], wall: DateTime<Utc>) {
    let trip = Duration::from_millis(3);
    let (requested, at) = (moment(wall, trip), moment(wall + trip, 2 * trip));
    let sample = sample_of_body(body, requested, at);
    assert_eq!(sample.at, at);
    sample.withheld.iter().for_each(check_withheld);
    assert!(sample.withheld.len() <= Label::ALL.len() + 4);
    check_identity(&sample);
    match &sample.outcome {
        Ok(reading) => {
            assert_eq!((reading.requested, reading.taken), (requested, at));
            check_reading(reading);
            check_word(body, reading);
        }
        Err(error) => {
            use ReadErrorKind::{InvalidJson, NoClockDrift, NoTaskArn};
            assert!(
                matches!(error.kind, InvalidJson | NoTaskArn | NoClockDrift),
                "{error}"
            );
            assert_presentable(error);
        }
    }
    if let Ok(document) = serde_json::from_slice(body) {
        check_against(&document, &sample);
    }
}

fn check_withheld(error: &ReadError) {
    assert_eq!(error.kind, ReadErrorKind::InvalidMember);
    assert_presentable(error);
}

fn check_identity(sample: &Sample) {
    let is_about_a_task = match &sample.outcome {
        Ok(_) => true,
        Err(error) => error.kind == ReadErrorKind::NoClockDrift,
    };
    assert_eq!(sample.identity.is_some(), is_about_a_task);
    let Some(identity) = &sample.identity else {
        return;
    };
    assert!(identity.get(Label::TaskId).is_some());
    assert!(!identity.is_outside_service || identity.get(Label::ServiceName).is_none());
    for value in Label::ALL.iter().filter_map(|label| identity.get(*label)) {
        assert!((1..=255).contains(&value.len()), "{value:?}");
    }
}

/// Checks what holds for every reading.
fn check_reading(reading: &Reading) {
    let drift = DriftRate::DEFAULT;
    for bound in [
        reading.bound.map(ErrorBound::as_duration),
        reading.bound_when_taken(),
        reading.age_adjusted_bound(drift),
        reading.bound_at(&reading.taken, drift),
        reading.age_adjusted_bound_at(&reading.taken, drift),
    ] {
        assert!(
            bound.is_none_or(|bound| bound <= ErrorBound::MAX),
            "{bound:?}"
        );
    }
    let latest_reference = reading.reference.map(|reference| {
        let bound = reading
            .bound
            .map_or(Duration::ZERO, ErrorBound::as_duration);
        reference - TimeDelta::seconds(1) - TimeDelta::from_std(bound).expect("a day at most")
    });
    assert!(latest_reference.is_none_or(|latest| latest <= reading.taken.wall));
    match reading.interval_at(&reading.taken, drift) {
        // A bound that has grown over a day is unknown.
        None => {
            assert!(!reading.is_synchronized() || reading.bound_at(&reading.taken, drift).is_none())
        }
        Some(range) => {
            assert!(reading.is_synchronized() && reading.bound.is_some());
            assert!(range.earliest <= reading.taken.wall && reading.taken.wall <= range.latest);
        }
    }
}

/// Checks that only the word itself, possibly with escapes, makes a clock synchronized.
fn check_word(body: &[u8], reading: &Reading) {
    let word: &[u8] = b"\"SYNCHRONIZED\"";
    let has_word = body.windows(word.len()).any(|window| window == word);
    let may_be_escaped = body.contains(&b'\\');
    assert!(has_word || may_be_escaped || reading.status != SyncStatus::Synchronized);
}

/// Checks that the reading has the document's values, and that missing values are unknown.
fn check_against(document: &Value, sample: &Sample) {
    let clock = &document["ClockDrift"];
    let Ok(reading) = &sample.outcome else {
        // A name of blanks alone names nothing.
        let names_a_task = |arn: &str| {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            !name.trim().is_empty() && arn.len() <= 255
        };
        let is_known = document["TaskARN"].as_str().is_some_and(names_a_task);
        let says_something = clock.as_object().is_some_and(|members| !members.is_empty());
        assert!(!is_known || !says_something, "{:?}", sample.outcome);
        return;
    };
    let bound = clock["ClockErrorBound"]
        .as_f64()
        .filter(|bound| (0.0..=86_400_000.0).contains(bound));
    let reference = clock["ReferenceTimestamp"]
        .as_str()
        .filter(|text| *text != "0001-01-01T00:00:00Z");
    let reference = reference
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        // A leap second becomes the second after it.
        .and_then(|time| {
            let nanos = time.timestamp_subsec_nanos();
            let seconds = time.timestamp() + i64::from(nanos / 1_000_000_000);
            DateTime::from_timestamp(seconds, nanos % 1_000_000_000)
        });
    let withheld = |member: &str| {
        let about = |error: &&ReadError| error.message.starts_with(&format!("{member}: "));
        sample.withheld.iter().filter(about).count()
    };
    let is_there = |member: &str| usize::from(!clock[member].is_null());
    assert_eq!(
        withheld("ClockErrorBound"),
        is_there("ClockErrorBound") - usize::from(bound.is_some())
    );

    let tolerance = TimeDelta::nanoseconds(1_000_000_000 + bound.map_or(0, nanoseconds));
    if reference.is_some_and(|reference| reference - reading.taken.wall > tolerance) {
        assert_eq!(
            (reading.status, reading.bound, reading.reference),
            (SyncStatus::Unknown, None, None)
        );
        return;
    }
    let given = reading
        .bound
        .map(|bound| i64::try_from(bound.as_duration().as_nanos()).expect("a day at most"));
    assert_eq!(given, bound.map(nanoseconds));
    assert_eq!(reading.reference, reference);
    let status = match clock["ClockSynchronizationStatus"].as_str() {
        Some("SYNCHRONIZED") => SyncStatus::Synchronized,
        Some("NOT_SYNCHRONIZED") => SyncStatus::NotSynchronized,
        _ => SyncStatus::Unknown,
    };
    assert_eq!(reading.status, status);
}

/// The fewest nanoseconds whose number of milliseconds is not smaller.
fn nanoseconds(milliseconds: f64) -> i64 {
    let mut nanoseconds = (milliseconds * 1e6).floor() - 1.0;
    while nanoseconds / 1e6 < milliseconds {
        nanoseconds += 1.0;
    }
    nanoseconds as i64
}
