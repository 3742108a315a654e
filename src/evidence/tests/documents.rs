//! Whole documents about five tasks in which each state and each reason occurs.

use super::*;
use crate::evidence::incidents::incidents;
use crate::evidence::json::json;
use crate::evidence::statement::Input;
use crate::evidence::text::text;

/// The tasks, by what is known of their clocks.
pub(super) const BROKEN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const UNKNOWN: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const REPORTED: &str = "cccccccccccccccccccccccccccccccc";
pub(super) const GOOD: &str = "dddddddddddddddddddddddddddddddd";
const UNNAMED: &str = "started 2026-11-27T23:59:58Z";

/// The line at each minute. `None` is a line that was lost.
fn task(
    started: &str,
    first: (u32, i64),
    common: &Value,
    members: &[Option<Value>],
) -> Vec<String> {
    let (sequence, minute) = first;
    let lines = members.iter().zip(0..).filter_map(|(members, at)| {
        let mut members = members.clone()?;
        members["StartedAt"] = json!(started);
        for (name, value) in common.as_object().unwrap() {
            members[name] = value.clone();
        }
        Some(line(sequence + at, (minute + i64::from(at)) * 60, &members))
    });
    lines.collect()
}

fn stopping() -> Value {
    json!({"Stopping": true})
}

/// Each window is a minute. The sum for a good line is 0.5 ms + 62 s * 15 ppm = 1.43 ms.
fn broken() -> Vec<String> {
    let step = json!({"Samples": 0, "ClockSynchronizationStatus": null, "ClockSynchronized": null,
        "MaxClockErrorBound": null, "ClockErrorBound": null, "ClockStep": [5000.0], "ClockSteps": 1,
        "LastClockStep": 5000.0});
    let lost = json!({"ClockSynchronizationStatus": "NOT_SYNCHRONIZED", "ClockSynchronized": 0});
    let members = [
        Some(good()),
        Some(good()),
        // 4.93 ms with its growth.
        Some(bounds(&[4.0, 0.5])),
        Some(good()),
        Some(lost),
        Some(good()),
        Some(good()),
        Some(step),
        Some(bounds(&[5000.5, 0.5])),
        Some(stopping()),
    ];
    let common = json!({"TaskId": BROKEN});
    task("2026-11-27T23:59:59Z", (1, 0), &common, &members)
}

/// Each reason for which nothing is known. The first line is not that of the process, and the last one announces no end.
fn unknown_for_every_reason() -> Vec<String> {
    let members = [
        Some(good()),
        Some(good()),
        None,
        Some(good()),
        Some(json!({"CrossCheckDisagreement": 1})),
        Some(good()),
        Some(json!({"ClockErrorBound": [0.5]})),
        Some(good()),
        Some(good()),
        // The last bound, 0.4 ms, holds for 104.666 s.
        Some(failed()),
        Some(failed()),
        Some(good()),
        Some(stopping()),
    ];
    let common = json!({"TaskId": UNKNOWN});
    let mut lines = task("2026-11-27T23:50:00Z", (5, 1), &common, &members);
    let again = [Some(good()), Some(good())];
    lines.extend(task("2026-11-28T00:13:20Z", (1, 14), &common, &again));
    lines
}

/// Lines of the kernel's estimate, and a gap.
fn reported() -> Vec<String> {
    let common = json!({"TaskId": REPORTED, "ServiceName": "till", "ClockSource": "kernel"});
    let members = [
        Some(good()),
        Some(good()),
        Some(good()),
        None,
        Some(good()),
        Some(stopping()),
    ];
    task("2026-11-27T23:59:57Z", (1, 0), &common, &members)
}

/// Lines that only their log stream assigns to a task.
fn proven() -> Vec<String> {
    let common = json!({"TaskId": null, "Version": "0.3.1"});
    let members = [Some(good()), Some(good()), Some(good()), Some(stopping())];
    task("2026-11-27T23:59:56Z", (1, 0), &common, &members)
}

/// Lines that nothing assigns to a task, with steps of unknown sizes.
fn unnamed() -> Vec<String> {
    let common = json!({"TaskId": null});
    let members = [
        Some(good()),
        Some(json!({"ClockSteps": 3})),
        Some(stopping()),
    ];
    task("2026-11-27T23:59:58Z", (1, 0), &common, &members)
}

/// Twenty minutes of them.
pub(super) fn fleet() -> Statement {
    let mut history = History::default();
    for line in [broken(), unknown_for_every_reason(), reported(), unnamed()].concat() {
        history.add(&line, None);
    }
    for line in proven() {
        history.add(&line, Some(&format!("clock/sidecar/{GOOD}")));
    }
    for other in ["plain text", "{}"] {
        history.add(other, None);
    }
    assert_eq!(history.counts().lines(), 36);
    let rules = Rules {
        from_ms: Some(START),
        to_ms: Some(START + 1_200_000),
        ..rules()
    };
    let input = Input {
        name: "lines.json".to_owned(),
        bytes: 12_345,
        sha256: "0123456789abcdef".repeat(4),
        lines: 36,
    };
    Statement::from_history(history, rules, vec![input])
}

/// The same without the rounding errors of sums.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            json!((number.as_f64().unwrap() * 1e9).round() / 1e9)
        }
        Value::Array(values) => values.into_iter().map(rounded).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, rounded(value)))
            .collect(),
        other => other,
    }
}

#[test]
fn the_json_of_a_fleet_is_the_expected_document() {
    let mut report = json(&fleet());
    let schema = serde_json::from_str(include_str!("../report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [] as [String; 0]);
    let made_by = report.as_object_mut().unwrap().remove("made_by");
    assert_eq!(
        made_by,
        Some(json!(format!(
            "ecs-clock-emf {}",
            env!("CARGO_PKG_VERSION")
        )))
    );
    let report = rounded(report);
    let expected: Value = serde_json::from_str(include_str!("fleet.json")).unwrap();
    // One member at a time: a difference is easier to find.
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&report[name], value, "{name}");
    }
    assert_eq!(report, expected);
}

#[test]
fn the_text_of_a_fleet_is_the_expected_document() {
    assert_eq!(text(&fleet()), include_str!("fleet.txt"));
}

#[test]
fn the_text_of_a_good_clock_has_no_word_about_bad_ones() {
    let statement = statement(&minutes(&[good(), good()]), rules());
    let expected = "\
From 2026-11-28T00:00:00Z to 2026-11-28T00:01:00Z, 1 task of production/ledger.
In 100.00 % of 1 min of task time the clock was provably within 2 ms of UTC as Amazon Time Sync reports it.
The largest known error is 1.43 ms (task cd189a933e5849daa93386466019ab50, at 2026-11-28T00:01:00Z).

task                               within %          over      not sync       stepped       unknown      reported      worst ms
cd189a933e5849daa93386466019ab50     100.00             -             -             -             -             -          1.43
";
    assert_eq!(text(&statement), expected);
}

/// A single line covers no time.
#[test]
fn lines_without_time_between_them_prove_nothing() {
    let statement = statement(&minutes(&[good()]), rules());
    assert!(!statement.is_proven());
    let expected = "\
From 2026-11-28T00:00:00Z to 2026-11-28T00:00:00Z, 0 tasks of production/ledger.
No line of the sidecar covers any time.

task   within %          over      not sync       stepped       unknown      reported      worst ms
";
    assert_eq!(text(&statement), expected);
    assert_eq!(json(&statement)["worst"], Value::Null);
}

/// Those that are certainly bad come first, then the longest, then the earliest.
#[test]
fn the_incidents_of_a_fleet_are_in_the_order_of_their_weight() {
    let statement = fleet();
    let incidents = incidents(&statement);
    let incidents: Vec<_> = incidents
        .iter()
        .map(|incident| {
            let tasks: Vec<&str> = incident.tasks.iter().copied().collect();
            let span = (incident.from_ms - START, incident.to_ms - START);
            (span, incident.task_time_ms, incident.state, tasks)
        })
        .collect();
    let expected = [
        ((0, 120_000), 120_000, State::Stepped, vec![UNNAMED]),
        (
            (180_000, 300_000),
            120_000,
            State::NotSynchronized,
            vec![BROKEN],
        ),
        ((360_000, 480_000), 120_000, State::Stepped, vec![BROKEN]),
        ((60_000, 120_000), 60_000, State::Over, vec![BROKEN]),
        (
            (900_000, 1_200_000),
            300_000,
            unknown(Unknown::AfterLastLine),
            vec![UNKNOWN],
        ),
        (
            (120_000, 240_000),
            240_000,
            unknown(Unknown::LostLine),
            vec![UNKNOWN, REPORTED],
        ),
        (
            (360_000, 480_000),
            120_000,
            unknown(Unknown::NoBound),
            vec![UNKNOWN],
        ),
        (
            (644_666, 720_000),
            75_334,
            unknown(Unknown::ReadsFailed),
            vec![UNKNOWN],
        ),
        (
            (0, 60_000),
            60_000,
            unknown(Unknown::BeforeFirstLine),
            vec![UNKNOWN],
        ),
        (
            (240_000, 300_000),
            60_000,
            unknown(Unknown::CrossCheck),
            vec![UNKNOWN],
        ),
        (
            (780_000, 840_000),
            60_000,
            unknown(Unknown::Restart),
            vec![UNKNOWN],
        ),
    ];
    assert_eq!(incidents, expected);
}
