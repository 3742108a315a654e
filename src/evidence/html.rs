//! A statement as a page: one file without scripts that loads nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::json::ppm;
use super::plot::{axis, curve, strip};
use super::state::State;
use super::statement::{Statement, Task};
use super::text::{counted, explained, limit, milliseconds, percent, sentences, services};
use crate::time::{rfc3339_of_seconds as time, two_units as duration};

/// Tasks with a strip; the others are summed up.
const MOST_STRIPS: usize = 200;
/// Tasks with a curve.
const MOST_CURVES: usize = 3;
/// Stretches and steps that are listed.
const MOST_EVENTS: usize = 500;

/// The whole page.
pub(crate) fn html(statement: &Statement) -> String {
    let title = format!("Clock report: {}", services(statement));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                main {
                    h1 { (title) }
                    (summary(statement))
                    (tasks(statement))
                    (curves(statement))
                    (events(statement))
                    (method(statement))
                }
            }
        }
    };
    page.into_string()
}

fn summary(statement: &Statement) -> Markup {
    let proven = statement.is_proven();
    let totals = &statement.totals;
    html! {
        section {
            h2 { "Statement" }
            p.verdict.not[!proven] {
                @if proven {
                    "The limit of " (limit(statement)) " was kept by every task, for the whole time."
                } @else {
                    "The limit of " (limit(statement)) " is not proven for the whole time."
                }
            }
            @for sentence in sentences(statement) { p { (sentence) } }
            @if totals.span_ms() > 0 {
                div.scroll {
                    table {
                        caption { "Time of all tasks by state" }
                        thead { tr { th scope="col" { "state" } th scope="col" { "time" } th scope="col" { "share" } } }
                        tbody {
                            @for name in State::NAMES {
                                tr {
                                    td { span class={ "key " (name) } {} (explained(name)) }
                                    td { (duration(totals.length_of(name))) }
                                    td { (percent(totals.length_of(name), totals.span_ms())) " %" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn tasks(statement: &Statement) -> Markup {
    let bad = statement
        .tasks
        .iter()
        .filter(|task| task.totals.not_proven_ms() > 0);
    let bad = bad.count();
    let shown = statement.tasks.iter().take(MOST_STRIPS);
    html! {
        section {
            h2 { "Tasks" }
            @if statement.tasks.is_empty() {
                p { "No task has a line in this time." }
            } @else {
                p {
                    @if bad == 0 { "Every task kept the limit. " }
                    @else {
                        (counted(bad as u64, "task")) " of " (statement.tasks.len())
                        " did not provably keep the limit for the whole time. They come first. "
                    }
                    "Each strip runs from " (time(statement.from_ms)) " to " (time(statement.to_ms)) "."
                }
                (legend())
                (time_axis(statement))
                @for task in shown { (one_task(statement, task)) }
                @if let Some(more) = statement.tasks.len().checked_sub(MOST_STRIPS).filter(|more| *more > 0) {
                    p { "And " (counted(more as u64, "better task")) ", which the JSON report lists." }
                }
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        ul.legend {
            @for name in State::NAMES { li { span class={ "key " (name) } {} (explained(name)) } }
            li { "empty: the task has no lines" }
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
    let figures: Vec<String> = State::NAMES
        .iter()
        .filter(|name| totals.length_of(name) > 0)
        .map(|name| match *name {
            "within" => format!("{} % within", percent(totals.within, totals.span_ms())),
            name => format!("{} {}", duration(totals.length_of(name)), explained(name)),
        })
        .collect();
    let label = format!("Task {}: {}", task.name, figures.join(", "));
    html! {
        div.task {
            div.name { (task.name) }
            (strip(statement, task, &label))
            div.figures {
                @for figure in &figures { span { (figure) } }
                @if let Some(worst) = task.worst {
                    span { "worst " (milliseconds(worst.error_ms)) " ms at " (time(worst.at_ms)) }
                }
            }
        }
    }
}

fn curves(statement: &Statement) -> Markup {
    let mut tasks: Vec<&Task> = statement
        .tasks
        .iter()
        .filter(|task| task.worst.is_some())
        .collect();
    let error = |task: &Task| task.worst.map_or(0.0, |worst| worst.error_ms);
    tasks.sort_by(|one, other| error(other).total_cmp(&error(one)));
    tasks.truncate(MOST_CURVES);
    if tasks.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { "The largest errors" }
            p.quiet {
                "How far each clock may have been from UTC at most: the bound with its growth until the next reading. "
                "The dashed line is the limit. Where nothing is drawn, no error can be stated."
            }
            @for task in tasks {
                div.whole {
                h3 { "Task " (task.name) }
                div.axis { span { (milliseconds(axis(statement, task))) " ms" } span { "limit " (limit(statement)) } }
                (curve(statement, task, &format!("Largest error of task {}: up to {} ms", task.name, milliseconds(error(task)))))
                (time_axis(statement))
                }
            }
        }
    }
}

/// A row of the list of events: when it began, when it ended, the task, and what it is.
type Event<'a> = (i64, i64, &'a str, String);

fn events(statement: &Statement) -> Markup {
    let mut events: Vec<Event<'_>> = Vec::new();
    for task in &statement.tasks {
        for segment in &task.timeline.segments {
            if !matches!(segment.state, State::Within | State::ReportedWithin) {
                events.push((
                    segment.from_ms,
                    segment.to_ms,
                    &task.name,
                    segment.state.to_string(),
                ));
            }
        }
        for (at, by) in &task.steps {
            let what = if *by == 0.0 {
                "the clock stepped".to_owned()
            } else {
                format!("the clock stepped by {by} ms")
            };
            events.push((*at, *at, &task.name, what));
        }
    }
    events.sort();
    let more = events.len().saturating_sub(MOST_EVENTS);
    events.truncate(MOST_EVENTS);
    html! {
        section {
            h2 { "Events" }
            @if events.is_empty() {
                p { "None: no time over the limit, no step, no restart, no lost line, no disagreement." }
            } @else {
                div.scroll {
                    table {
                        caption { "All time that is not within the limit, and every step of a clock" }
                        thead {
                            tr {
                                th scope="col" { "from" } th scope="col" { "for" }
                                th.text scope="col" { "task" } th.text scope="col" { "what" }
                            }
                        }
                        tbody {
                            @for (from, to, task, what) in &events {
                                tr {
                                    td { (time(*from)) }
                                    td { @if to > from { (duration(to - from)) } }
                                    td.text { (task) }
                                    td.text { (what) }
                                }
                            }
                        }
                    }
                }
                @if more > 0 { p { "And " (counted(more as u64, "event")) ", which the JSON report lists." } }
            }
        }
    }
}

fn method(statement: &Statement) -> Markup {
    html! {
        section {
            h2 { "How this report was made" }
            p {
                "By ecs-clock-emf " (env!("CARGO_PKG_VERSION")) " report, from " (counted(statement.lines, "line"))
                " that sidecars wrote" (versions(statement)) ". " (counted(statement.others, "other line")) " skipped."
            }
            p {
                "A stretch of time between two lines is within the limit if every reading was synchronized and the largest "
                "bound, plus " (ppm(statement.rules.drift)) " ppm of the time between the lines and of any pause of the "
                "process, is at most " (limit(statement)) ". Lines that the kernel's estimate or a version before 0.3.0 "
                "gave are reported, not proven. Everything that no line covers is unknown."
            }
            p {
                "What this report cannot show: an error of the time source itself, unless a cross-check contradicts it; a "
                "paused virtual machine; lines that were changed after they were written. UTC is meant as the source "
                "reports it. Its traceability is documented by the operator of the source."
            }
            (inputs(statement))
        }
    }
}

fn versions(statement: &Statement) -> String {
    let list = statement
        .versions
        .iter()
        .map(|(version, lines)| format!("{version}: {lines}"));
    let list: Vec<String> = list.collect();
    if list.is_empty() {
        String::new()
    } else {
        format!(" (by version: {})", list.join(", "))
    }
}

fn inputs(statement: &Statement) -> Markup {
    html! {
        div.scroll {
            table {
                caption { "What was read" }
                thead {
                    tr {
                        th.text scope="col" { "file" } th scope="col" { "bytes" }
                        th scope="col" { "lines" } th.text scope="col" { "SHA-256" }
                    }
                }
                tbody {
                    @for input in &statement.inputs {
                        tr {
                            td.text { (input.name) } td { (input.bytes) } td { (input.lines) }
                            td.text.hash { (input.sha256) }
                        }
                    }
                }
            }
        }
    }
}
