//! What the page shows of an event.

use emf_explain::{Counter, Explained, Kind, Point, Problem};
use serde::Serialize;

use super::lines::Excerpt;

/// An event with findings.
#[derive(Debug, Serialize)]
pub(super) struct ShownEvent {
    pub(super) line: u64,
    event: Option<u64>,
    /// Whether the findings concern the input as a whole.
    is_input: bool,
    text: String,
    is_cut: bool,
    pub(super) findings: Vec<Finding>,
    /// Findings that are not shown.
    more: u64,
}

/// A finding, in the parts of its sentence.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    severity: &'static str,
    rule: &'static str,
    confidence: &'static str,
    counter: Option<&'static str>,
    place: String,
    expected: String,
    given: String,
    hint: Option<String>,
    effect: String,
}

impl From<&Problem> for Finding {
    fn from(problem: &Problem) -> Self {
        Self {
            severity: problem.severity().as_str(),
            rule: problem.rule().as_str(),
            confidence: problem.confidence().as_str(),
            counter: problem.counter().map(Counter::as_str),
            place: problem.place().to_owned(),
            expected: problem.expected().to_owned(),
            given: problem.given().to_owned(),
            hint: problem.hint().map(str::to_owned),
            effect: problem.effect().to_string(),
        }
    }
}

impl ShownEvent {
    /// Shows up to `most` findings of an event, faults first.
    pub(super) fn new(event: &Explained, excerpt: Excerpt, most: usize) -> Self {
        let faults = event.problems.iter().filter(|problem| problem.is_fault());
        let warnings = event.problems.iter().filter(|problem| !problem.is_fault());
        let findings: Vec<_> = faults
            .chain(warnings)
            .take(most)
            .map(Finding::from)
            .collect();
        let more = (event.problems.len() - findings.len()) as u64 + event.more_problems;
        Self {
            line: event.position.line,
            event: event.position.event,
            is_input: event.kind == Kind::Input,
            text: excerpt.text,
            is_cut: excerpt.is_cut,
            findings,
            more,
        }
    }
}

/// A data point with its place.
#[derive(Debug, Serialize)]
pub(super) struct ShownPoint {
    line: u64,
    event: Option<u64>,
    namespace: String,
    metric: String,
    unit: &'static str,
    resolution: u8,
    dimensions: Vec<(String, String)>,
    timestamp: i64,
    /// Text, since a number of JavaScript has fewer digits.
    values: String,
    certain: bool,
}

impl ShownPoint {
    pub(super) fn new(event: &Explained, point: &Point) -> Self {
        Self {
            line: event.position.line,
            event: event.position.event,
            namespace: point.namespace.to_string(),
            metric: point.metric.to_string(),
            unit: point.unit,
            resolution: point.resolution,
            dimensions: point.dimensions.to_vec(),
            timestamp: point.timestamp,
            values: point.values.to_string(),
            certain: point.certain,
        }
    }
}
