//! Pairs of a reading and an exchange with known errors.

use std::time::Instant;

use chrono::DateTime;
use proptest::prelude::*;

use chrono::TimeDelta;

use super::*;
use crate::reading::{ClockSource, SyncStatus};
use crate::time::ErrorBound;

/// A reading and, after it, an exchange; times in microseconds.
#[derive(Debug, Clone, Copy)]
struct Pair {
    status: SyncStatus,
    bound: Option<u64>,
    offset: i64,
    distance: u64,
    /// From the request of the reading to the answer of the exchange.
    apart: u64,
    /// By how much the wall clock is moved in between.
    moved: i64,
}

/// A clock that is correct to a tenth of a millisecond according to both.
const RIGHT: Pair = Pair {
    status: SyncStatus::Synchronized,
    bound: Some(100),
    offset: 0,
    distance: 100,
    apart: 0,
    moved: 0,
};

impl Pair {
    fn compared(&self) -> Comparison {
        let start = Instant::now();
        let moment = |after: u64, moved: i64| {
            let elapsed = i64::try_from(after).unwrap();
            Moment::new(
                DateTime::UNIX_EPOCH + TimeDelta::microseconds(elapsed + moved),
                start + Duration::from_micros(after),
            )
        };
        let mut reading = Reading::new(ClockSource::Ecs, moment(0, 0), moment(0, 0));
        reading.status = self.status;
        reading.bound = self
            .bound
            .map(|bound| ErrorBound::from_micros(bound).unwrap());
        let exchange = Exchange {
            offset: TimeDelta::microseconds(self.offset),
            distance: Duration::from_micros(self.distance),
            reference: None,
            is_near_leap_second: false,
            requested: moment(self.apart, self.moved),
            taken: moment(self.apart, self.moved),
        };
        CrossCheck::new(&reading, &exchange, DriftRate::DEFAULT).comparison
    }
}

/// [`RIGHT`] with this change.
fn with(change: fn(&mut Pair)) -> Pair {
    let mut pair = RIGHT;
    change(&mut pair);
    pair
}

#[test]
fn who_lies() {
    use Comparison::{Agree, Disagree};
    let later = |offset| Pair {
        offset,
        apart: 1_000_000,
        ..RIGHT
    };
    for (what, pair, comparison) in [
        ("both are right", RIGHT, Agree),
        (
            "the endpoint lies",
            with(|pair| pair.offset = 500_000),
            Disagree,
        ),
        ("so it does", with(|pair| pair.offset = -500_000), Disagree),
        // The comparison cannot show which of the two is wrong.
        (
            "the NTP server lies",
            with(|pair| pair.offset = -2_000_000),
            Disagree,
        ),
        (
            "the ranges just touch",
            with(|pair| pair.offset = 200),
            Agree,
        ),
        ("on the other side", with(|pair| pair.offset = -200), Agree),
        (
            "the ranges just miss",
            with(|pair| pair.offset = 201),
            Disagree,
        ),
        (
            "on the other side",
            with(|pair| pair.offset = -201),
            Disagree,
        ),
        // After a second the bound has grown by 15 µs, and 500 µs may have been slewed.
        ("the ranges just touch a second later", later(715), Agree),
        ("the ranges just miss a second later", later(716), Disagree),
        (
            "a server far away that may be right",
            with(|pair| (pair.offset, pair.distance) = (80_000, 90_000)),
            Agree,
        ),
        (
            "a clock that admits to be off",
            with(|pair| (pair.offset, pair.bound) = (500_000, Some(600_000))),
            Agree,
        ),
        (
            "a small move counts for the clock",
            with(|pair| (pair.offset, pair.moved) = (1_199, -999)),
            Agree,
        ),
        (
            "just near enough",
            with(|pair| (pair.offset, pair.apart) = (500_000, 5_000_000)),
            Disagree,
        ),
    ] {
        assert_eq!(pair.compared(), comparison, "{what}");
    }
}

#[test]
fn what_is_not_compared() {
    use NotCompared::{BoundUnknown, ClockMoved, NotSynchronized, TooFarApart};
    for (why, change) in [
        (ClockMoved, (|pair| pair.moved = 1_000) as fn(&mut Pair)),
        (ClockMoved, |pair| pair.moved = -1_000),
        (TooFarApart, |pair| pair.apart = 5_000_001),
        (NotSynchronized, |pair| {
            pair.status = SyncStatus::NotSynchronized;
        }),
        (NotSynchronized, |pair| pair.status = SyncStatus::Unknown),
        (BoundUnknown, |pair| pair.bound = None),
    ] {
        let mut pair = with(change);
        pair.offset = 500_000;
        assert_eq!(pair.compared(), Comparison::NotCompared(why));
    }
}

proptest! {
    /// Two correct ones never disagree: true time is in both ranges, and the slew is within a daemon's limit.
    #[test]
    fn two_that_are_right_never_disagree(
        bound in 0_u64..1_000_000,
        distance in 0_u64..1_000_000,
        in_bound in -1.0..=1.0_f64,
        in_distance in -1.0..=1.0_f64,
        apart in 0_u64..6_000_000,
        slewed in -500.0..=500.0_f64,
        moved in -2_000_i64..2_000,
    ) {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a few seconds in microseconds"
        )]
        let part = |whole: u64, part: f64| (whole as f64 * part).trunc() as i64;
        // True time minus clock, first as the reading admits, then as slewing and moves leave it.
        let truth = part(bound, in_bound) - part(apart, slewed / 1e6) - moved;
        let pair = Pair { bound: Some(bound), distance, offset: truth + part(distance, in_distance), apart, moved, ..RIGHT };
        prop_assert_ne!(pair.compared(), Comparison::Disagree);
    }
}
