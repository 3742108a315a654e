//! Compares a reading with an NTP exchange: whether one of the two must be wrong. Pure.

use std::time::Duration;

use super::exchange::{Exchange, LARGEST_MOVE};
use crate::reading::{ClockOffset, Reading};
use crate::text::names;
use crate::time::{DriftRate, Moment, has_moved, magnitude};

/// A reading and an exchange that are further apart cannot be compared.
const LARGEST_GAP: Duration = Duration::from_secs(5);
/// The fastest slew of the kernel, in parts per million: a time daemon may have moved the clock by as much between
/// the reading and the exchange.
const SLEW_PPM: u32 = 500;

/// A reading of the clock, compared with an exchange with an NTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrossCheck {
    /// Server minus clock, with the largest error if the server is right.
    pub offset: ClockOffset,
    /// The result of the comparison.
    pub comparison: Comparison,
}

/// The result of a cross-check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comparison {
    /// Both can be right: their ranges of true time overlap.
    Agree,
    /// They cannot both be right.
    Disagree,
    /// The two cannot be compared, for this reason.
    NotCompared(NotCompared),
}

names! {
    /// Why a reading and an exchange could not be compared.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum NotCompared {
        /// The clock is not synchronized, so the reading makes no claim.
        NotSynchronized = "not_synchronized" => "the clock is not synchronized, so it claims nothing",
        /// The reading has no bound.
        BoundUnknown = "bound_unknown" => "the clock's error bound is unknown",
        /// The two are over 5 s apart.
        TooFarApart = "too_far_apart" => "the reading and the exchange are over 5 s apart",
        /// The wall clock was moved by a millisecond or more between them.
        ClockMoved = "clock_moved" => "the wall clock was moved between the reading and the exchange",
    }
}

impl CrossCheck {
    /// Compares a reading with an exchange. They disagree if
    /// `|offset| > the reading's bound + its growth by drift + distance + 500 ppm × the time between`.
    #[must_use]
    pub fn new(reading: &Reading, exchange: &Exchange, drift: DriftRate) -> Self {
        Self {
            offset: exchange.clock_offset(),
            comparison: compare(reading, exchange, drift),
        }
    }

    /// Whether the two can both be right; `None` if they could not be compared.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        match self.comparison {
            Comparison::Agree => Some(true),
            Comparison::Disagree => Some(false),
            Comparison::NotCompared(_) => None,
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

/// From the earlier request to the later answer.
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
