//! The events of a statement: all time that is not within the limit, and every step of a clock.

use maud::{Markup, html};

use super::table::{Column, table};
use crate::evidence::statement::Statement;
use crate::evidence::text::counted;
use crate::time::{rfc3339_of_seconds as time, two_units as duration};

/// Stretches and steps that are listed.
const MOST_EVENTS: usize = 500;

/// A row of the list of events: when it began, when it ended, the task, and what it is.
type Event<'a> = (i64, i64, &'a str, String);

pub(super) fn events(statement: &Statement) -> Markup {
    let mut events: Vec<Event<'_>> = Vec::new();
    for task in &statement.tasks {
        for segment in &task.timeline.segments {
            if !segment.state.is_within() {
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
    let rows = html! {
        @for (from, to, task, what) in &events {
            tr {
                td.time { (time(*from)) }
                td { @if to > from { (duration(to - from)) } }
                td.text { (task) }
                td.text { (what) }
            }
        }
    };
    let caption = "All time that is not within the limit, and every step of a clock";
    let columns = [
        Column::Number("from"),
        Column::Number("for"),
        Column::Text("task"),
        Column::Text("what"),
    ];
    html! {
        section {
            h2 { "Events" }
            @if events.is_empty() {
                p { "None: no time over the limit, no step, no restart, no lost line, no disagreement." }
            } @else {
                (table(caption, &columns, &rows))
                @if more > 0 { p { "And " (counted(more as u64, "event")) ", which the JSON report lists." } }
            }
        }
    }
}
