//! Commands and options: the command line in, a command with its flags out, and the exit code of each.

use std::ffi::OsString;
use std::io::{self, Write};
use std::pin::Pin;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::clock::Report;
use crate::program::commands::check::{self, Checked};
use crate::program::commands::explain;
use crate::program::options::{self, OptionSpec};
use crate::program::settings::{self, CheckConfig, Fault, Flags, RunConfig};
use crate::program::{diagnostics, shutdown};
use crate::sidecar::sink::Sink;
use crate::sidecar::{self, Draws};
use crate::source::Environment;
use crate::time::Moment;

/// Exit codes. 0 is success in every command.
mod exit {
    /// `check`: not good.
    pub(super) const NOT_GOOD: u8 = 1;
    /// A wrong command line or configuration.
    pub(super) const USAGE: u8 = 2;
    /// `run --once` or `check` without a reading.
    pub(super) const NO_READING: u8 = 3;
    /// The system refuses what every command needs: no reading was ever to be had.
    pub(super) const CANNOT_START: u8 = 3;
    /// `run`: lines lost that no line reported, or stdout closed.
    pub(super) const LINES_LOST: u8 = 4;
}

/// Runs the program with the arguments after its name and this environment.
#[must_use]
pub fn main(arguments: Vec<OsString>, environment: &Environment) -> ExitCode {
    let started = Moment::now();
    let matches = match matched(command(), arguments) {
        Ok(matches) => matches,
        Err(code) => return ExitCode::from(code),
    };
    let code = match matches.subcommand() {
        Some(("check", matches)) => {
            let flags = flags(matches, &[options::CHECK, options::CLOCK]);
            stoppable(async |shutdown| {
                let config = valid(settings::check(&flags, environment))?;
                Ok(check(&config, environment, shutdown).await)
            })
        }
        Some(("explain", matches)) => Ok(explain::run(matches)),
        other => {
            let matches = other.map_or(&matches, |(_, matches)| matches);
            let flags = flags(matches, &[options::RUN, options::CLOCK]);
            stoppable(async |shutdown| {
                let config = valid(settings::run(&flags, environment))?;
                Ok(run(config, environment, started, shutdown).await)
            })
        }
    };
    ExitCode::from(code.unwrap_or_else(|code| code))
}

/// What `command` makes of the arguments after its name; or, once it has said what there was to say,
/// the exit code.
pub(crate) fn matched(command: Command, arguments: Vec<OsString>) -> Result<ArgMatches, u8> {
    let name = OsString::from(command.get_name());
    let matches = command.try_get_matches_from([name].into_iter().chain(arguments));
    matches.map_err(|error| {
        // Help and version are on stdout and no error.
        let _ = error.print();
        if error.use_stderr() { exit::USAGE } else { 0 }
    })
}

fn command() -> Command {
    let run = |command: Command| command.args(arguments(&[options::RUN, options::CLOCK]));
    run(Command::new("ecs-clock-emf"))
        .version(env!("CARGO_PKG_VERSION"))
        .about("Writes how far this task's clock may be from true time as CloudWatch embedded metric format")
        .args_conflicts_with_subcommands(true)
        .args_override_self(true)
        .disable_help_subcommand(true)
        .subcommand(run(Command::new("run"))
            .about("Sample until a signal and write EMF lines to stdout; the default"))
        .subcommand(
            Command::new("check")
                .about("Print one reading and whether it is good: exit code 0 good, 1 not good, 3 no reading")
                .args(arguments(&[options::CHECK, options::CLOCK])),
        )
        .subcommand(explain::command())
}

/// Options as flags. Values are not looked at here: all faults are to come out at once.
pub(crate) fn arguments(groups: &[&[OptionSpec]]) -> Vec<Arg> {
    let argument = |option: &OptionSpec| {
        let default = match option.default {
            Some(default) if !default.is_empty() => format!(" [default: {default}]"),
            _ => String::new(),
        };
        let argument = Arg::new(option.name).long(option.name).help(format!(
            "{}{default} [env: {}]",
            option.help,
            option.variable()
        ));
        if option.is_switch() {
            argument.action(ArgAction::SetTrue)
        } else {
            argument
                .action(ArgAction::Set)
                .value_name(option.value)
                .value_parser(clap::value_parser!(OsString))
                .allow_hyphen_values(true)
        }
    };
    groups.iter().copied().flatten().map(argument).collect()
}

pub(crate) fn flags(matches: &ArgMatches, groups: &[&[OptionSpec]]) -> Flags {
    let mut flags = Flags::new();
    for option in groups.iter().copied().flatten() {
        if option.is_switch() {
            if matches.get_flag(option.name) {
                flags.insert(option.name, "true".to_owned());
            }
        } else if let Some(value) = matches.get_one::<OsString>(option.name) {
            flags.insert(option.name, value.to_string_lossy().into_owned());
        }
    }
    flags
}

/// A valid configuration; or, once every fault has been named, the exit code.
pub(crate) fn valid<T>(config: Result<T, Vec<Fault>>) -> Result<T, u8> {
    config.map_err(|faults| {
        diagnostics::init(tracing::level_filters::LevelFilter::ERROR);
        for fault in faults {
            tracing::error!(
                option = fault.option,
                given = fault.given,
                problem = fault.problem,
                "wrong configuration"
            );
        }
        exit::USAGE
    })
}

/// Names each variable that looks like one of the program's and is none, or one of the options `own`.
pub(crate) fn warn_of_unknown_variables(environment: &Environment, own: &[OptionSpec]) {
    for (variable, nearest) in environment.unknown_variables(own) {
        tracing::warn!(
            variable,
            nearest,
            "no option has this variable; the nearest that one has is named"
        );
    }
}

async fn run(
    config: RunConfig,
    environment: &Environment,
    started: Moment,
    shutdown: impl Future<Output = ()>,
) -> u8 {
    diagnostics::init(config.source.log_level);
    warn_of_unknown_variables(environment, &[]);
    let once = config.once;
    let sink = match Sink::stdout() {
        Ok(sink) => sink,
        Err(error) => {
            tracing::error!(%error, "there is no stdout");
            return exit::LINES_LOST;
        }
    };
    let draws = Draws {
        delay: fastrand::f64(),
        offset: fastrand::f64(),
    };
    let ended = sidecar::run(config, sink, started, draws, shutdown).await;
    if ended.stdout_closed || ended.counts.unreported > 0 {
        exit::LINES_LOST
    } else if once && !ended.had_reading {
        exit::NO_READING
    } else {
        0
    }
}

async fn check(
    config: &CheckConfig,
    environment: &Environment,
    shutdown: impl Future<Output = ()>,
) -> u8 {
    diagnostics::init(config.source.log_level);
    // A limit under a misspelt name would leave a gate open.
    warn_of_unknown_variables(environment, &[]);
    let Some(Checked {
        report,
        had_reading,
    }) = check::check(config, shutdown).await
    else {
        return exit::NO_READING;
    };
    // The exit code says it too: whoever closed stdout may still read that.
    let _ = print(&report, config.json);
    match (report.is_good(), had_reading) {
        (true, _) => 0,
        (false, true) => exit::NOT_GOOD,
        (false, false) => exit::NO_READING,
    }
}

fn print(report: &Report, json: bool) -> io::Result<()> {
    let text = if json {
        serde_json::to_string(report)? + "\n"
    } else {
        report.to_string()
    };
    io::stdout().write_all(text.as_bytes())
}

/// Runs a task on a runtime of this thread alone, with the signals that stop it: from here on they no
/// longer end the process by themselves. What the task leaves behind, such as a name look-up that
/// hangs, is not waited for.
pub(crate) fn stoppable<T>(
    task: impl AsyncFnOnce(BoxedShutdown) -> Result<T, u8>,
) -> Result<T, u8> {
    let cannot_start = |error: io::Error| {
        diagnostics::init(tracing::level_filters::LevelFilter::ERROR);
        tracing::error!(%error, "the program cannot start");
        exit::CANNOT_START
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .map_err(cannot_start)?;
    let outcome = runtime.block_on(async {
        let shutdown = shutdown::listen().map_err(cannot_start)?;
        task(Box::pin(shutdown)).await
    });
    runtime.shutdown_background();
    outcome
}

/// Ready when the program is to stop.
pub(crate) type BoxedShutdown = Pin<Box<dyn Future<Output = ()>>>;
