//! The command `report` on the real program, over lines of the real program.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Finished, Program, output_of, run};
use endpoint::{Scenario, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

const SCHEMA: &str = include_str!("../src/evidence/report.schema.json");

pub(crate) fn report(arguments: &[&str]) -> Finished {
    let arguments: Vec<&str> = ["report"].iter().chain(arguments).copied().collect();
    run(&arguments, &[])
}

/// The JSON report, which its schema describes.
pub(crate) fn json_of(finished: &Finished) -> Value {
    let report: Value =
        serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{finished:?}"));
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [] as [String; 0], "{report}");
    report
}

/// A line of 0.3.0: a minute of a good clock, `minute` minutes after midnight.
fn line(minute: u32) -> String {
    let at = 1_795_824_000_000_u64 + u64::from(minute) * 60_000;
    json!({
        "_aws": {"Timestamp": at, "CloudWatchMetrics": []}, "ClusterName": "production", "ServiceName": "ledger",
        "TaskId": "cd189a933e5849daa93386466019ab50", "Samples": 1, "ClockSource": "ecs",
        "ClockSynchronizationStatus": "SYNCHRONIZED", "ClockSynchronized": 1, "MaxClockErrorBound": 0.5,
        "ClockErrorBound": [0.5], "Sequence": minute + 1, "StartedAt": "2026-11-28T00:00:00.000000001Z", "Version": "0.3.0",
    })
    .to_string()
}

fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn lines(minutes: std::ops::Range<u32>) -> String {
    minutes.map(|minute| line(minute) + "\n").collect()
}

#[test]
fn what_the_program_writes_is_evidence() {
    let server = Server::start(Scenario::Good).unwrap();
    let base = server.base();
    let environment = [("ECS_CONTAINER_METADATA_URI_V4", base.as_str())];
    let folder = tempfile::tempdir().unwrap();
    let lines = file(&folder, "lines.json", "");
    let program = Program::start_unread(
        &[
            "--sample-interval=100ms",
            "--emit-interval=1s",
            "--emit-jitter=0s",
        ],
        &environment,
        File::create(&lines).unwrap().into(),
    );
    let deadline = Instant::now() + Duration::from_secs(60);
    while std::fs::read_to_string(&lines).unwrap().lines().count() < 4 {
        assert!(Instant::now() < deadline, "it writes no lines");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(program.stop().code, Some(0));
    let report = json_of(&report(&[&lines, "--json", "--max-error=5ms"]));
    let totals = &report["totals"];
    assert!(totals["span_s"].as_f64().unwrap() > 0.0, "{report}");
    for state in ["over_s", "stepped_s", "not_synchronized_s", "unknown_s"] {
        assert_eq!(totals[state], 0.0, "{state}: {report}");
    }
    assert_eq!(report["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn the_exit_code_tells_whether_the_limit_is_proven() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(&folder, "good.json", &lines(0..10));
    let gap = file(&folder, "gap.json", &(lines(0..4) + &lines(6..10)));
    let other = file(&folder, "other.json", "plain text\n{\"level\":\"info\"}\n");
    for (arguments, code, shown) in [
        (vec![good.as_str()], 0, "In 100.00 % of"),
        (vec![good.as_str(), "--max-error=1ms"], 1, "over the limit"),
        (
            vec![good.as_str(), "--max-error=1ms", "--max-drift-ppm=1"],
            0,
            "within 1 ms",
        ),
        (vec![gap.as_str()], 1, "1 gap of lost lines"),
        (
            vec![good.as_str(), "--to=2026-11-29"],
            1,
            "after the last line",
        ),
        (
            vec![
                good.as_str(),
                "--from=2026-11-28T00:02:00Z",
                "--to=2026-11-28T00:05:00Z",
            ],
            0,
            "3 min",
        ),
        (vec![other.as_str()], 3, ""),
        (vec!["missing.json"], 3, ""),
        (vec![good.as_str(), "--max-error=off"], 2, ""),
        (vec![good.as_str(), "--max-error=5"], 2, ""),
        (
            vec![good.as_str(), "--from=yesterday"],
            2,
            "got \"yesterday\"",
        ),
        (
            vec![good.as_str(), "--from=2026-11-29", "--to=2026-11-28"],
            2,
            "after --from (2026-11-29T00:00:00.000000Z), got 2026-11-28",
        ),
        (vec![good.as_str(), "--max-drift-ppm=-1"], 2, ""),
    ] {
        let finished = report(&arguments);
        assert_eq!(finished.code, Some(code), "{arguments:?}: {finished:?}");
        assert!(
            finished.stdout.contains(shown) || finished.stderr.contains(shown),
            "{arguments:?}: {finished:?}"
        );
        assert_eq!(finished.stderr.is_empty(), code < 2, "{finished:?}");
    }
}

/// Variables of a container must not change a report.
#[test]
fn the_environment_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(&folder, "good.json", &lines(0..3));
    let with = run(
        &["report", &good, "--json"],
        &[
            ("CLOCK_EMF_MAX_ERROR", "1us"),
            ("CLOCK_EMF_MAX_DRIFT_PPM", "x"),
        ],
    );
    assert_eq!(with.stdout, report(&[&good, "--json"]).stdout);
}

#[test]
fn duplicates_and_the_order_of_files_change_only_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let one = file(&folder, "one.json", &lines(0..6));
    let other = file(&folder, "other.json", &lines(4..12));
    let first = json_of(&report(&[&one, &other, "--json"]));
    let second = json_of(&report(&[&other, &one, &one, "--json"]));
    for member in ["statement", "totals", "tasks", "worst", "from", "to"] {
        assert_eq!(first[member], second[member], "{member}");
    }
    // As `sha256sum` prints it for an empty input.
    let empty = file(&folder, "empty.json", "");
    let report = json_of(&report(&[&one, &empty, "--json"]));
    assert_eq!(
        report["inputs"][1]["sha256"],
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

/// Exports wrap the lines; the report is the same.
#[test]
fn every_export_gives_the_same_statement() {
    let folder = tempfile::tempdir().unwrap();
    let events: Vec<Value> = (0..5)
        .map(|minute| json!({"logStreamName": "clock/ecs-clock-emf/cd189a933e5849daa93386466019ab50", "timestamp": 1, "message": line(minute), "eventId": "1"}))
        .collect();
    let plain = file(&folder, "plain.json", &lines(0..5));
    let compact = file(
        &folder,
        "compact.json",
        &json!({"events": events, "searchedLogStreams": []}).to_string(),
    );
    let pretty = file(
        &folder,
        "pretty.json",
        &serde_json::to_string_pretty(&json!({"events": events})).unwrap(),
    );
    let exported: Vec<String> = (0..5)
        .map(|minute| format!("2026-11-28T00:00:00.000Z {}", line(minute)))
        .collect();
    let exported = exported.join("\n") + "\n";
    let exported = file(&folder, "exported.log", &exported);
    let expected = json_of(&report(&[&plain, "--json"]));
    for input in [&compact, &pretty, &exported] {
        let report = json_of(&report(&[input, "--json"]));
        assert_eq!(
            (&report["statement"], &report["lines"]),
            (&expected["statement"], &expected["lines"]),
            "{input}"
        );
    }
}

#[test]
fn the_page_is_one_file_that_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let gap = file(&folder, "gap.json", &(lines(0..4) + &lines(6..10)));
    let page = folder.path().join("report.html");
    let finished = report(&[&gap, "--html", page.to_str().unwrap()]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let page = std::fs::read_to_string(page).unwrap();
    for part in [
        "<script", "src=", "href=", "url(", "http://", "https://", "@import",
    ] {
        assert!(!page.contains(part), "{part}");
    }
    for part in [
        "default-src 'none'",
        "cd189a933e5849daa93386466019ab50",
        "unknown: lost line",
        "SHA-256",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

/// `sam/file-report.sh` with an `aws` that answers from files.
#[test]
fn a_day_is_filed() {
    let folder = tempfile::tempdir().unwrap();
    let events: Vec<Value> = (0..1_446)
        .map(|minute| json!({"logStreamName": "s", "timestamp": 1, "message": line(minute)}))
        .collect();
    let events = file(
        &folder,
        "events.json",
        &json!({"events": events}).to_string(),
    );
    let log = folder.path().join("calls");
    let filed = folder.path().join("filed");
    std::fs::create_dir(&filed).unwrap();
    let aws = format!(
        "#!/bin/sh\necho \"$*\" >>{}\ncase \"$1 $2\" in\n'logs filter-log-events') cat {events} ;;\n's3 cp') cp \"$4\" {} ;;\nesac\n",
        log.display(),
        filed.display()
    );
    let aws = PathBuf::from(file(&folder, "aws", &aws));
    std::fs::set_permissions(&aws, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ecs-clock-emf"))
        .parent()
        .unwrap();
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        folder.path().display(),
        program.display()
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/sam/file-report.sh");
    let mut filing = Command::new("bash");
    filing
        .args([
            script,
            "production",
            "ledger",
            "s3://bucket/clocks/",
            "5ms",
            "2026-11-28",
        ])
        .env_clear()
        .env("PATH", path);
    let output = output_of(&mut filing);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let calls = std::fs::read_to_string(&log).unwrap();
    for part in [
        "--log-group-name /ecs/clock/production/ledger",
        "--start-time 1795823700000 --end-time 1795910700000",
        "s3://bucket/clocks/production/ledger/2026-11-28.html",
        "s3://bucket/clocks/production/ledger/2026-11-28.json",
    ] {
        assert!(calls.contains(part), "{part}: {calls}");
    }
    let filed = std::fs::read_to_string(filed.join("2026-11-28.json")).unwrap();
    let report: Value = serde_json::from_str(&filed).unwrap();
    assert_eq!(
        (&report["proven"], &report["totals"]["span_s"]),
        (&json!(true), &json!(86_400.0)),
        "{report}"
    );
}
