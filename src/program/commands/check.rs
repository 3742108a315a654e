//! The command `check`: prints one reading and a verdict, or waits for a good one.

use std::time::Duration;

use crate::clock::{Clock, Limits, Report};
use crate::program::clock::{clock, limits};
use crate::program::commands::verdict::Form;
use crate::program::commands::wait::{self, Attempt};
use crate::program::cross_check::{CrossChecker, cross_check};
use crate::program::exit::Exit;
use crate::program::options::check::{ASK, WAIT};
use crate::program::raw::{Flags, Raw};
use crate::program::settings::settings;
use crate::program::system::stoppable;
use crate::source::{Environment, NtpSettings};

/// The settings of the command.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The clock. Every verdict is about a new reading.
    clock: Clock,
    /// The limits of a good clock.
    pub limits: Limits,
    /// How long to wait for a good clock; `None` reads once.
    pub wait: Option<Duration>,
    /// The server of the cross-check, if it is on.
    cross_check: Option<NtpSettings>,
    form: Form,
}

/// Runs the command to its end.
pub(crate) fn run(flags: &Flags, environment: &Environment) -> Exit {
    stoppable(flags, environment, async |shutdown| {
        let settings = match settings(flags, environment, read) {
            Ok(configured) => configured.settings,
            Err(exit) => return exit,
        };
        let cross_check = settings.cross_check.clone();
        let mut cross_checker =
            cross_check.map(|ntp| CrossChecker::new(ntp, settings.clock.drift()));
        wait::run(settings.wait, shutdown, async || {
            let report = judge(&settings, &mut cross_checker).await;
            Attempt::of_report(&report, settings.form)
        })
        .await
    })
}

/// Reads the options.
pub(crate) fn read(raw: &mut Raw<'_>) -> Option<Settings> {
    // Listed for this command, but never given here: `check_ask` runs then.
    raw.get(&ASK);
    let clock = clock(raw);
    let limits = limits(raw);
    let wait = raw.get(&WAIT);
    let cross_check = cross_check(raw, clock.as_ref());
    let form = Form::read(raw);
    let clock = clock?;
    Some(Settings {
        clock: Clock::with_drift(clock.source, Duration::ZERO, clock.drift),
        limits,
        wait,
        cross_check: cross_check?,
        form,
    })
}

/// Judges one reading, and compares it with the second source if there is one.
async fn judge(settings: &Settings, cross_checker: &mut Option<CrossChecker>) -> Report {
    let (mut report, reading) = settings.clock.judge(&settings.limits).await;
    if let (Some(checker), Some(reading)) = (cross_checker, reading) {
        checker.check(&reading, &mut report).await;
    }
    report
}
