//! Evidence: from the lines that sidecars wrote to a statement of what their clocks did. Pure.
//!
//! The data flows one way: a [`Line`] is read from a message, [`History`] keeps what counts of it, [`Timeline`] gives
//! every millisecond of a task one [`State`], and [`Statement`] sums up the tasks. [`text`], [`json`] and [`html`] show a
//! statement.
//!
//! A state is stated only if the lines prove it. Everything else is *unknown*, with its reason.
#![cfg(feature = "cli")]

mod claim;
mod history;
pub(crate) mod html;
mod incidents;
pub(crate) mod json;
mod line;
mod plot;
mod rules;
mod state;
mod statement;
pub(crate) mod text;
mod timeline;
mod totals;
mod window;

pub(crate) use self::history::{History, Reception};
pub(crate) use self::rules::Rules;
pub(crate) use self::statement::{Input, Statement};

#[cfg(test)]
mod tests;
