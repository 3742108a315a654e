//! Two clocks held against each other: whether one of them must be wrong. Pure.

use std::time::Duration;

use chrono::TimeDelta;

use super::exchange::{Exchange, LARGEST_MOVE};
use crate::reading::Reading;
use crate::time::{DriftRate, Moment, has_moved, magnitude};

/// Further apart than this, a reading and an exchange say nothing about each other.
const LARGEST_GAP: Duration = Duration::from_secs(5);
/// The most by which the kernel slews a clock, in parts per million: what a time daemon may have moved
/// it between the reading and the exchange.
const SLEW_PPM: u32 = 500;

/// A reading of the clock held against an exchange with an NTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrossCheck {
    /// Server minus clock: positive where the clock is behind.
    pub offset: TimeDelta,
    /// How far the true offset may be from `offset` if the server is right.
    pub distance: Duration,
    /// What follows for the reading.
    pub comparison: Comparison,
}

/// What a cross-check shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Both can be right: the ranges they give for true time have at least a point in common.
    Agree,
    /// They cannot both be right.
    Disagree,
    /// Nothing, for this reason.
    NotCompared(NotCompared),
}

/// Why a reading and an exchange could not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotCompared {
    /// The reading's clock is not synchronized, so it claims nothing.
    NotSynchronized,
    /// The reading has no bound.
    BoundUnknown,
    /// They lie over 5 s apart.
    TooFarApart,
    /// The wall clock was moved by a millisecond or more between them.
    ClockMoved,
}

impl CrossCheck {
    /// Holds a reading, with all that enlarges its bound since, against an exchange. They disagree if
    /// `|offset| > the reading's bound + its growth by drift + distance + 500 ppm × the time between`.
    #[must_use]
    pub fn new(reading: &Reading, exchange: &Exchange, drift: DriftRate) -> Self {
        Self {
            offset: exchange.offset,
            distance: exchange.distance,
            comparison: compare(reading, exchange, drift),
        }
    }

    /// Whether one of the two clocks must be wrong.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        self.comparison == Comparison::Disagree
    }
}

fn compare(reading: &Reading, exchange: &Exchange, drift: DriftRate) -> Comparison {
    if !reading.is_synchronized() {
        return Comparison::NotCompared(NotCompared::NotSynchronized);
    }
    let (first, last) = span(reading, exchange);
    let apart = last.since(&first);
    if apart > LARGEST_GAP {
        return Comparison::NotCompared(NotCompared::TooFarApart);
    }
    if has_moved(LARGEST_MOVE, &first, &last) {
        return Comparison::NotCompared(NotCompared::ClockMoved);
    }
    let Some(bound) = reading.bound_at(&last, drift) else {
        return Comparison::NotCompared(NotCompared::BoundUnknown);
    };
    let slewed = apart * SLEW_PPM / 1_000_000;
    let explained = bound
        .saturating_add(exchange.distance)
        .saturating_add(slewed);
    if magnitude(exchange.offset) > explained {
        Comparison::Disagree
    } else {
        Comparison::Agree
    }
}

/// From the earlier request to the later answer, whichever of the two came first.
fn span(reading: &Reading, exchange: &Exchange) -> (Moment, Moment) {
    let first = if exchange.requested.monotonic < reading.requested.monotonic {
        exchange.requested
    } else {
        reading.requested
    };
    let last = if exchange.taken.monotonic < reading.taken.monotonic {
        reading.taken
    } else {
        exchange.taken
    };
    (first, last)
}

#[cfg(test)]
mod tests;
