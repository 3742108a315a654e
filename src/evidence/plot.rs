//! The pictures of a statement as SVG: the strip of states of a task, and the curve of its error. Each picture is
//! stretched to the width of the page; its labels are text beside it.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::state::State;
use super::statement::{CURVE_POINTS, Statement, Task, part};

/// The parts of a strip. Each shows its worst state, so that a short one is visible in a long time.
const PARTS: usize = 1_000;
/// The height of the curve's picture.
const HEIGHT: f64 = 300.0;
/// The curve is cut off at so many times the limit.
const MOST_LIMITS: f64 = 50.0;

/// The states of a task over the time of the statement.
pub(super) fn strip(statement: &Statement, task: &Task, label: &str) -> Markup {
    let runs = runs(statement, task);
    html! {
        svg.strip viewBox=(format!("0 0 {PARTS} 10")) preserveAspectRatio="none" role="img" aria-label=(label) {
            @for (from, to, state) in runs {
                rect class=(state.as_str()) x=(from) y=(10 - height(state)) width=(to - from) height=(height(state)) {
                    title { (state) }
                }
            }
        }
    }
}

/// How high a state is drawn, of 10: without colours too, it is seen what is not within the limit.
fn height(state: State) -> usize {
    match state {
        State::Within | State::ReportedWithin => 6,
        State::Unknown(_) => 3,
        State::Over | State::Stepped | State::NotSynchronized => 10,
    }
}

/// The runs of parts in one state, as `(from, to, state)`.
fn runs(statement: &Statement, task: &Task) -> Vec<(usize, usize, State)> {
    let mut parts: Vec<Option<State>> = vec![None; PARTS];
    let part = |at| part(at, (statement.from_ms, statement.to_ms), PARTS);
    for segment in &task.timeline.segments {
        for state in &mut parts[part(segment.from_ms)..=part(segment.to_ms - 1)] {
            *state = (*state).max(Some(segment.state));
        }
    }
    let mut runs: Vec<(usize, usize, State)> = Vec::new();
    for (at, state) in parts.into_iter().enumerate() {
        let Some(state) = state else { continue };
        match runs.last_mut() {
            Some((_, to, last)) if *to == at && *last == state => *to = at + 1,
            _ => runs.push((at, at + 1, state)),
        }
    }
    runs
}

/// The largest value of the error's axis, in milliseconds.
pub(super) fn axis(statement: &Statement, task: &Task) -> f64 {
    let limit = statement.rules.max_error_ms;
    (limit * 1.25)
        .max(task.worst_ms() * 1.1)
        .min(limit * MOST_LIMITS)
}

/// The largest error of a task over time, with the limit.
pub(super) fn curve(statement: &Statement, task: &Task, label: &str) -> Markup {
    let top = axis(statement, task);
    let y = |error: f64| HEIGHT - (error.min(top) / top) * HEIGHT;
    let limit = y(statement.rules.max_error_ms);
    html! {
        svg.curve viewBox=(format!("0 0 {CURVE_POINTS} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(label) {
            @for path in paths(&task.curve, y) {
                path d=(path) {}
            }
            line.limit x1="0" x2=(CURVE_POINTS) y1=(format!("{limit:.1}")) y2=(format!("{limit:.1}")) {}
        }
    }
}

/// An area for each run of points with a known error.
fn paths(curve: &[f32], y: impl Fn(f64) -> f64) -> Vec<String> {
    let mut paths = Vec::new();
    let mut path = String::new();
    for (x, error) in curve.iter().copied().enumerate() {
        if error.is_nan() {
            close(&mut paths, &mut path, x);
            continue;
        }
        if path.is_empty() {
            path = format!("M{x} {HEIGHT}");
        }
        let height = y(f64::from(error));
        let _ = write!(path, "L{x} {height:.1}H{}", x + 1);
    }
    close(&mut paths, &mut path, curve.len());
    paths
}

fn close(paths: &mut Vec<String>, path: &mut String, x: usize) {
    if !path.is_empty() {
        let _ = write!(path, "L{x} {HEIGHT}Z");
        paths.push(std::mem::take(path));
    }
}
