//! The command `check --clockbound`: judges a ClockBound segment as its clients would.

use std::path::Path;

use tracing::error;

use crate::answer::clockbound;
use crate::clock::AgeLimit;
use crate::program::clock::error_limits;
use crate::program::commands::verdict::{self, Form};
use crate::program::exit::Exit;
use crate::program::options::check::ASK;
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
        Some((error_limits(raw), Form::read(raw)))
    };
    let (limits, form) = match settings(flags, environment, read) {
        Ok(configured) => configured.settings,
        Err(exit) => return exit,
    };
    match clockbound::check(directory, &limits.with_max_age(AgeLimit::Off)) {
        Ok(report) => {
            verdict::print(&form.show(&report));
            verdict::exit(&report)
        }
        Err(unreadable) => {
            error!(directory = %directory.display(), error = %unreadable, "there is no segment to judge");
            Exit::NoReading
        }
    }
}
