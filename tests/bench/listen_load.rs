//! The sidecar's listener under load: how long answers take, what the endpoint is asked meanwhile, whether
//! memory stays where it was, and whether each line of metrics comes in time. Linux only.
//!
//! ```text
//! cargo bench --bench listen_load             # 1000 requests a second for 30 s
//! cargo bench --bench listen_load -- 500 10   # 500 a second for 10 s
//! ```
//!
//! The time of an answer counts from the moment its request was due. Meanwhile others misbehave: they connect
//! and are silent, and send heads that are too large. Ends with exit code 1 if a request failed, the endpoint
//! was asked for more than the samples, or a line was lost.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement that cannot go on ends, and uses a part of what the tests share"
)]

#[path = "../support/load.rs"]
mod load;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write;
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use endpoint::{Scenario, Server};
use load::{load, resident_kb};
use support::Program;

const ADDRESS: &str = "127.27.80.1:2780";

fn main() -> ExitCode {
    let numbers: Vec<u32> = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok())
        .collect();
    let rate = numbers.first().copied().unwrap_or(1_000);
    let seconds = numbers.get(1).copied().unwrap_or(30);

    let server = Server::start(Scenario::Good).unwrap();
    let arguments = [
        "--listen",
        ADDRESS,
        "--sample-interval=1s",
        "--emit-interval=1s",
        "--emit-jitter=0s",
    ];
    let environment = [("ECS_CONTAINER_METADATA_URI_V4", server.base())];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mut program = Program::start(&arguments, &environment);
    let first = program.line();
    // The first second has everything in place.
    load(ADDRESS, rate, 1);
    let before = resident_kb(program.id());
    let asked_before = server.counters().task_requests;
    let start = Instant::now();
    let (mut times, failed) = besieged(|| load(ADDRESS, rate, seconds));
    let took = start.elapsed();
    let asked = server.counters().task_requests - asked_before;
    let after = resident_kb(program.id());
    let finished = program.stop();

    times.sort_unstable();
    let percentile = |share: usize| times[(times.len() - 1) * share / 100];
    println!(
        "{} answers in {:.1} s, {failed} failed; p50 {:?}, p99 {:?}, longest {:?}",
        times.len(),
        took.as_secs_f64(),
        percentile(50),
        percentile(99),
        percentile(100)
    );
    println!(
        "the endpoint was asked {asked} times (sample interval 1s); resident memory {before} kB before, {after} kB after"
    );
    let lines = finished.lines();
    let last = lines.last().map_or(first.sequence, |line| line.sequence);
    let complete = last == first.sequence + lines.len() as u64;
    let enough = lines.len() as u64 >= took.as_secs();
    let errors: u64 = lines.iter().filter_map(|line| line.answer_errors).sum();
    println!(
        "{} lines, none missing: {}; errors counted: {errors}",
        lines.len(),
        complete && enough
    );
    let allowed = took.as_secs() + 2;
    if failed > 0 || asked > allowed || !complete || !enough {
        println!(
            "failed: no request may fail, no line be lost, and the endpoint be asked {allowed} times at most"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Does `work` while others misbehave: 30 places are always taken by the silent and the slow, and 10 heads a
/// second are too large.
fn besieged<T>(work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let Ok(mut silent) = TcpStream::connect(ADDRESS) else {
                        continue;
                    };
                    let _ = silent.write_all(b"GET /clock HT");
                    std::thread::sleep(Duration::from_secs(3));
                }
            });
        }
        scope.spawn(|| {
            let head = format!("GET /clock HTTP/1.1\r\nX: {}", "x".repeat(100_000));
            while !over.load(Ordering::Relaxed) {
                if let Ok(mut stream) = TcpStream::connect(ADDRESS) {
                    let _ = stream.write_all(head.as_bytes());
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        done
    })
}
