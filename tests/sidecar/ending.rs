//! Signals, and streams that stall or close.

use super::*;

/// A pipe that is no longer read.
fn closed_pipe() -> Stdio {
    let (_, writer) = rustix::pipe::pipe().unwrap();
    Stdio::from(writer)
}

#[test]
fn the_samples_of_the_open_window_are_in_the_last_line() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let server = Server::start(Scenario::Good).unwrap();
        let mut program = start(&server, &["--emit-interval=60s"]);
        let first = program.line();
        assert_eq!((first.samples, first.sequence), (1, 1));
        server.await_requests(6).unwrap();
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
        let stopping: Vec<_> = lines.iter().map(|line| line.stopping).collect();
        assert_eq!(stopping.last(), Some(&Some(true)), "{finished:?}");
        assert_eq!(stopping.iter().flatten().count(), 1, "{finished:?}");
    }
}

#[test]
fn a_request_under_way_does_not_delay_the_end() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = start(&server, &["--request-timeout=60s"]);
    program.line();
    server.switch(Scenario::Hang);
    // No request follows the one that hangs, which may have come before the test could count it.
    let (mut before, deadline) = (0, Instant::now() + AT_ONCE * 10);
    while server.counters().task_requests != before {
        assert!(Instant::now() < deadline, "no request hangs");
        before = server.counters().task_requests;
        std::thread::sleep(Duration::from_secs(1));
    }
    let asked = Instant::now();
    let finished = program.stop();
    assert!(asked.elapsed() < AT_ONCE);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn a_reader_that_stalls_for_ever_holds_nothing_up() {
    let server = Server::start(Scenario::Flipping).unwrap();
    // A pipe of one page, which is not read.
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    #[cfg(target_os = "linux")]
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    let arguments: Vec<&str> = QUICK.to_vec();
    let program = Program::start_unread(
        &arguments,
        &[(ENDPOINT, &server.base())],
        Stdio::from(writer),
    );
    // A line for each sample: far more than the pipe holds. Sampling continues.
    server.await_requests(15).unwrap();
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
    assert!(count("unreported") > 0, "{last}");
    drop(reader);
}

#[test]
fn a_closed_stdout_ends_the_program_with_a_message() {
    let program = Program::start_unread(
        &[
            "--source=kernel",
            "--sample-interval=100ms",
            "--emit-interval=1s",
        ],
        &[],
        closed_pipe(),
    );
    let finished = program.finish();
    assert_eq!(finished.code, Some(4), "{finished:?}");
    let said = finished.diagnostics();
    let closed = said.iter().filter(|event| event["level"] == "ERROR");
    assert_eq!(closed.count(), 1, "{finished:?}");
}

/// Regression: a message that could not be written to stderr ended the program with a panic.
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

/// An unread pipe of one page is full after a few samples with `--log-level=debug`.
#[cfg(target_os = "linux")]
#[test]
fn a_stderr_that_nobody_reads_stops_neither_the_sampling_nor_the_end() {
    let server = Server::start(Scenario::Good).unwrap();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    let environment = [(ENDPOINT, &*server.base())];
    let program = Program::start_with_stderr(&QUICK, &environment, Stdio::from(writer));
    server.await_requests(30).unwrap();
    let asked = Instant::now();
    let finished = program.stop();
    assert!(asked.elapsed() < AT_ONCE);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let samples: usize = finished.lines().iter().map(|line| line.samples).sum();
    assert!(samples >= 29, "{finished:?}");
    drop(reader);
}

/// Regression: if only the last lines revealed it, exit code 4 came without a message.
#[test]
fn a_stdout_that_is_found_closed_at_the_end_is_said_too() {
    let server = Server::start(Scenario::Good).unwrap();
    let program = Program::start_unread(
        &["--once", "--log-level=error"],
        &[(ENDPOINT, &server.base())],
        closed_pipe(),
    );
    let finished = program.finish();
    assert_eq!(finished.code, Some(4), "{finished:?}");
    let said = finished.diagnostics();
    assert_eq!(said.len(), 1, "{finished:?}");
    assert_eq!(said[0]["level"], "ERROR");
}

/// The line that would have given the reason for the missing reading is lost as well.
#[test]
fn lost_lines_take_precedence_over_a_missing_reading() {
    for (stdout, code) in [(Stdio::null(), 3), (closed_pipe(), 4)] {
        let server = Server::start(Scenario::Error500).unwrap();
        let arguments = ["--once", "--source=ecs"];
        let program = Program::start_unread(&arguments, &[(ENDPOINT, &server.base())], stdout);
        let finished = program.finish();
        assert_eq!(finished.code, Some(code), "{finished:?}");
    }
}

/// Regression: it continued forever as if the reader might return.
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

#[test]
fn inside_ecs_a_closed_stdout_does_not_end_it_before_it_can_be_restarted() {
    let server = Server::start(Scenario::Good).unwrap();
    let arguments: Vec<&str> = QUICK.to_vec();
    let program = Program::start_unread(&arguments, &[(ENDPOINT, &server.base())], closed_pipe());
    // It continues to sample long after the first line failed.
    server.await_requests(15).unwrap();
    assert_eq!(program.stop().code, Some(4));
}
