//! Exchanges with simulated servers and clocks, so that the truth is known.

mod refused;
mod world;

use std::time::Instant;

use proptest::prelude::*;

use self::world::world;
use super::*;
use crate::source::ntp::answer::{Answer, NONCE};
use crate::time::magnitude;

const SECOND: i64 = 1_000_000_000;

/// Nanoseconds after a certain moment.
fn at(nanoseconds: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-25T12:00:00Z".parse().unwrap();
    start + TimeDelta::nanoseconds(nanoseconds)
}

fn stamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_time(at(nanoseconds))
}

fn judged(answer: &Answer, requested: Moment, taken: Moment) -> Result<Exchange, ExchangeError> {
    let packet = Packet::parse(&answer.bytes(), NONCE).unwrap();
    Exchange::judge(&packet, requested, taken, DriftRate::DEFAULT)
}

/// An exchange in nanoseconds: sent at 0 by a clock that is right, received at `there`, answered at
/// `back`, received at `end`.
fn exchange(answer: Answer, there: i64, back: i64, end: u64) -> Result<Exchange, ExchangeError> {
    let start = Instant::now();
    let answer = Answer {
        receive: stamp(there),
        transmit: stamp(back),
        reference: stamp(0),
        ..answer
    };
    let requested = Moment::new(at(0), start);
    let elapsed = i64::try_from(end).unwrap();
    let taken = Moment::new(at(elapsed), start + Duration::from_nanos(end));
    judged(&answer, requested, taken)
}

#[test]
fn the_formula() {
    let perfect = Answer::default();
    let clocked = Answer {
        precision: -10,
        root_delay: 2 << 16,
        root_dispersion: 1 << 15,
        ..perfect
    };
    // What is always added: 3 µs, 23 µs, and the server's precision of 1 ns (2⁻³⁰ s).
    let least = 26_001;
    for (what, answer, there, back, end, offset, distance) in [
        ("at once", perfect, 0, 0, 0, 0, least),
        (
            // Half of 10 ms, and 10 ms × 15 ppm.
            "10 ms there and back",
            perfect,
            5_000_000,
            5_000_000,
            10_000_000,
            0,
            least + 5_000_000 + 150,
        ),
        (
            "all of it on the way there, which the client cannot know",
            perfect,
            10_000_000,
            10_000_000,
            10_000_000,
            5_000_000,
            least + 5_000_000 + 150,
        ),
        (
            "the time at the server does not count",
            perfect,
            1_000_000,
            9_000_000,
            10_000_000,
            0,
            least + 1_000_000 + 150,
        ),
        (
            "a server that is ahead",
            perfect,
            2 * SECOND,
            2 * SECOND,
            1_000_000,
            2 * SECOND - 500_000,
            least + 500_000 + 15,
        ),
        (
            "a server that was adjusted by less than a millisecond",
            perfect,
            0,
            1_900_000,
            1_000_000,
            450_000,
            least + 15,
        ),
        (
            // 1 s of delay, 0.5 s of dispersion, and 2⁻¹⁰ s instead of 1 ns.
            "the server's own distance",
            clocked,
            0,
            0,
            0,
            0,
            26_000 + 1_500_000_000 + 976_563,
        ),
    ] {
        let exchange = exchange(answer, there, back, end).unwrap();
        let off = exchange.offset - TimeDelta::nanoseconds(offset);
        assert!(off.abs() <= TimeDelta::nanoseconds(2), "{what}: {off}");
        // The packet's timestamps are rounded.
        let off = exchange.distance.as_nanos().abs_diff(distance);
        assert!(off <= 2, "{what}: {:?}", exchange.distance);
        assert_eq!(
            exchange.bound(),
            magnitude(exchange.offset) + exchange.distance,
            "{what}"
        );
    }
}

#[test]
fn every_part_is_rounded_up() {
    let ns = Duration::from_nanos;
    for (halved, expected) in [(0, 0), (1, 1), (2, 1), (3, 2)] {
        assert_eq!(half(ns(halved)), ns(expected), "{halved}");
    }
    for (units, expected) in [
        (0, 0),
        (1, 15_259),
        (1 << 15, 500_000_000),
        (1 << 16, 1_000_000_000),
    ] {
        assert_eq!(seconds_16(units), ns(expected), "{units}");
    }
    for (exponent, expected) in [
        (-128, 1),
        (-31, 1),
        (-29, 2),
        (-1, 500_000_000),
        (0, 1_000_000_000),
    ] {
        assert_eq!(power_of_two(exponent), ns(expected), "{exponent}");
    }
}

#[test]
fn what_the_first_read_of_the_clocks_leaves_open_widens_it() {
    let packet = Packet::parse(&Answer::default().bytes(), NONCE).unwrap();
    let start = Instant::now();
    let requested = Moment::new(at(0), start);
    let taken = Moment::new(at(SECOND), start + Duration::from_secs(1));
    let distance = |requested| {
        let judged = Exchange::judge(&packet, requested, taken, DriftRate::DEFAULT);
        judged.unwrap().distance
    };
    // Half of it since the request may have been sent earlier, half since the wall clock may have moved.
    let width = Duration::from_micros(200);
    let widened = distance(requested.read_within(width));
    assert!(widened >= distance(requested) + width, "{widened:?}");
}

#[test]
fn more_drift_widens_it_and_less_does_not_narrow_it() {
    let packet = Packet::parse(&Answer::default().bytes(), NONCE).unwrap();
    let start = Instant::now();
    let requested = Moment::new(at(0), start);
    let taken = Moment::new(at(SECOND), start + Duration::from_secs(1));
    let distance = |ppm| {
        let drift = DriftRate::from_ppm(ppm).unwrap();
        Exchange::judge(&packet, requested, taken, drift)
            .unwrap()
            .distance
    };
    assert_eq!(distance(100), distance(15) + Duration::from_micros(85));
    assert_eq!(distance(1), distance(15));
}

#[test]
fn a_clock_that_is_an_era_off_is_not_called_right() {
    // 68 years are half an era: the two differences of the textbook formula would have opposite signs.
    for away in [TimeDelta::seconds(1 << 31), TimeDelta::seconds(-(1 << 31))] {
        let start = Instant::now();
        let wall = at(0) + away - TimeDelta::milliseconds(5);
        let answer = Answer {
            receive: stamp(0),
            transmit: stamp(0),
            reference: Timestamp(0),
            ..Answer::default()
        };
        let requested = Moment::new(wall, start);
        let taken = Moment::new(
            wall + TimeDelta::milliseconds(10),
            start + Duration::from_millis(10),
        );
        let exchange = judged(&answer, requested, taken).unwrap();
        assert!(exchange.bound() > Duration::from_secs(1 << 30));
        let reading = exchange.reading();
        assert_eq!(
            reading.bound_when_taken(),
            Some(exchange.bound()),
            "of any size"
        );
        assert_eq!(reading.status, SyncStatus::NotSynchronized);
    }
}

#[test]
fn a_reading_has_the_bound_and_the_reference_of_the_exchange() {
    let exchange = exchange(Answer::default(), 1_000_000, 1_000_000, 1_000_000).unwrap();
    let reading = exchange.reading();
    assert_eq!(reading.offset, Some(exchange.clock_offset()));
    assert_eq!(reading.source, ClockSource::Ntp);
    assert!(reading.is_synchronized());
    assert_eq!(reading.bound.unwrap().as_duration(), exchange.bound());
    assert_eq!(reading.requested, exchange.requested);
    assert_eq!(reading.taken, exchange.taken);
    let off = reading.reference.unwrap() - at(0);
    assert!(off.abs() <= TimeDelta::nanoseconds(2), "{off}");
}

proptest! {
    /// For any delays, errors and drift: the server was where the exchange says, and true
    /// time is within the bound.
    #[test]
    fn the_truth_lies_in_the_range(world in world()) {
        let exchange = match world.exchange() {
            Err(ExchangeError::Implausible(what)) if world.may_seem(what) => return Ok(()),
            outcome => outcome.unwrap(),
        };
        let true_offset = TimeDelta::nanoseconds(-world.clock_error);
        let off = magnitude(true_offset - exchange.offset);
        prop_assert!(off <= exchange.distance, "{off:?} of {exchange:?}");
        prop_assert!(exchange.bound() >= magnitude(true_offset));
    }

    #[test]
    fn no_packet_makes_it_panic(mut bytes: [u8; 48], elapsed in any::<u32>(), moved in -2_000_000..2_000_000_i64) {
        bytes[0] = 0x24;
        bytes[24..32].copy_from_slice(&NONCE.0.to_be_bytes());
        let packet = Packet::parse(&bytes, NONCE).unwrap();
        let start = Instant::now();
        let requested = Moment::new(at(0), start);
        let taken = Moment::new(
            at(i64::from(elapsed)) + TimeDelta::nanoseconds(moved),
            start + Duration::from_nanos(elapsed.into()),
        );
        if let Ok(exchange) = Exchange::judge(&packet, requested, taken, DriftRate::DEFAULT) {
            let _ = exchange.reading();
        }
    }
}
