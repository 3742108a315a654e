//! A gate: checks the clock before work that must not run on a bad one.
//!
//! `cargo run --example gate`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a separate program"
)]

use std::process::ExitCode;
use std::time::Duration;

use ecs_clock_emf::{Clock, Environment, Limits, NotGood, Now, Reason, Source};

/// The work, with a timestamp that no correct clock has reached yet.
pub(crate) async fn transfer(clock: &Clock) -> Result<Now, NotGood> {
    let limits = Limits::default().with_max_error(Duration::from_millis(5));
    let now = clock.now_within(&limits).await?;
    println!("transferred at {}", now.interval.latest);
    Ok(now)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> ExitCode {
    let source = match Source::detect(&Environment::from_process(), Duration::from_secs(2)) {
        Ok(source) => source,
        Err(error) => return refused(&error.to_string()),
    };
    match transfer(&Clock::new(source, Duration::from_secs(10))).await {
        Ok(_) => ExitCode::SUCCESS,
        // An exceeded limit may recover soon; the other reasons need a person.
        Err(not_good) => match not_good.reasons() {
            [Reason::BoundOverLimit { .. }] => refused("try again later"),
            _ => refused(&not_good.to_string()),
        },
    }
}

fn refused(why: &str) -> ExitCode {
    eprintln!("refused: {why}");
    ExitCode::FAILURE
}
