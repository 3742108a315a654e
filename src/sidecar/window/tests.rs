//! Tests what closes a window, that no reading is lost between windows, and that a flapping clock does
//! not flood the log.

mod cross_checks;
mod moves;

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::reading::ReadErrorKind;

const MINUTE: Duration = Duration::from_secs(60);
/// As many readings as CloudWatch accepts values in one event.
const CAPACITY: usize = 100;

/// The monotonic clock at the epoch.
static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Times are milliseconds since the epoch.
fn at(time: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(time).unwrap()
}

/// The moment `time` on a wall clock that was never stepped.
fn moment(time: i64) -> Moment {
    Moment::new(
        at(time),
        *BASE + Duration::from_millis(time.try_into().unwrap()),
    )
}

fn rules(emit_interval: Duration, reading_by_reading: bool) -> Rules {
    Rules {
        emit_interval,
        reading_by_reading,
        capacity: CAPACITY,
        ..Rules::TYPICAL
    }
}

fn collector(reading_by_reading: bool) -> Collector {
    Collector::new(&rules(MINUTE, reading_by_reading), &moment(0))
}

fn sample(moment: Moment, outcome: Result<SyncStatus, ReadErrorKind>) -> Sample {
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

/// A step by `by_ms`, seen at `time` on the clock before it.
fn step(time: i64, by_ms: i64) -> ClockStep {
    let by = TimeDelta::milliseconds(by_ms);
    ClockStep {
        by,
        at: moment(time).moved(by),
        before: moment(time),
        gradual: false,
    }
}

const GOOD: Result<SyncStatus, ReadErrorKind> = Ok(SyncStatus::Synchronized);
const LOST: Result<SyncStatus, ReadErrorKind> = Ok(SyncStatus::NotSynchronized);
const FAILED: Result<SyncStatus, ReadErrorKind> = Err(ReadErrorKind::Timeout);

/// The number of readings, the number of errors, the stamp, and whether it may not wait.
fn summary(closed: &ClosedWindow) -> (usize, u64, i64, bool) {
    let window = &closed.window;
    let stamp = window.stamp.timestamp_millis();
    (
        window.readings.len(),
        window.read_errors,
        stamp,
        closed.urgent,
    )
}

fn summaries(closed: &[ClosedWindow]) -> Vec<(usize, u64, i64, bool)> {
    closed.iter().map(summary).collect()
}

fn add(
    collector: &mut Collector,
    time: i64,
    outcome: Result<SyncStatus, ReadErrorKind>,
) -> Vec<(usize, u64, i64, bool)> {
    summaries(&collector.add(sample(moment(time), outcome)))
}

/// When the open window ends, in milliseconds of the monotonic clock.
fn ends(collector: &Collector, now: i64) -> Option<u128> {
    let ends = collector.ends(&moment(now))?;
    Some(ends.duration_since(*BASE).as_millis())
}

#[test]
fn the_first_reading_stands_alone_and_does_not_wait() {
    let mut collector = collector(false);
    assert_eq!(add(&mut collector, 7_500, GOOD), [(1, 0, 7_500, true)]);
    assert_eq!(add(&mut collector, 17_500, GOOD), []);
}

#[test]
fn the_first_failure_does_not_wait_and_neither_does_the_first_reading_after_it() {
    let mut collector = collector(false);
    assert_eq!(add(&mut collector, 1_000, FAILED), [(0, 1, 1_000, true)]);
    assert_eq!(add(&mut collector, 11_000, FAILED), []);
    assert_eq!(
        add(&mut collector, 21_000, GOOD),
        [(0, 1, 11_000, true), (1, 0, 21_000, true)]
    );
}

#[test]
fn a_window_ends_where_the_wall_clock_divides() {
    let mut collector = collector(false);
    add(&mut collector, 30_000, GOOD);
    add(&mut collector, 40_000, GOOD);
    add(&mut collector, 59_999, GOOD);
    assert_eq!(ends(&collector, 59_999), Some(60_000));
    assert_eq!(collector.close_if_over(&moment(59_999)), None);
    let closed = collector.close_if_over(&moment(60_000)).unwrap();
    assert_eq!(summary(&closed), (2, 0, 59_999, false));
    assert_eq!(ends(&collector, 60_000), None);
    // Without a look at the boundary the next sample closes it.
    add(&mut collector, 61_000, GOOD);
    assert_eq!(add(&mut collector, 120_000, GOOD), [(1, 0, 61_000, false)]);
    assert_eq!(ends(&collector, 120_000), Some(180_000));
}

#[test]
fn a_change_of_status_closes_the_window_without_the_new_sample() {
    let mut collector = collector(false);
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
    let mut collector = collector(false);
    add(&mut collector, 0, GOOD);
    assert_eq!(add(&mut collector, 10_000, FAILED), []);
    assert_eq!(add(&mut collector, 20_000, GOOD), []);
    let closed = collector.close_urgently().unwrap();
    assert_eq!(summary(&closed), (1, 1, 20_000, true));
}

#[test]
fn a_window_of_a_hundred_readings_is_full() {
    let mut collector = collector(false);
    add(&mut collector, 0, GOOD);
    for tenth in 1..100 {
        assert_eq!(add(&mut collector, tenth * 100, GOOD), []);
    }
    assert_eq!(add(&mut collector, 10_000, GOOD), [(100, 0, 10_000, false)]);
}

#[test]
fn a_step_is_on_a_line_of_its_own_in_the_new_time_line() {
    let mut collector = collector(false);
    add(&mut collector, 0, GOOD);
    let hours = 3 * 3_600_000;
    // A clock three hours ahead is corrected.
    let alone = collector.step(&step(hours + 20_000, -hours));
    assert_eq!(summaries(&alone), [(0, 0, 20_000, true)]);
    let window = &alone[0].window;
    assert_eq!(window.steps, [TimeDelta::hours(-3)]);
    assert_eq!(
        (window.step_count, window.last_step),
        (1, Some(TimeDelta::hours(-3)))
    );

    // What was read before it is written first, with its own time.
    let mut collector = self::collector(false);
    add(&mut collector, 0, GOOD);
    add(&mut collector, 10_000, GOOD);
    let closed = collector.step(&step(20_000, 5_000));
    assert_eq!(
        summaries(&closed),
        [(1, 0, 10_000, true), (0, 0, 25_000, true)]
    );
    assert!(closed[0].window.steps.is_empty());
}

#[test]
fn after_three_early_closings_changes_stay_in_the_window() {
    let mut collector = collector(false);
    add(&mut collector, 0, GOOD);
    let mut lines = Vec::new();
    for second in 1..60 {
        let outcome = if second % 2 == 0 { GOOD } else { LOST };
        lines.extend(add(&mut collector, second * 1_000, outcome));
    }
    // Each early closing found the window empty, since every reading was a change.
    assert_eq!(
        lines,
        [
            (1, 0, 1_000, true),
            (1, 0, 2_000, true),
            (1, 0, 3_000, true)
        ]
    );
    let last = collector.close_if_over(&moment(60_000)).unwrap();
    assert_eq!(summary(&last), (56, 0, 59_000, true), "it holds a loss");
    assert_eq!(last.window.status_changes, 56);
    // The next interval begins with three again.
    assert_eq!(
        add(&mut collector, 60_500, GOOD),
        [(1, 0, 60_500, true)],
        "a change"
    );
}

#[test]
fn the_first_loss_of_an_interval_is_never_damped() {
    let mut collector = collector(false);
    add(&mut collector, 0, GOOD);
    for second in 1..=4 {
        collector.step(&step(second * 1_000, 10));
    }
    add(&mut collector, 5_000, GOOD);
    assert_eq!(
        add(&mut collector, 6_000, LOST),
        [(1, 0, 5_000, true), (1, 0, 6_000, true)]
    );
    assert_eq!(add(&mut collector, 7_000, GOOD), []);
    assert_eq!(add(&mut collector, 8_000, LOST), [], "the second");
}

#[test]
fn a_damped_step_is_counted_and_the_window_ends_by_the_monotonic_clock() {
    let mut collector = collector(false);
    add(&mut collector, 0, GOOD);
    for second in 1..=20 {
        // Forward by an hour each second: every look at the wall clock would be past a boundary.
        collector.step(&step(second * 1_000, 3_600_000));
    }
    assert_eq!(ends(&collector, 21_000), Some(60_000));
    let closed = collector.close_if_over(&moment(60_000)).unwrap();
    let window = closed.window;
    assert_eq!((window.step_count, window.steps.len()), (17, MAX_STEPS));
    assert_eq!(window.last_step, Some(TimeDelta::hours(1)));
}

/// Regression: a window that was opened by a sample of the clock before a step, at the moment its interval ended,
/// stayed open for as long as the clock had been set back.
#[test]
fn no_step_keeps_a_window_open_for_longer_than_its_interval() {
    let mut collector = collector(false);
    collector.add(sample(moment(0), Ok(SyncStatus::Synchronized)));
    // The read ended after the next interval had begun; then the clock was set back by three hours.
    let back = step(60_500, -3 * 3_600_000);
    collector.step(&back);
    collector.add(sample(moment(60_400), Ok(SyncStatus::Synchronized)));
    let ends = collector.ends(&back.at).unwrap();
    assert!(ends <= moment(60_400).monotonic + MINUTE);
    let over = moment(120_500).moved(back.by);
    assert_eq!(
        collector
            .close_if_over(&over)
            .map(|closed| closed.window.readings.len()),
        Some(1)
    );
}

#[test]
fn a_damped_step_leaves_the_stamp_of_the_last_reading() {
    let mut collector = collector(false);
    add(&mut collector, 0, GOOD);
    for second in 1..=3 {
        collector.step(&step(second * 1_000, 5));
    }
    add(&mut collector, 4_000, GOOD);
    assert_eq!(collector.step(&step(5_000, 3_600_000)), []);
    let closed = collector.close().unwrap();
    assert_eq!(closed.window.step_count, 1);
    assert_eq!(closed.window.stamp, at(4_000));
}

#[test]
fn a_damped_step_among_failures_moves_the_stamp_to_the_new_time_line() {
    let mut collector = collector(false);
    add(&mut collector, 0, GOOD);
    for second in 1..=3 {
        collector.step(&step(second * 1_000, 5));
    }
    add(&mut collector, 4_000, FAILED);
    assert_eq!(collector.step(&step(5_000, 3_600_000)), []);
    let closed = collector.close().unwrap();
    assert_eq!(summary(&closed), (0, 1, 3_605_000, false));
}

#[test]
fn a_window_is_stamped_with_the_time_of_an_answer_not_of_its_request() {
    let mut collector = collector(false);
    let mut slow = sample(moment(9_000), GOOD);
    let mut reading = Reading::new(ClockSource::Ecs, moment(7_000), moment(9_000));
    reading.status = SyncStatus::Synchronized;
    slow.outcome = Ok(reading);
    assert_eq!(summaries(&collector.add(slow)), [(1, 0, 9_000, true)]);
}

#[test]
fn by_the_second_each_reading_goes_out_at_once_and_failures_are_collected() {
    let mut collector = collector(true);
    assert_eq!(add(&mut collector, 0, GOOD), [(1, 0, 0, true)]);
    assert_eq!(add(&mut collector, 1_000, GOOD), [(1, 0, 1_000, true)]);
    assert_eq!(add(&mut collector, 2_000, FAILED), []);
    assert_eq!(add(&mut collector, 3_000, GOOD), [(1, 0, 3_000, true)]);
    assert_eq!(add(&mut collector, 4_000, FAILED), []);
    let closed = collector.close_if_over(&moment(60_000)).unwrap();
    assert_eq!(summary(&closed), (0, 2, 4_000, false));
}

#[test]
fn by_the_second_a_damped_step_is_on_the_line_of_the_next_reading() {
    let mut collector = collector(true);
    add(&mut collector, 0, GOOD);
    for second in 1..=3 {
        collector.step(&step(second * 1_000, 5));
    }
    assert_eq!(collector.step(&step(4_000, -5_000)), []);
    let closed = collector.add(sample(moment(5_000), GOOD));
    assert_eq!(summaries(&closed), [(1, 0, 5_000, true)]);
    assert_eq!(closed[0].window.steps, [TimeDelta::milliseconds(-5_000)]);
    assert_eq!(collector.close(), None, "no line after it has a step");
}

#[test]
fn a_withheld_member_is_an_error_beside_its_reading() {
    let mut collector = collector(false);
    let mut first = sample(moment(1_000), GOOD);
    first.withheld = vec![ReadError::new(ReadErrorKind::InvalidMember, "x"); 2];
    let closed: Vec<_> = collector.add(first).iter().map(summary).collect();
    assert_eq!(closed, [(1, 2, 1_000, true)]);
}

proptest! {
    #[test]
    fn nothing_is_lost_or_written_twice(
        steps in proptest::collection::vec((0u32..30_000, 0..4usize), 1..400),
        interval in proptest::sample::select(vec![1u32, 5, 10, 60]),
        by_second in any::<bool>(),
    ) {
        let interval_ms = i64::from(interval) * 1_000;
        let mut now_ms = 1_000_000i64;
        let mut collector = Collector::new(
            &rules(Duration::from_secs(interval.into()), by_second), &moment(now_ms),
        );
        let mut closed = Vec::new();
        let mut given = Vec::new();
        let (mut errors, mut changes, mut status) = (0, 0, None);
        for (wait, kind) in steps {
            now_ms += i64::from(wait);
            let outcome = [GOOD, LOST, Ok(SyncStatus::Unknown), FAILED][kind];
            let sample = sample(moment(now_ms), outcome);
            match &sample.outcome {
                Ok(reading) => {
                    changes += u64::from(status.is_some_and(|status| status != reading.status));
                    status = Some(reading.status);
                    given.push(reading.clone());
                }
                Err(_) => errors += 1,
            }
            closed.extend(collector.add(sample));
        }
        closed.extend(collector.close_urgently());

        let written: Vec<Reading> =
            closed.iter().flat_map(|closed| closed.window.readings.clone()).collect();
        prop_assert_eq!(written, given);
        prop_assert_eq!(closed.iter().map(|closed| closed.window.read_errors).sum::<u64>(), errors);
        prop_assert_eq!(closed.iter().map(|closed| closed.window.status_changes).sum::<u64>(), changes);
        for ClosedWindow { window, .. } in &closed {
            prop_assert!(window.readings.len() <= CAPACITY);
            prop_assert!(!window.readings.is_empty() || window.read_errors > 0);
            let number = |time: DateTime<Utc>| time.timestamp_millis().div_euclid(interval_ms);
            for reading in &window.readings {
                prop_assert_eq!(number(reading.taken.wall), number(window.stamp), "all in one interval");
            }
            let alike = window.readings.windows(2).all(|pair| pair[0].status == pair[1].status);
            prop_assert!(alike || window.status_changes > 0, "all of one status, or it says so");
            if let Some(last) = window.readings.last() {
                prop_assert_eq!(window.stamp, last.taken.wall);
            }
        }
    }

    /// For any statuses, steps and failures: at most eight lines an emit interval more than health.
    #[test]
    fn what_flaps_does_not_flood(
        events in proptest::collection::vec((1u32..3_000, 0..6usize, -10_000_000i64..10_000_000), 1..600),
    ) {
        let mut collector = collector(false);
        collector.add(sample(moment(0), GOOD));
        let (mut now_ms, mut moved) = (0i64, 0i64);
        let mut lines_of: std::collections::BTreeMap<i64, usize> = std::collections::BTreeMap::new();
        let mut readings_of = lines_of.clone();
        let (mut steps, mut written_steps) = (0, 0);
        for (wait, kind, by) in events {
            now_ms += i64::from(wait);
            let now = moment(now_ms).moved(TimeDelta::milliseconds(moved));
            let mut closed = Vec::new();
            closed.extend(collector.close_if_over(&now));
            if kind == 5 {
                moved += by;
                steps += 1;
                let by = TimeDelta::milliseconds(by);
                closed.extend(collector.step(&ClockStep { by, at: now.moved(by), before: now, gradual: false }));
            } else {
                let outcome = [GOOD, LOST, Ok(SyncStatus::Unknown), FAILED, GOOD][kind];
                closed.extend(collector.add(sample(now, outcome)));
                *readings_of.entry(now_ms.div_euclid(60_000)).or_default() += 1;
            }
            written_steps += closed.iter().map(|closed| closed.window.step_count).sum::<u64>();
            *lines_of.entry(now_ms.div_euclid(60_000)).or_default() += closed.len();
        }
        written_steps += collector.close_urgently().map_or(0, |closed| closed.window.step_count);
        prop_assert_eq!(written_steps, steps);
        for (minute, lines) in lines_of {
            // A healthy interval has one line, one for each full window, and may be written a little late.
            let readings = readings_of.get(&minute).copied().unwrap_or_default();
            prop_assert!(lines <= 8 + 2 + readings / CAPACITY, "{lines} lines in minute {minute}");
        }
    }
}
