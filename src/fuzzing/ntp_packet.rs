//! An NTP server's datagram.
//!
//! The bytes are a nonce, how long the exchange took, how far the wall clock moved meanwhile, and the datagram. The
//! same bytes also describe a world with a truthful server, in which the bound must hold.

use std::time::Duration;

use super::entry::{ntp_exchange, ntp_request, sample_of_exchange};
use crate::{DriftRate, ErrorBound, Exchange, Moment, ReadErrorKind, SyncStatus};
use arbitrary::Unstructured;
use chrono::TimeDelta;

use super::{assert_presentable, moment, time};

/// When the request is sent, on a correct clock.
const SENT: &str = "2026-11-22T12:00:00.125Z";
/// 2^-32 s in a second.
const UNIT: i128 = 1 << 32;

pub(super) fn check(bytes: &[u8]) {
    let _ = check_datagram(&mut Unstructured::new(bytes));
    let _ = check_honest_world(&mut Unstructured::new(bytes));
}

fn check_datagram(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let nonce: u64 = input.arbitrary()?;
    let elapsed = Duration::from_nanos(input.int_in_range(0..=3_000_000_000)?);
    let moved = TimeDelta::nanoseconds(input.arbitrary::<i32>()?.into());
    // Most datagrams should pass the check of the origin.
    let is_answer = input.ratio(3, 4)?;
    let mut datagram = input.bytes(input.len())?.to_vec();
    if is_answer && let Some(origin) = datagram.get_mut(24..32) {
        origin.copy_from_slice(&nonce.to_be_bytes());
    }
    check_request(nonce);

    let sent = time(SENT);
    let requested = moment(sent, Duration::ZERO);
    let taken = moment(sent + elapsed + moved, elapsed);
    let outcome = ntp_exchange(&datagram, nonce, [requested, taken], DriftRate::DEFAULT);
    match &outcome {
        Ok(exchange) => check_exchange(exchange, &datagram, nonce, [requested, taken]),
        Err(error) => {
            assert!(error.kind.as_str().starts_with("ntp_"), "{error}");
            assert_presentable(error);
        }
    }
    if datagram.get(24..32) != Some(&nonce.to_be_bytes()) || datagram.len() < 48 {
        let kind = outcome.as_ref().map_err(|error| error.kind);
        assert!(
            matches!(
                kind,
                Err(ReadErrorKind::NtpOrigin | ReadErrorKind::NtpPacket)
            ),
            "{kind:?}"
        );
    }
    if moved.abs() >= TimeDelta::milliseconds(1) {
        assert!(outcome.is_err(), "the wall clock moved by {moved}");
    }
    check_sample(outcome);
    Ok(())
}

/// Checks that the request contains only the nonce.
fn check_request(nonce: u64) {
    let request = ntp_request(nonce);
    assert_eq!(request[0], 4 << 3 | 3);
    assert!(request[1..40].iter().all(|byte| *byte == 0));
    assert_eq!(request[40..], nonce.to_be_bytes());
    // Returned unchanged, it is not an answer.
    let now = moment(time(SENT), Duration::ZERO);
    assert!(ntp_exchange(&request, nonce, [now, now], DriftRate::DEFAULT).is_err());
}

/// Checks that an accepted answer is valid, and that its bound is not below what its fields give.
fn check_exchange(
    exchange: &Exchange,
    datagram: &[u8],
    nonce: u64,
    [requested, taken]: [Moment; 2],
) {
    let four = |at: usize| u32::from_be_bytes(datagram[at..at + 4].try_into().expect("4 bytes"));
    let eight = |at: usize| u64::from_be_bytes(datagram[at..at + 8].try_into().expect("8 bytes"));
    assert_eq!(eight(24), nonce);
    assert_eq!(datagram[0] & 7, 4, "mode");
    assert!((3..=4).contains(&(datagram[0] >> 3 & 7)), "version");
    assert_ne!(datagram[0] >> 6, 3, "leap");
    assert!((1..=15).contains(&datagram[1]), "stratum");

    let (receive, transmit) = (eight(32), eight(40));
    assert!(receive != 0 && transmit != 0);
    let at_server = nanoseconds(transmit.wrapping_sub(receive).cast_signed());
    assert!(at_server >= -1, "answered before it was asked");
    let elapsed = i128::try_from(taken.since(&requested).as_nanos()).expect("3 s");
    let distance = i128::try_from(exchange.distance.as_nanos()).expect("seconds");
    let root = (i128::from(four(8)) + i128::from(four(4)) / 2) * 1_000_000_000 / 65_536;
    assert!(root < 16_000_000_000);
    assert!(
        distance >= root + (elapsed - at_server).max(0) / 2,
        "{exchange:?}"
    );
    let offset = i128::from(exchange.offset.num_nanoseconds().expect("68 years"));
    let bound = i128::try_from(exchange.bound().as_nanos()).expect("years");
    assert_eq!(bound, offset.abs() + distance);

    // ((T2 - T1) + (T3 - T4)) / 2, in whole nanoseconds from T1 on.
    let t1 = to_ntp(requested);
    let there = nanoseconds(receive.wrapping_sub(t1).cast_signed());
    let wall = i128::from(
        (taken.wall - requested.wall)
            .num_nanoseconds()
            .expect("seconds"),
    );
    assert!(
        (offset - (there + (there + at_server - wall)) / 2).abs() <= 4,
        "{exchange:?}"
    );
    let reference = exchange
        .reference
        .map(|reference| (reference - taken.wall).num_days().abs() <= 69 * 366);
    assert_eq!(reference, (eight(16) != 0).then_some(true));
}

/// An exchange is a reading with a bound of any size. It is synchronized unless it proves that the clock is
/// over 128 ms off, or over a second near a leap second.
fn check_sample(outcome: Result<Exchange, crate::ReadError>) {
    let sample = sample_of_exchange(outcome.clone());
    assert_eq!(sample.withheld, []);
    match (&sample.outcome, outcome) {
        (Err(error), Err(given)) => assert_eq!(error, &given),
        (Ok(reading), Ok(exchange)) => {
            let bound = exchange.bound();
            assert_eq!(
                reading.bound.map(ErrorBound::as_duration),
                Some(bound).filter(|bound| *bound <= ErrorBound::MAX)
            );
            assert!(reading.bound_when_taken().expect("of any size") >= bound);
            let limit = Duration::from_millis(if exchange.is_near_leap_second {
                1_000
            } else {
                128
            });
            let is_too_large = bound.saturating_sub(exchange.distance * 2) > limit;
            assert_eq!(reading.is_synchronized(), !is_too_large, "{exchange:?}");
            assert_ne!(reading.status, SyncStatus::Unknown);
        }
        (sample, outcome) => panic!("{sample:?} of {outcome:?}"),
    }
}

/// For any clock, path and server: as long as the server is as close to true time as it claims, the bound
/// covers how far the clock is off.
fn check_honest_world(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let nonce: u64 = input.arbitrary()?;
    // All in nanoseconds of true time.
    let ahead: i64 = input.int_in_range(-80_000_000_000_000..=80_000_000_000_000)?;
    let there: i64 = input.int_in_range(0..=1_000_000_000)?;
    let at_server: i64 = input.int_in_range(0..=1_000_000_000)?;
    let back: i64 = input.int_in_range(0..=1_000_000_000)?;
    let (delay, dispersion): (u16, u16) = (input.arbitrary()?, input.arbitrary()?);
    let largest = (i64::from(delay) / 2 + i64::from(dispersion)) * 1_000_000_000 / 65_536;
    let server_ahead = input.int_in_range(-largest..=largest)?;
    let precision = input.int_in_range(-32_i8..=-10)?;

    let true_start = time(SENT);
    let server = |at: i64| {
        to_ntp(moment(
            true_start + TimeDelta::nanoseconds(at + server_ahead),
            Duration::ZERO,
        ))
    };
    let (receive, transmit) = (server(there), server(there + at_server));
    let packet = Packet {
        precision,
        root_delay: delay.into(),
        root_dispersion: dispersion.into(),
        reference: receive.wrapping_sub(60 << 32),
        origin: nonce,
        receive,
        transmit,
    };
    let elapsed = Duration::from_nanos((there + at_server + back).unsigned_abs());
    let clock = true_start + TimeDelta::nanoseconds(ahead);
    let moments = [
        moment(clock, Duration::ZERO),
        moment(clock + elapsed, elapsed),
    ];
    let exchange = ntp_exchange(&packet.bytes(), nonce, moments, DriftRate::DEFAULT);
    let exchange = exchange.unwrap_or_else(|error| panic!("an honest answer is refused: {error}"));
    let off = Duration::from_nanos(ahead.unsigned_abs());
    assert!(exchange.bound() >= off, "{off:?} off, {exchange:?}");
    // The range of the offset contains the true one.
    let miss = i128::from(exchange.offset.num_nanoseconds().expect("days")) + i128::from(ahead);
    assert!(
        miss.unsigned_abs() <= exchange.distance.as_nanos(),
        "{miss} ns, {exchange:?}"
    );
    check_sample(Ok(exchange));
    Ok(())
}

/// The fields of an answer, as RFC 5905 has them.
struct Packet {
    precision: i8,
    root_delay: u32,
    root_dispersion: u32,
    reference: u64,
    origin: u64,
    receive: u64,
    transmit: u64,
}

impl Packet {
    fn bytes(&self) -> Vec<u8> {
        let times =
            [self.reference, self.origin, self.receive, self.transmit].map(u64::to_be_bytes);
        let head = [4 << 3 | 4, 2, 6, self.precision.cast_unsigned()];
        let root = [
            self.root_delay.to_be_bytes(),
            self.root_dispersion.to_be_bytes(),
        ]
        .concat();
        [head.as_slice(), &root, &[192, 0, 2, 1], &times.concat()].concat()
    }
}

/// A wall-clock time as an NTP timestamp of any era.
fn to_ntp(at: Moment) -> u64 {
    let seconds = i128::from(at.wall.timestamp()) + 2_208_988_800;
    let fraction = i128::from(at.wall.timestamp_subsec_nanos()) * UNIT / 1_000_000_000;
    (seconds * UNIT + fraction) as u64
}

/// A difference of two NTP times in nanoseconds, rounded down.
fn nanoseconds(units: i64) -> i128 {
    (i128::from(units) * 1_000_000_000).div_euclid(UNIT)
}
