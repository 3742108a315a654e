//! Implausible answers and void exchanges.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::{SECOND, at, judged, stamp};
use crate::source::ntp::answer::Answer;
use crate::source::ntp::error::{ExchangeError, Implausible};
use crate::time::Moment;

#[test]
fn what_cannot_be_is_refused() {
    use Implausible::{
        LongerThanExchange, NoReceiveTime, NoTransmitTime, Precision, ReferenceAfterTransmit,
        RootDistance, TransmitBeforeReceive,
    };
    let good = Answer {
        reference: stamp(0),
        receive: stamp(SECOND),
        transmit: stamp(SECOND + 5_000_000),
        ..Answer::default()
    };
    let refused = |answer: Answer| {
        let start = Instant::now();
        let requested = Moment::new(at(SECOND), start);
        let taken = Moment::new(at(SECOND + 10_000_000), start + Duration::from_millis(10));
        match judged(&answer, requested, taken) {
            Ok(_) => None,
            Err(ExchangeError::Implausible(what)) => Some(what),
            Err(other) => panic!("{other}"),
        }
    };
    for (change, what) in [
        ((|_| ()) as fn(&mut Answer), None),
        (|answer| answer.reference.0 = 0, None),
        (|answer| answer.reference = answer.transmit, None),
        (
            |answer| answer.reference.0 = answer.transmit.0 + 5,
            Some(ReferenceAfterTransmit),
        ),
        (|answer| answer.receive.0 = 0, Some(NoReceiveTime)),
        (|answer| answer.transmit.0 = 0, Some(NoTransmitTime)),
        (
            |answer| answer.receive.0 = answer.transmit.0 + 5,
            Some(TransmitBeforeReceive),
        ),
        // The exchange takes 10 ms.
        (|answer| answer.transmit = stamp(SECOND + 11_000_000), None),
        (
            |answer| answer.transmit = stamp(SECOND + 11_000_100),
            Some(LongerThanExchange),
        ),
        (|answer| answer.root_dispersion = (16 << 16) - 1, None),
        (
            |answer| answer.root_dispersion = 16 << 16,
            Some(RootDistance),
        ),
        (
            |answer| answer.root_dispersion = u32::MAX,
            Some(RootDistance),
        ),
        (|answer| answer.root_delay = (32 << 16) - 1, None),
        (|answer| answer.root_delay = 32 << 16, Some(RootDistance)),
        (|answer| answer.root_delay = u32::MAX, Some(RootDistance)),
        (|answer| answer.precision = 3, None),
        (|answer| answer.precision = 4, Some(Precision)),
        (|answer| answer.precision = i8::MAX, Some(Precision)),
        (|answer| answer.precision = i8::MIN, None),
    ] {
        let mut answer = good;
        change(&mut answer);
        assert_eq!(refused(answer), what, "{answer:?}");
    }
}

#[test]
fn a_wall_clock_that_moves_by_a_millisecond_makes_it_void() {
    let answer = Answer::default();
    for (moved_us, is_void) in [
        (0, false),
        (999, false),
        (1_000, true),
        (-999, false),
        (-1_000, true),
    ] {
        let start = Instant::now();
        let requested = Moment::new(at(0), start);
        let taken = Moment::new(at(0) + TimeDelta::microseconds(moved_us), start);
        let outcome = judged(&answer, requested, taken);
        assert_eq!(
            matches!(outcome, Err(ExchangeError::ClockMoved(_))),
            is_void,
            "{moved_us}: {outcome:?}"
        );
    }
}
