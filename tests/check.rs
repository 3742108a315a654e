//! The command `check` on the real program.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod support;

use std::process::Stdio;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use endpoint::{Options, Scenario, Server};
use support::{Checked, Finished, Program, run};

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";

fn check(server: &Server, arguments: &[&str]) -> Finished {
    let arguments: Vec<&str> = ["check", "--source=ecs"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    run(&arguments, &[(ENDPOINT, &server.base())])
}

fn json(finished: &Finished) -> Checked {
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
    // Bound and age × 15 ppm; the age here is that at the read.
    let adjusted = 0.446_931 + age.as_seconds_f64() * 1e3 * 15e-6;
    assert!((checked.age_adjusted_bound_ms.unwrap() - adjusted).abs() < 2e-6);
    let width = checked.latest.unwrap() - checked.earliest.unwrap();
    assert!(width >= TimeDelta::nanoseconds(2 * 446_931));
    assert!(
        width < TimeDelta::nanoseconds(2 * 446_931 + 2 * 15_000),
        "grown for less than a second"
    );
    for name in ["read_at", "earliest", "latest", "reference_timestamp"] {
        let value: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        let text = value[name].as_str().unwrap();
        assert_eq!(
            text.len(),
            "2026-11-22T10:35:50.000000000Z".len(),
            "{name}: {text}"
        );
    }
}

#[test]
fn what_is_not_good_and_why() {
    for (scenario, arguments, reason) in [
        (Scenario::Unsynchronized, &[][..], "NOT_SYNCHRONIZED"),
        (Scenario::NoStatus, &[], "UNKNOWN"),
        (Scenario::UnknownStatusWord, &[], "UNKNOWN"),
        (
            Scenario::Good,
            &["--max-error=446us"],
            "the error bound of 446us",
        ),
        (
            Scenario::NoBound,
            &["--max-error=60s"],
            "the error bound is unknown",
        ),
        (
            Scenario::OldReference,
            &["--max-age=16m"],
            "the age of the reference time",
        ),
        (
            Scenario::NoReference,
            &["--max-age=1h"],
            "the age of the reference time is unknown",
        ),
    ] {
        let server = Server::start(scenario.clone()).unwrap();
        let arguments: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
        let finished = check(&server, &arguments);
        assert_eq!(finished.code, Some(1), "{scenario}: {finished:?}");
        let checked = json(&finished);
        assert_eq!(checked.verdict, "not_good", "{scenario}");
        assert_eq!(checked.reasons.len(), 1, "{scenario}: {checked:?}");
        assert!(
            checked.reasons[0].contains(reason),
            "{scenario}: {checked:?}"
        );
    }
}

#[test]
fn what_no_limit_asks_for_may_be_unknown() {
    for scenario in [Scenario::NoBound, Scenario::NoReference] {
        let server = Server::start(scenario).unwrap();
        assert_eq!(check(&server, &[]).code, Some(0));
    }
}

#[test]
fn no_reading_is_a_code_of_its_own() {
    let server = Server::start(Scenario::Down).unwrap();
    let finished = check(&server, &["--json"]);
    assert_eq!(finished.code, Some(3));
    let checked = json(&finished);
    assert_eq!(checked.verdict, "not_good");
    assert!(checked.reasons[0].contains("no reading"), "{checked:?}");
    assert!(
        !finished
            .stdout
            .contains(&format!(":{}", server.address().port()))
    );
    assert_eq!(checked.status, None);
}

#[test]
fn the_text_for_a_person_says_the_same() {
    let server = Server::start(Scenario::Unsynchronized).unwrap();
    let finished = check(&server, &[]);
    assert_eq!(finished.code, Some(1));
    for text in [
        "not good",
        "NOT_SYNCHRONIZED",
        "0.446931 ms",
        "earliest",
        "ecs",
    ] {
        assert!(
            finished.stdout.contains(text),
            "{text} in {}",
            finished.stdout
        );
    }
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
    // At the start, after a second, and when the time is over.
    assert_eq!(server.counters().task_requests, 3);
    server.switch(Scenario::Hang);
    let finished = check(&server, &["--wait=1500ms", "--request-timeout=100ms"]);
    assert_eq!(finished.code, Some(3));
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

/// Regression: a limit under a misspelled name left a gate open without a word.
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
            // An option of `run` is none of `check`, and no fault.
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
fn a_slow_endpoint_is_given_its_time() {
    let server = Server::with(Options {
        scenario: Scenario::Slow,
        delay: Duration::from_millis(700),
        ..Options::default()
    })
    .unwrap();
    assert_eq!(check(&server, &["--request-timeout=30s"]).code, Some(0));
}
