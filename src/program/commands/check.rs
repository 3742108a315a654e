//! The command `check`: one reading, or waiting for a good one, to a verdict.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::{Clock, Limits, Report};

/// From one attempt to the next while waiting.
const PAUSE: Duration = Duration::from_secs(1);
/// After a slow attempt, at least: a clock does not ask its source sooner.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// What `check` found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checked {
    /// The last verdict.
    pub report: Report,
    /// Whether any attempt gave a reading.
    pub had_reading: bool,
}

/// Judges the clock once; with a waiting time, every second until it is good, the time is over, or
/// `shutdown` is ready. `None` if `shutdown` came before the first verdict.
///
/// The last attempt begins, at the latest, when the time is over; like every attempt it is given the
/// time that one request may take.
pub(crate) async fn check(
    clock: &Clock,
    limits: &Limits,
    wait: Option<Duration>,
    shutdown: impl Future<Output = ()>,
) -> Option<Checked> {
    let mut shutdown = pin!(shutdown);
    let deadline = Instant::now() + wait.unwrap_or_default();
    let mut last: Option<Checked> = None;
    loop {
        let began = Instant::now();
        let report = tokio::select! {
            biased;
            report = clock.report(limits) => report,
            () = &mut shutdown => return last,
        };
        let checked = Checked {
            had_reading: !report.is_without_reading() || last.is_some_and(|last| last.had_reading),
            report,
        };
        let now = Instant::now();
        if checked.report.is_good() || now >= deadline {
            return Some(checked);
        }
        last = Some(checked);
        let next = (began + PAUSE).max(now + SHORTEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep_until(deadline.min(next)) => {}
            () = &mut shutdown => return last,
        }
    }
}
