//! The tasks of a statement: a strip of states for each, and the curves of the largest errors.

use maud::{Markup, html};

use crate::evidence::plot::{axis, curve, strip};
use crate::evidence::state::State;
use crate::evidence::statement::{Statement, Task};
use crate::evidence::text::{counted, limit, milliseconds, percent};
use crate::time::{rfc3339_of_seconds as time, two_units as duration};

/// Tasks that did not keep the limit and have a strip; the others are summed up.
const MOST_STRIPS: usize = 200;
/// Tasks that kept the limit and have a strip; the others are named.
const MOST_GOOD_STRIPS: usize = 10;
/// Tasks that are named.
const MOST_NAMES: usize = 1_000;
/// Tasks with a curve.
const MOST_CURVES: usize = 3;

pub(super) fn tasks(statement: &Statement) -> Markup {
    let is_good = |task: &&Task| task.totals.not_proven_ms() == 0;
    let (good, bad): (Vec<&Task>, Vec<&Task>) = statement.tasks.iter().partition(is_good);
    let (shown_bad, more_bad) = bad.split_at(bad.len().min(MOST_STRIPS));
    let (shown_good, more_good) = good.split_at(good.len().min(MOST_GOOD_STRIPS));
    html! {
        section {
            h2 { "Tasks" }
            @if statement.tasks.is_empty() {
                p { "No task has a line in this time." }
            } @else {
                p {
                    @if bad.is_empty() { "Every task kept the limit for the whole time. " }
                    @else {
                        (counted(bad.len() as u64, "task")) " of " (statement.tasks.len())
                        " did not provably keep the limit for the whole time. They come first. "
                    }
                    "Each strip runs from " (time(statement.from_ms)) " to " (time(statement.to_ms)) "."
                }
                (legend(statement))
                (time_axis(statement))
                @for task in shown_bad { (one_task(statement, task)) }
                @if !more_bad.is_empty() {
                    p { "And " (counted(more_bad.len() as u64, "task")) " that did not, which the JSON report lists." }
                }
                @for task in shown_good { (one_task(statement, task)) }
                (names(more_good))
            }
        }
    }
}

/// The names of tasks that kept the limit.
fn names(tasks: &[&Task]) -> Markup {
    let more = tasks.len().saturating_sub(MOST_NAMES);
    html! {
        @if !tasks.is_empty() {
            details {
                summary { (counted(tasks.len() as u64, "further task")) " kept the limit for the whole time" }
                p.id { @for task in tasks.iter().take(MOST_NAMES) { (task.name) " " } }
                @if more > 0 { p { "And " (more) " more, which the JSON report lists." } }
            }
        }
    }
}

fn legend(statement: &Statement) -> Markup {
    let occurs = |kind: &State| *kind == State::Within || statement.totals.ms(*kind) > 0;
    html! {
        ul.legend {
            @for kind in State::KINDS.into_iter().filter(occurs) {
                li { span class={ "key " (kind.as_str()) } {} (kind.kind()) }
            }
            li { "high: not within the limit; low: not known; empty: the task has no lines" }
        }
    }
}

fn time_axis(statement: &Statement) -> Markup {
    let middle = statement.from_ms + (statement.to_ms - statement.from_ms) / 2;
    html! {
        div.axis aria-hidden="true" {
            span { (time(statement.from_ms)) } span { (time(middle)) } span { (time(statement.to_ms)) }
        }
    }
}

fn one_task(statement: &Statement, task: &Task) -> Markup {
    let totals = &task.totals;
    let kinds = State::KINDS.into_iter();
    let figures = kinds.filter(|kind| totals.ms(*kind) > 0).map(|kind| {
        let ms = totals.ms(kind);
        match kind {
            State::Within => format!("{} % within", percent(ms, totals.span_ms())),
            kind => format!("{} {}", duration(ms), kind.kind()),
        }
    });
    let figures: Vec<String> = figures.collect();
    let label = format!("Task {}: {}", task.name, figures.join(", "));
    html! {
        div.task {
            div.id { (task.name) }
            (strip(statement, task, &label))
            div.figures {
                @for figure in &figures { span { (figure) } }
                @if let Some(worst) = task.worst {
                    span { "largest error " (milliseconds(worst.error_ms)) " ms, at " (time(worst.at_ms)) }
                }
            }
        }
    }
}

pub(super) fn curves(statement: &Statement) -> Markup {
    let known = statement.tasks.iter().filter(|task| task.worst.is_some());
    let mut tasks: Vec<&Task> = known.collect();
    tasks.sort_by(|one, other| other.worst_ms().total_cmp(&one.worst_ms()));
    tasks.truncate(MOST_CURVES);
    if tasks.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { "The largest errors" }
            p.quiet {
                "How far each clock may have been from UTC at most: the bound with its growth until the next reading. "
                "The dashed line is the limit. Where nothing is drawn, the error is unknown."
            }
            @for task in tasks {
                div.whole {
                h3 { "Task " (task.name) }
                div.axis { span { (milliseconds(axis(statement, task))) " ms" } span { "limit " (limit(statement)) } }
                (curve(statement, task, &format!("Largest possible error of task {}: up to {} ms", task.name, milliseconds(task.worst_ms()))))
                (time_axis(statement))
                }
            }
        }
    }
}
