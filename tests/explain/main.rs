//! `explain` against recorded lines, generated ones, every form of input, and every rule at its edge.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod batches;
#[path = "../support/bounded.rs"]
mod bounded;
mod bounds;
mod command;
mod corpus;
mod documents;
mod edges;
mod field;
mod form_list;
mod forms;
mod generated;
mod lines;
mod names;
mod near;
mod parts;
mod pasted;
mod reference;
mod tables;
#[cfg(unix)]
mod terminal;
mod viewers;

use chrono::{DateTime, Utc};
use emf_explain::{
    Explained, Input, Kind, Options, Point, Problem, Rule, Severity, explain, parse_now,
};
use serde_json::{Value, json};

/// The moment of all recorded lines.
const NOW: &str = "2026-11-22T12:00:00Z";
/// The same, in milliseconds.
const NOW_MS: i64 = 1_795_348_800_000;

fn now() -> DateTime<Utc> {
    parse_now(NOW).unwrap()
}

/// The events of some input.
fn events_of(input: &[u8], form: Input) -> Vec<Explained> {
    let options = Options::new(form, now());
    explain(input, options).map(Result::unwrap).collect()
}

/// All findings of an input.
#[derive(Debug, Default, PartialEq)]
struct Findings {
    /// Each as an object, without its line.
    points: Vec<Value>,
    faults: Vec<Rule>,
    warnings: Vec<Rule>,
    sentences: Vec<String>,
    documents: usize,
    others: usize,
}

impl Findings {
    fn in_events(events: &[Explained]) -> Self {
        let mut found = Self::default();
        for event in events {
            match event.kind {
                Kind::Document => found.documents += 1,
                Kind::Other => found.others += 1,
                _ => {}
            }
            found.points.extend(event.points.iter().map(point));
            for problem in &event.problems {
                match problem.severity() {
                    Severity::Fault => found.faults.push(problem.rule()),
                    Severity::Warning => found.warnings.push(problem.rule()),
                }
                found.sentences.push(problem.to_string());
            }
        }
        found
    }
}

/// All findings of an input, read without options.
fn found(input: &[u8]) -> Findings {
    Findings::in_events(&events_of(input, Input::Auto))
}

/// All findings of an input in a form.
fn found_as(input: &[u8], form: Input) -> Findings {
    Findings::in_events(&events_of(input, form))
}

fn rules(problems: &[Problem]) -> Vec<Rule> {
    problems.iter().map(Problem::rule).collect()
}

/// A data point as the JSON report has it, without its line.
fn point(point: &Point) -> Value {
    json!(point)
}

/// A valid document: one directive, one set of one key, two metrics.
fn document() -> Value {
    json!({
        "_aws": {
            "Timestamp": NOW_MS,
            "CloudWatchMetrics": [{
                "Namespace": "Shop",
                "Dimensions": [["Service"]],
                "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Hits"}],
            }],
        },
        "Service": "api",
        "Latency": [1.5, 2],
        "Hits": 3,
    })
}
