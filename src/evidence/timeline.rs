//! Assigns every millisecond of a task exactly one state.

use std::collections::BTreeMap;

use super::claim::{Claim, Claims};
use super::history::Process;
use super::rules::Rules;
use super::state::{State, Unknown};
use super::window::Window;

/// A stretch of time in one state, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub from_ms: i64,
    pub to_ms: i64,
    pub state: State,
}

/// The stretches of a task, one after the other without gap or overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Timeline {
    pub segments: Vec<Segment>,
}

impl Timeline {
    /// The time line of a task between two moments, and the claims behind it.
    pub(super) fn of_task(processes: &[Process], rules: &Rules, end_ms: i64) -> (Self, Vec<Claim>) {
        let windows = processes.iter().flat_map(|process| &process.windows);
        let ends = windows.map(|window| window.end_ms);
        let first = ends.clone().min().unwrap_or(i64::MIN);
        let last = ends.max().unwrap_or(i64::MAX);
        let claims = processes
            .iter()
            .flat_map(|process| Claims::of_process(process, rules));
        let mut claims: Vec<Claim> = claims
            .map(|claim| match claim.state {
                State::Unknown(Unknown::BeforeFirstLine) => claim,
                // How far a clock was set back does not make a task's time longer.
                _ => Claim {
                    from_ms: claim.from_ms.max(first),
                    to_ms: claim.to_ms.min(last),
                    ..claim
                },
            })
            .collect();
        claims.extend(between(processes));
        claims.extend(after(processes, end_ms));
        let start = rules.from_ms.unwrap_or(i64::MIN);
        claims.retain_mut(|claim| {
            claim.from_ms = claim.from_ms.max(start);
            claim.to_ms = claim.to_ms.min(end_ms);
            claim.from_ms < claim.to_ms
        });
        (Self::of_claims(&claims), claims)
    }

    /// Gives each moment the worst state that is claimed for it, from the first claim to the last one.
    fn of_claims(claims: &[Claim]) -> Self {
        let mut edges: Vec<(i64, State, bool)> = Vec::with_capacity(2 * claims.len());
        for claim in claims {
            edges.push((claim.from_ms, claim.state, true));
            edges.push((claim.to_ms, claim.state, false));
        }
        // Beginnings first, so that no count falls below zero.
        edges.sort_unstable_by_key(|(at, _, begins)| (*at, !begins));
        let mut timeline = Self::default();
        let mut open: BTreeMap<State, usize> = BTreeMap::new();
        for pair in edges.windows(2) {
            let [(at, state, begins), (next, ..)] = pair else {
                continue;
            };
            let count = open.entry(*state).or_default();
            *count = if *begins { *count + 1 } else { *count - 1 };
            if *count == 0 {
                open.remove(state);
            }
            // No line covers the time between two claims.
            let worst = open.keys().next_back().copied();
            let state = worst.unwrap_or(State::Unknown(Unknown::LostLine));
            timeline.push(*at, *next, state);
        }
        timeline
    }

    fn push(&mut self, from_ms: i64, to_ms: i64, state: State) {
        if from_ms >= to_ms {
            return;
        }
        match self.segments.last_mut() {
            Some(last) if last.state == state => last.to_ms = to_ms,
            _ => self.segments.push(Segment {
                from_ms,
                to_ms,
                state,
            }),
        }
    }
}

/// From the last line of a process to the first line of the next one.
fn between(processes: &[Process]) -> impl Iterator<Item = Claim> {
    processes.windows(2).filter_map(|pair| {
        let last = pair[0].windows.last()?;
        let first = pair[1].windows.first()?;
        Some(unknown(last.end_ms, first.end_ms, Unknown::Restart))
    })
}

/// After the last line, unless it announces the end of the process.
fn after(processes: &[Process], end_ms: i64) -> Option<Claim> {
    let last = processes
        .iter()
        .filter_map(|process| process.windows.last());
    let last = last.max_by_key(|window| window.end_ms)?;
    (!last.has(Window::STOPPING)).then(|| unknown(last.end_ms, end_ms, Unknown::AfterLastLine))
}

fn unknown(from_ms: i64, to_ms: i64, why: Unknown) -> Claim {
    // The clock may have been set back meanwhile.
    Claim {
        from_ms: from_ms.min(to_ms),
        to_ms: from_ms.max(to_ms),
        state: State::Unknown(why),
        error_ms: f64::NAN,
    }
}
