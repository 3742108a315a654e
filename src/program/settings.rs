//! From flags and variables to settings. Faults and unknown variables are reported here.

use tracing::level_filters::LevelFilter;
use tracing::{error, warn};

use crate::program::diagnostics::{self, Style};
use crate::program::exit::Exit;
use crate::program::options::clock::{ENDPOINT, LOG_FORMAT, LOG_LEVEL, LogFormat};
use crate::program::raw::{Change, Fault, Flags, Raw};
use crate::program::unknown_variables::unknown_variables;
use crate::source::Environment;
use crate::text::cut;

/// How many characters of a problem are shown.
const SHOWN_PROBLEM: usize = 1_000;

/// Reads the settings of a command. It reads every option before it decides anything.
pub(crate) type Read<T> = fn(&mut Raw<'_>) -> Option<T>;

/// The settings of a command, and how it reports.
pub(crate) struct Configured<T> {
    pub settings: T,
    /// The settings that are not the default.
    pub changes: Vec<Change>,
    pub style: Style,
}

/// What every command reads in addition to its own settings.
type Common = (LevelFilter, LogFormat);

/// The settings of a command with the changes from the default, or every fault.
pub(crate) type Outcome<T> = Result<((T, Common), Vec<Change>), Vec<Fault>>;

/// Reads the settings of a command. From here on diagnostics go to stderr.
///
/// Unknown variables are reported there, since a limit under a misspelled name would leave a gate open.
///
/// # Errors
/// [`Exit::Usage`], once every fault is reported.
pub(crate) fn settings<T>(
    flags: &Flags,
    environment: &Environment,
    read: Read<T>,
) -> Result<Configured<T>, Exit> {
    let outcome = match outcome(flags, environment, read) {
        Ok(((settings, (level, format)), changes)) => Ok(Configured {
            settings,
            changes,
            style: diagnostics::init(level, format, environment),
        }),
        Err(faults) => {
            let format = log_format(flags, environment);
            diagnostics::init(LevelFilter::WARN, format, environment);
            faults.iter().for_each(report);
            Err(Exit::Usage)
        }
    };
    report_variables(flags, environment);
    outcome
}

/// Reads the settings of a command; nothing is reported yet.
pub(crate) fn outcome<T>(flags: &Flags, environment: &Environment, read: Read<T>) -> Outcome<T> {
    let mut raw = Raw::new(flags, environment);
    let settings = with_common(&mut raw, read);
    raw.finish(settings)
}

fn with_common<T>(raw: &mut Raw<'_>, read: Read<T>) -> Option<(T, Common)> {
    let settings = read(raw);
    let level = raw.get(&LOG_LEVEL);
    let format = raw.get(&LOG_FORMAT);
    Some((settings?, (level?, format?)))
}

/// The format for faults, also where the format itself may be at fault.
pub(crate) fn log_format(flags: &Flags, environment: &Environment) -> LogFormat {
    let format = Raw::new(flags, environment).get(&LOG_FORMAT);
    format.unwrap_or(LogFormat::Auto)
}

fn report(fault: &Fault) {
    error!(
        option = fault.option,
        given = fault.given,
        problem = cut(&fault.problem.to_string(), SHOWN_PROBLEM),
        "invalid configuration"
    );
}

/// Reports variables that look like an option's but are not.
fn report_variables(flags: &Flags, environment: &Environment) {
    let has_endpoint =
        flags.contains_key(ENDPOINT.name) || environment.get(ENDPOINT.variable).is_some();
    if !has_endpoint {
        environment.warn_of_endpoint_v3();
    }
    for unknown in unknown_variables(environment) {
        let hint = unknown
            .meant
            .map(|meant| format!("; did you mean {meant}?"));
        let hint = hint.unwrap_or_default();
        warn!(variable = unknown.name, "unknown variable{hint}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::program::commands::{check, run};
    use crate::program::options::AnyOption;
    use crate::program::options::groups::{self, CHECK, Group, RUN};

    /// Compares the options that a command lists with those that it reads.
    fn assert_listed<T>(groups: &'static [Group], read: Read<T>) {
        let (flags, environment) = (Flags::new(), Environment::default());
        let mut raw = Raw::new(&flags, &environment);
        let _ = with_common(&mut raw, read);
        let read: BTreeSet<_> = raw.names_read().into_iter().collect();
        let listed: Vec<_> = groups::options(groups).map(AnyOption::name).collect();
        assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), read);
        assert_eq!(listed.len(), read.len(), "an option is listed twice");
    }

    #[test]
    fn every_option_that_is_read_is_listed_and_no_other() {
        assert_listed(RUN, run::settings::read);
        assert_listed(CHECK, check::read);
    }
}
