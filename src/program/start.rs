//! From arguments to a command.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

#[cfg(target_os = "linux")]
use crate::program::commands;
use crate::program::commands::{check, explain, report, run};
use crate::program::exit::Exit;
use crate::program::help;
use crate::program::options::{AnyOption, DefaultValue};
use crate::program::raw::Flags;
use crate::source::Environment;
use crate::time::Moment;

/// The program's name in its help.
const NAME: &str = "ecs-clock-emf";

/// Runs the program with the arguments after its name and this environment.
#[must_use]
pub fn main(arguments: Vec<OsString>, environment: &Environment) -> ExitCode {
    let started = Moment::now();
    let parsed = match matches(bare(&arguments), &arguments) {
        Ok(matches) => Ok(matches),
        // Whatever is to be said of the arguments is said by the command with all its texts.
        Err(_) => parse(command(), arguments),
    };
    let exit = match parsed {
        Ok(matches) => match matches.subcommand() {
            Some(("check", matches)) => check(matches, environment),
            Some(("explain", matches)) => explain::run(matches, environment),
            Some(("report", matches)) => report::run(matches),
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
    matches(command, arguments).map_err(|error| {
        // Help and the version go to stdout and are not errors.
        let _ = error.print();
        if error.use_stderr() {
            Exit::Usage
        } else {
            Exit::Success
        }
    })
}

/// What clap makes of a command's arguments. It wants the command's name before them, and shows it.
fn matches<T: Into<OsString>>(
    command: Command,
    arguments: impl IntoIterator<Item = T>,
) -> Result<ArgMatches, clap::Error> {
    let name = OsString::from(command.get_name());
    let arguments = arguments.into_iter().map(Into::into);
    command.try_get_matches_from(std::iter::once(name).chain(arguments))
}

/// [`command`] as far as arguments need it that are right: without help texts and without the other commands,
/// which nobody sees then. They take half of all the time of a `check`.
fn bare(arguments: &[OsString]) -> Command {
    let bare = |options: &[&dyn AnyOption]| -> Vec<Arg> {
        options.iter().copied().map(argument).collect()
    };
    let root = Command::new(NAME).args_override_self(true);
    match arguments.first().and_then(|first| first.to_str()) {
        Some("run") => root.subcommand(Command::new("run").args(bare(&run::options()))),
        Some("check") => root.subcommand(
            Command::new("check")
                .args(bare(&check::options()))
                .args(segment()),
        ),
        Some("explain") => root.subcommand(emf_explain::command::command("explain")),
        Some("report") => root.subcommand(report::command()),
        _ => root.args(bare(&run::options())),
    }
}

/// The command line of the program.
pub(crate) fn command() -> Command {
    let run = |command: Command| {
        command
            .args(arguments(&run::options()))
            .after_help(help::metrics())
    };
    run(Command::new(NAME))
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
        .subcommand(emf_explain::command::command("explain"))
        .subcommand(report::command())
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

/// Options as flags, with their help.
pub(crate) fn arguments(options: &[&dyn AnyOption]) -> Vec<Arg> {
    let with_help = |option: &&dyn AnyOption| argument(*option).help(help_of(*option));
    options.iter().map(with_help).collect()
}

/// An option as a flag. Its value is not looked at here: all faults are to come out at once.
fn argument(option: &dyn AnyOption) -> Arg {
    let argument = Arg::new(option.name()).long(option.name());
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The command, the flags and the segment's directory; `None` where the arguments are wrong or ask for help.
    fn meaning(
        command: Command,
        arguments: &[OsString],
    ) -> Option<(String, Flags, Option<PathBuf>)> {
        let matches = matches(command, arguments).ok()?;
        let (name, matches) = matches.subcommand().unwrap_or(("", &matches));
        let options = match name {
            "check" => check::options(),
            "explain" => Vec::new(),
            _ => run::options(),
        };
        let directory = matches.try_get_one::<PathBuf>("clockbound");
        let directory = directory.ok().flatten().cloned();
        Some((name.to_owned(), flags(matches, &options), directory))
    }

    #[test]
    fn the_help_shows_how_the_program_is_called() {
        for (line, usage) in [
            ("--help", "Usage: ecs-clock-emf [OPTIONS]"),
            ("run -h", "Usage: ecs-clock-emf run [OPTIONS]"),
            ("check --help", "Usage: ecs-clock-emf check [OPTIONS]"),
        ] {
            let help = matches(command(), line.split_whitespace()).unwrap_err();
            assert!(help.to_string().contains(usage), "{line}: {help}");
        }
    }

    #[test]
    fn the_bare_command_understands_what_the_whole_one_does() {
        for (line, is_right) in [
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
            ("check --wait 5s --json --max-error=1ms", true),
            (
                "check --clockbound /run/clockbound",
                cfg!(target_os = "linux"),
            ),
            // Wrong, or a question that the whole command answers.
            ("check --clockbound /run/clockbound --wait 1s", false),
            ("check --once", false),
            ("--json", false),
            ("--once check", false),
            ("--once run", false),
            ("run check", false),
            ("run --once=true", false),
            ("run --once --once", true),
            ("check --wait", false),
            ("chek", false),
            ("--help", false),
            ("-h", false),
            ("--version", false),
            ("check --help", false),
            ("help", false),
            ("help check", false),
            ("check --version", false),
            ("-- check", false),
        ] {
            let arguments: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
            let expected = meaning(command(), &arguments);
            assert_eq!(expected.is_some(), is_right, "{line}");
            assert_eq!(meaning(bare(&arguments), &arguments), expected, "{line}");
        }
    }
}
