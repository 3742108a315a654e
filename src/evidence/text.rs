//! A statement in words, and as a table for a terminal.

use std::fmt::Write as _;

use super::state::{State, Unknown};
use super::statement::{Statement, Task, Totals};
use crate::time::{rfc3339_of_seconds as time, two_units as duration};

/// Tasks that are listed; the others are counted.
const MOST_TASKS: usize = 1_000;

/// The whole statement as text.
pub(crate) fn text(statement: &Statement) -> String {
    let mut text = sentences(statement).join("\n");
    text.push_str("\n\n");
    table(&mut text, statement);
    text
}

/// The statement as a person would write it.
pub(super) fn sentences(statement: &Statement) -> Vec<String> {
    let totals = &statement.totals;
    let mut sentences = vec![format!(
        "From {} to {}, {} of {}.",
        time(statement.from_ms),
        time(statement.to_ms),
        counted(statement.tasks.len() as u64, "task"),
        services(statement),
    )];
    if totals.span_ms() == 0 {
        sentences.push("No line of the sidecar covers any time.".to_owned());
        return sentences;
    }
    sentences.push(format!(
        "In {} % of {} the clock was provably within {} of UTC as {} it.",
        percent(totals.within, totals.span_ms()),
        hours(totals.span_ms()),
        limit(statement),
        reporter(statement),
    ));
    let broken = broken(totals);
    if !broken.is_empty() {
        sentences.push(format!("Not within the limit: {}.", broken.join(", ")));
    }
    if totals.unknown_ms() > 0 {
        sentences.push(format!(
            "Not known: {} ({}).",
            duration(totals.unknown_ms()),
            not_known(totals).join(", "),
        ));
    }
    if totals.reported_within > 0 {
        sentences.push(format!(
            "In {} the lines report a clock within the limit, but prove nothing: they come from the kernel's estimate or \
             from a version before 0.3.0.",
            duration(totals.reported_within),
        ));
    }
    if let Some((task, worst)) = statement.worst() {
        sentences.push(format!(
            "The largest known error is {} ms (task {}, at {}).",
            milliseconds(worst.error_ms),
            task.name,
            time(worst.at_ms),
        ));
    }
    sentences
}

/// How long the clocks were in each state that is certainly not within the limit.
fn broken(totals: &Totals) -> Vec<String> {
    let states = [
        (totals.over, "over the limit"),
        (totals.not_synchronized, "not synchronized"),
        (totals.stepped, "stepped"),
    ];
    let states = states.into_iter().filter(|(length, _)| *length > 0);
    let states = states.map(|(length, name)| format!("{} {name}", duration(length)));
    states.collect()
}

/// How long nothing was known for each reason, and how often.
fn not_known(totals: &Totals) -> Vec<String> {
    let reasons = Unknown::ALL.iter().filter_map(|why| {
        let (count, length) = (totals.stretches.get(why)?, totals.unknown.get(why)?);
        let name = match (why, *count) {
            (Unknown::LostLine, 1) => "1 gap of lost lines".to_owned(),
            (Unknown::LostLine, n) => format!("{n} gaps of lost lines"),
            (Unknown::Restart, n) => counted(n, "restart"),
            (why, _) => why.to_string(),
        };
        if *length == totals.unknown_ms() {
            return Some(name);
        }
        Some(format!("{}: {name}", duration(*length)))
    });
    reasons.collect()
}

fn table(text: &mut String, statement: &Statement) {
    let width = statement
        .tasks
        .iter()
        .take(MOST_TASKS)
        .map(|task| task.name.len());
    let width = width.max().unwrap_or_default().max("task".len());
    let _ = writeln!(
        text,
        "{:<width$}  {:>9}  {:>12}  {:>12}  {:>12}  {:>12}  {:>12}  {:>12}",
        "task", "within %", "over", "not sync", "stepped", "unknown", "reported", "worst ms"
    );
    for task in statement.tasks.iter().take(MOST_TASKS) {
        let _ = writeln!(text, "{}", row(task, width));
    }
    if let Some(more) = statement.tasks.len().checked_sub(MOST_TASKS)
        && more > 0
    {
        let _ = writeln!(text, "and {}", counted(more as u64, "better task"));
    }
}

fn row(task: &Task, width: usize) -> String {
    let totals = &task.totals;
    let length = |milliseconds: i64| {
        if milliseconds == 0 {
            "-".to_owned()
        } else {
            duration(milliseconds)
        }
    };
    let worst = task
        .worst
        .map_or_else(|| "-".to_owned(), |worst| milliseconds(worst.error_ms));
    format!(
        "{:<width$}  {:>9}  {:>12}  {:>12}  {:>12}  {:>12}  {:>12}  {:>12}",
        task.name,
        percent(totals.within, totals.span_ms()),
        length(totals.over),
        length(totals.not_synchronized),
        length(totals.stepped),
        length(totals.unknown_ms()),
        length(totals.reported_within),
        worst,
    )
}

/// The services, at most three of them by name.
pub(super) fn services(statement: &Statement) -> String {
    let names: Vec<&str> = statement.services.keys().map(String::as_str).collect();
    match names.as_slice() {
        [] => "an unnamed service".to_owned(),
        [first, second, _, _, ..] => {
            format!("{first}, {second} and {} other services", names.len() - 2)
        }
        names => names.join(", "),
    }
}

/// Who reports how far the clock is from UTC.
fn reporter(statement: &Statement) -> &'static str {
    let sources: Vec<&str> = statement.sources.keys().map(String::as_str).collect();
    match sources.as_slice() {
        ["ecs"] => "Amazon Time Sync reports",
        ["kernel"] => "the time daemon of the host estimates",
        ["ntp"] => "the NTP server reports",
        _ => "their sources report",
    }
}

/// The limit with its unit.
pub(super) fn limit(statement: &Statement) -> String {
    format!("{} ms", milliseconds(statement.rules.max_error_ms))
}

/// Rounded up to a microsecond.
pub(super) fn milliseconds(value: f64) -> String {
    let rounded = (value * 1000.0).ceil() / 1000.0;
    format!("{rounded}")
}

/// A percentage, rounded down to two digits: 100 only for the whole.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "-".to_owned();
    }
    let hundredths = i128::from(part) * 10_000 / i128::from(whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn hours(milliseconds: i64) -> String {
    let tenths = milliseconds / 360_000;
    if tenths >= 10 {
        format!("{}.{} task hours", tenths / 10, tenths % 10)
    } else {
        format!("{} of task time", duration(milliseconds))
    }
}

pub(super) fn counted(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// What a state means, for a legend.
pub(super) fn explained(name: &str) -> String {
    let state = match name {
        "within" => State::Within,
        "reported_within" => State::ReportedWithin,
        "over" => State::Over,
        "stepped" => State::Stepped,
        "not_synchronized" => State::NotSynchronized,
        _ => return "unknown".to_owned(),
    };
    state.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_down() {
        for (part, whole, text) in [
            (1, 1, "100.00"),
            (99_999_999, 100_000_000, "99.99"),
            (0, 5, "0.00"),
            (1, 3, "33.33"),
            (0, 0, "-"),
        ] {
            assert_eq!(percent(part, whole), text);
        }
    }
}
