//! The demonstration application under load: how long answers take, what the endpoint is asked
//! meanwhile, and whether memory stays constant. Linux only.
//!
//! ```text
//! cargo bench -p clock-demo --bench demo_load             # 1000 requests a second for 30 s
//! cargo bench -p clock-demo --bench demo_load -- 500 10   # 500 a second for 10 s
//! ```
//!
//! Ends with exit code 1 if a request failed or the endpoint was asked too often.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement that cannot continue ends, and uses a part of the shared test code"
)]

#[path = "../support/bounded.rs"]
mod bounded;
#[path = "../support/demo.rs"]
mod demo;
#[path = "../support/load.rs"]
mod load;

use std::process::ExitCode;

use demo::Demo;
use endpoint::{Scenario, Server};
use load::{Rate, Target, measure};

fn main() -> ExitCode {
    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    let target = Target {
        address: &demo.address,
        process: demo.id(),
        source: &server,
    };
    let outcome = measure(target, Rate::of_arguments(), |load| load());
    ExitCode::from(u8::from(outcome.is_bad))
}
