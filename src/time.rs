//! Pure time: how far a clock may be off, moments on the machine's clocks, steps, and how times are written.
#![cfg(feature = "clock")]

mod bound;
mod format;
mod interval;
mod moment;
mod raw_clock;
mod step;
mod wall_clocks;
mod wall_history;

pub(crate) use self::format::signed_milliseconds;
#[cfg(feature = "cli")]
pub(crate) use self::format::{
    rfc3339_exact, rfc3339_of_milliseconds, rfc3339_of_seconds, two_units, unix_micros_up,
};
#[cfg(test)]
pub(crate) use self::moment::{earlier, later};
pub use self::{
    bound::{DriftRate, ErrorBound, InvalidBound},
    interval::TimeInterval,
    moment::Moment,
};
pub(crate) use self::{
    format::{age_seconds, milliseconds, rfc3339, rfc3339_up},
    moment::magnitude,
    step::{ClockStep, StepDetector, has_moved, step_between},
    wall_clocks::WallClocks,
    wall_history::WallHistory,
};
