//! A statement as JSON: `report.schema.json` describes it.

use serde_json::{Map, Value, json};

use super::state::State;
use super::statement::{Statement, Task};
use super::text::sentences;
use super::totals::Totals;
use crate::time::{rfc3339_of_milliseconds as fine_time, rfc3339_of_seconds as time};

/// The statement as one JSON object.
pub(crate) fn json(statement: &Statement) -> Value {
    json!({
        "proven": statement.is_proven(),
        "statement": sentences(statement).join(" "),
        "from": time(statement.from_ms),
        "to": time(statement.to_ms),
        "rules": {
            "max_error_ms": statement.rules.max_error_ms,
            "max_drift_ppm": ppm(statement.rules.drift),
        },
        "services": statement.counts.services.keys().collect::<Vec<_>>(),
        "totals": totals(&statement.totals),
        "worst": statement.worst().map(|(task, worst)| json!({
            "task": task.name,
            "error_ms": worst.error_ms,
            "at": time(worst.at_ms),
        })),
        "tasks": statement.tasks.iter().map(task).collect::<Vec<_>>(),
        "inputs": statement.inputs,
        "lines": statement.counts.lines(),
        "other_lines": statement.counts.others,
        "versions": statement.counts.versions,
        "sources": statement.counts.sources,
        "made_by": concat!("ecs-clock-emf ", env!("CARGO_PKG_VERSION")),
    })
}

/// Parts per million, without the rounding errors of a division.
pub(super) fn ppm(drift: f64) -> f64 {
    (drift * 1e9).round() / 1e3
}

fn totals(totals: &Totals) -> Value {
    let mut states: Map<String, Value> = Map::new();
    states.insert("span_s".to_owned(), json!(seconds(totals.span_ms())));
    for kind in State::KINDS {
        let name = format!("{}_s", kind.as_str());
        states.insert(name, json!(seconds(totals.ms(kind))));
    }
    let reasons = totals.reasons().map(|(why, total)| {
        let reason = json!({"seconds": seconds(total.ms), "times": total.stretches});
        (why.as_str().to_owned(), reason)
    });
    states.insert(
        "unknown_by_reason".to_owned(),
        Value::Object(reasons.collect()),
    );
    Value::Object(states)
}

fn task(task: &Task) -> Value {
    let segments = task.timeline.segments.iter().map(|segment| {
        let mut object = json!({
            "from": fine_time(segment.from_ms),
            "to": fine_time(segment.to_ms),
            "state": segment.state.as_str(),
        });
        if let State::Unknown(why) = segment.state {
            object["reason"] = json!(why.as_str());
        }
        object
    });
    let steps = task
        .steps
        .iter()
        .map(|(at, by)| json!({"at": fine_time(*at), "by_ms": (*by != 0.0).then_some(*by)}));
    json!({
        "task": task.name,
        "totals": totals(&task.totals),
        "worst": task.worst.map(|worst| json!({"error_ms": worst.error_ms, "at": time(worst.at_ms)})),
        "steps": steps.collect::<Vec<_>>(),
        "segments": segments.collect::<Vec<_>>(),
    })
}

/// Milliseconds, written as seconds.
fn seconds(milliseconds: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 ms")]
    let seconds = milliseconds as f64 / 1000.0;
    seconds
}
