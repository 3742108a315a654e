//! A fleet of every version, as recorded in `tests/data/fleet`, in `report` and `explain`: nothing changes for existing
//! users. The figures were read off the recordings.

use std::collections::BTreeMap;
use std::path::Path;

use crate::report::{json_of, report};
use crate::support::run;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

const VERSIONS: [&str; 3] = ["0.1.0", "0.2.0", "0.3.0"];
/// For each task and version the states by a report with a limit of 2 ms, each with its length in seconds. A bound takes
/// 102 s to grow from 0.447 ms to the limit. Before 0.3.0, no task announced its end.
const STATES: [(&str, [&str; 3]); 8] = [
    (
        "healthy",
        [
            "reported_within 237, after_last_line 243",
            "reported_within 236, after_last_line 244",
            "within 233, after_last_line 247",
        ],
    ),
    (
        "unsynchronized",
        [
            "reported_within 56, not_synchronized 250, reported_within 50, after_last_line 124",
            "reported_within 53, not_synchronized 250, reported_within 50, after_last_line 127",
            "within 60, not_synchronized 250, within 50",
        ],
    ),
    (
        "bound-unknown",
        [
            "reported_within 52, bound_unknown 420, after_last_line 8",
            "reported_within 59, bound_unknown 420, after_last_line 1",
            "within 56, bound_unknown 420",
        ],
    ),
    (
        "read-errors",
        [
            "reported_within 158, reads_failed 258, after_last_line 64",
            "reported_within 156, reads_failed 258, after_last_line 65",
            "within 155, reads_failed 258",
        ],
    ),
    (
        "drifting",
        [
            "reported_within 53, over 300, after_last_line 127",
            "reported_within 53, over 300, after_last_line 126",
            "within 60, over 300",
        ],
    ),
    (
        "old-reference",
        [
            "reported_within 296, after_last_line 184",
            "reported_within 292, after_last_line 188",
            "within 294",
        ],
    ),
    (
        "step",
        [
            "reported_within 119, stepped 60, reported_within 240, after_last_line 61",
            "reported_within 118, stepped 58, reported_within 240, after_last_line 64",
            "within 118, stepped 120, within 180",
        ],
    ),
    (
        "disagreement",
        [
            "",
            "cross_check 232, after_last_line 248",
            "cross_check 236",
        ],
    ),
];

/// The recordings of a version, by task.
fn recordings(version: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fleet");
    let files = std::fs::read_dir(folder.join(version)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .map(|file| {
            let task = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (task, file.to_str().unwrap().to_owned())
        })
        .collect()
}

/// The states of a task one after the other.
fn states(task: &Value) -> String {
    let seconds = |segment: &Value| {
        let at =
            |member: &str| -> DateTime<Utc> { segment[member].as_str().unwrap().parse().unwrap() };
        (at("to") - at("from")).as_seconds_f64().round()
    };
    let segments = task["segments"].as_array().unwrap().iter();
    let states = segments.map(|segment| {
        let state = segment.get("reason").unwrap_or(&segment["state"]);
        format!("{} {}", state.as_str().unwrap(), seconds(segment))
    });
    states.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_report_has_the_states_of_every_version_and_proof_of_0_3_alone() {
    let files: Vec<String> = VERSIONS
        .into_iter()
        .flat_map(|version| recordings(version).into_values())
        .collect();
    let mut arguments = vec![
        "--json",
        "--max-error=2ms",
        "--from=2026-11-30T05:43:00Z",
        "--to=2026-11-30T05:51:00Z",
    ];
    arguments.extend(files.iter().map(String::as_str));
    let finished = report(&arguments);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let report = json_of(&finished);
    assert_eq!(
        (&report["versions"], &report["sources"]),
        (
            &json!({"0.1.0": 53, "0.2.0": 58, "0.3.0": 61}),
            &json!({"ecs": 172})
        )
    );
    assert_eq!(
        (&report["lines"], &report["other_lines"]),
        (&json!(172), &json!(57))
    );
    let tasks = report["tasks"].as_array().unwrap().iter();
    // An ID begins with the digits of version and task.
    let tasks: BTreeMap<&str, &Value> = tasks
        .map(|task| (&task["task"].as_str().unwrap()[..2], task))
        .collect();
    assert_eq!(tasks.len(), 23);
    for (number, (name, expected)) in (1..).zip(STATES) {
        for (minor, expected) in (1..).zip(expected) {
            let task = tasks.get(format!("{minor}{number}").as_str());
            let found = task.map(|task| states(task)).unwrap_or_default();
            assert_eq!(found, expected, "0.{minor}.0 {name}");
        }
    }
    let steps = ["17", "27", "37"].map(|task| &tasks[task]["steps"][0]["by_ms"]);
    assert_eq!(json!(steps), json!([250.003, 249.945_982, 249.951_471]));
}

#[test]
fn a_healthy_clock_is_proven_by_lines_of_0_3_alone() {
    for (version, code, statement) in [
        ("0.1.0", 1, "In 0.00 % of 3 min 57 s"),
        ("0.2.0", 1, "In 0.00 % of 3 min 55 s"),
        ("0.3.0", 0, "In 100.00 % of 3 min 52 s"),
    ] {
        let finished = report(&["--max-error=2ms", &recordings(version)["healthy"]]);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert!(finished.stdout.contains(statement), "{finished:?}");
        let says_why = finished.stdout.contains("prove nothing");
        assert_eq!(says_why, code == 1, "{finished:?}");
    }
}

/// Each metric that a line names is a data point.
#[test]
fn explain_finds_every_data_point_and_no_fault() {
    for (version, lines, points) in [("0.1.0", 53, 140), ("0.2.0", 58, 175), ("0.3.0", 61, 191)] {
        let files = recordings(version);
        let texts: String = files
            .values()
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        // As the containers wrote it: without the times of the export.
        let written: String = texts
            .lines()
            .map(|line| line.split_once(' ').unwrap().1.to_owned() + "\n")
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let stdout = folder.path().join("stdout");
        std::fs::write(&stdout, &written).unwrap();
        let exported = files.values().map(String::as_str).collect();
        for (input, files) in [
            ("stdout", vec![stdout.to_str().unwrap()]),
            ("export", exported),
        ] {
            let arguments = ["explain", "--json", "--now=2026-11-30T06:00:00Z", "--input"];
            let arguments: Vec<&str> = arguments.into_iter().chain([input]).chain(files).collect();
            let finished = run(&arguments, &[]);
            assert_eq!(finished.code, Some(0), "{finished:?}");
            let findings: Vec<Value> = finished
                .stdout
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            assert_eq!(findings.len(), points, "{version}: {findings:?}");
            for finding in &findings {
                assert!(finding.get("metric").is_some(), "{finding}");
                assert!(finding.get("certain").is_none(), "{finding}");
            }
        }
        assert_eq!(written.matches("\"_aws\"").count(), lines, "{version}");
    }
}
