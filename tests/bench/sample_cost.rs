//! What a sample costs: processor time and memory of the sidecar, beside a bare loop that sends the
//! same request on one connection and prints the value. Linux only. `tests/bench/run` compares with more.
//!
//! ```text
//! cargo bench --bench sample_cost            # 60 s each, at ten samples a second
//! cargo bench --bench sample_cost -- 300     # 300 s each
//! ```
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement that cannot continue ends, and uses a part of the shared programs"
)]

#[path = "programs/bare.rs"]
mod bare;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bare::{Connection, Parsing, bare_loop};
use endpoint::{Scenario, Server};

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// The shortest interval that the sidecar accepts.
const INTERVAL: Duration = Duration::from_millis(100);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "bare") {
        bare_loop(
            &std::env::var(ENDPOINT).unwrap(),
            Connection::Kept,
            Parsing::Value,
            INTERVAL,
            u64::MAX,
        );
        return;
    }
    let seconds = arguments
        .iter()
        .find_map(|text| text.parse().ok())
        .unwrap_or(60);
    let time = Duration::from_secs(seconds);
    let own = std::env::current_exe().unwrap();
    let bare = measure("bare loop", Command::new(own).arg("bare"), time);
    let mut sidecar = Command::new(env!("CARGO_BIN_EXE_ecs-clock-emf"));
    sidecar.args(["run", "--sample-interval=100ms", "--emit-jitter=0s"]);
    let full = measure("sidecar", &mut sidecar, time);
    println!(
        "the sidecar takes {:.2} times the processor time of the bare loop",
        full / bare
    );
}

/// Microseconds of processor time for each request, over `time`.
fn measure(what: &str, command: &mut Command, time: Duration) -> f64 {
    let server = Server::start(Scenario::Good).unwrap();
    let mut program = command
        .env(ENDPOINT, server.base())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // After the start, whose work is done once.
    std::thread::sleep(Duration::from_secs(2));
    let before = (processor_time(&program), server.counters().task_requests);
    std::thread::sleep(time);
    let after = (processor_time(&program), server.counters().task_requests);
    let samples = after.1 - before.1;
    let micros = after.0.saturating_sub(before.0).as_secs_f64() * 1e6
        / f64::from(u32::try_from(samples).unwrap());
    println!(
        "{what}: {samples} samples, {micros:.0} us of processor time each, {}",
        memory(&program)
    );
    program.kill().unwrap();
    program.wait().unwrap();
    micros
}

/// Of all its threads, to the nanosecond.
fn processor_time(program: &Child) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{}/task", program.id())).unwrap();
    threads
        .map(|thread| {
            let schedstat =
                std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
            Duration::from_nanos(schedstat.split(' ').next().unwrap().parse().unwrap())
        })
        .sum()
}

fn memory(program: &Child) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("RssAnon"));
    lines
        .map(|line| line.replace('\t', " "))
        .collect::<Vec<_>>()
        .join(", ")
}
