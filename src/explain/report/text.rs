//! The report as text for a person, put together from pieces of text without `format!`, which costs more.

use std::borrow::Cow;

use chrono::SecondsFormat;

use super::escape::printable;
use crate::{Counter, Point, Problem, Severity};

/// Escape sequences for a terminal, or nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) colour: bool,
}

impl Style {
    fn paint<'t>(self, code: &str, text: &'t str) -> Cow<'t, str> {
        if self.colour {
            Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
        } else {
            Cow::Borrowed(text)
        }
    }

    pub(super) fn heading(self, text: &str) -> Cow<'_, str> {
        self.paint("1", text)
    }

    pub(super) fn severity(self, severity: Severity) -> Cow<'static, str> {
        let code = match severity {
            Severity::Fault => "1;31",
            Severity::Warning => "33",
        };
        self.paint(code, severity.as_str())
    }
}

/// Writes pieces of text one after the other.
pub(super) fn put(output: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        output.extend_from_slice(piece.as_bytes());
    }
}

/// A problem on one line.
pub(super) fn problem(output: &mut Vec<u8>, style: Style, problem: &Problem) {
    let severity = style.severity(problem.severity());
    let sentence = problem.to_string();
    let sentence = printable(&sentence);
    let (rule, confidence) = (problem.rule().as_str(), problem.confidence().as_str());
    let pieces = [
        "  ", &severity, ": ", &sentence, " [", rule, ", ", confidence,
    ];
    put(output, &pieces);
    if let Some(counter) = problem.counter().map(Counter::as_str) {
        put(output, &[", ", counter]);
    }
    put(output, &["]\n"]);
}

/// The points of one dimension set: a heading, and a line for each.
pub(super) fn points(output: &mut Vec<u8>, points: &[Point]) {
    let Some(first) = points.first() else { return };
    put(output, &["  ", &printable(&first.namespace), " {"]);
    for (index, (name, value)) in first.dimensions.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let (name, value) = (printable(name), printable(value));
        put(output, &[comma, &name, "=", &value]);
    }
    let time = first
        .time()
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
    put(output, &["} ", &time.unwrap_or_default(), "\n"]);
    let names: Vec<_> = points
        .iter()
        .map(|point| printable(&point.metric))
        .collect();
    let values: Vec<_> = points
        .iter()
        .map(|point| point.values.to_string())
        .collect();
    let name_width = names.iter().map(|name| width(name)).max();
    let value_width = values.iter().map(|value| width(value)).max();
    for ((point, name), value) in points.iter().zip(&names).zip(&values) {
        put(output, &["    "]);
        put_padded(output, name, name_width.unwrap_or_default());
        put_padded(output, value, value_width.unwrap_or_default());
        let resolution = if point.resolution == 1 {
            ", high resolution"
        } else {
            ""
        };
        let certain = if point.certain { "" } else { "  (not certain)" };
        put(output, &[point.unit, resolution, certain, "\n"]);
    }
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// Writes a cell of a column that is so wide, and the two blanks behind it.
fn put_padded(output: &mut Vec<u8>, cell: &str, column: usize) {
    put(output, &[cell]);
    let blanks = column - width(cell) + 2;
    output.resize(output.len() + blanks, b' ');
}
