//! `explain` against recorded lines, generated ones, and every rule at its edge.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod command;
mod corpus;
mod edges;
mod generated;
mod lines;

use chrono::{DateTime, Utc};
use ecs_clock_emf::explain::{Options, Summary, explain, parse_now};
use serde_json::{Value, json};

/// The moment of all recorded lines.
const NOW: &str = "2026-11-22T12:00:00Z";
/// The same, in milliseconds.
const NOW_MS: i64 = 1_795_348_800_000;

fn now() -> DateTime<Utc> {
    parse_now(NOW).unwrap()
}

/// Explains some input and gives the counts and the report.
fn report(mut input: &[u8], json: bool) -> (Summary, String) {
    let mut output = Vec::new();
    let options = Options { json, now: now() };
    let summary = explain(&mut input, &mut output, &options).unwrap();
    (summary, String::from_utf8(output).unwrap())
}

/// The data points and the fault sentences of some input.
fn findings(input: &[u8]) -> (Vec<Value>, Vec<String>) {
    let (summary, report) = report(input, true);
    let records = report
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (faults, points): (Vec<_>, Vec<_>) =
        records.partition(|record| record.get("fault").is_some());
    assert_eq!(
        (summary.points, summary.faults),
        (points.len() as u64, faults.len() as u64)
    );
    assert_eq!(summary.lines, summary.emf + summary.others);
    let faults = faults
        .iter()
        .map(|record| record["fault"].as_str().unwrap().to_owned())
        .collect();
    (points, faults)
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
