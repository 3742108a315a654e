//! The sidecar's listener under load: how long answers take, what the endpoint is asked meanwhile, whether
//! memory stays where it was, and whether each line of metrics comes in time. Linux only.
//!
//! ```text
//! cargo bench --bench listen_load             # 1000 requests a second for 30 s
//! cargo bench --bench listen_load -- 500 10   # 500 a second for 10 s
//! ```
//!
//! Meanwhile others misbehave: they connect and are silent, and send heads that are too large. Ends with exit
//! code 1 if a request failed, the endpoint was asked for more than the samples, or a line was lost.
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
use std::time::Duration;

use endpoint::{Scenario, Server};
use load::{Rate, Target, measure};
use support::Program;

const ADDRESS: &str = "127.27.80.1:2780";

fn main() -> ExitCode {
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
    let target = Target {
        address: ADDRESS,
        process: program.id(),
        source: &server,
    };
    let outcome = measure(target, Rate::of_arguments(), |load| besieged(load));
    let finished = program.stop();

    let lines = finished.lines();
    let last = lines.last().map_or(first.sequence, |line| line.sequence);
    let complete = last == first.sequence + lines.len() as u64;
    let enough = lines.len() as u64 >= outcome.took.as_secs();
    let errors: u64 = lines.iter().filter_map(|line| line.answer_errors).sum();
    println!(
        "{} lines, none missing: {}; errors counted: {errors}",
        lines.len(),
        complete && enough
    );
    let is_short = !complete || !enough;
    if is_short {
        println!("failed: no line may be lost");
    }
    ExitCode::from(u8::from(outcome.is_bad || is_short))
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
