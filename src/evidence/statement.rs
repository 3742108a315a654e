//! The statement about all tasks: how long each state lasted, and what was worst.

use std::collections::BTreeMap;

use super::claim::Claim;
use super::history::{Counts, History, Process};
use super::rules::Rules;
use super::state::State;
use super::timeline::Timeline;
use super::totals::{Total, Totals};

/// A task whose last line is at most this much older than the newest one was still running at the end of the lines.
const STILL_RUNNING_MS: i64 = 180_000;
/// Points of the curve of a task.
pub(super) const CURVE_POINTS: usize = 480;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Input {
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
    /// Lines of the sidecar in it.
    pub lines: u64,
}

/// What the lines prove.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub rules: Rules,
    pub from_ms: i64,
    pub to_ms: i64,
    /// Worst first.
    pub tasks: Vec<Task>,
    pub totals: Totals,
    pub inputs: Vec<Input>,
    pub counts: Counts,
}

/// What the lines prove about one task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task {
    pub name: String,
    pub timeline: Timeline,
    pub totals: Totals,
    pub worst: Option<Worst>,
    /// When the clock stepped, and how far in milliseconds; 0 if the line does not say.
    pub steps: Vec<(i64, f64)>,
    /// The largest error in each of [`CURVE_POINTS`] equal parts of the statement's time; NaN where none is known.
    pub curve: Vec<f32>,
}

/// The largest error that was claimed, with its growth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Worst {
    pub error_ms: f64,
    pub at_ms: i64,
}

impl Statement {
    /// What the lines of a history prove by these rules.
    pub(crate) fn from_history(history: History, rules: Rules, inputs: Vec<Input>) -> Self {
        let (tasks, counts) = history.into_tasks();
        let (first, last) = span(&tasks, &rules);
        let tasks = tasks.into_iter().map(|(name, processes)| {
            let (timeline, claims) = Timeline::of_task(&processes, &rules, last);
            Task::new(name, timeline, &claims, &processes, (first, last))
        });
        let mut tasks: Vec<Task> = tasks
            .filter(|task| !task.timeline.segments.is_empty())
            .collect();
        tasks.sort_by(Task::worst_first);
        let mut totals = Totals::default();
        for task in &tasks {
            totals.add_all(&task.totals);
        }
        Self {
            rules,
            from_ms: first,
            to_ms: last,
            tasks,
            totals,
            inputs,
            counts,
        }
    }

    /// Whether the limit is proven for the whole time of every task.
    pub(crate) fn is_proven(&self) -> bool {
        self.totals.not_proven_ms() == 0 && self.totals.ms(State::Within) > 0
    }

    /// The task with the largest error, and that error.
    pub(crate) fn worst(&self) -> Option<(&Task, Worst)> {
        let worst = self
            .tasks
            .iter()
            .filter_map(|task| Some((task, task.worst?)));
        worst.max_by(|(_, one), (_, other)| one.error_ms.total_cmp(&other.error_ms))
    }
}

/// The first and the last moment of a statement.
fn span(tasks: &BTreeMap<String, Vec<Process>>, rules: &Rules) -> (i64, i64) {
    let windows = || {
        tasks
            .values()
            .flatten()
            .flat_map(|process| &process.windows)
    };
    let first = rules
        .from_ms
        .or_else(|| windows().map(|window| window.end_ms).min());
    let ends = || {
        let of_task = |processes: &Vec<Process>| {
            let windows = processes.iter().flat_map(|process| &process.windows);
            windows.map(|window| window.end_ms).max()
        };
        tasks.values().filter_map(of_task)
    };
    let newest = ends().max().unwrap_or_default();
    let last = rules.to_ms.or_else(|| {
        let running = ends().filter(|end| *end >= newest.saturating_sub(STILL_RUNNING_MS));
        running.min()
    });
    (first.unwrap_or_default(), last.unwrap_or_default())
}

impl Task {
    fn new(
        name: String,
        timeline: Timeline,
        claims: &[Claim],
        processes: &[Process],
        span: (i64, i64),
    ) -> Self {
        let mut totals = Totals::default();
        for segment in &timeline.segments {
            let total = Total {
                ms: segment.to_ms - segment.from_ms,
                stretches: 1,
            };
            totals.add(segment.state, total);
        }
        let stated = claims.iter().filter(|claim| !claim.error_ms.is_nan());
        let worst = stated.max_by(|one, other| one.error_ms.total_cmp(&other.error_ms));
        let stepped = processes.iter().flat_map(|process| &process.stepped);
        let steps = stepped.map(|window| (window.at_ms, window.steps.last_ms));
        let (from, to) = span;
        Self {
            name,
            timeline,
            totals,
            worst: worst.map(|claim| Worst {
                error_ms: claim.error_ms,
                at_ms: claim.to_ms,
            }),
            steps: steps.filter(|(at, _)| (from..=to).contains(at)).collect(),
            curve: curve(claims, span),
        }
    }

    /// The task with the smaller proven share of its time comes first, then the one with the larger error.
    fn worst_first(&self, other: &Self) -> std::cmp::Ordering {
        // within / span, compared without rounding.
        let product = |within: &Self, span: &Self| {
            i128::from(within.totals.ms(State::Within)) * i128::from(span.totals.span_ms())
        };
        product(self, other)
            .cmp(&product(other, self))
            .then(other.worst_ms().total_cmp(&self.worst_ms()))
            .then(self.name.cmp(&other.name))
    }

    /// The largest error, in milliseconds; 0 if none is known.
    pub(super) fn worst_ms(&self) -> f64 {
        self.worst.map_or(0.0, |worst| worst.error_ms)
    }
}

/// The part that a moment falls into, of so many equal parts of this time.
pub(super) fn part(at: i64, (from, to): (i64, i64), parts: usize) -> usize {
    let part = i128::from(at - from) * parts as i128 / i128::from((to - from).max(1));
    usize::try_from(part).unwrap_or(0).min(parts - 1)
}

/// The largest error in each part of the time.
fn curve(claims: &[Claim], span: (i64, i64)) -> Vec<f32> {
    let mut curve = vec![f32::NAN; CURVE_POINTS];
    let part = |at| part(at, span, CURVE_POINTS);
    for claim in claims.iter().filter(|claim| !claim.error_ms.is_nan()) {
        #[expect(clippy::cast_possible_truncation, reason = "a picture")]
        let error = claim.error_ms as f32;
        for point in &mut curve[part(claim.from_ms)..=part(claim.to_ms - 1)] {
            *point = point.max(error);
        }
    }
    curve
}
