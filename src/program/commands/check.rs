//! The command `check`: one reading, or waiting for a good one, to a verdict.

use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::{AgeLimit, Limits, Report};
use crate::program::clock::clock;
use crate::program::exit::Exit;
use crate::program::options::AnyOption;
use crate::program::options::check::{JSON, MAX_AGE, MAX_ERROR, WAIT};
use crate::program::raw::{Flags, Raw};
use crate::program::settings::{options_of, settings};
use crate::program::system::stoppable;
use crate::reading::Reading;
use crate::source::{Environment, Source};
use crate::time::{DriftRate, Moment};

/// From one attempt to the next while waiting.
const PAUSE: Duration = Duration::from_secs(1);

/// The settings of the command.
#[derive(Debug)]
struct Settings {
    /// The source, set up but not yet asked.
    source: Source,
    /// How fast the clock may drift.
    drift: DriftRate,
    /// The largest error bound that is good.
    max_error: Option<Duration>,
    /// The largest age of the reference that is good.
    max_age: AgeLimit,
    /// How long to wait for a good clock; `None` reads once.
    wait: Option<Duration>,
    /// One JSON object instead of text.
    json: bool,
}

/// What the command found.
#[derive(Debug, Clone, PartialEq)]
struct Checked {
    /// The last verdict.
    report: Report,
    /// Whether any attempt gave a reading.
    had_reading: bool,
}

/// The options of the command.
pub(crate) fn options() -> Vec<&'static dyn AnyOption> {
    options_of(read)
}

/// Runs the command to its end.
pub(crate) fn run(flags: &Flags, environment: &Environment) -> Exit {
    stoppable(async |shutdown| {
        let settings = match settings(flags, environment, read) {
            Ok((settings, _)) => settings,
            Err(exit) => return exit,
        };
        let Some(checked) = check(&settings, shutdown).await else {
            return Exit::NoReading;
        };
        // The exit code says it too: whoever closed stdout may still read that.
        let _ = print(&checked.report, settings.json);
        match (checked.report.is_good(), checked.had_reading) {
            (true, _) => Exit::Success,
            (false, true) => Exit::NotGood,
            (false, false) => Exit::NoReading,
        }
    })
}

fn read(raw: &mut Raw<'_>) -> Option<Settings> {
    let clock = clock(raw);
    let max_error = raw.get(&MAX_ERROR);
    let max_age = raw.get(&MAX_AGE);
    let wait = raw.get(&WAIT);
    let json = raw.is_on(&JSON);
    let clock = clock?;
    Some(Settings {
        source: clock.source,
        drift: clock.drift,
        max_error: max_error.map(Duration::from),
        max_age: max_age.unwrap_or_default(),
        wait,
        json,
    })
}

/// Reads the clock once; where the settings have a waiting time, every second until it is good, the
/// time is over, or `shutdown` is ready. `None` if `shutdown` came before the first verdict.
///
/// The last attempt begins, at the latest, when the time is over; like every attempt it is given the
/// time that one request may take.
async fn check(settings: &Settings, shutdown: impl Future<Output = ()>) -> Option<Checked> {
    let mut shutdown = pin!(shutdown);
    let deadline = Instant::now() + settings.wait.unwrap_or_default();
    let mut last: Option<Checked> = None;
    loop {
        let began = Instant::now();
        let sample = tokio::select! {
            biased;
            sample = settings.source.read() => sample,
            () = &mut shutdown => return last,
        };
        let had_reading = sample.outcome.is_ok() || last.is_some_and(|last| last.had_reading);
        let report = match &sample.outcome {
            Ok(reading) => {
                let limits = limits_on(reading, settings);
                Report::on(reading, &limits, &Moment::now(), settings.drift)
            }
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

fn limits_on(reading: &Reading, settings: &Settings) -> Limits {
    let is_known = reading.reference.is_some();
    Limits {
        max_error: settings.max_error,
        max_age: match settings.max_age {
            AgeLimit::Required(limit) => Some(limit),
            AgeLimit::WhereKnown(limit) => is_known.then_some(limit),
            AgeLimit::Off => None,
        },
    }
}

fn print(report: &Report, json: bool) -> io::Result<()> {
    let text = if json {
        serde_json::to_string(report)? + "\n"
    } else {
        report.to_string()
    };
    io::stdout().write_all(text.as_bytes())
}
