//! Tests how one answer of the endpoint is read, valid or not.

use super::*;

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
    // A kernel whose clock is synchronized may still have no estimate of its error.
    assert!(line.clock_error_bound.len() <= usize::from(line.clock_synchronized == Some(1)));
    assert_eq!(line.samples, 1);
}

/// The result of a run with `--once` for a scenario: the kind of the read error, the bound, the
/// status.
type RunResult = (Option<&'static str>, Option<f64>, Option<&'static str>);

const fn failed(kind: &'static str) -> RunResult {
    (Some(kind), None, None)
}

const GOOD: RunResult = (None, Some(0.446_931), Some("SYNCHRONIZED"));

const NO_BOUND: RunResult = (None, None, Some("SYNCHRONIZED"));

const WITHHELD_BOUND: RunResult = (Some("invalid_member"), None, Some("SYNCHRONIZED"));

const WITHHELD_OTHER: RunResult = (
    Some("invalid_member"),
    Some(0.446_931),
    Some("SYNCHRONIZED"),
);

/// Every scenario with its expected result.
fn expectations() -> BTreeMap<&'static str, RunResult> {
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
        ("tiny", (None, Some(0.000_001), Some("SYNCHRONIZED"))),
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
        ("fargate-no-clock-drift", failed("no_clock_drift")),
        ("local-endpoint", failed("no_clock_drift")),
        ("null-clock-drift", failed("no_clock_drift")),
        ("empty-clock-drift", failed("no_clock_drift")),
        ("nested-clock-drift", failed("no_clock_drift")),
        ("managed-instances", GOOD),
        ("other-task", GOOD),
        ("no-task-arn", failed("no_task_arn")),
        ("no-service", GOOD),
        ("short-cluster", GOOD),
        ("hostile-names", WITHHELD_OTHER),
        ("slow", failed("timeout")),
        ("slow-body", failed("timeout")),
        ("endless", failed("body_too_large")),
        ("huge", failed("body_too_large")),
        ("endless-error", failed("http_status")),
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
        (
            "future-reference",
            (Some("invalid_member"), None, Some("UNKNOWN")),
        ),
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

/// Scenarios that other tests look at: most have values that vary from request to request.
const ELSEWHERE: [&str; 6] = [
    "wandering",
    "drifting",
    "number-forms",
    "duplicate-keys",
    "tiny-chunks",
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
        let known = expectations.contains_key(name.as_str()) || ELSEWHERE.contains(&name.as_str());
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
                let base = server.base();
                let path = base.splitn(4, '/').nth(3).unwrap();
                assert!(
                    !finished.stdout.contains(path),
                    "{name} shows the endpoint's path"
                );
                assert!(server.counters().task_requests <= 1, "{name}: asked again");
                assert_eq!(server.counters().redirects_followed, 0, "{name}");
            });
        }
    });
}

/// The most memory the process has had, in KiB.
#[cfg(target_os = "linux")]
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().strip_suffix(" kB").unwrap();
    peak.parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_body_in_chunks_of_one_byte_takes_no_more_memory() {
    let peak_of = |scenario| {
        let server = Server::start(scenario).unwrap();
        let options = [
            "--emit-interval=60s",
            "--sample-interval=60s",
            "--request-timeout=60s",
        ];
        let mut program = start(&server, &options);
        let line = program.line();
        assert_eq!(line.clock_error_bound, [0.446_931], "{line:?}");
        peak_memory(program.id())
    };
    let usual = peak_of(Scenario::Good);
    let tiny_chunks = peak_of(Scenario::TinyChunks);
    // The body of 128 KiB and the allocator's overhead. Kept piece by piece it would take 5 MiB.
    let most = usual + 2_560;
    assert!(tiny_chunks < most, "{tiny_chunks} KiB, usual are {usual}");
}

#[test]
fn a_member_that_is_withheld_is_counted_and_named_on_stderr() {
    let server = Server::start(Scenario::Negative).unwrap();
    let finished = once(&server, &["--source=ecs"]);
    let line = finished.line();
    assert_eq!(line.clock_read_errors, Some(1));
    let message = line.read_error_message.unwrap();
    assert!(
        message.starts_with("ClockErrorBound: expected "),
        "{message}"
    );
    let diagnostics = finished.diagnostics();
    let warned = diagnostics.iter().any(|event| {
        event["level"] == "WARN" && event.to_string().contains("ClockErrorBound: expected ")
    });
    assert!(warned, "{diagnostics:?}");
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    let server = Server::start(Scenario::Good).unwrap();
    // Nothing listens there.
    let proxy = "http://127.0.0.1:1";
    let mut environment = vec![(ENDPOINT, server.base())];
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        environment.push((name, proxy.to_owned()));
    }
    let environment: Vec<_> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let finished = run(&["run", "--once", "--source=ecs"], &environment);
    assert_eq!(finished.line().read_error_kind, None, "{finished:?}");
    assert_eq!(finished.line().samples, 1);
}

#[test]
fn the_bytes_of_the_open_agent() {
    for (file, told) in [
        ("task-normal", (None, Some(0.545_389), Some("SYNCHRONIZED"))),
        (
            "task-notsync",
            (None, Some(0.530_843), Some("NOT_SYNCHRONIZED")),
        ),
        ("task-tiny", (None, Some(0.000_001), Some("SYNCHRONIZED"))),
        ("task-zero", NO_BOUND),
        ("task-refnil", (None, Some(0.522_026), Some("SYNCHRONIZED"))),
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
        assert!(lines.len() < 1_000, "lines without requests");
    }
    let finished = program.stop();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    lines.extend(finished.lines());
    // Every value is from a document: that of the good ones, and those of `tiny` and
    // `number-forms`.
    for line in &lines {
        for bound in &line.clock_error_bound {
            assert!(*bound <= 100_000.0, "{bound} in {line:?}");
        }
    }
    let sequence: Vec<u64> = lines.iter().map(|line| line.sequence).collect();
    assert_eq!(sequence, (1..=lines.len() as u64).collect::<Vec<_>>());
    finished.diagnostics();
}
