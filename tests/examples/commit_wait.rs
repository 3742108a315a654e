//! Commit wait: after it, every correct clock anywhere reads a later time.
//!
//! `cargo run --example commit_wait`
#![allow(clippy::print_stdout, reason = "a separate program")]

use std::error::Error;
use std::time::Duration;

use ecs_clock_emf::chrono::{DateTime, Utc};
use ecs_clock_emf::{Clock, Environment, Limits, Source};

/// Writes, and returns only after the write's timestamp has certainly passed.
pub(crate) async fn commit(clock: &Clock) -> Result<DateTime<Utc>, Box<dyn Error>> {
    let limits = Limits::default().with_max_error(Duration::from_millis(5));
    let timestamp = clock.now_within(&limits).await?.interval.latest;
    // Write here, under this timestamp. The wait continues while the clock is unknown, so it has a timeout.
    tokio::time::timeout(Duration::from_secs(1), clock.wait_until_past(timestamp)).await?;
    Ok(timestamp)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let source = Source::detect(&Environment::from_process(), Duration::from_secs(2))?;
    let clock = Clock::new(source, Duration::from_secs(10));
    match commit(&clock).await {
        Ok(timestamp) => println!("committed at {timestamp}"),
        Err(error) => println!("not committed: {error}"),
    }
    Ok(())
}
