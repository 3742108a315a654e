//! The demonstration application `clock-demo`: arguments and environment in, exit code out.

use std::process::ExitCode;

use ecs_clock_emf::{Environment, demo};

fn main() -> ExitCode {
    demo::main(
        std::env::args_os().skip(1).collect(),
        &Environment::of_process(),
    )
}
