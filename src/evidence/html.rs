//! A statement as a page: one file without scripts that loads nothing.

mod events;
mod method;
mod table;
mod tasks;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::table::{Column, table};
use super::incidents::{Incident, incidents};
use super::state::State;
use super::statement::{Statement, Task};
use super::text::{counted, limit, percent, sentences, services};
use crate::time::{rfc3339_of_seconds as time, two_units as duration};

/// Incidents of the summary, and the tasks that one names.
const MOST_INCIDENTS: usize = 6;
const MOST_NAMES_OF_INCIDENT: usize = 3;

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
                    (tasks::tasks(statement))
                    (tasks::curves(statement))
                    (events::events(statement))
                    (method::method(statement))
                }
            }
        }
    };
    page.into_string()
}

fn summary(statement: &Statement) -> Markup {
    let totals = &statement.totals;
    let states = html! {
        @for kind in State::KINDS.into_iter().filter(|kind| totals.ms(*kind) > 0) {
            tr {
                td { span class={ "key " (kind.as_str()) } {} (kind.kind()) }
                td { (duration(totals.ms(kind))) }
                td { (percent(totals.ms(kind), totals.span_ms())) " %" }
            }
        }
    };
    let columns = [
        Column::Number("state"),
        Column::Number("time"),
        Column::Number("share"),
    ];
    html! {
        section {
            h2 { "Was the limit kept?" }
            p.verdict.not[!statement.is_proven()] { (verdict(statement)) }
            (what_happened(statement))
            h3 { "In figures" }
            @for sentence in sentences(statement) { p { (sentence) } }
            @if totals.span_ms() > 0 { (table("Time of all tasks by state", &columns, &states)) }
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
