//! The command `check`: prints one reading and a verdict, or waits for a good one.

use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::{Clock, Limits, Report};
use crate::program::clock::{clock, limits};
use crate::program::cross_check::{CrossChecker, cross_check};
use crate::program::exit::Exit;
use crate::program::options::check::{JSON, WAIT};
use crate::program::raw::{Flags, Raw};
use crate::program::settings::settings;
use crate::program::system::stoppable;
use crate::source::{Environment, NtpSettings};

/// From one attempt to the next while waiting.
const PAUSE: Duration = Duration::from_secs(1);
/// After a slow attempt, at least: a clock does not ask its source sooner.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The settings of the command.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The clock. Every verdict is on a new reading.
    clock: Clock,
    /// What is good.
    limits: Limits,
    /// How long to wait for a good clock; `None` reads once.
    wait: Option<Duration>,
    /// The server of the cross-check, if it is on.
    cross_check: Option<NtpSettings>,
    /// One JSON object instead of text.
    json: bool,
}

/// The result of the last attempt.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    /// The last verdict.
    report: Report,
    /// Whether any read succeeded.
    any_reading: bool,
}

/// Runs the command to its end.
pub(crate) fn run(flags: &Flags, environment: &Environment) -> Exit {
    stoppable(flags, environment, async |shutdown| {
        let settings = match settings(flags, environment, read) {
            Ok(configured) => configured.settings,
            Err(exit) => return exit,
        };
        let Some(outcome) = check(&settings, shutdown).await else {
            return Exit::NoReading;
        };
        // If stdout is closed, the exit code still has the verdict.
        let _ = print(&outcome.report, settings.json);
        match (outcome.report.is_good(), outcome.any_reading) {
            (true, _) => Exit::Success,
            (false, true) => Exit::NotGood,
            (false, false) => Exit::NoReading,
        }
    })
}

/// Reads the options.
pub(crate) fn read(raw: &mut Raw<'_>) -> Option<Settings> {
    let clock = clock(raw);
    let limits = limits(raw);
    let wait = raw.get(&WAIT);
    let cross_check = cross_check(raw, clock.as_ref());
    let json = raw.is_on(&JSON);
    let clock = clock?;
    Some(Settings {
        clock: Clock::with_drift(clock.source, Duration::ZERO, clock.drift),
        limits,
        wait,
        cross_check: cross_check?,
        json,
    })
}

/// The limits and the waiting time that the options name.
#[cfg(any(test, fuzzing))]
pub(crate) fn limits_and_wait(raw: &mut Raw<'_>) -> Option<(Limits, Option<Duration>)> {
    read(raw).map(|settings| (settings.limits, settings.wait))
}

/// Judges the clock once; with a waiting time, every second until it is good, the time is over, or
/// `shutdown` is ready. `None` if `shutdown` came before the first verdict.
///
/// The last attempt begins, at the latest, when the time is over; like every attempt it is given the
/// time that one request may take.
#[expect(clippy::disallowed_methods, reason = "a deadline, not a reading")]
async fn check(settings: &Settings, shutdown: impl Future<Output = ()>) -> Option<Outcome> {
    let mut shutdown = pin!(shutdown);
    let deadline = Instant::now() + settings.wait.unwrap_or_default();
    let mut last: Option<Outcome> = None;
    let cross_check = settings.cross_check.clone();
    let mut cross_checker = cross_check.map(|ntp| CrossChecker::new(ntp, settings.clock.drift()));
    loop {
        let began = Instant::now();
        let report = tokio::select! {
            biased;
            report = judge(settings, &mut cross_checker) => report,
            () = &mut shutdown => return last,
        };
        let outcome = Outcome {
            any_reading: !report.is_without_reading() || last.is_some_and(|last| last.any_reading),
            report,
        };
        let now = Instant::now();
        if outcome.report.is_good() || now >= deadline {
            return Some(outcome);
        }
        last = Some(outcome);
        let next = (began + PAUSE).max(now + SHORTEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep_until(deadline.min(next)) => {}
            () = &mut shutdown => return last,
        }
    }
}

/// Judges one reading, and compares it with the second source if there is one.
async fn judge(settings: &Settings, cross_checker: &mut Option<CrossChecker>) -> Report {
    let (mut report, reading) = settings.clock.judge(&settings.limits).await;
    if let (Some(checker), Some(reading)) = (cross_checker, reading) {
        checker.check(&reading, &mut report).await;
    }
    report
}

#[expect(clippy::disallowed_methods, reason = "this command prints")]
fn print(report: &Report, json: bool) -> io::Result<()> {
    let text = if json {
        serde_json::to_string(report)? + "\n"
    } else {
        report.to_string()
    };
    io::stdout().write_all(text.as_bytes())
}

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use super::*;
    use crate::reading::{ReadError, ReadErrorKind};
    use crate::source::Source;
    use crate::time::DriftRate;

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "a paused clock, not a reading")]
    async fn the_waiting_does_not_go_on_over_its_time() {
        for (wait_ms, over_ms) in [(0, 500), (500, 1_000), (1_500, 2_000)] {
            let error = ReadError::new(ReadErrorKind::Timeout, "none");
            let source = Source::playing([Err(error)]);
            let settings = Settings {
                clock: Clock::with_drift(source, Duration::ZERO, DriftRate::DEFAULT),
                limits: Limits::default(),
                wait: Some(Duration::from_millis(wait_ms)),
                cross_check: None,
                json: false,
            };
            let began = Instant::now();
            let outcome = check(&settings, std::future::pending()).await.unwrap();
            assert!(!outcome.any_reading);
            let took = began.elapsed();
            assert!(took >= Duration::from_millis(wait_ms), "{took:?}");
            // The last read may have to wait for the pause between two.
            assert!(took < Duration::from_millis(over_ms), "{took:?}");
        }
    }
}
