//! From arguments and an environment to settings or faults, before anything is reported or done.

use std::ffi::OsString;
use std::time::Duration;

use crate::clock::Limits;
use crate::program::commands::{check, run};
use crate::program::options::clock::SOURCE;
use crate::program::options::groups;
use crate::program::raw::{self, Flags, Raw};
use crate::program::settings::{Read, read_all};
use crate::program::start::{flags, matches};
use crate::program::unknown_variables::unknown_variables;
use crate::source::{Environment, NtpSettings};
use crate::time::DriftRate;

/// What the program would do.
#[derive(Debug)]
pub(crate) enum Start {
    /// Print this to stderr and end: the command line is wrong.
    WrongCommandLine(String),
    /// Print this to stdout and end: help, or the version.
    Text(String),
    /// Sample.
    Run(Result<Run, Vec<Fault>>),
    /// Judge the clock.
    Check(Result<Check, Vec<Fault>>),
    /// Explain lines, or judge a segment.
    Other,
}

/// Settings of `run` that have a rule.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    /// The name of the source.
    pub source: String,
    /// Take one reading, then exit.
    pub once: bool,
    /// The time between two readings.
    pub sample_interval: Duration,
    /// The time that a line covers.
    pub emit_interval: Duration,
    /// The longest delay.
    pub emit_jitter: Duration,
    /// The drift rate.
    pub drift: DriftRate,
    /// The second source, as its `Debug` shows it.
    pub cross_check: Option<String>,
    /// The namespace.
    pub namespace: String,
    /// The most readings on a line.
    pub capacity: usize,
    /// How many metrics are chosen.
    pub metrics: usize,
    /// The default limits of `/clock`, if `listen` is set.
    pub limits: Option<Limits>,
    /// The settings that are not the default, each as `name=value`.
    pub changes: Vec<String>,
    /// Variables that no option has, each with the one that is suggested.
    pub unknown: Vec<(String, Option<&'static str>)>,
}

/// Settings of `check`.
#[derive(Debug, PartialEq)]
pub(crate) struct Check {
    /// The limits of a good clock.
    pub limits: Limits,
    /// How long to wait.
    pub wait: Option<Duration>,
}

/// What is wrong with the configuration.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The option or variable.
    pub option: String,
    /// What was given, or its beginning.
    pub given: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What the program would do with these arguments and this environment.
#[must_use]
pub(crate) fn start(arguments: Vec<OsString>, environment: &Environment) -> Start {
    let matches = match matches(arguments) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return Start::WrongCommandLine(error.to_string()),
        Err(error) => return Start::Text(error.to_string()),
    };
    match matches.subcommand() {
        Some(("explain", _)) => Start::Other,
        Some(("check", matches)) if is_of_segment(matches) => Start::Other,
        Some(("check", matches)) => {
            let flags = flags(matches, groups::CHECK);
            let outcome = outcome(&flags, environment, check::read);
            Start::Check(outcome.map(|(settings, _)| Check {
                limits: settings.limits,
                wait: settings.wait,
            }))
        }
        other => {
            let matches = other.map_or(&matches, |(_, matches)| matches);
            let flags = flags(matches, groups::RUN);
            let outcome = outcome(&flags, environment, run::settings::read);
            let source = Raw::new(&flags, environment).checked_text(&SOURCE);
            let source = source.unwrap_or_else(|| "auto".to_owned());
            Start::Run(outcome.map(|(settings, changes)| Run {
                source,
                changes,
                unknown: unknown(environment),
                ..shown(settings)
            }))
        }
    }
}

fn is_of_segment(matches: &clap::ArgMatches) -> bool {
    cfg!(target_os = "linux") && matches.contains_id("clockbound")
}

fn unknown(environment: &Environment) -> Vec<(String, Option<&'static str>)> {
    let unknown = unknown_variables(environment).into_iter();
    unknown
        .map(|unknown| (unknown.name, unknown.meant))
        .collect()
}

fn outcome<T>(
    flags: &Flags,
    environment: &Environment,
    read: Read<T>,
) -> Result<(T, Vec<String>), Vec<Fault>> {
    let mut raw = Raw::new(flags, environment);
    let (settings, ..) = read_all(&mut raw, read);
    let shown = |fault: raw::Fault| Fault {
        option: fault.option,
        given: fault.given,
        problem: fault.problem.to_string(),
    };
    let outcome = raw.finish(settings);
    outcome.map_err(|faults| faults.into_iter().map(shown).collect())
}

fn shown((settings, answers): (crate::sidecar::Settings, crate::answer::Settings)) -> Run {
    let second = |ntp: NtpSettings| format!("{ntp:?}");
    Run {
        source: String::new(),
        once: settings.rules.once,
        sample_interval: settings.rules.sample_interval,
        emit_interval: settings.rules.emit_interval,
        emit_jitter: settings.rules.emit_jitter,
        drift: settings.rules.drift,
        cross_check: settings.cross_check.map(second),
        capacity: settings.format.capacity(),
        metrics: settings.format.metrics.len(),
        namespace: settings.format.namespace,
        limits: answers.listen.map(|_| answers.rules.limits),
        changes: Vec::new(),
        unknown: Vec::new(),
    }
}
