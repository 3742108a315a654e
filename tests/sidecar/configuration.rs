//! Configuration, invalid and valid.

use super::*;

/// Regression: an event longer than a pipe waited for a reader, before the first reading.
#[test]
fn huge_names_and_values_are_cut_where_they_are_said() {
    let server = Server::start(Scenario::Good).unwrap();
    let long = "X".repeat(100_000);
    let finished = run(
        &["--once"],
        &[
            (ENDPOINT, &server.base()),
            (&format!("CLOCK_EMF_{long}"), "y"),
        ],
    );
    assert_eq!(finished.code, Some(0));
    let finished = run(
        &["--once", "--namespace", &long],
        &[(ENDPOINT, &server.base())],
    );
    assert_eq!(finished.code, Some(2));
    let fault = &finished.diagnostics()[0];
    assert_eq!(fault["given"].as_str().unwrap().len(), 203);
    assert!(finished.stderr.len() < 4_096);
}

#[test]
fn a_wrong_configuration_is_told_whole_before_the_first_reading() {
    let server = Server::start(Scenario::Good).unwrap();
    let finished = run(
        &[
            "--sample-interval=10",
            "--dimensions=Stage",
            "--metrics=Clock",
        ],
        &[
            (ENDPOINT, &server.base()),
            ("CLOCK_EMF_EMIT_INTERVAL", "7s"),
            ("CLOCK_EMF_NAMESPACE", "AWS/ECS"),
            ("CLOCK_EMF_LOG_LEVEL", ""),
            ("CLOCK_EMF_PROPERTIES", ""),
        ],
    );
    assert_eq!(finished.code, Some(2));
    assert_eq!(finished.stdout, "");
    let faults: Vec<(String, String)> = finished
        .diagnostics()
        .iter()
        .map(|fault| {
            assert_eq!(fault["level"], "ERROR");
            let problem = fault["problem"].as_str().unwrap();
            assert!(
                problem.starts_with("expected ") && problem.contains(", got ")
                    || problem.starts_with("the value is empty"),
                "{problem}"
            );
            let text = |name: &str| fault[name].as_str().unwrap().to_owned();
            (text("option"), text("given"))
        })
        .collect();
    let expected = [
        ("--sample-interval", "10"),
        ("CLOCK_EMF_EMIT_INTERVAL", "7s"),
        ("CLOCK_EMF_NAMESPACE", "AWS/ECS"),
        ("--metrics", "Clock"),
        ("--dimensions", "Stage"),
        ("CLOCK_EMF_LOG_LEVEL", ""),
    ];
    assert_eq!(
        faults,
        expected.map(|(option, given)| (option.to_owned(), given.to_owned()))
    );
    assert_eq!(server.counters().task_requests, 0);
}

#[test]
fn a_wrong_command_line_is_no_success() {
    for arguments in [
        &["stop"][..],
        &["--interval=1s"],
        &["run", "extra"],
        &["check", "--once"],
    ] {
        let finished = run(arguments, &[]);
        assert_eq!(finished.code, Some(2), "{arguments:?}");
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["help"],
        &["help", "check"],
    ] {
        assert_eq!(run(arguments, &[]).code, Some(0), "{arguments:?}");
    }
}

#[test]
fn help_names_commands_options_and_metrics_with_their_units() {
    let help = run(&["help"], &[]);
    assert_eq!(help.stdout, run(&["--help"], &[]).stdout);
    for text in [
        "  check ",
        "  explain ",
        "--emit-jitter <DURATION>",
        "[env: CLOCK_EMF_ONCE]",
    ] {
        assert!(help.stdout.contains(text), "{text} in {}", help.stdout);
    }
    for metric in ecs_clock_emf::Metric::ALL {
        let stands = |line: &str| {
            let mut words = line.split_whitespace();
            words.next() == Some(metric.as_str()) && words.next() == Some(metric.unit())
        };
        assert!(help.stdout.lines().any(stands), "{}", metric.as_str());
    }
    let of_check = run(&["help", "check"], &[]).stdout;
    assert!(of_check.contains("--max-age") && !of_check.contains("--once"));
}

#[test]
fn a_misspelled_variable_is_a_warning() {
    let server = Server::start(Scenario::Good).unwrap();
    let variables = [
        (ENDPOINT, server.base()),
        ("CLOCK_EMF_SAMPLE_INTERVALL", "1s".to_owned()),
        ("CLOCK_EMF_COLOUR", "red".to_owned()),
    ];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    for (arguments, code) in [(&["--once"][..], 0), (&["--once", "--metrics="], 2)] {
        let finished = run(arguments, &variables);
        assert_eq!(finished.code, Some(code));
        let warnings: Vec<_> = finished
            .diagnostics()
            .into_iter()
            .filter(|event| event["level"] == "WARN")
            .map(|event| [event["variable"].clone(), event["message"].clone()])
            .collect();
        assert_eq!(
            warnings,
            [
                ["CLOCK_EMF_COLOUR", "unknown variable"],
                [
                    "CLOCK_EMF_SAMPLE_INTERVALL",
                    "unknown variable; did you mean CLOCK_EMF_SAMPLE_INTERVAL?"
                ],
            ]
        );
    }
}

#[test]
fn another_endpoint_is_read_and_the_start_names_it() {
    let server = Server::start(Scenario::Good).unwrap();
    let variables = [
        ("CLOCK_EMF_ENDPOINT", server.base()),
        (ENDPOINT, "http://127.0.0.1:1/v4/id".to_owned()),
        (
            "ECS_CONTAINER_METADATA_URI",
            "http://127.0.0.1:1/v3/id".to_owned(),
        ),
    ];
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    // Also without the variable of ECS, `auto` is inside ECS, and version 3 is not a reason for a warning.
    for variables in [
        &variables[..2],
        &variables[..1],
        &[variables[0], variables[2]],
    ] {
        let finished = run(&["--once"], variables);
        assert_eq!(finished.line().clock_source, "ecs");
        let [started, ..] = &finished.diagnostics()[..] else {
            panic!("{finished:?}");
        };
        let settings = format!("endpoint={} once=true", server.base());
        assert_eq!(started["settings"], settings);
        let warns = |event: &serde_json::Value| event["level"] == "WARN";
        assert!(!finished.diagnostics().iter().any(warns), "{finished:?}");
    }
}

#[test]
fn the_start_is_reported_with_what_is_not_the_default() {
    let server = Server::start(Scenario::Good).unwrap();
    let finished = run(
        &["--once", "--namespace=Own", "--emit-interval=60s"],
        &[
            (ENDPOINT, &server.base()),
            ("CLOCK_EMF_PROPERTIES", "Stage=prod"),
        ],
    );
    let started = &finished.diagnostics()[0];
    assert_eq!(started["message"], "started");
    assert_eq!(started["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(started["source"], "ecs", "the source that is read");
    assert_eq!(
        started["settings"],
        "once=true namespace=Own properties=Stage=prod"
    );
}
