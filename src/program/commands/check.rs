//! The command `check`: one reading, or waiting for a good one, to a verdict.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Report;
use crate::program::settings::CheckConfig;
use crate::time::Moment;

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
/// The last attempt begins, at the latest, when the time is over; like every attempt it is given the
/// time that one request may take.
pub(crate) async fn check(
    config: &CheckConfig,
    shutdown: impl Future<Output = ()>,
) -> Option<Checked> {
    let mut shutdown = pin!(shutdown);
    let deadline = Instant::now() + config.wait.unwrap_or_default();
    let mut last: Option<Checked> = None;
    loop {
        let began = Instant::now();
        let sample = tokio::select! {
            biased;
            sample = config.source.source.read() => sample,
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
        if checked.report.is_good() || Instant::now() >= deadline {
            return Some(checked);
        }
        last = Some(checked);
        tokio::select! {
            () = tokio::time::sleep_until(deadline.min(began + PAUSE)) => {}
            () = &mut shutdown => return last,
        }
    }
}
