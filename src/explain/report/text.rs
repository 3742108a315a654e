//! The report as text for a person.

use std::fmt::Write as _;

use chrono::SecondsFormat;

use super::escape::printable;
use crate::{Point, Problem, Severity};

/// Escape sequences for a terminal, or nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn severity(self, severity: Severity) -> String {
        let code = match severity {
            Severity::Fault => "1;31",
            Severity::Warning => "33",
        };
        self.paint(code, &severity.to_string())
    }
}

/// A problem on one line.
pub(super) fn problem(output: &mut String, style: Style, problem: &Problem) {
    let severity = style.severity(problem.severity());
    let sentence = problem.to_string();
    let sentence = printable(&sentence);
    let (rule, confidence) = (problem.rule(), problem.confidence());
    let _ = write!(output, "  {severity}: {sentence} [{rule}, {confidence}");
    if let Some(counter) = problem.counter() {
        let _ = write!(output, ", {counter}");
    }
    output.push_str("]\n");
}

/// The points of one dimension set: a heading, and a line for each.
pub(super) fn points(output: &mut String, points: &[Point]) {
    let Some(first) = points.first() else { return };
    let _ = write!(output, "  {} {{", printable(&first.namespace));
    for (index, (name, value)) in first.dimensions.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(output, "{comma}{}={}", printable(name), printable(value));
    }
    let time = first
        .time()
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
    let _ = writeln!(output, "}} {}", time.unwrap_or_default());
    let names: Vec<_> = points
        .iter()
        .map(|point| printable(&point.metric))
        .collect();
    let values: Vec<_> = points
        .iter()
        .map(|point| point.values.to_string())
        .collect();
    let name_width = width(&names);
    let value_width = width(&values);
    for ((point, name), value) in points.iter().zip(&names).zip(&values) {
        let resolution = if point.resolution == 1 {
            ", high resolution"
        } else {
            ""
        };
        let certain = if point.certain { "" } else { "  (not certain)" };
        let unit = point.unit;
        let _ = writeln!(
            output,
            "    {name:name_width$}  {value:value_width$}  {unit}{resolution}{certain}"
        );
    }
}

fn width(cells: &[impl AsRef<str>]) -> usize {
    let widths = cells.iter().map(|cell| cell.as_ref().chars().count());
    widths.max().unwrap_or_default()
}
