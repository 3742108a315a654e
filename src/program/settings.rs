//! From flags and variables to settings: whatever is wrong or unknown is reported here.

use tracing::level_filters::LevelFilter;
use tracing::{error, warn};

use crate::program::exit::Exit;
use crate::program::options::AnyOption;
use crate::program::options::clock::{ENDPOINT, LOG_LEVEL};
use crate::program::raw::{Change, Fault, Flags, Raw};
use crate::program::unknown_variables::{has_own_prefix, unknown_variables};
use crate::program::{commands, diagnostics};
use crate::source::Environment;
use crate::text::cut;

/// How much is shown of what is wrong with a value, in characters.
const SHOWN_PROBLEM: usize = 1_000;

/// What a command reads its settings with. It reads every option before it decides anything.
pub(crate) type Read<T> = fn(&mut Raw<'_>) -> Option<T>;

/// The options of a command: those that `read` reads.
pub(crate) fn options_of<T>(read: Read<T>) -> Vec<&'static dyn AnyOption> {
    let (flags, environment) = (Flags::new(), Environment::default());
    let mut raw = Raw::new(&flags, &environment);
    let _ = with_log_level(&mut raw, read);
    raw.options()
}

fn with_log_level<T>(raw: &mut Raw<'_>, read: Read<T>) -> Option<(T, LevelFilter)> {
    let settings = read(raw);
    let log_level = raw.get(&LOG_LEVEL);
    Some((settings?, log_level?))
}

/// The settings of a command and what in them is not the default.
///
/// From here on diagnostics go to stderr. Unknown variables are reported there, since a limit under a
/// misspelled name would leave a gate open.
///
/// # Errors
/// [`Exit::Usage`], once every fault is reported.
pub(crate) fn settings<T>(
    flags: &Flags,
    environment: &Environment,
    read: Read<T>,
) -> Result<(T, Vec<Change>), Exit> {
    let (outcome, options) = outcome(flags, environment, read);
    match outcome {
        Ok(((settings, log_level), changes)) => {
            diagnostics::init(log_level);
            report_variables(flags, environment, options);
            Ok((settings, changes))
        }
        Err(faults) => {
            diagnostics::init(LevelFilter::WARN);
            faults.iter().for_each(report);
            report_variables(flags, environment, options);
            Err(Exit::Usage)
        }
    }
}

/// What is read: a value and what in it is not the default, or every fault.
pub(crate) type Outcome<T> = Result<((T, LevelFilter), Vec<Change>), Vec<Fault>>;

/// The settings or the faults, before anything is reported, and the options that were read.
pub(crate) fn outcome<T>(
    flags: &Flags,
    environment: &Environment,
    read: Read<T>,
) -> (Outcome<T>, Vec<&'static dyn AnyOption>) {
    let mut raw = Raw::new(flags, environment);
    let settings = with_log_level(&mut raw, read);
    let options = raw.options();
    (raw.finish(settings), options)
}

fn report(fault: &Fault) {
    error!(
        option = fault.option,
        given = fault.given,
        problem = cut(&fault.problem.to_string(), SHOWN_PROBLEM),
        "wrong configuration"
    );
}

/// Reports variables that nothing reads: this command has these options.
fn report_variables(flags: &Flags, environment: &Environment, options: Vec<&dyn AnyOption>) {
    let has_endpoint =
        flags.contains_key(ENDPOINT.name) || environment.get(ENDPOINT.variable).is_some();
    if !has_endpoint {
        environment.warn_of_endpoint_v3();
    }
    // To know the options of all commands takes reading them.
    if !has_own_prefix(environment) {
        return;
    }
    for unknown in unknown_variables(environment, &all_known(options)) {
        let hint = unknown
            .meant
            .map(|meant| format!("; did you mean {meant}?"));
        let hint = hint.unwrap_or_default();
        warn!(variable = unknown.name, "unknown variable{hint}");
    }
}

/// These options, and those of every command: their variables are known.
pub(crate) fn all_known(mut options: Vec<&dyn AnyOption>) -> Vec<&dyn AnyOption> {
    options.extend(commands::options());
    options
}
