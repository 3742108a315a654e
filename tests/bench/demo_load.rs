//! The demonstration application under load: how long answers take, what the endpoint is asked
//! meanwhile, and whether memory stays where it was. Linux only.
//!
//! ```text
//! cargo bench --features demo --bench demo_load             # 1000 requests a second for 30 s
//! cargo bench --features demo --bench demo_load -- 500 10   # 500 a second for 10 s
//! ```
//!
//! The time of an answer counts from the moment its request was due, so that a stall counts for every
//! request that it held up. Ends with exit code 1 if a request failed or the endpoint was asked too often.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement that cannot go on ends, and uses a part of what the tests share"
)]

#[path = "../support/demo.rs"]
mod demo;
#[path = "../support/load.rs"]
mod load;

use std::process::ExitCode;
use std::time::Instant;

use demo::Demo;
use endpoint::{Scenario, Server};
use load::{load, resident_kb};

fn main() -> ExitCode {
    let numbers: Vec<u32> = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok())
        .collect();
    let rate = numbers.first().copied().unwrap_or(1_000);
    let seconds = numbers.get(1).copied().unwrap_or(30);

    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    // The first second has everything in place.
    load(&demo.address, rate, 1);
    let before = resident_kb(demo.id());
    let asked_before = server.counters().task_requests;
    let start = Instant::now();
    let (mut times, failed) = load(&demo.address, rate, seconds);
    let took = start.elapsed();
    let asked = server.counters().task_requests - asked_before;
    let after = resident_kb(demo.id());

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
        "the endpoint was asked {asked} times (refresh interval 1s); resident memory {before} kB before, {after} kB after"
    );
    let allowed = took.as_secs() + 2;
    if failed > 0 || asked > allowed {
        println!(
            "failed: no request may fail, and the endpoint may be asked {allowed} times at most"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
