//! The command `check --clockbound`: judges a ClockBound segment as its clients would.

use std::io::{self, Write};
use std::path::Path;

use tracing::error;

use crate::answer::clockbound;
use crate::clock::{AgeLimit, Report};
use crate::program::clock::error_limits;
use crate::program::exit::Exit;
use crate::program::options::check::{ASK, JSON};
use crate::program::options::expected;
use crate::program::raw::{Flags, Problem, Raw};
use crate::program::settings::settings;
use crate::source::Environment;

/// Runs the command to its end. Only the limit on the error counts: the segment's writer has applied
/// the others.
pub(crate) fn run(directory: &Path, flags: &Flags, environment: &Environment) -> Exit {
    let read = |raw: &mut Raw<'_>| {
        if let Some(address) = raw.checked_text(&ASK) {
            let problem = expected("no address together with --clockbound", &address);
            raw.fault(ASK.variable, &address, Problem::NotAllowed(problem));
        }
        Some((error_limits(raw), raw.is_on(&JSON)))
    };
    let (limits, json) = match settings(flags, environment, read) {
        Ok(configured) => configured.settings,
        Err(exit) => return exit,
    };
    match clockbound::check(directory, &limits.with_max_age(AgeLimit::Off)) {
        Ok(report) => {
            // If stdout is closed, the exit code still gives the verdict.
            let _ = print(&report, json);
            if report.is_good() {
                Exit::Success
            } else {
                Exit::NotGood
            }
        }
        Err(unreadable) => {
            error!(directory = %directory.display(), error = %unreadable, "there is no segment to judge");
            Exit::NoReading
        }
    }
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
