//! From arguments to a command.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

#[cfg(target_os = "linux")]
use crate::program::commands;
use crate::program::commands::{check, check_ask, explain, report, run};
use crate::program::exit::Exit;
use crate::program::help;
use crate::program::options::groups::{self, Group};
use crate::program::options::{AnyOption, DefaultValue};
use crate::program::other_command::name_other_command;
use crate::program::raw::Flags;
use crate::source::Environment;
use crate::time::Moment;

/// The program's name in its help.
const NAME: &str = "ecs-clock-emf";
/// The help is wrapped to the terminal, but not to more columns than are easy to read.
const WIDEST_HELP: usize = 120;

/// Runs the program with the arguments after its name and this environment.
#[must_use]
pub fn main(arguments: Vec<OsString>, environment: &Environment) -> ExitCode {
    let started = Moment::now();
    let exit = match matches(arguments) {
        Ok(matches) => match matches.subcommand() {
            Some(("check", matches)) => check(matches, environment),
            Some(("explain", matches)) => explain::run(matches, environment),
            Some(("report", matches)) => report::run(matches, environment),
            other => {
                let matches = other.map_or(&matches, |(_, matches)| matches);
                run::run(&flags(matches, groups::RUN), environment, started)
            }
        },
        Err(error) => {
            // Help and the version go to stdout and are not errors.
            let _ = error.print();
            if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            }
        }
    };
    exit.into()
}

/// Parses the arguments after the program's name.
///
/// # Errors
/// Help and the version are errors too: clap's error prints them.
pub(crate) fn matches(arguments: Vec<OsString>) -> Result<ArgMatches, clap::Error> {
    let name = OsString::from(NAME);
    let mut command = command();
    let matches = command.try_get_matches_from_mut(std::iter::once(name).chain(arguments));
    matches.map_err(|mut error| {
        command.build();
        name_other_command(&mut error, &command);
        error
    })
}

/// The command line of the program.
fn command() -> Command {
    run_options(Command::new(NAME))
        .version(env!("CARGO_PKG_VERSION"))
        .about("Writes how far this task's clock may be from true time as CloudWatch embedded metric format")
        .max_term_width(WIDEST_HELP)
        .args_conflicts_with_subcommands(true)
        .args_override_self(true)
        // Health checks run every few seconds: options of commands that are not called are not built.
        .subcommand(
            Command::new("run")
                .about("Sample until a signal and write EMF lines to stdout; the default")
                .defer(run_options),
        )
        .subcommand(
            Command::new("check")
                .about("Print one reading and a verdict: exit code 0 good, 1 not good, 3 no reading")
                .defer(|command| {
                    command
                        .args(arguments(groups::CHECK))
                        .args(segment())
                        .after_help(help::AFTER_CHECK)
                }),
        )
        .subcommand(emf_explain::command::command("explain"))
        .subcommand(report::command())
}

fn run_options(command: Command) -> Command {
    command
        .args(arguments(groups::RUN))
        .after_help(help::after_run())
}

fn check(matches: &ArgMatches, environment: &Environment) -> Exit {
    let flags = flags(matches, groups::CHECK);
    #[cfg(target_os = "linux")]
    if let Some(directory) = matches.get_one::<PathBuf>("clockbound") {
        return commands::check_segment::run(directory, &flags, environment);
    }
    if check_ask::is_wanted(&flags, environment) {
        return check_ask::run(&flags, environment);
    }
    check::run(&flags, environment)
}

/// A flag only: a variable of the sidecar's container would change its health check.
fn segment() -> Option<Arg> {
    cfg!(target_os = "linux").then(|| {
        Arg::new("clockbound")
            .long("clockbound")
            .value_name("DIRECTORY")
            .value_parser(clap::value_parser!(PathBuf))
            .help_heading("What is read")
            // These concern the source's reading, which a segment does not contain.
            .conflicts_with_all(["ask", "max-age", "age-adjusted", "wait"])
            .help("Judge the ClockBound segment in this directory as its clients do; 3 if there is none")
    })
}

/// Options as flags, with their help.
fn arguments(groups: &'static [Group]) -> impl Iterator<Item = Arg> {
    groups.iter().flat_map(|group| {
        let arguments = group.options.iter().copied().map(argument);
        arguments.map(|argument| argument.help_heading(group.heading))
    })
}

/// An option as a flag. Its value is not parsed here, so that all faults are reported at once.
fn argument(option: &'static dyn AnyOption) -> Arg {
    let argument = Arg::new(option.name())
        .long(option.name())
        .help(help_of(option));
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

fn help_of(option: &dyn AnyOption) -> String {
    let default = match option.default() {
        DefaultValue::Text(default) | DefaultValue::Derived(default) if !default.is_empty() => {
            format!(" [default: {default}]")
        }
        _ => String::new(),
    };
    let (help, variable) = (option.help(), option.variable());
    format!("{help}{default} [env: {variable}]")
}

/// The options of these groups that were given as flags.
pub(crate) fn flags(matches: &ArgMatches, groups: &'static [Group]) -> Flags {
    let mut flags = Flags::new();
    for option in groups::options(groups) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<ArgMatches, clap::Error> {
        matches(line.split_whitespace().map(Into::into).collect())
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn the_help_shows_how_the_program_is_called() {
        for (line, usage) in [
            ("--help", "Usage: ecs-clock-emf [OPTIONS]"),
            ("run -h", "Usage: ecs-clock-emf run [OPTIONS]"),
            ("check --help", "Usage: ecs-clock-emf check [OPTIONS]"),
        ] {
            let help = parsed(line).unwrap_err();
            assert!(help.to_string().contains(usage), "{line}: {help}");
        }
    }

    #[test]
    fn which_command_lines_are_valid() {
        for (line, is_valid) in [
            ("", true),
            ("run", true),
            ("check", true),
            ("explain", true),
            ("explain --json", true),
            ("--once", true),
            ("run --once --source kernel", true),
            ("--namespace=a --namespace b", true),
            ("--max-error -1", true),
            ("--namespace --once", true),
            ("run --once --once", true),
            ("check --wait 5s --json --max-error=1ms", true),
            (
                "check --clockbound /run/clockbound",
                cfg!(target_os = "linux"),
            ),
            ("check --clockbound /run/clockbound --wait 1s", false),
            ("check --once", false),
            ("--json", false),
            ("--once check", false),
            ("--once run", false),
            ("run check", false),
            ("run --once=true", false),
            ("check --wait", false),
            ("chek", false),
            ("check --version", false),
            ("-- check", false),
        ] {
            assert_eq!(parsed(line).is_ok(), is_valid, "{line}");
        }
    }
}
