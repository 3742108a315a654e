//! From arguments to a command.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

#[cfg(target_os = "linux")]
use crate::program::commands;
use crate::program::commands::{check, explain, run};
use crate::program::exit::Exit;
use crate::program::help;
use crate::program::options::{AnyOption, DefaultValue};
use crate::program::raw::Flags;
use crate::source::Environment;
use crate::time::Moment;

/// Runs the program with the arguments after its name and this environment.
#[must_use]
pub fn main(arguments: Vec<OsString>, environment: &Environment) -> ExitCode {
    let started = Moment::now();
    let exit = match parse(command(), arguments) {
        Ok(matches) => match matches.subcommand() {
            Some(("check", matches)) => check(matches, environment),
            Some(("explain", matches)) => explain::run(matches, environment),
            other => {
                let matches = other.map_or(&matches, |(_, matches)| matches);
                run::run(&flags(matches, &run::options()), environment, started)
            }
        },
        Err(exit) => exit,
    };
    exit.into()
}

/// What `command` makes of the arguments after its name.
///
/// # Errors
/// How the program ends, once the help, the version or the error is printed.
pub(crate) fn parse(command: Command, arguments: Vec<OsString>) -> Result<ArgMatches, Exit> {
    let name = OsString::from(command.get_name());
    let matches = command.try_get_matches_from([name].into_iter().chain(arguments));
    matches.map_err(|error| {
        // Help and the version go to stdout and are not errors.
        let _ = error.print();
        if error.use_stderr() {
            Exit::Usage
        } else {
            Exit::Success
        }
    })
}

/// The command line of the program.
pub(crate) fn command() -> Command {
    let run = |command: Command| {
        command
            .args(arguments(&run::options()))
            .after_help(help::metrics())
    };
    run(Command::new("ecs-clock-emf"))
        .version(env!("CARGO_PKG_VERSION"))
        .about("Writes how far this task's clock may be from true time as CloudWatch embedded metric format")
        .args_conflicts_with_subcommands(true)
        .args_override_self(true)
        .subcommand(run(Command::new("run"))
            .about("Sample until a signal and write EMF lines to stdout; the default"))
        .subcommand(
            Command::new("check")
                .about("Print one reading and whether it is good: exit code 0 good, 1 not good, 3 no reading")
                .args(arguments(&check::options()))
                .args(segment()),
        )
        .subcommand(explain::command())
}

fn check(matches: &ArgMatches, environment: &Environment) -> Exit {
    let flags = flags(matches, &check::options());
    #[cfg(target_os = "linux")]
    if let Some(directory) = matches.get_one::<PathBuf>("clockbound") {
        return commands::check_segment::run(directory, &flags, environment);
    }
    check::run(&flags, environment)
}

/// A flag only: as a variable it would turn the check of a sidecar's own container into another one.
fn segment() -> Option<Arg> {
    cfg!(target_os = "linux").then(|| {
        Arg::new("clockbound")
            .long("clockbound")
            .value_name("DIRECTORY")
            .value_parser(clap::value_parser!(PathBuf))
            // What is about the source's reading, which a segment does not tell.
            .conflicts_with_all(["max-age", "age-adjusted", "wait"])
            .help("Judge the ClockBound segment in this directory as its clients do; 3 if there is none")
    })
}

/// Options as flags. Values are not looked at here: all faults are to come out at once.
pub(crate) fn arguments(options: &[&dyn AnyOption]) -> Vec<Arg> {
    options.iter().copied().map(argument).collect()
}

fn argument(option: &dyn AnyOption) -> Arg {
    let default = match option.default() {
        DefaultValue::Text(default) | DefaultValue::Derived(default) if !default.is_empty() => {
            format!(" [default: {default}]")
        }
        _ => String::new(),
    };
    let (help, variable) = (option.help(), option.variable());
    let argument = Arg::new(option.name())
        .long(option.name())
        .help(format!("{help}{default} [env: {variable}]"));
    if option.is_switch() {
        argument.action(ArgAction::SetTrue)
    } else {
        argument
            .action(ArgAction::Set)
            .value_name(option.value_name())
            .value_parser(clap::value_parser!(OsString))
            .allow_hyphen_values(true)
    }
}

/// The flags among `options` that were given.
pub(crate) fn flags(matches: &ArgMatches, options: &[&dyn AnyOption]) -> Flags {
    let mut flags = Flags::new();
    for option in options {
        let name = option.name();
        if option.is_switch() {
            if matches.get_flag(name) {
                flags.insert(name, "true".to_owned());
            }
        } else if let Some(value) = matches.get_one::<OsString>(name) {
            flags.insert(name, value.to_string_lossy().into_owned());
        }
    }
    flags
}
