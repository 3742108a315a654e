//! Pure time: how far a clock may be off, moments on two clocks, and steps between them.
#![cfg(feature = "clock")]

mod bound;
mod moment;
mod step;

#[cfg(test)]
pub(crate) use self::moment::{earlier, later};
pub use self::{
    bound::{DriftRate, ErrorBound, InvalidBound},
    moment::{Moment, TimeInterval},
};
pub(crate) use self::{
    bound::{age_seconds, milliseconds},
    moment::{magnitude, signed_milliseconds},
    step::{ClockStep, StepDetector, has_moved, step_between},
};
