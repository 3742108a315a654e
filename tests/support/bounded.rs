//! Commands that are not waited for longer than a test may take.
#![allow(
    dead_code,
    reason = "each test program that includes this module uses a part of it"
)]

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// Longer than any command takes on a busy machine; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(300);

/// As [`Command::output`]. A command that does not end is killed, and the test fails.
pub(crate) fn output_of(command: &mut Command) -> Output {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    rest_of(child.unwrap())
}

/// As [`Child::wait_with_output`], with the same deadline.
pub(crate) fn rest_of(mut child: Child) -> Output {
    let reading = [
        child.stdout.take().map(collect),
        child.stderr.take().map(collect),
    ];
    let status = end_of(&mut child);
    let [stdout, stderr] =
        reading.map(|reading| reading.map_or_else(Vec::new, |reading| reading.join().unwrap()));
    Output {
        status,
        stdout,
        stderr,
    }
}

/// As [`Child::wait`], with the same deadline.
pub(crate) fn end_of(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("it has not ended within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Reads to the end on a thread, since both pipes may fill.
fn collect(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}
