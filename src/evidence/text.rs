//! A statement in words, and as a table for a terminal.

use std::fmt::Write as _;

use super::state::{State, Unknown};
use super::statement::{Statement, Task};
use super::totals::Totals;
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
        percent(totals.ms(State::Within), totals.span_ms()),
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
    let reported = totals.ms(State::ReportedWithin);
    if reported > 0 {
        sentences.push(format!(
            "In {} the lines report a clock within the limit, but prove nothing: they come from the kernel's estimate or \
             from a version before 0.3.0.",
            duration(reported),
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
    let states = [State::Over, State::NotSynchronized, State::Stepped];
    let states = states.into_iter().filter(|state| totals.ms(*state) > 0);
    let states = states.map(|state| format!("{} {state}", duration(totals.ms(state))));
    states.collect()
}

/// How long nothing was known for each reason, and how often.
fn not_known(totals: &Totals) -> Vec<String> {
    let reasons = totals.reasons().map(|(why, total)| {
        let name = match (why, total.stretches) {
            (Unknown::LostLine, 1) => "1 gap of lost lines".to_owned(),
            (Unknown::LostLine, n) => format!("{n} gaps of lost lines"),
            (Unknown::Restart, n) => counted(n, "restart"),
            (why, _) => why.to_string(),
        };
        if total.ms == totals.unknown_ms() {
            return name;
        }
        format!("{}: {name}", duration(total.ms))
    });
    reasons.collect()
}

fn table(text: &mut String, statement: &Statement) {
    let tasks = statement.tasks.iter().take(MOST_TASKS);
    let width = tasks.clone().map(|task| task.name.len()).max();
    let width = width.unwrap_or_default().max("task".len());
    let columns = "within %|over|not sync|stepped|unknown|reported|worst ms".split('|');
    row(text, width, "task", columns.map(str::to_owned));
    for task in tasks {
        row(text, width, &task.name, cells(task));
    }
    if let Some(more) = statement.tasks.len().checked_sub(MOST_TASKS)
        && more > 0
    {
        let _ = writeln!(text, "and {}", counted(more as u64, "better task"));
    }
}

fn row(text: &mut String, width: usize, name: &str, cells: impl IntoIterator<Item = String>) {
    let _ = write!(text, "{name:<width$}");
    for (at, cell) in cells.into_iter().enumerate() {
        let width = if at == 0 { 9 } else { 12 };
        let _ = write!(text, "  {cell:>width$}");
    }
    text.push('\n');
}

fn cells(task: &Task) -> [String; 7] {
    let totals = &task.totals;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let length = |ms: i64| or_dash((ms > 0).then(|| duration(ms)));
    [
        percent(totals.ms(State::Within), totals.span_ms()),
        length(totals.ms(State::Over)),
        length(totals.ms(State::NotSynchronized)),
        length(totals.ms(State::Stepped)),
        length(totals.unknown_ms()),
        length(totals.ms(State::ReportedWithin)),
        or_dash(task.worst.map(|worst| milliseconds(worst.error_ms))),
    ]
}

/// The services, at most three of them by name.
pub(super) fn services(statement: &Statement) -> String {
    let names: Vec<&str> = statement
        .counts
        .services
        .keys()
        .map(String::as_str)
        .collect();
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
    let sources: Vec<&str> = statement
        .counts
        .sources
        .keys()
        .map(String::as_str)
        .collect();
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

/// Rounded up to a microsecond, but first to a picosecond: a rounding error of the arithmetic is no microsecond.
pub(super) fn milliseconds(value: f64) -> String {
    let picoseconds = (value * 1e9).round();
    let microseconds = (picoseconds / 1e6).ceil();
    format!("{}", microseconds / 1000.0)
}

/// A percentage, rounded down to two digits: 100 only for the whole, and 0 only for nothing.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "-".to_owned();
    }
    let hundredths = i128::from(part) * 10_000 / i128::from(whole);
    if part > 0 && hundredths == 0 {
        return "< 0.01".to_owned();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_down() {
        for (part, whole, text) in [
            (1, 1, "100.00"),
            (99_999_999, 100_000_000, "99.99"),
            (0, 5, "0.00"),
            (1, 10_001, "< 0.01"),
            (1, 10_000, "0.01"),
            (1, 3, "33.33"),
            (0, 0, "-"),
        ] {
            assert_eq!(percent(part, whole), text);
        }
    }
}
