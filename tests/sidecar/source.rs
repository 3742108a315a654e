//! Tests which source is read, and what is known about the task meanwhile.

use super::*;

use ecs_clock_emf::{NtpSettings, Source};

/// The task's id in the address of the example endpoint and in its documents.
const TASK_ID: &str = "cd189a933e5849daa93386466019ab50";

/// Starts the program with `auto` instead of `ecs`.
fn start_auto(server: &Server) -> Program {
    start(server, &["--source=auto"])
}

/// The events on stderr of this level whose text contains this.
fn events(finished: &Finished, level: &str, text: &str) -> usize {
    let diagnostics = finished.diagnostics();
    let of_level = diagnostics.iter().filter(|event| event["level"] == level);
    of_level
        .filter(|event| event.to_string().contains(text))
        .count()
}

#[cfg(target_os = "linux")]
#[test]
fn auto_reads_the_kernel_on_ec2_and_keeps_the_tasks_identity() {
    let server = Server::start(Scenario::NoClockDrift).unwrap();
    let mut program = start_auto(&server);
    let first = program.line();
    assert_eq!((first.clock_source.as_str(), first.samples), ("kernel", 1));
    assert_eq!(first.launch_type.as_deref(), Some("EC2"));
    let second = program.line();
    assert_eq!(second.clock_source, "kernel");
    assert_eq!(second.service_name, first.service_name);
    let finished = program.stop();
    for line in finished.lines().iter().chain([&first, &second]) {
        assert_eq!(line.clock_read_errors, None, "{line:?}");
    }
    assert_eq!(events(&finished, "INFO", "launch_type"), 1, "{finished:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn auto_returns_to_an_endpoint_that_reports_the_clock_for_good() {
    let server = Server::start(Scenario::NoClockDrift).unwrap();
    let mut program = start_auto(&server);
    assert_eq!(program.line().clock_source, "kernel");
    server.switch(Scenario::Good);
    let back = program.line_where(|line| line.clock_source == "ecs");
    assert_eq!(back.clock_read_errors, None);
    assert!(back.clock_error_bound.contains(&0.446_931), "{back:?}");
    server.switch(Scenario::NoClockDrift);
    let line = program.line_where(|line| line.clock_read_errors.is_some());
    assert_eq!(line.clock_source, "ecs");
    assert_eq!(line.read_error_kind.as_deref(), Some("no_clock_drift"));
}

#[cfg(target_os = "linux")]
#[test]
fn auto_waits_for_ten_documents_on_another_launch_type() {
    for scenario in [Scenario::FargateNoClockDrift, Scenario::EmptyClockDrift] {
        let server = Server::start(scenario).unwrap();
        let mut program = start_auto(&server);
        let mut errors = 0;
        let settled = loop {
            let line = program.line();
            errors += line.clock_read_errors.unwrap_or(0);
            if line.samples > 0 {
                break line;
            }
            assert!(errors < 100, "{line:?}");
        };
        assert_eq!(settled.clock_source, "kernel");
        assert_eq!(errors, 9);
        let finished = program.stop();
        assert_eq!(events(&finished, "WARN", "in a row: reading another"), 1);
    }
}

#[test]
fn a_fallback_that_may_not_be_asked_yet_gives_no_sample_and_the_way_back_stays_open() {
    let server = Server::start(Scenario::NoClockDrift).unwrap();
    // Nothing answers there.
    let ntp = NtpSettings::default()
        .with_server("127.0.0.1:9".parse().unwrap())
        .with_interval(Duration::from_secs(3_600));
    let source = Source::auto(&server.base(), AT_ONCE, Some(Source::ntp(ntp))).unwrap();
    block_on(async {
        let first = source.read_if_due().await.unwrap();
        assert_eq!(first.source.as_str(), "ntp");
        assert!(first.identity.unwrap().cluster.is_some());
        assert_eq!(source.read_if_due().await, None);
        server.switch(Scenario::Good);
        let back = source.read_if_due().await.unwrap();
        assert_eq!(back.source.as_str(), "ecs");
        assert!(back.outcome.is_ok());
    });
    assert_eq!(server.counters().task_requests, 3);
}

#[test]
fn one_read_of_a_fargate_document_without_the_clock_has_failed() {
    let server = Server::start(Scenario::FargateNoClockDrift).unwrap();
    let finished = once(&server, &["--source=auto"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert_eq!(
        finished.line().read_error_kind.as_deref(),
        Some("no_clock_drift")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_endpoint_that_fails_while_the_kernel_is_read_is_asked_every_tenth_time() {
    let server = Server::start(Scenario::NoClockDrift).unwrap();
    let mut program = start_auto(&server);
    assert_eq!(program.line().clock_source, "kernel");
    server.switch(Scenario::Error500);
    let before = server.counters().task_requests;
    let mut lines = Vec::new();
    let samples = |lines: &[Line]| lines.iter().map(|line| line.samples).sum::<usize>();
    while samples(&lines) <= 25 {
        lines.push(program.line());
        assert!(lines.len() < 1_000, "lines without samples");
    }
    lines.extend(program.stop().lines());
    let requests = server.counters().task_requests - before;
    let most = 2 + samples(&lines) / 10;
    assert!(
        (1..=most as u64).contains(&requests),
        "{requests}: {lines:?}"
    );
    for line in lines {
        assert_eq!(line.clock_source, "kernel");
        assert_eq!(line.clock_read_errors, None);
    }
}

#[test]
fn the_task_id_of_an_endpoint_that_never_answers_is_that_of_its_address() {
    let server = Server::start(Scenario::Down).unwrap();
    let mut sources = vec!["--source=ecs", "--source=auto"];
    if cfg!(target_os = "linux") {
        sources.push("--source=kernel");
    }
    for source in sources {
        let line = once(&server, &[source]).line();
        assert_eq!(line.task_id.as_deref(), Some(TASK_ID), "{source}");
        assert_eq!(line.cluster_name, None, "{source}");
    }
}

#[test]
fn a_document_replaces_the_task_id_of_the_address() {
    let server = Server::start(Scenario::Down).unwrap();
    let mut program = start(&server, &[]);
    assert_eq!(program.line().task_id.as_deref(), Some(TASK_ID));
    server.switch(Scenario::OtherTask);
    let known = program.line_where(|line| line.samples > 0);
    assert_eq!(known.task_id, Some(format!("{TASK_ID}f")));
    server.switch(Scenario::Down);
    let down = program.line_where(|line| line.samples == 0);
    assert_eq!(down.task_id, Some(format!("{TASK_ID}f")), "kept for good");
}

#[test]
fn a_task_that_changes_is_warned_of_once_and_what_was_known_is_kept() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(&server, &[]);
    assert_eq!(program.line().task_id.as_deref(), Some(TASK_ID));
    for scenario in [Scenario::OtherTask, Scenario::Good, Scenario::OtherTask] {
        let before = server.counters().task_requests;
        server.switch(scenario);
        let deadline = Instant::now() + AT_ONCE;
        while server.counters().task_requests < before + 2 {
            assert!(Instant::now() < deadline, "the endpoint is not asked");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let finished = program.stop();
    for line in finished.lines() {
        assert_eq!(line.task_id.as_deref(), Some(TASK_ID));
    }
    assert_eq!(
        events(&finished, "WARN", "TaskARN has changed"),
        1,
        "{finished:?}"
    );
}

#[test]
fn version_3_of_the_endpoint_alone_is_warned_of() {
    let v3 = ("ECS_CONTAINER_METADATA_URI", "http://127.0.0.1:1/v3/x");
    for command in [&["run", "--once"][..], &["check"]] {
        let finished = run(command, &[v3]);
        assert_eq!(
            events(&finished, "WARN", "ECS_CONTAINER_METADATA_URI_V4"),
            1,
            "{finished:?}"
        );
    }
    let server = Server::start(Scenario::Good).unwrap();
    let finished = run(&["run", "--once"], &[v3, (ENDPOINT, &server.base())]);
    assert_eq!(
        finished
            .stderr
            .matches("ECS_CONTAINER_METADATA_URI")
            .count(),
        0
    );
}

fn block_on(task: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(task);
}

/// How many connections a source makes for two reads with this time in between.
fn connections(source: impl FnOnce(&str) -> Source, pause: Duration) -> u64 {
    let server = Server::with(Options {
        // The endpoint keeps connections, so only the program closes one.
        idle: Duration::from_secs(60),
        ..Options::default()
    });
    let server = server.unwrap();
    let source = source(&server.base());
    block_on(async {
        let first = source.read().await;
        tokio::time::sleep(pause).await;
        let second = source.read().await;
        assert!(first.outcome.is_ok() && second.outcome.is_ok());
    });
    server.counters().connections_accepted
}

fn ecs(base: &str) -> Source {
    Source::ecs(base, AT_ONCE).unwrap()
}

fn auto(base: &str) -> Source {
    Source::auto(base, AT_ONCE, Source::kernel().ok()).unwrap()
}

#[test]
fn no_connection_is_kept_for_the_five_seconds_after_which_the_endpoint_closes_it() {
    let second = Duration::from_secs(1);
    std::thread::scope(|scope| {
        // A busy machine makes the pause longer, which changes nothing.
        scope.spawn(|| assert_eq!(connections(ecs, second * 4), 2));
        let often = |base: &str| ecs(base).read_every(second);
        scope.spawn(move || assert_eq!(connections(often, second * 4), 2));
    });
}

#[test]
fn no_connection_is_kept_where_the_next_read_is_three_seconds_away() {
    for seconds in [3, 10] {
        let interval = Duration::from_secs(seconds);
        let of_ecs = connections(|base| ecs(base).read_every(interval), Duration::ZERO);
        let of_auto = connections(|base| auto(base).read_every(interval), Duration::ZERO);
        assert_eq!((of_ecs, of_auto), (2, 2), "{seconds} s");
    }
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
fn the_endpoints_names_replace_given_ones_and_each_difference_is_reported_once() {
    let server = Server::start(Scenario::Good).unwrap();
    let good = once(&server, &[]).line();
    let own = "arn:aws:ecs:us-west-2:111122223333:cluster/".to_owned()
        + good.cluster_name.as_deref().unwrap();
    let properties = format!("--properties=ClusterName={own},ServiceName=copied");
    let mut program = start(&server, &[&properties]);
    let lines = [program.line(), program.line(), program.line()];
    for line in &lines {
        assert_eq!(line.cluster_name, good.cluster_name);
        assert_eq!(line.service_name, good.service_name);
    }
    let finished = program.stop();
    let warnings: Vec<_> = finished.diagnostics();
    let warnings: Vec<_> = warnings
        .iter()
        .filter(|event| event["level"] == "WARN")
        .collect();
    let [warning] = warnings[..] else {
        panic!("{warnings:?}");
    };
    assert_eq!(warning["label"], "ServiceName");
    assert_eq!(warning["property"], "copied");
    assert_eq!(warning["endpoint"].as_str(), good.service_name.as_deref());
}

#[test]
fn a_copied_service_name_is_dropped_after_two_documents_without_a_service() {
    let server = Server::start(Scenario::NoService).unwrap();
    let mut program = start(&server, &["--properties=ServiceName=copied"]);
    let first = program.line();
    assert_eq!(first.service_name.as_deref(), Some("copied"));
    assert_eq!(first.dimensions(), [["ClusterName", "ServiceName"]]);
    let second = program.line_where(|line| line.samples > 1);
    assert_eq!(second.service_name, None);
    assert_eq!(
        second.dimensions(),
        [["ClusterName", "TaskDefinitionFamily"]]
    );
    let finished = program.stop();
    assert_eq!(events(&finished, "WARN", "belongs to no service"), 1);
    assert_eq!(events(&finished, "WARN", ""), 1, "{finished:?}");
}
