//! The command `ecs-clock-emf`: arguments and environment in, exit code out.

use std::process::ExitCode;

use ecs_clock_emf::{Environment, program};

fn main() -> ExitCode {
    program::main(
        std::env::args_os().skip(1).collect(),
        &Environment::from_process(),
    )
}
