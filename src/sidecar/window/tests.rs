//! Tables of what closes a window, and the promise that nothing is lost between windows.

use std::time::Instant;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::reading::ReadErrorKind;
use crate::time::Moment;

const MINUTE: Duration = Duration::from_secs(60);

/// Times are milliseconds since the epoch.
fn at(time: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(time).unwrap()
}

fn sample(time: i64, outcome: Result<SyncStatus, ReadErrorKind>) -> Sample {
    let moment = Moment::new(at(time), Instant::now());
    Sample {
        source: ClockSource::Ecs,
        at: moment,
        outcome: outcome
            .map(|status| {
                let mut reading = Reading::new(ClockSource::Ecs, moment, moment);
                reading.status = status;
                reading
            })
            .map_err(|kind| ReadError::new(kind, "")),
        withheld: Vec::new(),
        identity: None,
    }
}

/// A step at which the old clock showed `old_wall`.
fn step_from(by: TimeDelta, old_wall: DateTime<Utc>) -> ClockStep {
    let before = Moment::new(old_wall, Instant::now());
    ClockStep {
        by,
        at: before.moved(by),
        before,
        gradual: false,
    }
}

const GOOD: Result<SyncStatus, ReadErrorKind> = Ok(SyncStatus::Synchronized);
const LOST: Result<SyncStatus, ReadErrorKind> = Ok(SyncStatus::NotSynchronized);
const FAILED: Result<SyncStatus, ReadErrorKind> = Err(ReadErrorKind::Timeout);

/// The number of readings, the number of errors, the stamp, and whether it may not wait.
fn summary(closed: &Closed) -> (usize, u64, i64, bool) {
    let window = &closed.window;
    let stamp = window.stamp.timestamp_millis();
    (
        window.readings.len(),
        window.read_errors,
        stamp,
        closed.urgent,
    )
}

fn add(
    collector: &mut Collector,
    time: i64,
    outcome: Result<SyncStatus, ReadErrorKind>,
) -> Vec<(usize, u64, i64, bool)> {
    let closed = collector.add(sample(time, outcome));
    closed.iter().map(summary).collect()
}

#[test]
fn the_first_reading_stands_alone_and_does_not_wait() {
    let mut collector = Collector::new(MINUTE, false);
    assert_eq!(add(&mut collector, 7_500, GOOD), [(1, 0, 7_500, true)]);
    assert_eq!(add(&mut collector, 17_500, GOOD), []);
}

#[test]
fn the_first_failure_does_not_wait_and_neither_does_the_first_reading_after_it() {
    let mut collector = Collector::new(MINUTE, false);
    assert_eq!(add(&mut collector, 1_000, FAILED), [(0, 1, 1_000, true)]);
    assert_eq!(add(&mut collector, 11_000, FAILED), []);
    assert_eq!(
        add(&mut collector, 21_000, GOOD),
        [(0, 1, 11_000, true), (1, 0, 21_000, true)]
    );
}

#[test]
fn a_window_ends_where_the_wall_clock_divides() {
    let mut collector = Collector::new(MINUTE, false);
    add(&mut collector, 30_000, GOOD);
    add(&mut collector, 40_000, GOOD);
    add(&mut collector, 59_999, GOOD);
    assert_eq!(collector.end(), Some(at(60_000)));
    assert_eq!(collector.close_if_over(at(59_999)), None);
    let closed = collector.close_if_over(at(60_000)).unwrap();
    assert_eq!(summary(&closed), (2, 0, 59_999, false));
    assert_eq!(collector.end(), None);
    // Without a look at the boundary the next sample closes it.
    add(&mut collector, 61_000, GOOD);
    assert_eq!(add(&mut collector, 120_000, GOOD), [(1, 0, 61_000, false)]);
    assert_eq!(collector.end(), Some(at(180_000)));
}

#[test]
fn a_change_of_status_closes_the_window_without_the_new_sample() {
    let mut collector = Collector::new(MINUTE, false);
    add(&mut collector, 0, GOOD);
    add(&mut collector, 10_000, GOOD);
    add(&mut collector, 20_000, FAILED);
    assert_eq!(
        add(&mut collector, 30_000, LOST),
        [(1, 1, 10_000, true), (1, 0, 30_000, true)]
    );
    assert_eq!(add(&mut collector, 40_000, LOST), []);
    assert_eq!(
        add(&mut collector, 50_000, GOOD),
        [(1, 0, 40_000, true), (1, 0, 50_000, true)]
    );
}

#[test]
fn a_failure_is_no_change_of_status() {
    let mut collector = Collector::new(MINUTE, false);
    add(&mut collector, 0, GOOD);
    assert_eq!(add(&mut collector, 10_000, FAILED), []);
    assert_eq!(add(&mut collector, 20_000, GOOD), []);
    let closed = collector.close(true).unwrap();
    assert_eq!(summary(&closed), (1, 1, 20_000, true));
}

#[test]
fn a_window_of_a_hundred_readings_is_full() {
    let mut collector = Collector::new(MINUTE, false);
    add(&mut collector, 0, GOOD);
    for tenth in 1..100 {
        assert_eq!(add(&mut collector, tenth * 100, GOOD), []);
    }
    assert_eq!(add(&mut collector, 10_000, GOOD), [(100, 0, 10_000, false)]);
}

#[test]
fn a_step_closes_the_window_in_its_own_time_line_even_an_empty_one() {
    let step = step_from(TimeDelta::hours(5), at(20_000));
    let mut collector = Collector::new(MINUTE, false);
    add(&mut collector, 0, GOOD);
    let closed = collector.step(step);
    assert_eq!(summary(&closed), (0, 0, 20_000, true));
    assert_eq!(closed.window.step, Some(step));

    add(&mut collector, 10_000, GOOD);
    let closed = collector.step(step);
    assert_eq!(summary(&closed), (1, 0, 20_000, true));
    assert_eq!(collector.end(), None);

    // Found only after the end of the window: its values still are of that window's time.
    add(&mut collector, 10_000, GOOD);
    let late = step_from(step.by, at(60_000));
    assert_eq!(summary(&collector.step(late)), (1, 0, 59_999, true));
}

#[test]
fn by_the_second_each_reading_goes_out_at_once_and_failures_are_collected() {
    let mut collector = Collector::new(MINUTE, true);
    assert_eq!(add(&mut collector, 0, GOOD), [(1, 0, 0, true)]);
    assert_eq!(add(&mut collector, 1_000, GOOD), [(1, 0, 1_000, true)]);
    assert_eq!(add(&mut collector, 2_000, FAILED), []);
    assert_eq!(add(&mut collector, 3_000, GOOD), [(1, 0, 3_000, true)]);
    assert_eq!(add(&mut collector, 4_000, FAILED), []);
    let closed = collector.close_if_over(at(60_000)).unwrap();
    assert_eq!(summary(&closed), (0, 2, 4_000, false));
}

#[test]
fn a_withheld_member_is_an_error_beside_its_reading() {
    let mut collector = Collector::new(MINUTE, false);
    let mut first = sample(1_000, GOOD);
    first.withheld = vec![ReadError::new(ReadErrorKind::InvalidMember, "x"); 2];
    let closed: Vec<_> = collector.add(first).iter().map(summary).collect();
    assert_eq!(closed, [(1, 2, 1_000, true)]);
}

proptest! {
    #[test]
    fn nothing_is_lost_or_told_twice(
        steps in proptest::collection::vec((0u32..30_000, 0..4usize), 1..400),
        interval in proptest::sample::select(vec![1u32, 5, 10, 60]),
        by_second in any::<bool>(),
    ) {
        let mut collector = Collector::new(Duration::from_secs(interval.into()), by_second);
        let mut now_ms = 1_000_000i64;
        let mut closed = Vec::new();
        let mut given = Vec::new();
        let mut errors = 0;
        for (wait, kind) in steps {
            now_ms += i64::from(wait);
            let outcome = [GOOD, LOST, Ok(SyncStatus::Unknown), FAILED][kind];
            let sample = sample(now_ms, outcome);
            match &sample.outcome {
                Ok(reading) => given.push(reading.clone()),
                Err(_) => errors += 1,
            }
            closed.extend(collector.add(sample));
        }
        closed.extend(collector.close(true));

        let told: Vec<Reading> = closed.iter().flat_map(|closed| closed.window.readings.clone()).collect();
        prop_assert_eq!(told, given);
        prop_assert_eq!(closed.iter().map(|closed| closed.window.read_errors).sum::<u64>(), errors);
        for Closed { window, .. } in &closed {
            prop_assert!(window.readings.len() <= MAX_READINGS);
            prop_assert!(!window.readings.is_empty() || window.read_errors > 0);
            let number = |time: DateTime<Utc>| time.timestamp_millis().div_euclid(i64::from(interval) * 1_000);
            for reading in &window.readings {
                prop_assert_eq!(number(reading.taken.wall), number(window.stamp), "all in one interval");
                prop_assert_eq!(reading.status, window.readings[0].status, "all of one status");
            }
            if let Some(last) = window.readings.last() {
                prop_assert_eq!(window.stamp, last.taken.wall);
            }
        }
    }
}
