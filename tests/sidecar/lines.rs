//! Tests when lines are written, and why.

use super::*;

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
        // No two regular lines cover the same second.
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
    // The offset of the second read is drawn; from the third on the interval is regular.
    for _ in 0..2 {
        program.line();
    }
    let stamps: Vec<i64> = (0..9).map(|_| program.line().aws.timestamp).collect();
    // Four distances of two intervals each; 250 ms apart they would be 1,000 ms. A busy machine may stamp one line late.
    let longest = stamps.windows(5).map(|five| five[4] - five[0]).max();
    assert!(longest >= Some(1_500), "{stamps:?}");
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
