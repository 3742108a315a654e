//! From flags and variables to settings. Faults and unknown variables are reported here.

use tracing::level_filters::LevelFilter;
use tracing::{error, warn};

use crate::program::diagnostics::{self, Style};
use crate::program::exit::Exit;
use crate::program::options::clock::{ENDPOINT, LOG_FORMAT, LOG_LEVEL, LogFormat};
use crate::program::raw::{Fault, Flags, Raw};
use crate::program::unknown_variables::unknown_variables;
use crate::source::Environment;
use crate::text::cut;

/// How many characters of a problem are shown.
const SHOWN_PROBLEM: usize = 1_000;

/// Reads the settings of a command. It reads every option before it decides anything.
pub(crate) type Read<T> = fn(&mut Raw<'_>) -> Option<T>;

/// Reads the settings of a command, and what every command reads in addition.
pub(crate) fn read_all<T>(raw: &mut Raw<'_>, read: Read<T>) -> (Option<T>, LevelFilter, LogFormat) {
    let settings = read(raw);
    let level = raw.get(&LOG_LEVEL).unwrap_or(LevelFilter::WARN);
    // Also for faults, of which one may be that of the format itself.
    let format = raw.get(&LOG_FORMAT).unwrap_or(LogFormat::Auto);
    (settings, level, format)
}

/// The settings of a command, and how it reports.
pub(crate) struct Configured<T> {
    pub settings: T,
    /// The settings that are not the default, each as `name=value`.
    pub changes: Vec<String>,
    pub style: Style,
}

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
    let mut raw = Raw::new(flags, environment);
    let (settings, level, format) = read_all(&mut raw, read);
    let outcome = match raw.finish(settings) {
        Ok((settings, changes)) => Ok(Configured {
            settings,
            changes,
            style: diagnostics::init(level, format, environment),
        }),
        Err(faults) => {
            diagnostics::init(LevelFilter::WARN, format, environment);
            faults.iter().for_each(report);
            Err(Exit::Usage)
        }
    };
    report_variables(flags, environment);
    outcome
}

/// The format, where it is all that counts.
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
        let _ = read_all(&mut raw, read);
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
