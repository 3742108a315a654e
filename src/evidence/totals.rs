//! How long the clocks were in each state.

use std::collections::BTreeMap;
use std::mem::discriminant;

use super::state::{State, Unknown};

/// How long each state lasted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Totals(BTreeMap<State, Total>);

/// How long a state lasted, and in how many stretches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Total {
    pub ms: i64,
    pub stretches: u64,
}

impl Totals {
    pub(super) fn add(&mut self, state: State, total: Total) {
        let sum = self.0.entry(state).or_default();
        sum.ms += total.ms;
        sum.stretches += total.stretches;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (state, total) in &other.0 {
            self.add(*state, *total);
        }
    }

    /// All time, in milliseconds.
    pub(crate) fn span_ms(&self) -> i64 {
        self.0.values().map(|total| total.ms).sum()
    }

    /// All time in states of this kind: in the state unknown, whatever the reason.
    pub(crate) fn ms(&self, kind: State) -> i64 {
        let of_kind = |state: &State| discriminant(state) == discriminant(&kind);
        let states = self.0.iter().filter(|(state, _)| of_kind(state));
        states.map(|(_, total)| total.ms).sum()
    }

    /// All time in the state unknown.
    pub(crate) fn unknown_ms(&self) -> i64 {
        self.ms(State::Unknown(Unknown::AfterLastLine))
    }

    /// All time for which the limit is not proven.
    pub(crate) fn not_proven_ms(&self) -> i64 {
        self.span_ms() - self.ms(State::Within)
    }

    /// All time in which a clock was certainly not within the limit.
    pub(crate) fn broken_ms(&self) -> i64 {
        self.not_proven_ms() - self.ms(State::ReportedWithin) - self.unknown_ms()
    }

    /// The reasons for which nothing was known, in the order of a report.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = (Unknown, Total)> {
        let total = |why: &Unknown| Some((*why, *self.0.get(&State::Unknown(*why))?));
        Unknown::ALL.iter().filter_map(total)
    }
}
