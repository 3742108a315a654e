//! Which source is read, and what is known of the task meanwhile.

use super::*;

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
