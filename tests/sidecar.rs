//! The sidecar as a whole: the real program against an endpoint that behaves, misbehaves, and goes
//! away.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

#[path = "endpoint/mod.rs"]
mod endpoint;
mod support;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use endpoint::{Options, Scenario, Server};
use rustix::process::Signal;
use support::{Finished, Line, Program, run};

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// Short intervals, so that tests take a second or two.
const QUICK: [&str; 6] = [
    "--sample-interval=100ms",
    "--emit-interval=1s",
    "--emit-jitter=0s",
    "--request-timeout=500ms",
    "--log-level=debug",
    "--source=ecs",
];

fn once(server: &Server, arguments: &[&str]) -> Finished {
    let arguments: Vec<&str> = ["run", "--once"].iter().chain(arguments).copied().collect();
    run(&arguments, &[(ENDPOINT, &server.base())])
}

fn start(server: &Server, arguments: &[&str]) -> Program {
    let arguments: Vec<&str> = QUICK.iter().chain(arguments).copied().collect();
    Program::start(&arguments, &[(ENDPOINT, &server.base())])
}

/// How long what happens at once may take on a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(10);

#[test]
fn one_reading_of_the_endpoint() {
    let server = Server::start(Scenario::Good).unwrap();
    let finished = once(&server, &[]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let line = finished.line();
    assert_eq!(line.dimensions(), [["ClusterName", "ServiceName"]]);
    assert_eq!(line.cluster_name.as_deref(), Some("clockcluster"));
    assert_eq!(line.service_name.as_deref(), Some("appservice"));
    assert_eq!(line.task_definition_family.as_deref(), Some("app"));
    assert_eq!(line.task_definition_revision.as_deref(), Some("2"));
    assert_eq!(
        line.task_id.as_deref(),
        Some("cd189a933e5849daa93386466019ab50")
    );
    assert_eq!(line.availability_zone.as_deref(), Some("us-east-1d"));
    assert_eq!(line.launch_type.as_deref(), Some("FARGATE"));
    assert_eq!(line.clock_error_bound, [0.446_931]);
    assert_eq!(line.max_clock_error_bound, Some(0.446_931));
    assert_eq!(line.clock_synchronized, Some(1));
    assert_eq!((line.samples, line.sequence), (1, 1));
    let told = server.served().remove(0);
    let reference = line.reference_timestamp.unwrap();
    let written = reference.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert!(told.contains(&written), "{written} in {told}");
    let age = chrono::TimeDelta::milliseconds(line.aws.timestamp - reference.timestamp_millis());
    assert!((line.clock_reference_age.unwrap() - age.as_seconds_f64()).abs() < 0.002);
}

#[cfg(target_os = "linux")]
#[test]
fn outside_ecs_one_reading_of_the_kernel() {
    let finished = run(&["--once"], &[]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let line = finished.line();
    assert_eq!(line.clock_source, "kernel");
    assert_eq!(line.dimensions(), [Vec::<&str>::new()]);
    assert_eq!(
        line.clock_error_bound.len(),
        usize::from(line.clock_synchronized == Some(1))
    );
}

/// What a run with `--once` says of a scenario: the kind of the read error, the bound, the status.
type Told = (Option<&'static str>, Option<f64>, Option<&'static str>);

const fn failed(kind: &'static str) -> Told {
    (Some(kind), None, None)
}
const GOOD: Told = (None, Some(0.446_931), Some("SYNCHRONIZED"));
const NO_BOUND: Told = (None, None, Some("SYNCHRONIZED"));
const WITHHELD_BOUND: Told = (Some("invalid_member"), None, Some("SYNCHRONIZED"));
const WITHHELD_OTHER: Told = (
    Some("invalid_member"),
    Some(0.446_931),
    Some("SYNCHRONIZED"),
);

/// Every scenario with what it is to be taken for.
fn expectations() -> BTreeMap<&'static str, Told> {
    [
        ("good", GOOD),
        (
            "unsynchronized",
            (None, Some(0.446_931), Some("NOT_SYNCHRONIZED")),
        ),
        ("flipping", GOOD),
        ("small", GOOD),
        ("old-reference", GOOD),
        ("fraction", GOOD),
        ("tiny", (None, Some(0.0), Some("SYNCHRONIZED"))),
        ("zero", NO_BOUND),
        ("no-bound", NO_BOUND),
        ("no-status", (None, Some(0.446_931), Some("UNKNOWN"))),
        ("no-reference", GOOD),
        ("null-members", (None, None, Some("UNKNOWN"))),
        (
            "unknown-status-word",
            (None, Some(0.446_931), Some("UNKNOWN")),
        ),
        ("prose-name", GOOD),
        ("no-clock-drift", failed("no_clock_drift")),
        ("null-clock-drift", failed("no_clock_drift")),
        ("empty-clock-drift", failed("no_clock_drift")),
        ("nested-clock-drift", failed("no_clock_drift")),
        ("managed-instances", GOOD),
        ("no-task-arn", failed("no_task_arn")),
        ("no-service", GOOD),
        ("short-cluster", GOOD),
        ("hostile-names", WITHHELD_OTHER),
        ("slow", failed("timeout")),
        ("slow-body", failed("timeout")),
        ("endless", failed("body_too_large")),
        ("huge", failed("body_too_large")),
        ("hang", failed("timeout")),
        ("empty-reply", failed("connection")),
        ("reset", failed("connection")),
        ("truncated", failed("connection")),
        ("truncated-chunks", failed("connection")),
        ("garbage", failed("connection")),
        ("throttled", failed("http_status")),
        ("error-404", failed("http_status")),
        ("error-500", failed("http_status")),
        ("redirect", failed("http_status")),
        ("redirect-host", failed("http_status")),
        ("gzip", failed("invalid_json")),
        ("empty-body", failed("invalid_json")),
        ("not-json", failed("invalid_json")),
        ("json-string", failed("invalid_json")),
        ("json-array", failed("invalid_json")),
        ("json-null", failed("invalid_json")),
        ("empty-object", failed("no_task_arn")),
        ("cut-json", failed("invalid_json")),
        ("trailing-text", failed("invalid_json")),
        ("deep-nesting", failed("invalid_json")),
        ("deep-member", GOOD),
        ("bad-utf8", failed("invalid_json")),
        ("nan-token", failed("invalid_json")),
        ("overflow", WITHHELD_BOUND),
        ("negative", WITHHELD_BOUND),
        ("over-24-hours", WITHHELD_BOUND),
        ("string-bound", WITHHELD_BOUND),
        ("bool-bound", WITHHELD_BOUND),
        ("object-bound", WITHHELD_BOUND),
        (
            "numeric-status",
            (Some("invalid_member"), Some(0.446_931), Some("UNKNOWN")),
        ),
        ("numeric-reference", WITHHELD_OTHER),
        ("bad-reference", WITHHELD_OTHER),
        ("future-reference", WITHHELD_OTHER),
        ("array-clock-drift", failed("no_clock_drift")),
        ("string-clock-drift", failed("no_clock_drift")),
        ("wrong-identity", WITHHELD_OTHER),
        ("numeric-task-arn", failed("no_task_arn")),
        ("down", failed("connection")),
        ("refused", failed("connection")),
    ]
    .into_iter()
    .collect()
}

/// Scenarios whose values vary from request to request; other tests look at them.
const VARYING: [&str; 5] = [
    "wandering",
    "drifting",
    "number-forms",
    "duplicate-keys",
    "mixed",
];

#[test]
fn every_misbehaviour_is_taken_for_what_it_is() {
    let expectations = expectations();
    let named: Vec<String> = Scenario::NAMED
        .iter()
        .map(|named| named.0.to_string())
        .collect();
    for name in &named {
        let known = expectations.contains_key(name.as_str()) || VARYING.contains(&name.as_str());
        assert!(known, "the scenario {name} has no expectation");
    }
    std::thread::scope(|scope| {
        for (name, told) in expectations {
            scope.spawn(move || {
                let server = Server::start(name.parse().unwrap()).unwrap();
                let finished = once(&server, &["--source=ecs", "--request-timeout=2s"]);
                let line = finished.line();
                let seen = (
                    line.read_error_kind.as_deref(),
                    line.clock_error_bound.first().copied(),
                    line.clock_synchronization_status.as_deref(),
                );
                assert_eq!(seen, told, "{name}: {line:?}");
                let no_reading = told.2.is_none();
                assert_eq!(
                    finished.code,
                    Some(if no_reading { 3 } else { 0 }),
                    "{name}"
                );
                assert_eq!(line.samples, usize::from(!no_reading), "{name}");
                assert_eq!(line.clock_read_errors.is_some(), told.0.is_some(), "{name}");
                let port = server.address().port().to_string();
                assert!(
                    !finished.stdout.contains(&port),
                    "{name} shows the endpoint's address"
                );
                assert!(server.counters().task_requests <= 1, "{name}: asked again");
                assert_eq!(server.counters().redirects_followed, 0, "{name}");
            });
        }
    });
}

#[test]
fn the_bytes_of_the_open_agent() {
    for (file, told) in [
        ("task-normal", (None, Some(0.545_389), Some("SYNCHRONIZED"))),
        (
            "task-notsync",
            (None, Some(0.530_842), Some("NOT_SYNCHRONIZED")),
        ),
        ("task-tiny", (None, Some(0.0), Some("SYNCHRONIZED"))),
        ("task-zero", NO_BOUND),
        ("task-refnil", (None, Some(0.522_025), Some("SYNCHRONIZED"))),
        ("task-nostatus", (None, Some(0.518_017), Some("UNKNOWN"))),
        ("task-empty", failed("no_clock_drift")),
        ("task-nil", failed("no_clock_drift")),
        ("429-too-many", failed("http_status")),
        ("500-fetch", failed("http_status")),
        ("404-unknown-id", failed("http_status")),
        ("404-trailing-slash", failed("http_status")),
        ("301-doubled-slash", failed("http_status")),
    ] {
        let path = format!(
            "{}/tests/data/agent-wire/{file}.http",
            env!("CARGO_MANIFEST_DIR")
        );
        let server = Server::start(Scenario::replay(path).unwrap()).unwrap();
        let line = once(&server, &["--source=ecs"]).line();
        let seen = (
            line.read_error_kind.as_deref(),
            line.clock_error_bound.first().copied(),
            line.clock_synchronization_status.as_deref(),
        );
        assert_eq!(seen, told, "{file}: {line:?}");
    }
}

#[test]
fn a_run_through_every_misbehaviour_stays_alive_and_valid() {
    let server = Server::start(Scenario::Mixed).unwrap();
    let mut program = start(
        &server,
        &["--sample-interval=100ms", "--request-timeout=200ms"],
    );
    let mut lines: Vec<Line> = Vec::new();
    while server.counters().task_requests < 70 {
        lines.push(program.line());
    }
    let finished = program.stop();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    lines.extend(finished.lines());
    // No value that no document holds: the good ones', and those of `tiny` and `number-forms`.
    for line in &lines {
        for bound in &line.clock_error_bound {
            assert!(*bound <= 100_000.0, "{bound} in {line:?}");
        }
    }
    let sequence: Vec<u64> = lines.iter().map(|line| line.sequence).collect();
    assert_eq!(sequence, (1..=lines.len() as u64).collect::<Vec<_>>());
    finished.diagnostics();
}

#[test]
fn the_samples_of_the_open_window_are_in_the_last_line() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start(Scenario::Good).unwrap();
        let mut program = start(&server, &["--emit-interval=60s"]);
        let first = program.line();
        assert_eq!((first.samples, first.sequence), (1, 1));
        while server.counters().task_requests < 6 {
            std::thread::sleep(Duration::from_millis(10));
        }
        // Once five are answered they are in the window; the sixth may still be on its way.
        let asked = Instant::now();
        program.signal(signal);
        let finished = program.finish();
        assert!(asked.elapsed() < AT_ONCE);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let lines = finished.lines();
        let samples: usize = lines.iter().map(|line| line.samples).sum();
        assert!(
            (4..=server.served().len() - 1).contains(&samples),
            "{finished:?}"
        );
        assert!(
            lines.len() <= 2,
            "at most a minute ended in between: {finished:?}"
        );
    }
}

#[test]
fn a_request_under_way_does_not_delay_the_end() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(&server, &["--request-timeout=60s"]);
    program.line();
    server.switch(Scenario::Hang);
    let before = server.counters().task_requests;
    while server.counters().task_requests == before {
        std::thread::sleep(Duration::from_millis(10));
    }
    let asked = Instant::now();
    let finished = program.stop();
    assert!(asked.elapsed() < AT_ONCE);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn a_lost_clock_is_said_within_one_sample() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(&server, &["--emit-interval=60s", "--emit-jitter=60s"]);
    program.line();
    server.switch(Scenario::Unsynchronized);
    let lost = program.line_where(|line| line.clock_synchronized == Some(0));
    assert_eq!(lost.samples, 1);
    assert_eq!(
        lost.clock_synchronization_status.as_deref(),
        Some("NOT_SYNCHRONIZED")
    );
    server.switch(Scenario::Good);
    let back = program.line_where(|line| line.clock_synchronized == Some(1));
    assert_eq!(back.samples, 1);
    assert_eq!(program.stop().code, Some(0));
}

#[test]
fn lines_are_stamped_inside_the_window_they_tell() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(&server, &[]);
    let mut earlier = program.line().aws.timestamp;
    for number in 2..=4 {
        let line = program.line();
        assert_eq!(line.sequence, number);
        assert!(line.aws.timestamp > earlier);
        assert!(line.samples >= 1 && line.clock_error_bound.len() == line.samples);
        // No two regular lines tell of the same second.
        if number > 2 {
            assert!(line.aws.timestamp / 1_000 > earlier / 1_000);
        }
        earlier = line.aws.timestamp;
    }
}

#[test]
fn by_the_second_each_reading_is_a_line() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(
        &server,
        &[
            "--storage-resolution=1",
            "--emit-interval=60s",
            "--emit-jitter=60s",
        ],
    );
    for number in 1..=5 {
        let line = program.line();
        assert_eq!((line.sequence, line.samples), (number, 1));
        let metrics = &line.aws.cloud_watch_metrics[0].metrics;
        assert!(
            metrics
                .iter()
                .all(|metric| metric["StorageResolution"] == 1)
        );
    }
}

#[test]
fn a_reader_that_stalls_for_ever_holds_nothing_up() {
    let server = Server::start(Scenario::Flipping).unwrap();
    // A pipe of one page, which nobody reads.
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    #[cfg(target_os = "linux")]
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    let arguments: Vec<&str> = QUICK.to_vec();
    let program = Program::start_unread(
        &arguments,
        &[(ENDPOINT, &server.base())],
        Stdio::from(writer),
    );
    // A line for each sample: far more than the pipe takes. Sampling goes on.
    while server.counters().task_requests < 15 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let asked = Instant::now();
    let finished = program.stop();
    assert!(asked.elapsed() < AT_ONCE);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    let last = finished.diagnostics().pop().unwrap();
    assert_eq!(last["message"], "stopped");
    let count = |name: &str| last[name].as_u64().unwrap();
    assert_eq!(
        count("accepted"),
        count("written") + count("failed") + count("dropped")
    );
    assert!(count("unreported") >= 5, "{last}");
    drop(reader);
}

#[test]
fn a_closed_stdout_ends_the_program_with_a_message() {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    let program = Program::start_unread(
        &[
            "--source=kernel",
            "--sample-interval=100ms",
            "--emit-interval=1s",
        ],
        &[],
        Stdio::from(writer),
    );
    let finished = program.finish();
    assert_eq!(finished.code, Some(4), "{finished:?}");
    let said = finished.diagnostics();
    let closed = said.iter().filter(|event| event["level"] == "ERROR");
    assert_eq!(closed.count(), 1, "{finished:?}");
}

/// Regression: what could not be said on stderr ended the program with a panic.
#[test]
fn a_stderr_that_cannot_be_written_changes_nothing() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = Program::start_with_closed_stderr(&QUICK, &[(ENDPOINT, &server.base())]);
    program.line();
    server.switch(Scenario::Error500);
    program.line_where(|line| line.read_error_kind.is_some());
    server.switch(Scenario::Good);
    program.line_where(|line| line.clock_read_errors.is_none());
    assert_eq!(program.stop().code, Some(0));

    let wrong = ["--source=sun"];
    let program = Program::start_with_closed_stderr(&wrong, &[(ENDPOINT, &server.base())]);
    assert_eq!(program.finish().code, Some(2));
}

/// Regression: where it showed with the last lines only, exit code 4 came without a word.
#[test]
fn a_stdout_that_is_found_closed_at_the_end_is_said_too() {
    let server = Server::start(Scenario::Good).unwrap();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    let program = Program::start_unread(
        &["--once", "--log-level=error"],
        &[(ENDPOINT, &server.base())],
        Stdio::from(writer),
    );
    let finished = program.finish();
    assert_eq!(finished.code, Some(4), "{finished:?}");
    let said = finished.diagnostics();
    assert_eq!(said.len(), 1, "{finished:?}");
    assert_eq!(said[0]["level"], "ERROR");
}

/// Regression: it went on for ever as if the reader might come back.
#[test]
fn a_stdout_that_is_open_for_reading_only_counts_as_closed() {
    let reading = std::fs::File::open("/dev/null").unwrap();
    let program = Program::start_unread(
        &[
            "--source=kernel",
            "--sample-interval=100ms",
            "--emit-interval=1s",
        ],
        &[],
        Stdio::from(reading),
    );
    let finished = program.finish();
    assert_eq!(finished.code, Some(4), "{finished:?}");
}

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

/// Regression: a read that took longer than the interval was followed by the next at once.
#[test]
fn reads_that_take_longer_than_the_interval_leave_beats_out() {
    let server = Server::with(Options {
        scenario: Scenario::Slow,
        delay: Duration::from_millis(250),
        ..Options::default()
    })
    .unwrap();
    let mut program = start(
        &server,
        &[
            "--sample-interval=200ms",
            "--emit-interval=60s",
            "--storage-resolution=1",
        ],
    );
    // The offset of the second read is drawn; from the third on the beat holds.
    for _ in 0..2 {
        program.line();
    }
    let first = program.line().aws.timestamp;
    for _ in 0..3 {
        program.line();
    }
    let fourth = program.line().aws.timestamp;
    // Four distances of two intervals each; 250 ms apart they would be 1,000 ms.
    assert!(fourth - first >= 1_500, "{} ms", fourth - first);
}

#[test]
fn inside_ecs_a_closed_stdout_does_not_end_it_before_it_can_be_restarted() {
    let server = Server::start(Scenario::Good).unwrap();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    let arguments: Vec<&str> = QUICK.to_vec();
    let program = Program::start_unread(
        &arguments,
        &[(ENDPOINT, &server.base())],
        Stdio::from(writer),
    );
    // It goes on sampling long after the first line failed.
    while server.counters().task_requests < 15 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(program.stop().code, Some(4));
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

#[cfg(target_os = "linux")]
#[test]
fn an_empty_clock_drift_leaves_auto_open() {
    let server = Server::start(Scenario::EmptyClockDrift).unwrap();
    let mut program = start(&server, &["--source=auto"]);
    let first = program.line();
    assert_eq!(first.read_error_kind.as_deref(), Some("no_clock_drift"));
    server.switch(Scenario::NoClockDrift);
    let settled = program.line_where(|line| line.samples > 0);
    assert_eq!(settled.clock_source, "kernel");
}

#[cfg(target_os = "linux")]
#[test]
fn auto_settles_on_the_kernel_where_the_endpoint_knows_no_clock() {
    let server = Server::start(Scenario::NoClockDrift).unwrap();
    let mut program = start(&server, &["--source=auto"]);
    let first = program.line();
    assert_eq!((first.clock_source.as_str(), first.samples), ("kernel", 1));
    assert_eq!(first.launch_type.as_deref(), Some("EC2"));
    assert_eq!(first.clock_read_errors, None);
    let second = program.line();
    assert_eq!(second.clock_source, "kernel");
    assert_eq!(second.service_name, first.service_name);
    assert_eq!(
        server.counters().task_requests,
        1,
        "settled once and for all"
    );
}

#[test]
fn auto_never_falls_back_after_one_clock_drift() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(&server, &["--source=auto"]);
    assert_eq!(program.line().clock_source, "ecs");
    server.switch(Scenario::NoClockDrift);
    let line = program.line_where(|line| line.clock_read_errors.is_some());
    assert_eq!(line.clock_source, "ecs");
    assert_eq!(line.read_error_kind.as_deref(), Some("no_clock_drift"));
}

#[test]
fn an_endpoint_that_is_down_at_first_is_known_once_it_answers() {
    let server = Server::start(Scenario::Down).unwrap();
    let mut program = start(&server, &[]);
    let first = program.line();
    assert_eq!(first.dimensions(), [Vec::<&str>::new()]);
    assert_eq!(first.clock_read_errors, Some(1));
    server.switch(Scenario::Good);
    let known = program.line_where(|line| line.samples > 0);
    assert_eq!(known.dimensions(), [["ClusterName", "ServiceName"]]);
    server.switch(Scenario::Down);
    let down = program.line_where(|line| line.samples == 0);
    assert_eq!(
        down.dimensions(),
        [["ClusterName", "ServiceName"]],
        "kept for good"
    );
    let finished = program.stop();
    let changes = finished.diagnostics();
    let warnings = changes
        .iter()
        .filter(|event| event["level"] == "WARN")
        .count();
    assert_eq!(warnings, 2, "once per change: {finished:?}");
}

#[test]
fn given_names_stand_before_the_endpoint_has_answered() {
    let server = Server::start(Scenario::Down).unwrap();
    let line = once(&server, &["--properties=ClusterName=given,ServiceName=too"]).line();
    assert_eq!(line.dimensions(), [["ClusterName", "ServiceName"]]);
    assert_eq!(line.cluster_name.as_deref(), Some("given"));
}

#[test]
fn one_request_a_sample_over_one_connection() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(&server, &["--storage-resolution=1"]);
    for _ in 0..10 {
        assert_eq!(program.line().clock_read_errors, None);
    }
    let counters = server.counters();
    assert!((10..=11).contains(&counters.task_requests), "{counters:?}");
    assert_eq!(counters.connections_accepted, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn two_threads_are_enough() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(&server, &[]);
    program.line();
    program.line();
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    assert!(status.contains("\nThreads:\t2\n"), "{status}");
}
