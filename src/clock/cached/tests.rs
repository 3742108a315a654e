//! The cached clock and the commit wait, in simulations in which true time is known.

mod truth;
mod world;

use std::future::Future;
use std::time::Instant;

use chrono::TimeDelta;
use proptest::prelude::*;

use self::world::{Answer, REFRESH, STEP, answers, block_on, simulated};
use super::*;
use crate::clock::Reason;
use crate::reading::{ClockSource, SyncStatus};
use crate::time::{ErrorBound, Moment, TimeInterval, later};

proptest! {
    #[test]
    fn the_commit_wait_is_never_early_and_at_most_one_refresh_late(
        answers in answers(),
        offset in 0u64..2_000_000,
        behind in any::<bool>(),
        ahead in 0u64..30_000_000,
    ) {
        let offset = Duration::from_micros(offset);
        let clock = simulated(answers.clone(), offset, behind);
        let system = &clock.shared.system;
        let start = system.true_time();
        let instant = later(start, Duration::from_micros(ahead));
        block_on(clock.wait_until_past(instant));
        let end = system.true_time();
        prop_assert!(end > instant, "returned at {end}, before {instant}");

        // The last answer used is good, and with it the wait ended as soon as the bound allowed.
        let used = system.reads().checked_sub(1).unwrap();
        let bound = match answers.get(used) {
            Some(Answer::Synchronized { bound }) => *bound,
            None => Duration::ZERO,
            other => return Err(TestCaseError::fail(format!("returned on {other:?}"))),
        };
        let unusable = answers.iter().take(used).count();
        // The offset twice, the bound, the drift within a refresh, and one refresh for each answer
        // before the last.
        let needed = later(instant, bound + offset * 2 + Duration::from_millis(2));
        let attempts = later(start, REFRESH * u32::try_from(unusable).unwrap());
        let limit = later(needed.max(attempts), REFRESH);
        prop_assert!(end <= limit, "returned at {end}, after {limit}");
    }
}

#[test]
fn the_source_is_asked_once_per_refresh_interval_also_when_it_fails() {
    for answer in [
        Answer::Failure,
        Answer::Synchronized {
            bound: Duration::from_millis(1),
        },
    ] {
        let clock = simulated(vec![answer; 5], Duration::ZERO, false);
        block_on(async {
            for _ in 0..100 {
                let _ = clock.reading().await;
                clock.shared.system.sleep(Duration::from_millis(299)).await;
            }
        });
        // 29.9 s.
        assert_eq!(clock.shared.system.reads(), 3, "{answer:?}");
    }
}

#[test]
fn during_a_correction_the_source_is_asked_early_but_not_more_often_than_every_ten_seconds() {
    let mut clock = simulated(Vec::new(), Duration::ZERO, false);
    clock.refresh = Duration::from_secs(60);
    block_on(async {
        for (pause, slewed_us, reads) in [
            (0, 0, 1),
            // It may be the oscillator's drift.
            (11, 100, 1),
            (0, 5_000, 2),
            (3, 20_000, 2),
            (6, 20_000, 2),
            (1, 20_000, 3),
            (30, 20_000, 3),
        ] {
            clock.shared.system.sleep(Duration::from_secs(pause)).await;
            *clock.shared.system.slewed.lock().unwrap() = Duration::from_micros(slewed_us);
            clock.reading().await.unwrap();
            assert_eq!(
                clock.shared.system.reads(),
                reads,
                "{pause} s later, {slewed_us} µs"
            );
        }
    });
}

#[test]
fn a_source_that_may_not_be_asked_yet_is_not_asked() {
    let mut clock = simulated(Vec::new(), Duration::ZERO, false);
    let system = &mut Arc::get_mut(&mut clock.shared).unwrap().system;
    system.not_before = system.state.lock().unwrap().0 + Duration::from_secs(25);
    block_on(async {
        for (pause, reads) in [(0, 1), (15, 1), (9, 1), (1, 2)] {
            clock.shared.system.sleep(Duration::from_secs(pause)).await;
            clock.reading().await.unwrap();
            assert_eq!(clock.shared.system.reads(), reads, "{pause} s later");
        }
    });
}

#[test]
fn a_move_that_was_taken_back_before_the_next_read_counts_if_a_caller_came_meanwhile() {
    for calls in [false, true] {
        let clock = simulated(Vec::new(), Duration::ZERO, false);
        let system = &clock.shared.system;
        let enlarged_by = block_on(async {
            clock.reading().await.unwrap();
            system.sleep(Duration::from_secs(3)).await;
            *system.ahead.lock().unwrap() = Duration::from_millis(4);
            if calls {
                clock.now().await.unwrap();
            }
            system.sleep(Duration::from_secs(3)).await;
            *system.ahead.lock().unwrap() = Duration::ZERO;
            system.sleep(REFRESH).await;
            clock.reading().await.unwrap().enlarged_by()
        });
        assert_eq!(system.reads(), 2);
        let expected = if calls { 4 } else { 0 };
        assert_eq!(enlarged_by, Duration::from_millis(expected));
    }
}

#[test]
fn the_task_is_known_once_the_source_was_asked() {
    let mut clock = simulated(Vec::new(), Duration::ZERO, false);
    let identity = TaskIdentity {
        family: Some("ledger".to_owned()),
        ..TaskIdentity::default()
    };
    let system = &mut Arc::get_mut(&mut clock.shared).unwrap().system;
    system.identity = Some(identity.clone());
    block_on(async {
        assert_eq!(clock.identity().await, None);
        clock.reading().await.unwrap();
        assert_eq!(clock.identity().await, Some(identity));
    });
}

#[test]
fn the_refresh_interval_counts_from_the_end_of_a_read() {
    let mut clock = simulated(Vec::new(), Duration::ZERO, false);
    Arc::get_mut(&mut clock.shared).unwrap().system.takes = Duration::from_secs(4);
    block_on(async {
        for (pause, reads) in [(0, 1), (9, 1), (1, 2)] {
            clock.shared.system.sleep(Duration::from_secs(pause)).await;
            clock.reading().await.unwrap();
            assert_eq!(clock.shared.system.reads(), reads, "after {pause} s more");
        }
    });
}

#[test]
fn a_commit_wait_for_the_earliest_time_itself_goes_on() {
    let clock = simulated(Vec::new(), Duration::ZERO, false);
    let instant = clock.shared.system.true_time();
    let now = block_on(clock.wait_until_past(instant));
    assert!(now.interval.earliest > instant, "{now:?}");
    assert!(clock.shared.system.true_time() > instant);
}

/// 9 s at 15 ppm are 135 µs.
#[test]
fn a_commit_wait_ends_at_the_first_wake_up() {
    let clock = simulated(Vec::new(), Duration::ZERO, false);
    let instant = later(clock.shared.system.true_time(), Duration::from_secs(9));
    block_on(clock.wait_until_past(instant));
    let late = clock.shared.system.true_time() - instant;
    assert!(late <= TimeDelta::microseconds(300), "{late}");
}

#[test]
fn a_caller_that_gives_up_does_not_make_the_next_one_ask_again() {
    let clock = simulated(Vec::new(), Duration::ZERO, false);
    block_on(async {
        // Polled once, then dropped.
        let () = std::future::poll_fn(|context| {
            let _ = std::pin::pin!(clock.reading()).as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
        clock.reading().await.unwrap();
    });
    assert_eq!(clock.shared.system.reads(), 1);
}

#[test]
fn a_step_of_the_wall_clock_makes_a_reading_stale() {
    let start = Instant::now();
    let at = |seconds: u64, wall_ms: i64| {
        Moment::new(
            DateTime::from_timestamp_millis(wall_ms).unwrap(),
            start + Duration::from_secs(seconds),
        )
    };
    let attempt = Attempt {
        began: at(0, 0),
        ended: start + Duration::from_secs(2),
        sample: Err(ReadError::new(ReadErrorKind::Timeout, "none")),
    };
    let is_fresh = |now: Moment| attempt.is_fresh(&now, REFRESH);
    // The refresh interval counts from the end of the attempt, a step from its beginning.
    assert!(is_fresh(at(11, 11_000)));
    assert!(!is_fresh(at(12, 12_000)));
    assert!(!is_fresh(at(3, 4_000)));
    assert!(!is_fresh(at(3, -5_000)));
}

#[test]
fn a_step_while_the_source_is_asked_makes_it_be_asked_again() {
    for stepped in [1, 2] {
        let mut clock = simulated(Vec::new(), Duration::ZERO, false);
        Arc::get_mut(&mut clock.shared).unwrap().system.step = Some((stepped, STEP));
        let now = block_on(async {
            let first = clock.now().await.unwrap();
            if stepped == 1 {
                return first;
            }
            clock.shared.system.sleep(REFRESH).await;
            clock.now().await.unwrap()
        });
        let truth = clock.shared.system.true_time();
        assert!(
            now.interval.earliest <= later(truth, STEP)
                && later(truth, STEP) <= now.interval.latest
        );
        assert_eq!(clock.shared.system.reads(), stepped + 1);
    }
}

#[test]
fn a_report_says_how_often_the_clock_was_read_again() {
    for (step, restless, times) in [
        (None, false, None),
        (Some((1, STEP)), false, Some(1)),
        (None, true, Some(4)),
    ] {
        let mut clock = simulated(Vec::new(), Duration::ZERO, false);
        let system = &mut Arc::get_mut(&mut clock.shared).unwrap().system;
        (system.step, system.restless) = (step, restless);
        let report = block_on(clock.report(&Limits::default()));
        let found = report.warnings.iter().find_map(|warning| match warning {
            Warning::ReadAgain { times } => Some(*times),
            _ => None,
        });
        assert_eq!(found, times, "{step:?} {restless}");
    }
}

#[test]
fn a_step_too_small_to_be_taken_for_one_is_within_the_range() {
    let bound = Duration::from_micros(400);
    let mut clock = simulated(vec![Answer::Synchronized { bound }], Duration::ZERO, false);
    let step = Duration::from_millis(4);
    Arc::get_mut(&mut clock.shared).unwrap().system.step = Some((1, step));
    let now = block_on(clock.now()).unwrap();
    assert_eq!(clock.shared.system.reads(), 1);
    // Whether the clock was right before or is right now.
    let truth = clock.shared.system.true_time();
    assert!(now.interval.earliest <= truth && later(truth, step) <= now.interval.latest);

    let limits = |micros| Limits::default().with_max_error(Duration::from_micros(micros));
    assert!(block_on(clock.report(&limits(4_400))).is_good());
    assert!(!block_on(clock.report(&limits(4_399))).is_good());
}

#[test]
fn a_wall_clock_that_does_not_come_to_rest_is_an_error_of_its_own_kind() {
    let mut clock = simulated(Vec::new(), Duration::ZERO, false);
    Arc::get_mut(&mut clock.shared).unwrap().system.restless = true;
    let error = block_on(clock.reading()).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::ClockStepping);
    assert_eq!(clock.shared.system.reads(), 5);
    let not_good = block_on(clock.now()).unwrap_err();
    assert_eq!(not_good.reasons(), [Reason::ClockStepping]);
    let report = block_on(clock.report(&Limits::default()));
    assert_eq!(report.reasons, [Reason::ClockStepping]);
    assert_eq!(report.interval, None);
    assert!(!report.is_without_reading(), "there were readings");
}

#[test]
fn there_is_a_pause_after_each_step() {
    let mut clock = simulated(Vec::new(), Duration::ZERO, false);
    Arc::get_mut(&mut clock.shared).unwrap().system.restless = true;
    let _ = block_on(clock.now());
    let asked = clock.shared.system.asked.lock().unwrap();
    let pauses: Vec<Duration> = asked
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .collect();
    assert_eq!(pauses, [SHORTEST_REFRESH; 4]);
}

#[test]
fn what_is_acted_on_is_what_was_judged() {
    let bounds = [1, 300, 1, 300].map(|ms| Answer::Synchronized {
        bound: Duration::from_millis(ms),
    });
    let clock = simulated(bounds.to_vec(), Duration::ZERO, false);
    let limits = Limits::default().with_max_error(Duration::from_millis(5));
    block_on(async {
        for good in [true, false, true, false] {
            match clock.now_within(&limits).await {
                Ok(now) => assert!(
                    good && now.interval.latest - now.interval.earliest
                        <= TimeDelta::milliseconds(10)
                ),
                Err(not_good) => assert!(
                    !good && matches!(not_good.reasons(), [Reason::BoundOverLimit { .. }]),
                    "{not_good:?}"
                ),
            }
            clock.shared.system.sleep(REFRESH).await;
        }
    });

    let unknown = simulated(vec![Answer::BoundUnknown], Duration::ZERO, false);
    let not_good = block_on(unknown.now_within(&Limits::default())).unwrap_err();
    assert_eq!(not_good.reasons(), [Reason::BoundUnknown]);
}

#[test]
fn the_source_is_never_asked_within_100_ms() {
    let system = simulated(Vec::new(), Duration::ZERO, false).shared;
    let system = Arc::into_inner(system).unwrap().system;
    let clock = Cached::new(system, Duration::ZERO, DriftRate::DEFAULT);
    block_on(async {
        for _ in 0..100 {
            clock.now().await.unwrap();
            clock.shared.system.sleep(Duration::from_millis(10)).await;
        }
    });
    assert_eq!(clock.shared.system.reads(), 10);
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let clock = simulated(Vec::new(), Duration::ZERO, false);
    let mut now = std::pin::pin!(clock.now());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(outcome) = now.as_mut().poll(&mut context) else {
        panic!("it waits for what cannot come");
    };
    let Err(not_good) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        matches!(not_good.reasons(), [Reason::NoReading(error)] if error.kind == ReadErrorKind::NoRuntime)
    );
}

#[test]
fn there_is_a_present_only_for_a_synchronized_clock_with_a_bound() {
    let answers = vec![
        Answer::NotSynchronized,
        Answer::BoundUnknown,
        Answer::Failure,
    ];
    let clock = simulated(answers, Duration::ZERO, false);
    let expected = [
        Reason::NotSynchronized(SyncStatus::NotSynchronized),
        Reason::BoundUnknown,
        Reason::NoReading(ReadError::new(ReadErrorKind::Timeout, "none")),
    ];
    block_on(async {
        for reason in expected {
            let not_good = clock.now().await.unwrap_err();
            assert_eq!(not_good.reasons(), [reason]);
            clock.shared.system.sleep(REFRESH).await;
        }
        clock.now().await.unwrap();
    });
}

#[test]
fn moments_are_in_an_order_only_where_their_ranges_do_not_touch() {
    let at = |seconds: u64, bound: u64| Now {
        interval: TimeInterval::around(
            later(DateTime::UNIX_EPOCH, Duration::from_secs(seconds)),
            Duration::from_secs(bound),
        ),
    };
    assert!(at(10, 1).is_before(&at(13, 1)) && at(13, 1).is_after(&at(10, 1)));
    assert!(!at(10, 1).is_before(&at(12, 1)) && !at(12, 1).is_after(&at(10, 1)));
}
