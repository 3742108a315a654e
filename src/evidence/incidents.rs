//! What happened to several tasks at once: stretches of time in the same state, over all tasks.

use std::collections::{BTreeMap, BTreeSet};

use super::state::State;
use super::statement::Statement;

/// Stretches of two tasks belong together if they are at most this far apart: a task has a line a minute.
const TOGETHER_MS: i64 = 120_000;

/// A stretch of time that one or more tasks spent in a state other than within the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Incident<'a> {
    pub from_ms: i64,
    pub to_ms: i64,
    pub state: State,
    /// Their names.
    pub tasks: BTreeSet<&'a str>,
    /// How long it lasted for all tasks together, in milliseconds.
    pub task_time_ms: i64,
}

/// All incidents, worst first: those in which a clock was certainly not within the limit, then the longest.
pub(super) fn incidents(statement: &Statement) -> Vec<Incident<'_>> {
    let mut stretches: BTreeMap<State, Vec<(i64, i64, &str)>> = BTreeMap::new();
    for task in &statement.tasks {
        for segment in &task.timeline.segments {
            if !segment.state.is_within() {
                let stretch = (segment.from_ms, segment.to_ms, task.name.as_str());
                stretches.entry(segment.state).or_default().push(stretch);
            }
        }
    }
    let mut incidents: Vec<Incident<'_>> = Vec::new();
    for (state, mut stretches) in stretches {
        stretches.sort_unstable();
        let mut open: Option<Incident<'_>> = None;
        for (from_ms, to_ms, task) in stretches {
            let is_new = |open: &mut Incident<'_>| from_ms > open.to_ms.saturating_add(TOGETHER_MS);
            incidents.extend(open.take_if(is_new));
            let incident = open.get_or_insert_with(|| Incident {
                from_ms,
                to_ms,
                state,
                tasks: BTreeSet::new(),
                task_time_ms: 0,
            });
            incident.to_ms = incident.to_ms.max(to_ms);
            incident.tasks.insert(task);
            incident.task_time_ms += to_ms - from_ms;
        }
        incidents.extend(open);
    }
    let is_unknown = |incident: &Incident<'_>| matches!(incident.state, State::Unknown(_));
    incidents.sort_by_key(|incident| {
        let longest_first = std::cmp::Reverse(incident.task_time_ms);
        (is_unknown(incident), longest_first, incident.from_ms)
    });
    incidents
}
