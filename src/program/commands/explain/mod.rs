//! The command `explain`: its arguments, the files it reads, and its exit code.

mod escape;
mod json;
mod report;
mod summary;
mod text;

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum};

use self::report::Report;
use crate::emf::explain::{self, Input, Options};
use crate::program::diagnostics;
use crate::program::exit::Exit;
use crate::source::Environment;
use crate::time::Moment;

/// Bytes that are read at once.
const READ_BYTES: usize = 128 * 1024;
/// From one look at the clock to the next, in events.
const EVENTS_BETWEEN_LOOKS: u64 = 512;
/// From one message of progress to the next.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

impl ValueEnum for Input {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Export, Self::Stdout]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Auto => {
                PossibleValue::new("auto").help("Recognize the form; report what it may also be")
            }
            Self::Export => {
                PossibleValue::new("export").help("Events as a viewer or export shows them")
            }
            Self::Stdout => {
                PossibleValue::new("stdout").help("What a container wrote: each line is an event")
            }
        })
    }
}

/// The command with its arguments.
pub(crate) fn command() -> Command {
    let file = Arg::new("file")
        .value_name("FILE")
        .help("Log lines or an export of them; standard input if left out or -")
        .value_parser(clap::value_parser!(PathBuf))
        .num_args(0..);
    let json = Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print one JSON object for each data point, fault and warning");
    let now = Arg::new("now")
        .long("now")
        .value_name("TIME")
        .value_parser(explain::parse_now)
        .allow_negative_numbers(true)
        .help("Judge timestamps as of this time: RFC 3339 or milliseconds since 1970 [default: the present]");
    let input = Arg::new("input")
        .long("input")
        .value_name("FORM")
        .value_parser(clap::value_parser!(Input))
        .default_value("auto")
        .help("How the lines are to be read");
    Command::new("explain")
        .about(
            "Say what CloudWatch makes of EMF lines: exit code 0 no fault, 1 a fault, 3 unreadable",
        )
        .args([file, json, now, input])
}

/// Runs the command to its end.
#[expect(clippy::disallowed_methods, reason = "this command prints")]
pub(crate) fn run(matches: &ArgMatches, environment: &Environment) -> Exit {
    diagnostics::init(tracing::level_filters::LevelFilter::WARN);
    let options = Options {
        input: matches.get_one("input").copied().unwrap_or_default(),
        now: matches
            .get_one("now")
            .copied()
            .unwrap_or_else(|| Moment::now().wall),
    };
    let files: Vec<PathBuf> = matches
        .get_many("file")
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let stdout = io::stdout();
    let is_terminal = stdout.is_terminal();
    let mut report = Report::new(
        stdout.lock(),
        matches.get_flag("json"),
        is_terminal,
        environment,
    );
    let files = if files.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        files
    };
    let mut unreadable = false;
    let is_dumb = environment.get("TERM").is_some_and(|term| term == "dumb");
    let mut progress = Progress::new(io::stderr().is_terminal() && !is_dumb);
    for file in &files {
        report.begin_file((files.len() > 1).then(|| file.to_string_lossy().into_owned()));
        match explain_file(file, options, &mut report, &mut progress) {
            Ok(()) => {}
            Err(Stopped::Read(error)) => {
                unreadable = true;
                progress.clear();
                let file = file.to_string_lossy();
                tracing::error!(%file, %error, "the file cannot be read");
            }
            Err(Stopped::Write(error)) => return cannot_write(&error),
        }
    }
    progress.clear();
    match report.finish() {
        Ok(_) if unreadable => Exit::Unreadable,
        Ok(0) => Exit::Success,
        Ok(_) => Exit::Fault,
        Err(error) => cannot_write(&error),
    }
}

/// The report on an input, as it is printed to a file, and the number of faults.
#[cfg(feature = "fuzzing")]
pub(crate) fn report_on(input: &[u8], options: Options, json: bool) -> io::Result<(Vec<u8>, u64)> {
    let mut output = Vec::new();
    let mut report = Report::new(&mut output, json, false, &Environment::default());
    report.begin_file(None);
    let mut events = explain::explain(input, options);
    for event in events.by_ref() {
        report.event(&event?)?;
    }
    report.end_file(events.lines())?;
    let faults = report.finish()?;
    Ok((output, faults))
}

/// Why a file was not explained to its end.
enum Stopped {
    Read(io::Error),
    Write(io::Error),
}

fn explain_file(
    file: &Path,
    options: Options,
    report: &mut Report<impl Write>,
    progress: &mut Progress,
) -> Result<(), Stopped> {
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(Stopped::Read)?)
    };
    let input = BufReader::with_capacity(READ_BYTES, input);
    let mut events = explain::explain(input, options);
    for event in events.by_ref() {
        let event = event.map_err(Stopped::Read)?;
        if !(event.problems.is_empty() && event.points.is_empty()) {
            // The report may be on the same terminal.
            progress.clear();
        }
        report.event(&event).map_err(Stopped::Write)?;
        progress.event(event.position.line);
    }
    report.end_file(events.lines()).map_err(Stopped::Write)
}

fn cannot_write(error: &io::Error) -> Exit {
    // Whoever stops reading has seen enough.
    if error.kind() != io::ErrorKind::BrokenPipe {
        tracing::error!(%error, "the report cannot be written");
    }
    Exit::Fault
}

/// Says how far the reading is, where a person waits for it.
struct Progress {
    wanted: bool,
    events: u64,
    last: Moment,
    shown: bool,
}

impl Progress {
    fn new(wanted: bool) -> Self {
        Self {
            wanted,
            events: 0,
            last: Moment::now(),
            shown: false,
        }
    }

    fn event(&mut self, line: u64) {
        self.events += 1;
        if !self.wanted || !self.events.is_multiple_of(EVENTS_BETWEEN_LOOKS) {
            return;
        }
        let now = Moment::now();
        if now.since(&self.last) >= PROGRESS_INTERVAL {
            self.last = now;
            self.shown = true;
            // Nobody needs it who cannot see it.
            let _ = write!(io::stderr(), "\r{line} lines read");
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
