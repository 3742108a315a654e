//! The command `explain`: its arguments, the files it reads, and its exit code.

mod files;

use std::fmt;
use std::io::{self, BufReader, IsTerminal as _, Write};
use std::path::Path;
use std::time::SystemTime;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum};

pub use self::files::{Progress, file_argument, files, open};
use crate::report::{Format, Report};
use crate::{Input, Options, explain, parse_now};

/// The size of the read buffer, in bytes.
const READ_BYTES: usize = 128 * 1024;

impl ValueEnum for Input {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Export, Self::Stdout]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Auto => PossibleValue::new("auto")
                .help("Recognize the form, and report what else it may be"),
            Self::Export => {
                PossibleValue::new("export").help("Events as a viewer or export shows them")
            }
            Self::Stdout => {
                PossibleValue::new("stdout").help("What a container wrote: each line is an event")
            }
        })
    }
}

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every file was read, and there was no fault.
    NoFault,
    /// There was a fault, or the report could not be written to its end.
    Fault,
    /// A file cannot be read.
    Unreadable,
}

impl Outcome {
    /// The exit code: 0, 1 and 3, in the order of the variants. A command line that cannot be parsed gives 2.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::NoFault => 0,
            Self::Fault => 1,
            Self::Unreadable => 3,
        }
    }
}

/// Why the command could not do all of its work.
#[derive(Debug)]
pub enum Failure<'a> {
    /// The file cannot be read.
    Read(&'a Path, &'a io::Error),
    /// The report cannot be written.
    Write(&'a io::Error),
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(file, error) => write!(f, "cannot read {}: {error}", file.display()),
            Self::Write(error) => write!(f, "cannot write the report: {error}"),
        }
    }
}

/// The command, called `name`, with its arguments.
pub fn command(name: &'static str) -> Command {
    let json = Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print one JSON object for each data point, fault and warning");
    let now = Arg::new("now")
        .long("now")
        .value_name("TIME")
        .value_parser(parse_now)
        .allow_negative_numbers(true)
        .help("Judge timestamps as of this time: RFC 3339 or milliseconds since 1970 [default: the present]");
    let input = Arg::new("input")
        .long("input")
        .value_name("FORM")
        .value_parser(clap::value_parser!(Input))
        .default_value("auto")
        .help("What the lines are");
    Command::new(name)
        .about(
            "Report what CloudWatch makes of EMF lines: exit code 0 no fault, 1 a fault, 3 unreadable",
        )
        .args([file_argument(), json, now, input])
}

/// Runs the command to its end. `variable` looks up an environment variable (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM`),
/// and `on_failure` is called for each file that cannot be read and for a report that cannot be written.
#[expect(
    clippy::disallowed_methods,
    reason = "this command prints, and judges as of the present"
)]
pub fn run(
    matches: &ArgMatches,
    variable: impl Fn(&str) -> Option<String>,
    mut on_failure: impl FnMut(&Failure<'_>),
) -> Outcome {
    let options = Options::new(
        matches.get_one("input").copied().unwrap_or_default(),
        matches
            .get_one("now")
            .copied()
            .unwrap_or_else(|| SystemTime::now().into()),
    );
    let files = files(matches);
    let stdout = io::stdout();
    let is_terminal = stdout.is_terminal();
    let term = variable("TERM");
    let format = match matches.get_flag("json") {
        true => Format::Json,
        false if is_coloured(&variable, is_terminal) => Format::ColouredText,
        false => Format::Text,
    };
    let mut report = Report::new(stdout.lock(), format);
    if is_terminal {
        report = report.with_each_event_at_once();
    }
    let mut unreadable = false;
    let mut progress = Progress::new(term.as_deref());
    for file in &files {
        report.begin_file((files.len() > 1).then(|| file.to_string_lossy().into_owned()));
        match explain_file(file, options, &mut report, &mut progress) {
            Ok(()) => {}
            Err(ExplainError::Read(error)) => {
                unreadable = true;
                progress.clear();
                on_failure(&Failure::Read(file, &error));
            }
            Err(ExplainError::Write(error)) => return cannot_write(&error, on_failure),
        }
    }
    progress.clear();
    match report.finish() {
        Ok(_) if unreadable => Outcome::Unreadable,
        Ok(0) => Outcome::NoFault,
        Ok(_) => Outcome::Fault,
        Err(error) => cannot_write(&error, on_failure),
    }
}

/// Whether the report has colours. The variables are those of <https://no-color.org> and
/// <https://bixense.com/clicolors>.
fn is_coloured(variable: impl Fn(&str) -> Option<String>, is_terminal: bool) -> bool {
    let given = |name| variable(name).filter(|value| !value.is_empty());
    let is_forced = given("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let is_capable = is_terminal && given("TERM").as_deref() != Some("dumb");
    given("NO_COLOR").is_none() && (is_forced || is_capable)
}

/// Why a file was not explained to its end.
enum ExplainError {
    Read(io::Error),
    Write(io::Error),
}

fn explain_file(
    file: &Path,
    options: Options,
    report: &mut Report<impl Write>,
    progress: &mut Progress,
) -> Result<(), ExplainError> {
    let input = BufReader::with_capacity(READ_BYTES, open(file).map_err(ExplainError::Read)?);
    let mut events = explain(input, options);
    for event in events.by_ref() {
        let event = event.map_err(ExplainError::Read)?;
        if !(event.problems.is_empty() && event.points.is_empty()) {
            // The report may be on the same terminal.
            progress.clear();
        }
        report.event(&event).map_err(ExplainError::Write)?;
        progress.event(event.position.line);
    }
    report.end_file(events.lines()).map_err(ExplainError::Write)
}

fn cannot_write(error: &io::Error, mut on_failure: impl FnMut(&Failure<'_>)) -> Outcome {
    // A closed pipe is not an error.
    if error.kind() != io::ErrorKind::BrokenPipe {
        on_failure(&Failure::Write(error));
    }
    Outcome::Fault
}
