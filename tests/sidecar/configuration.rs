//! Configuration, wrong and right.

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
            assert!(fault["problem"].as_str().unwrap().len() > 10);
            let text = |name: &str| fault[name].as_str().unwrap().to_owned();
            (text("option"), text("given"))
        })
        .collect();
    let expected = [
        ("CLOCK_EMF_LOG_LEVEL", ""),
        ("CLOCK_EMF_EMIT_INTERVAL", "7s"),
        ("--sample-interval", "10"),
        ("CLOCK_EMF_NAMESPACE", "AWS/ECS"),
        ("--dimensions", "Stage"),
        ("--metrics", "Clock"),
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
    for arguments in [["--help"], ["--version"]] {
        assert_eq!(run(&arguments, &[]).code, Some(0), "{arguments:?}");
    }
}

#[test]
fn a_misspelt_variable_is_a_warning() {
    let server = Server::start(Scenario::Good).unwrap();
    let finished = run(
        &["--once"],
        &[
            (ENDPOINT, &server.base()),
            ("CLOCK_EMF_SAMPLE_INTERVALL", "1s"),
        ],
    );
    assert_eq!(finished.code, Some(0));
    let warning = &finished.diagnostics()[0];
    assert_eq!(warning["level"], "WARN");
    assert_eq!(warning["variable"], "CLOCK_EMF_SAMPLE_INTERVALL");
    assert_eq!(warning["nearest"], "CLOCK_EMF_SAMPLE_INTERVAL");
}
