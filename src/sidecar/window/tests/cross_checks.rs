//! Tests how cross-checks are counted, and what a line on which they are alone is like.

use super::*;
use crate::source::Exchange;
use crate::time::DriftRate;

/// What a server that sees the clock off by so much says about a reading with a bound of 1 ms.
fn check(time: i64, status: SyncStatus, off_ms: i64) -> CrossCheck {
    let mut reading = Reading::new(ClockSource::Ecs, moment(time), moment(time));
    reading.status = status;
    reading.bound = crate::time::ErrorBound::from_millis(1.0).ok();
    let exchange = Exchange {
        offset: TimeDelta::milliseconds(off_ms),
        distance: Duration::ZERO,
        reference: None,
        is_near_leap_second: false,
        requested: moment(time),
        taken: moment(time),
    };
    CrossCheck::new(&reading, &exchange, DriftRate::DEFAULT)
}

#[test]
fn cross_checks_are_counted_and_the_first_two_are_kept() {
    use SyncStatus::{NotSynchronized, Synchronized};
    let mut collector = collector(false);
    let checks = [
        check(1_000, Synchronized, 2),
        check(2_000, Synchronized, 1),
        check(3_000, NotSynchronized, 0),
        check(4_000, Synchronized, -3),
        check(5_000, NotSynchronized, 9),
    ];
    for (time, check) in (1..).zip(checks) {
        assert_eq!(collector.cross_check(check, &moment(time * 1_000)), None);
    }
    let refused = ReadError::new(ReadErrorKind::NtpOrigin, "");
    let closed = collector.cross_check_failed(&refused, &moment(6_000));
    assert_eq!(closed, None);

    // The line ends with the minute, also if the next thing to report is a cross-check.
    let closed = collector.cross_check(checks[1], &moment(60_000)).unwrap();
    assert_eq!(summary(&closed), (0, 0, 1_000, false));
    let window = closed.window;
    assert_eq!(window.cross_checks, checks[..2]);
    assert_eq!((window.disagreements, window.cross_check_errors), (2, 3));
    assert_eq!(window.cross_check_error, Some("ntp_origin"));

    let next = collector
        .cross_check_failed(&refused, &moment(120_000))
        .unwrap();
    assert_eq!(next.window.disagreements, 0);
    assert_eq!(next.window.cross_checks, [checks[1]]);
    assert_eq!(next.window.cross_check_error, None);
}

#[test]
fn the_last_line_of_a_sidecar_has_what_its_window_has() {
    let window = Window::empty(ClockSource::Kernel, at(5_000));
    assert!(!window.stopping);
    let last = window.clone().stopping();
    assert!(last.stopping);
    let same = Window {
        stopping: false,
        ..last
    };
    assert_eq!(same, window);
}
