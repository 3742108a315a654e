//! The command `check`: one reading, or waiting for a good one, to a verdict.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::CheckConfig;
use crate::moment::Moment;
use crate::verdict::Report;

/// From one attempt to the next while waiting.
const PAUSE: Duration = Duration::from_secs(1);

/// What `check` found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checked {
    /// The last verdict.
    pub report: Report,
    /// Whether any attempt gave a reading.
    pub had_reading: bool,
}

/// Reads the clock once; where the configuration has a waiting time, every second until it is good,
/// the time is over, or `shutdown` is ready. `None` if `shutdown` came before the first verdict.
///
/// The first attempt is given all the time it may take, a later one ends with the waiting.
pub(crate) async fn check(
    config: &CheckConfig,
    shutdown: impl Future<Output = ()>,
) -> Option<Checked> {
    let mut shutdown = pin!(shutdown);
    let deadline = config.wait.map(|wait| Instant::now() + wait);
    let mut last: Option<Checked> = None;
    loop {
        let next = Instant::now() + PAUSE;
        let cut = deadline.filter(|_| last.is_some());
        let sample = tokio::select! {
            biased;
            sample = config.source.source.read() => sample,
            () = sleep_until(cut) => return last,
            () = &mut shutdown => return last,
        };
        let had_reading = sample.outcome.is_ok() || last.is_some_and(|last| last.had_reading);
        let report = match &sample.outcome {
            Ok(reading) => Report::on(reading, &config.limits, &Moment::now(), config.source.drift),
            Err(error) => Report::on_failure(error),
        };
        let checked = Checked {
            report,
            had_reading,
        };
        if checked.report.is_good() || deadline.is_none_or(|deadline| next > deadline) {
            return Some(checked);
        }
        last = Some(checked);
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = &mut shutdown => return last,
        }
    }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
