//! The examples, tested as an application would test itself: with a source that plays given readings.

mod commit_wait;
mod gate;
mod readme_crate;

use std::time::Duration;

use ecs_clock_emf::chrono::{TimeDelta, Utc};
use ecs_clock_emf::{
    Clock, ClockSource, ErrorBound, Moment, ReadError, ReadErrorKind, Reading, Reason, Source,
    SyncStatus,
};

fn reading(bound_ms: f64) -> Reading {
    let now = Moment::now();
    let mut reading = Reading::new(ClockSource::Ecs, now, now);
    reading.status = SyncStatus::Synchronized;
    reading.bound = Some(ErrorBound::from_millis(bound_ms).unwrap());
    reading.reference = Some(now.wall - TimeDelta::seconds(30));
    reading
}

fn clock(answer: Result<Reading, ReadError>) -> Clock {
    Clock::new(Source::playing([answer]), Duration::from_secs(10))
}

#[tokio::test]
async fn the_gate_opens_for_a_good_clock_alone() {
    assert!(gate::transfer(&clock(Ok(reading(0.4)))).await.is_ok());

    let far_off = gate::transfer(&clock(Ok(reading(6.0)))).await.unwrap_err();
    assert!(matches!(far_off.reasons(), [Reason::BoundOverLimit { .. }]));

    let mut lost = reading(0.4);
    lost.status = SyncStatus::NotSynchronized;
    let lost = gate::transfer(&clock(Ok(lost))).await.unwrap_err();
    let expected = Reason::NotSynchronized(SyncStatus::NotSynchronized);
    assert_eq!(lost.reasons(), [expected]);

    let mut lost_source = reading(0.4);
    lost_source.reference = Some(lost_source.taken.wall - TimeDelta::minutes(61));
    let lost_source = gate::transfer(&clock(Ok(lost_source))).await.unwrap_err();
    assert!(matches!(
        lost_source.reasons(),
        [Reason::AgeOverLimit { .. }]
    ));

    let error = ReadError::new(ReadErrorKind::Timeout, "no answer");
    let silent = gate::transfer(&clock(Err(error.clone())))
        .await
        .unwrap_err();
    assert_eq!(silent.reasons(), [Reason::NoReading(error)]);
}

#[tokio::test]
async fn the_commit_wait_is_over_when_the_timestamp_has_passed() {
    let timestamp = commit_wait::commit(&clock(Ok(reading(4.0)))).await.unwrap();
    // Later by twice the bound: the range ends one bound ahead, and waiting for it takes another.
    assert!(Utc::now() - timestamp >= TimeDelta::milliseconds(4));

    let refused = commit_wait::commit(&clock(Ok(reading(6.0))))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("over the limit of 5 ms"),
        "{refused}"
    );
}
