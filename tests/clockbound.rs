//! The real program with `--clockbound-directory`, read by AWS's own client.

/// The guide's snippet, unchanged.
#[allow(
    dead_code,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its main is that of a separate program"
)]
mod critical_step;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Finished, Program, run};
use clock_bound_client::{ClockBoundClient, ClockStatus};
use endpoint::{Scenario, Server};
use rustix::process::Signal;
use tempfile::TempDir;

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// A deadline that no busy machine exceeds.
const PATIENCE: Duration = Duration::from_secs(60);
const QUICK: [&str; 5] = [
    "--source=ecs",
    "--sample-interval=100ms",
    "--emit-interval=1s",
    "--emit-jitter=0s",
    "--request-timeout=1s",
];

/// A sidecar that writes into a directory, and its endpoint.
struct Writer {
    server: Server,
    directory: TempDir,
    program: Option<Program>,
}

fn run_in(directory: &Path, server: &Server) -> Program {
    let option = format!("--clockbound-directory={}", directory.display());
    let mut arguments = QUICK.to_vec();
    arguments.push(&option);
    Program::start(&arguments, &[(ENDPOINT, &server.base())])
}

fn writer(scenario: Scenario) -> Writer {
    let server = Server::start(scenario).unwrap();
    let directory = TempDir::new().unwrap();
    let program = run_in(directory.path(), &server);
    until("there", || directory.path().join("shm0").exists());
    Writer {
        server,
        directory,
        program: Some(program),
    }
}

impl Writer {
    fn client(&self) -> ClockBoundClient {
        let path = self.directory.path().join("shm0");
        ClockBoundClient::new_with_paths(path.to_str().unwrap(), "/nonexistent").unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.directory.path().join("shm0")).unwrap()
    }

    fn inode(&self) -> u64 {
        fs::metadata(self.directory.path().join("shm0"))
            .unwrap()
            .ino()
    }
}

/// Waits until a condition holds.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn until_status(client: &mut ClockBoundClient, status: ClockStatus) {
    until(&format!("{status:?}"), || {
        client.now().unwrap().clock_status == status
    });
}

/// Half the range, in nanoseconds.
fn half(client: &mut ClockBoundClient) -> i64 {
    let now = client.now().unwrap();
    let seconds = now.latest.tv_sec() - now.earliest.tv_sec();
    (seconds * 1_000_000_000 + now.latest.tv_nsec()).midpoint(-now.earliest.tv_nsec())
}

#[test]
fn a_client_sees_what_the_endpoint_says() {
    let writer = writer(Scenario::Good);
    let mut client = writer.client();
    until_status(&mut client, ClockStatus::Synchronized);
    // The endpoint's bound with its growth.
    let around = half(&mut client);
    assert!((446_931..1_500_000).contains(&around), "{around}");
    for (scenario, status) in [
        (Scenario::Unsynchronized, ClockStatus::FreeRunning),
        (Scenario::UnknownStatusWord, ClockStatus::Unknown),
        (Scenario::Good, ClockStatus::Synchronized),
    ] {
        writer.server.switch(scenario);
        until_status(&mut client, status);
    }
    let before = writer.bytes();
    let finished = writer.program.unwrap().stop();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    // The file stays, and is written completely.
    let after = fs::read(writer.directory.path().join("shm0")).unwrap();
    assert_eq!(
        (after.len(), after[14] % 2, &after[..14]),
        (80, 0, &before[..14])
    );
    assert_ne!(client.now().unwrap().clock_status, ClockStatus::Unknown);
}

#[test]
fn without_a_reading_the_clock_is_unknown() {
    for scenario in [
        Scenario::Refused,
        Scenario::Unsynchronized,
        Scenario::NoBound,
        Scenario::NoClockDrift,
    ] {
        let writer = writer(scenario.clone());
        writer
            .server
            .await_requests(u64::from(scenario != Scenario::Refused))
            .unwrap();
        let mut client = writer.client();
        assert_eq!(client.now().unwrap().clock_status, ClockStatus::Unknown);
        // A day: a program that ignores the status must not see perfect time.
        assert!(half(&mut client) >= 86_400_000_000_000);
    }
}

#[test]
fn a_client_outlives_a_writer_that_is_killed() {
    let mut writer = writer(Scenario::Good);
    let mut client = writer.client();
    until_status(&mut client, ClockStatus::Synchronized);
    let inode = writer.inode();
    for _ in 0..3 {
        writer.program.as_ref().unwrap().signal(Signal::KILL);
        // Only after the process has ended: its lock ends with it.
        drop(writer.program.take());
        assert_ne!(client.now().unwrap().clock_status, ClockStatus::Unknown);
        let before = writer.bytes();
        writer.program = Some(run_in(writer.directory.path(), &writer.server));
        until("written again", || writer.bytes() != before);
        until_status(&mut client, ClockStatus::Synchronized);
        assert_eq!(writer.inode(), inode);
    }
}

#[test]
fn an_endpoint_that_hangs_does_not_stop_the_beat() {
    let writer = writer(Scenario::Good);
    let mut client = writer.client();
    until_status(&mut client, ClockStatus::Synchronized);
    writer.server.switch(Scenario::Hang);
    for _ in 0..4 {
        let before = writer.bytes();
        until("written again", || writer.bytes() != before);
    }
    assert_eq!(
        client.now().unwrap().clock_status,
        ClockStatus::Synchronized
    );
}

#[test]
fn everybody_may_read_it_whatever_the_umask() {
    let server = Server::start(Scenario::Good).unwrap();
    let directory = TempDir::new().unwrap();
    let mut child = Command::new("/bin/sh")
        .args([
            "-c",
            "umask 077; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_ecs-clock-emf"),
        ])
        .args(QUICK)
        .arg("--clockbound-directory")
        .arg(directory.path())
        .env_clear()
        .env(ENDPOINT, server.base())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let path = directory.path().join("shm0");
    until("there", || path.exists());
    let mode = fs::metadata(&path).unwrap().mode();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn what_cannot_be_written_is_reported_once_and_counted_and_the_metrics_go_on() {
    let top = TempDir::new().unwrap();
    let held = TempDir::new().unwrap();
    let server = Server::start(Scenario::Good).unwrap();
    let mut first = run_in(held.path(), &server);
    first.line();
    until("there", || held.path().join("shm0").exists());
    for (directory, said) in [
        (top.path().join("missing"), "the directory cannot be opened"),
        (held.path().to_owned(), "another process holds the lock"),
    ] {
        let mut program = run_in(&directory, &server);
        let line = program.line_where(|line| line.answer_errors.is_some());
        assert_eq!(line.answer_errors, Some(1));
        assert_eq!(
            program.line_where(|line| line.samples > 1).answer_errors,
            None
        );
        let finished = program.stop();
        assert_eq!(finished.code, Some(0));
        let warned = finished
            .diagnostics()
            .into_iter()
            .filter(|event| event["level"] == "WARN");
        let warned: Vec<_> = warned.collect();
        assert_eq!(warned.len(), 1, "{warned:?}");
        assert_eq!(warned[0]["interface"], "clockbound-directory");
        assert!(
            warned[0]["error"].as_str().unwrap().starts_with(said),
            "{warned:?}"
        );
    }
}

#[test]
fn the_snippet_takes_the_step_on_a_good_clock_only() {
    let writer = writer(Scenario::Good);
    let path = writer.directory.path().join("shm0");
    let path = path.to_str().unwrap();
    until_status(&mut writer.client(), ClockStatus::Synchronized);
    let mut written = None;
    let committed = critical_step::commit(path, |timestamp| written = Some(timestamp));
    assert_eq!(committed.ok(), written);
    assert!(written.is_some());

    writer.server.switch(Scenario::Unsynchronized);
    until_status(&mut writer.client(), ClockStatus::FreeRunning);
    let refused = critical_step::commit(path, |_| panic!("it must not be taken"));
    assert_eq!(refused, Err("the clock is FreeRunning".to_owned()));
    let missing = writer.directory.path().join("none");
    let refused = critical_step::commit(missing.to_str().unwrap(), |_| {
        panic!("nor without a segment")
    });
    assert!(refused.is_err());
}

fn check(directory: &Path, more: &[&str]) -> Finished {
    let mut arguments = vec!["check", "--clockbound", directory.to_str().unwrap()];
    arguments.extend(more);
    run(&arguments, &[])
}

#[test]
fn check_judges_the_segment_as_a_client_does() {
    let writer = writer(Scenario::Good);
    let directory = writer.directory.path();
    until_status(&mut writer.client(), ClockStatus::Synchronized);
    let good = check(directory, &["--json"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    let report: serde_json::Value = serde_json::from_str(&good.stdout).unwrap();
    assert_eq!(report["verdict"], "good");
    assert_eq!(report["source"], "clockbound");
    assert!(report["earliest"].as_str() < report["latest"].as_str());
    assert_eq!(check(directory, &["--max-error=5ms"]).code, Some(0));
    let over = check(directory, &["--max-error=1us"]);
    assert_eq!(over.code, Some(1));
    assert!(
        over.stdout.contains("is over the limit of"),
        "{}",
        over.stdout
    );

    writer.server.switch(Scenario::Unsynchronized);
    until_status(&mut writer.client(), ClockStatus::FreeRunning);
    let lost = check(directory, &["--json"]);
    assert_eq!(lost.code, Some(1));
    assert!(
        lost.stdout.contains(r#""codes":["not_synchronized"]"#),
        "{}",
        lost.stdout
    );

    // Half-written, foreign, missing.
    drop(writer.program);
    let path = directory.join("shm0");
    let mut bytes = fs::read(&path).unwrap();
    bytes[14] |= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(check(directory, &[]).code, Some(1));
    fs::write(&path, "foreign").unwrap();
    assert_eq!(check(directory, &[]).code, Some(3));
    fs::remove_file(&path).unwrap();
    let missing = check(directory, &[]);
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(3), ""));
    assert!(
        missing.stderr.contains("there is no segment to judge"),
        "{}",
        missing.stderr
    );
    // Options about values that a segment does not contain are refused.
    assert_eq!(check(directory, &["--max-age=1h"]).code, Some(2));
    assert_eq!(check(directory, &["--max-error=5m"]).code, Some(2));
}
