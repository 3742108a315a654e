//! A statement as a page: one file without scripts that loads nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::incidents::{Incident, incidents};
use super::json::ppm;
use super::plot::{axis, curve, strip};
use super::state::State;
use super::statement::{Statement, Task};
use super::text::{counted, explained, limit, milliseconds, percent, sentences, services};
use crate::time::{rfc3339_of_seconds as time, two_units as duration};

/// Tasks that did not keep the limit and have a strip; the others are summed up.
const MOST_STRIPS: usize = 200;
/// Tasks that kept the limit and have a strip; the others are named.
const MOST_GOOD_STRIPS: usize = 10;
/// Tasks that are named.
const MOST_NAMES: usize = 1_000;
/// Incidents of the summary, and the tasks that one names.
const MOST_INCIDENTS: usize = 6;
const MOST_NAMES_OF_INCIDENT: usize = 3;
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
            h2 { "Was the limit kept?" }
            p.verdict.not[!proven] { (verdict(statement)) }
            (what_happened(statement))
            h3 { "In figures" }
            @for sentence in sentences(statement) { p { (sentence) } }
            @if totals.span_ms() > 0 {
                div.scroll {
                    table {
                        caption { "Time of all tasks by state" }
                        thead { tr { th scope="col" { "state" } th scope="col" { "time" } th scope="col" { "share" } } }
                        tbody {
                            @for name in State::NAMES.iter().filter(|name| totals.length_of(name) > 0) {
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

/// The answer in one sentence.
fn verdict(statement: &Statement) -> String {
    let (totals, limit) = (&statement.totals, limit(statement));
    let is_broken = |task: &&Task| task.totals.broken_ms() > 0;
    let broken = statement.tasks.iter().filter(is_broken).count();
    if totals.span_ms() == 0 {
        "Not known: no line covers this time.".to_owned()
    } else if statement.is_proven() {
        format!("Yes. Every clock was within {limit} of UTC for the whole time.")
    } else if broken > 0 {
        let tasks = counted(statement.tasks.len() as u64, "task");
        format!("No. {broken} of {tasks} had a clock that may have been off by more than {limit}.")
    } else if totals.unknown_ms() == totals.span_ms() {
        "Not known: the lines show nothing about any clock in this time.".to_owned()
    } else if totals.unknown_ms() > 0 {
        let unknown = duration(totals.unknown_ms());
        format!(
            "Not proven: no clock is known to have been off by more than {limit}, but {unknown} of task time is not known."
        )
    } else {
        format!("Not proven: the lines report clocks within {limit}, but they are an estimate.")
    }
}

/// When which tasks did not keep the limit, in a few lines.
fn what_happened(statement: &Statement) -> Markup {
    let mut incidents = incidents(statement);
    let more = incidents.len().saturating_sub(MOST_INCIDENTS);
    incidents.truncate(MOST_INCIDENTS);
    html! {
        @if !incidents.is_empty() {
            h3 { "When, and which tasks" }
            ul.incidents {
                @for incident in &incidents { (one_incident(incident)) }
                @if more > 0 { li { "and " (more) " more, which the events below include" } }
            }
        }
    }
}

fn one_incident(incident: &Incident<'_>) -> Markup {
    let names: Vec<&str> = incident.tasks.iter().copied().collect();
    html! {
        li {
            span class={ "key " (incident.state.as_str()) } {}
            strong { (incident.state) }
            ", " (time(incident.from_ms)) " to " (time(incident.to_ms)) ": "
            @if names.len() > MOST_NAMES_OF_INCIDENT {
                (counted(names.len() as u64, "task")) ", " (duration(incident.task_time_ms)) " of task time"
            } @else {
                (if names.len() == 1 { "task " } else { "tasks " }) span.id { (names.join(", ")) }
            }
        }
    }
}

fn tasks(statement: &Statement) -> Markup {
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
    let occurs = |name: &&&str| **name == "within" || statement.totals.length_of(name) > 0;
    html! {
        ul.legend {
            @for name in State::NAMES.iter().filter(occurs) { li { span class={ "key " (name) } {} (explained(name)) } }
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
                "The dashed line is the limit. Where nothing is drawn, the error is unknown."
            }
            @for task in tasks {
                div.whole {
                h3 { "Task " (task.name) }
                div.axis { span { (milliseconds(axis(statement, task))) " ms" } span { "limit " (limit(statement)) } }
                (curve(statement, task, &format!("Largest possible error of task {}: up to {} ms", task.name, milliseconds(error(task)))))
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
                                    td.time { (time(*from)) }
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
                "process, is at most " (limit(statement)) ". Lines from the kernel's estimate or a version before "
                "0.3.0 are reported, not proven. Time that no line covers is unknown."
            }
            p {
                "What this report cannot show: an error of the time source itself, unless a cross-check contradicts it; a "
                "paused virtual machine; lines that were changed after they were written. UTC means what the source "
                "reports; the operator of the source documents its traceability."
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
