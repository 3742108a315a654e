//! The command `explain`: its arguments, the files it reads, and its exit code.

mod file_reader;
mod files;

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::SystemTime;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum};

use self::file_reader::{FileReader, Job};
use self::files::{PROGRESS_INTERVAL, is_stdin};
pub use self::files::{Progress, file_argument, files, open};
use crate::report::{Format, Summary};
use crate::{Input, Options, parse_now};

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
    let job = Job {
        options,
        format,
        is_terminal,
        names_files: files.len() > 1,
    };
    let mut printer = Printer {
        output: stdout.lock(),
        job,
        progress: Progress::new(term.as_deref()),
        summary: Summary::default(),
    };
    let mut unreadable = false;
    let outcome = printer.files(&files, |file, error| {
        unreadable = true;
        on_failure(&Failure::Read(file, error));
    });
    printer.progress.clear();
    match outcome.and_then(|()| printer.end()) {
        Ok(_) if unreadable => Outcome::Unreadable,
        Ok(0) => Outcome::NoFault,
        Ok(_) => Outcome::Fault,
        // A closed pipe is no error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Outcome::Fault,
        Err(error) => {
            on_failure(&Failure::Write(&error));
            Outcome::Fault
        }
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

/// Prints the reports of all files, one after the other.
struct Printer<W> {
    output: W,
    job: Job,
    progress: Progress,
    summary: Summary,
}

impl<W: Write> Printer<W> {
    /// Prints the reports in the order of the files, while later files are read already: as many at a time as there are
    /// cores. `on_unreadable` is called for each that cannot be read to its end.
    fn files(
        &mut self,
        files: &[PathBuf],
        mut on_unreadable: impl FnMut(&Path, &io::Error),
    ) -> io::Result<()> {
        let mut waiting = files.iter();
        let mut begun = VecDeque::new();
        let most = readers(files);
        loop {
            let more = waiting.by_ref().take(most - begun.len());
            begun.extend(more.map(|file| (file, FileReader::begin(file, self.job))));
            let Some((file, reader)) = begun.pop_front() else {
                return Ok(());
            };
            let read = match reader {
                Ok(reader) => self.file(reader)?,
                Err(error) => Err(error),
            };
            if let Err(error) = read {
                self.progress.clear();
                on_unreadable(file, &error);
            }
        }
    }

    /// Prints the report of a file to its end, and returns whether the file could be read.
    fn file(&mut self, reader: FileReader) -> io::Result<io::Result<()>> {
        while let Some(piece) = reader.next(PROGRESS_INTERVAL) {
            if self.job.is_terminal && !piece.is_empty() {
                // It may be the terminal that shows the progress.
                self.progress.clear();
            }
            self.output.write_all(&piece)?;
            if self.job.is_terminal {
                self.output.flush()?;
            }
            self.progress.show(self.summary.lines() + reader.lines());
        }
        let (summary, read) = reader.finish();
        self.summary.add(summary);
        Ok(read)
    }

    /// Ends the reports and gives the number of faults.
    fn end(mut self) -> io::Result<u64> {
        self.summary.write(&mut self.output, self.job.format)?;
        self.output.flush()?;
        Ok(self.summary.faults())
    }
}

/// How many files are read at the same time. Standard input is read in its turn.
fn readers(files: &[PathBuf]) -> usize {
    if files.iter().any(|file| is_stdin(file)) {
        return 1;
    }
    available_parallelism().map_or(1, NonZeroUsize::get)
}
