//! The command `check`: one reading, or waiting for a good one, to a verdict.

use std::io::{self, Write};
use std::time::Duration;

use crate::clock::{Clock, Limits, Report};
use crate::program::clock::{clock, limits};
use crate::program::commands::wait::{Attempt, until_good};
use crate::program::exit::Exit;
use crate::program::options::AnyOption;
use crate::program::options::check::{ASK, JSON, WAIT};
use crate::program::raw::{Flags, Raw};
use crate::program::settings::{options_of, settings};
use crate::program::system::stoppable;
use crate::source::Environment;

/// The settings of the command.
#[derive(Debug)]
struct Settings {
    /// The clock. Every verdict is on a new reading.
    clock: Clock,
    /// What is good.
    limits: Limits,
    /// How long to wait for a good clock; `None` reads once.
    wait: Option<Duration>,
    /// One JSON object instead of text.
    json: bool,
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
        let checked = until_good(settings.wait, shutdown, async || {
            let report = settings.clock.report(&settings.limits).await;
            Attempt {
                is_good: report.is_good(),
                had_reading: !report.is_without_reading(),
                output: report,
            }
        });
        let Some(checked) = checked.await else {
            return Exit::NoReading;
        };
        // If stdout is closed, the exit code still has the verdict.
        let _ = print(&checked.output, settings.json);
        checked.exit()
    })
}

fn read(raw: &mut Raw<'_>) -> Option<Settings> {
    let clock = clock(raw);
    // With an address, `check_ask` reads these options.
    raw.get(&ASK);
    let limits = limits(raw);
    let wait = raw.get(&WAIT);
    let json = raw.is_on(&JSON);
    let clock = clock?;
    Some(Settings {
        clock: Clock::with_drift(clock.source, Duration::ZERO, clock.drift),
        limits,
        wait,
        json,
    })
}

/// The limits and the waiting time that the options name.
#[cfg(feature = "fuzzing")]
pub(crate) fn limits_and_wait(raw: &mut Raw<'_>) -> Option<(Limits, Option<Duration>)> {
    read(raw).map(|settings| (settings.limits, settings.wait))
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
