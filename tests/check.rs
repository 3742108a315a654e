//! The command `check` on the real program.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{CheckAnswer, Finished, Program, run};
use chrono::{SecondsFormat, TimeDelta, Utc};
use ecs_clock_emf::{ErrorLimit, Preset};
use endpoint::{Options, Scenario, Server};

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";

fn check(server: &Server, arguments: &[&str]) -> Finished {
    let arguments: Vec<&str> = ["check", "--source=ecs"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    run(&arguments, &[(ENDPOINT, &server.base())])
}

/// Waits until the endpoint has been asked this often.
fn await_requests(server: &Server, requests: u64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.counters().task_requests < requests {
        assert!(Instant::now() < deadline, "it is not asked");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn json(finished: &Finished) -> CheckAnswer {
    assert_eq!(finished.stdout.lines().count(), 1, "{finished:?}");
    serde_json::from_str(&finished.stdout).unwrap()
}

#[test]
fn a_good_clock() {
    let server = Server::start(Scenario::Good).unwrap();
    let before = Utc::now();
    let finished = check(&server, &["--json", "--max-error=5ms", "--max-age=2m"]);
    let after = Utc::now();
    assert_eq!(finished.code, Some(0));
    let checked = json(&finished);
    assert_eq!(
        (checked.verdict.as_str(), checked.reasons.len()),
        ("good", 0)
    );
    assert_eq!(checked.source.as_deref(), Some("ecs"));
    assert_eq!(checked.status.as_deref(), Some("SYNCHRONIZED"));
    assert_eq!(checked.error_bound_ms, Some(0.446_931));
    let read_at = checked.read_at.unwrap();
    assert!(before <= read_at && read_at <= after);
    let age = read_at - checked.reference_timestamp.unwrap();
    let age_s = checked.reference_age_s.unwrap();
    assert!((age.as_seconds_f64() - age_s).abs() < 1.0);
    // Bound and age × 15 ppm; the age here is that when the source was asked.
    let adjusted = checked.age_adjusted_bound_ms.unwrap();
    let at = |age: TimeDelta| 0.446_931 + age.as_seconds_f64() * 1e3 * 15e-6;
    let oldest = at(age);
    let youngest = at(before - checked.reference_timestamp.unwrap());
    assert!(
        youngest - 2e-6 < adjusted && adjusted < oldest + 2e-6,
        "{youngest} {adjusted} {oldest}"
    );
    let (earliest, latest) = (checked.earliest.unwrap(), checked.latest.unwrap());
    assert!(latest - earliest >= TimeDelta::nanoseconds(2 * 446_931));
    assert!(earliest < after && before < latest);
    for name in ["read_at", "earliest", "latest", "reference_timestamp"] {
        let value: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        let text = value[name].as_str().unwrap();
        assert_eq!(
            text.len(),
            "2026-11-22T10:35:50.000000Z".len(),
            "{name}: {text}"
        );
    }
}

#[test]
fn what_is_not_good_and_why() {
    for (scenario, arguments, code, reason) in [
        (
            Scenario::Unsynchronized,
            &[][..],
            "not_synchronized",
            "its status is NOT_SYNCHRONIZED",
        ),
        (
            Scenario::NoStatus,
            &[],
            "not_synchronized",
            "its status is UNKNOWN",
        ),
        (
            Scenario::UnknownStatusWord,
            &[],
            "not_synchronized",
            "its status is UNKNOWN",
        ),
        (
            Scenario::Good,
            &["--max-error=446us"],
            "bound_over_limit",
            "is over the limit of 0.446 ms",
        ),
        (
            Scenario::NoBound,
            &[],
            "bound_unknown",
            "the error bound is unknown",
        ),
        (
            Scenario::Negative,
            &["--max-age=off"],
            "bound_unknown",
            "the error bound is unknown",
        ),
        (
            Scenario::OldReference,
            &["--max-age=16m"],
            "age_over_limit",
            "is over the limit of 960 s",
        ),
        (
            Scenario::NoReference,
            &["--max-age=1h"],
            "age_unknown",
            "the reference age is unknown",
        ),
        (
            Scenario::NoReference,
            &["--age-adjusted"],
            "age_unknown",
            "the reference age is unknown",
        ),
        (
            Scenario::OldReference,
            &["--age-adjusted", "--max-error=5ms"],
            "bound_over_limit",
            "the age-adjusted error bound of ",
        ),
    ] {
        let server = Server::start(scenario.clone()).unwrap();
        let arguments: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
        let finished = check(&server, &arguments);
        assert_eq!(finished.code, Some(1), "{scenario}: {finished:?}");
        let checked = json(&finished);
        assert_eq!(checked.verdict, "not_good", "{scenario}");
        assert_eq!(checked.codes, [code], "{scenario}: {checked:?}");
        assert_eq!(checked.reasons.len(), 1, "{scenario}: {checked:?}");
        assert!(
            checked.reasons[0].contains(reason),
            "{scenario}: {checked:?}"
        );
        // A range is given only if something bounds the error.
        let has_range = matches!(code, "bound_over_limit" | "age_over_limit")
            || (code == "age_unknown" && !arguments.contains(&"--age-adjusted"));
        assert_eq!(
            (checked.earliest.is_some(), checked.latest.is_some()),
            (has_range, has_range),
            "{scenario}: {checked:?}"
        );
    }
}

#[test]
fn an_age_that_is_not_known_may_be_unless_asked_for() {
    for (scenario, arguments) in [
        (Scenario::NoReference, &[][..]),
        (Scenario::NoReference, &["--max-age=off"]),
        (Scenario::OldReference, &[]),
        (Scenario::OldReference, &["--max-age=18m"]),
    ] {
        let server = Server::start(scenario).unwrap();
        assert_eq!(check(&server, arguments).code, Some(0), "{arguments:?}");
    }
}

/// An answer of the endpoint in which the reference is that old.
fn with_reference_age(folder: &Path, age: TimeDelta) -> Scenario {
    let reference = (Utc::now() - age).to_rfc3339_opts(SecondsFormat::Secs, true);
    let task = "arn:aws:ecs:us-east-1:123456789012:task/clockcluster/0123456789abcdef";
    let body = serde_json::json!({
        "TaskARN": task,
        "ClockDrift": {
            "ClockErrorBound": 0.4,
            "ReferenceTimestamp": reference,
            "ClockSynchronizationStatus": "SYNCHRONIZED",
        },
    })
    .to_string();
    let file = folder.join("answer.http");
    let length = body.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
    std::fs::write(&file, answer).unwrap();
    Scenario::replay(&file).unwrap()
}

/// A clock that has lost its time source is still called synchronized.
#[test]
fn an_old_reference_is_not_good_by_default() {
    let folder = tempfile::tempdir().unwrap();
    for (minutes, code, codes) in [(59, 0, &[][..]), (61, 1, &["age_over_limit"])] {
        let scenario = with_reference_age(folder.path(), TimeDelta::minutes(minutes));
        let server = Server::start(scenario).unwrap();
        let finished = check(&server, &["--json"]);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert_eq!(json(&finished).codes, codes);
        assert_eq!(check(&server, &["--max-age=off"]).code, Some(0));
    }
}

#[test]
fn what_was_withheld_is_a_warning() {
    let server = Server::start(Scenario::BadReference).unwrap();
    let finished = check(&server, &["--json"]);
    assert_eq!(finished.code, Some(0));
    let checked = json(&finished);
    assert_eq!(checked.reference_timestamp, None);
    assert_eq!(checked.warnings.len(), 1, "{checked:?}");
    assert!(
        checked.warnings[0].contains("ReferenceTimestamp"),
        "{checked:?}"
    );
    let text = check(&server, &[]).stdout;
    assert!(text.contains("\nwarning             withheld: "), "{text}");
}

#[test]
fn no_reading_is_a_code_of_its_own() {
    let server = Server::start(Scenario::Down).unwrap();
    let finished = check(&server, &["--json"]);
    assert_eq!(finished.code, Some(3));
    let checked = json(&finished);
    assert_eq!(checked.verdict, "not_good");
    assert!(checked.reasons[0].contains("no reading"), "{checked:?}");
    // The host and the port help; the path identifies the container.
    let base = server.base();
    let path = base.splitn(4, '/').nth(3).unwrap();
    let address = server.address().to_string();
    assert!(finished.stdout.contains(&address), "{finished:?}");
    assert!(!finished.stdout.contains(path), "{finished:?}");
    assert_eq!(checked.status, None);
}

#[test]
fn the_text_for_a_person_says_the_same() {
    let server = Server::start(Scenario::Unsynchronized).unwrap();
    let finished = check(&server, &[]);
    assert_eq!(finished.code, Some(1));
    let text = &finished.stdout;
    for line in [
        "verdict             not good",
        "reason              the clock is not synchronized: its status is NOT_SYNCHRONIZED",
        "source              ecs",
        "earliest true time  unknown",
        "latest true time    unknown",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in {text}");
    }
    // One number: the bound as it was compared with its limit.
    let bound = text.lines().find(|line| line.starts_with("error bound "));
    let bound = bound.unwrap().strip_prefix("error bound         ").unwrap();
    let bound: f64 = bound
        .strip_suffix(" ms (limit 1s)")
        .unwrap()
        .parse()
        .unwrap();
    // It grows until it is compared.
    assert!((0.446_931..1.0).contains(&bound), "{bound}");
    assert_eq!(text.matches(" ms").count(), 1, "{text}");
}

#[test]
fn a_clock_without_a_limit_has_the_default_one() {
    let server = Server::start(Scenario::Good).unwrap();
    let limits = |arguments: &[&str]| {
        let arguments = [arguments, &["--json"]].concat();
        json(&check(&server, &arguments)).limits
    };
    let usual = limits(&[]);
    assert_eq!(
        (usual.max_error_ms, usual.max_age_s, usual.preset),
        (Some(1_000.0), Some(3_600.0), None)
    );
    assert_eq!(limits(&["--max-error=off"]).max_error_ms, None);
    let wrong = check(&server, &["--for=postgresql"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("cockroachdb-250ms, yugabytedb") && !wrong.stderr.contains("did you"),
        "{}",
        wrong.stderr
    );
    for (given, meant) in [("cockroach", "cockroachdb"), ("ectd", "etcd")] {
        let slip = check(&server, &["--for", given]);
        let hint = format!("did you mean {meant}?");
        assert!(slip.stderr.contains(&hint), "{}", slip.stderr);
    }
}

/// The table for people and the program have the same limits.
#[test]
fn every_row_of_the_limits_table_is_what_for_applies() {
    let server = Server::start(Scenario::Good).unwrap();
    let table = include_str!("../src/answer/limits.md");
    let mut named = Vec::new();
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells[2].trim_matches('`');
        if !cells[2].starts_with('`') || name == "--for" {
            continue;
        }
        assert!(
            cells[5].contains("2026-") || cells[5] == "the same",
            "{line}"
        );
        let checked = json(&check(&server, &["--for", name, "--json"]));
        assert_eq!(checked.limits.preset.as_deref(), Some(name));
        let limit: ErrorLimit = match cells[3].strip_suffix(" s") {
            // More than the option accepts.
            Some(seconds) => Duration::from_secs_f64(seconds.parse().unwrap()).into(),
            None => cells[3].parse().unwrap(),
        };
        let ErrorLimit::AtMost(limit) = limit else {
            panic!("{line}");
        };
        assert_eq!(
            checked.limits.max_error_ms,
            Some(limit.as_secs_f64() * 1e3),
            "{line}"
        );
        named.push(name);
    }
    let presets: Vec<&str> = Preset::ALL.iter().map(|preset| preset.as_str()).collect();
    assert_eq!(named, presets);
}

#[test]
fn waiting_ends_when_the_clock_is_good() {
    let server = Server::start(Scenario::Unsynchronized).unwrap();
    let base = server.base();
    let program = Program::start_unread(
        &["check", "--wait=10m", "--json"],
        &[(ENDPOINT, &base)],
        Stdio::null(),
    );
    server.await_requests(2).unwrap();
    server.switch(Scenario::Good);
    assert_eq!(program.finish().code, Some(0));
}

#[test]
fn waiting_ends_with_the_last_verdict_when_the_time_is_over() {
    let server = Server::start(Scenario::Unsynchronized).unwrap();
    let finished = check(&server, &["--wait=1500ms", "--json"]);
    assert_eq!(finished.code, Some(1));
    assert_eq!(json(&finished).status.as_deref(), Some("NOT_SYNCHRONIZED"));
    // At the start, after a second, and when the time is over; on a busy machine the second request may be the last.
    let requests = server.counters().task_requests;
    assert!((2..=3).contains(&requests), "{requests}");
    server.switch(Scenario::Hang);
    let finished = check(&server, &["--wait=1500ms", "--request-timeout=100ms"]);
    assert_eq!(finished.code, Some(3));
}

/// A successful reading counts, also if failures follow.
#[test]
fn waiting_ends_with_3_only_where_no_reading_was_ever_had() {
    let server = Server::start(Scenario::Unsynchronized).unwrap();
    let base = server.base();
    let program = Program::start_unread(
        &["check", "--source=ecs", "--wait=4s", "--json"],
        &[(ENDPOINT, &base)],
        Stdio::null(),
    );
    // The first was answered before the second was sent.
    await_requests(&server, 2);
    server.switch(Scenario::Down);
    let finished = program.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
}

/// Regression: the last second of the waiting went unused.
#[test]
fn the_last_attempt_is_made_when_the_time_is_over() {
    for (wait, reads) in [("0s", 1), ("500ms", 2), ("1s", 2)] {
        let server = Server::start(Scenario::Unsynchronized).unwrap();
        let finished = check(&server, &["--wait", wait]);
        assert_eq!(finished.code, Some(1));
        assert_eq!(server.counters().task_requests, reads, "{wait}");
    }
}

/// Regression: a limit under a misspelled name silently left a gate open.
#[test]
fn a_misspelled_variable_is_a_warning() {
    let server = Server::start(Scenario::Good).unwrap();
    let finished = run(
        &["check"],
        &[(ENDPOINT, &server.base()), ("CLOCK_EMF_MAX_EROR", "1us")],
    );
    assert_eq!(finished.code, Some(0));
    let warning = &finished.diagnostics()[0];
    assert_eq!(
        warning["message"],
        "unknown variable; did you mean CLOCK_EMF_MAX_ERROR?"
    );
}

#[test]
fn a_signal_ends_the_waiting_with_the_verdict_so_far() {
    let server = Server::start(Scenario::Unsynchronized).unwrap();
    let program = Program::start_unread(
        &["check", "--wait=10m"],
        &[(ENDPOINT, &server.base())],
        Stdio::null(),
    );
    server.await_requests(2).unwrap();
    assert_eq!(program.stop().code, Some(1));
}

#[test]
fn the_limits_are_variables_too() {
    let server = Server::start(Scenario::Good).unwrap();
    let finished = run(
        &["check"],
        &[
            (ENDPOINT, &server.base()),
            ("CLOCK_EMF_MAX_ERROR", "0.1"),
            ("CLOCK_EMF_JSON", "yes"),
            // An option of `run` has no effect on `check`, and is not a fault.
            ("CLOCK_EMF_EMIT_INTERVAL", "7s"),
        ],
    );
    assert_eq!(finished.code, Some(2));
    let options: Vec<_> = finished
        .diagnostics()
        .iter()
        .map(|fault| fault["option"].clone())
        .collect();
    assert_eq!(options, ["CLOCK_EMF_MAX_ERROR", "CLOCK_EMF_JSON"]);
    let finished = run(
        &["check"],
        &[
            (ENDPOINT, &server.base()),
            ("CLOCK_EMF_MAX_ERROR", "100us"),
            ("CLOCK_EMF_JSON", "true"),
        ],
    );
    assert_eq!(finished.code, Some(1));
    assert_eq!(json(&finished).reasons.len(), 1);
}

#[test]
fn a_slow_endpoint_is_given_its_time_and_the_bound_grows_with_it() {
    let server = Server::with(Options {
        scenario: Scenario::Slow,
        delay: Duration::from_millis(700),
        ..Options::default()
    })
    .unwrap();
    let arguments = ["--request-timeout=30s", "--max-drift-ppm=10000", "--json"];
    let finished = check(&server, &arguments);
    assert_eq!(finished.code, Some(0));
    // The bound holds from before the request: 1 % of 700 ms comes to the 0.446931 ms.
    let checked = json(&finished);
    let range = checked.latest.unwrap() - checked.earliest.unwrap();
    assert!(range >= TimeDelta::microseconds(2 * 7_446), "{range}");
}

/// On a laptop `auto` would wait for ten documents, and `check` has one.
#[test]
fn on_a_laptop_the_reason_names_the_source_that_works() {
    let server = Server::start(Scenario::LocalEndpoint).unwrap();
    let finished = run(&["check", "--json"], &[(ENDPOINT, &server.base())]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let checked = json(&finished);
    assert_eq!(checked.codes, ["no_reading"]);
    assert!(
        checked.reasons[0].contains("CLOCK_EMF_SOURCE=kernel"),
        "{checked:?}"
    );
}
