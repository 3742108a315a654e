//! The sidecar as a whole: the real program against an endpoint that behaves, misbehaves, and goes
//! away.

mod configuration;
mod ending;
mod lines;
mod readings;
mod refusals;
mod source;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Finished, Line, Program, run};
use endpoint::{Options, Scenario, Server};
use rustix::process::Signal;

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// Short intervals, so that tests take a second or two. No request of a busy machine takes as long as the time-out.
const QUICK: [&str; 6] = [
    "--sample-interval=100ms",
    "--emit-interval=1s",
    "--emit-jitter=0s",
    "--request-timeout=10s",
    "--log-level=debug",
    "--source=ecs",
];

fn once(server: &Server, arguments: &[&str]) -> Finished {
    let arguments: Vec<&str> = ["run", "--once"].iter().chain(arguments).copied().collect();
    run(&arguments, &[(ENDPOINT, &server.base())])
}

fn start(server: &Server, arguments: &[&str]) -> Program {
    let arguments: Vec<&str> = QUICK.iter().chain(arguments).copied().collect();
    Program::start(&arguments, &[(ENDPOINT, &server.base())])
}

/// How long an immediate effect may take on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);
