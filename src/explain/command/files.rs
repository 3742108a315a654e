//! The files of a command that reads log lines, and the progress through them.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Arg, ArgMatches};

/// Time between two updates of the progress.
pub(super) const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
/// Lines between two reads of the clock, which cost more than a line. A person who types fewer is not disturbed.
const LINES_BETWEEN_LOOKS: u64 = 512;

/// The argument that names the files.
#[must_use]
pub fn file_argument() -> Arg {
    Arg::new("file")
        .value_name("FILE")
        .help("Log lines or an export of them; standard input if left out or -")
        .value_parser(clap::value_parser!(PathBuf))
        .num_args(0..)
}

/// The files that [`file_argument`] names; `-` if none.
#[must_use]
pub fn files(matches: &ArgMatches) -> Vec<PathBuf> {
    let files = matches.get_many("file").into_iter().flatten().cloned();
    let files: Vec<PathBuf> = files.collect();
    if files.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        files
    }
}

/// Whether a file's name stands for standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// If the file cannot be opened.
pub fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    Ok(if is_stdin(file) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file)?)
    })
}

/// Shows on stderr how many lines have been read, for a person who waits.
#[derive(Debug)]
pub struct Progress {
    is_wanted: bool,
    /// The number of lines when the clock was last read.
    looked_at: u64,
    last: Instant,
    is_shown: bool,
}

#[expect(clippy::disallowed_methods, reason = "progress is shown once a second")]
impl Progress {
    /// Shows nothing unless stderr is a terminal that can erase a line. `term` is the value of the variable `TERM`.
    #[must_use]
    pub fn new(term: Option<&str>) -> Self {
        Self {
            is_wanted: io::stderr().is_terminal() && term != Some("dumb"),
            looked_at: 0,
            last: Instant::now(),
            is_shown: false,
        }
    }

    /// Shows that so many lines have been read, at most once a second.
    pub fn show(&mut self, lines: u64) {
        if !self.is_wanted || lines.abs_diff(self.looked_at) < LINES_BETWEEN_LOOKS {
            return;
        }
        self.looked_at = lines;
        let now = Instant::now();
        if now.duration_since(self.last) >= PROGRESS_INTERVAL {
            self.last = now;
            self.is_shown = true;
            // If stderr fails nobody is watching.
            let _ = write!(io::stderr(), "\r{lines} lines read");
        }
    }

    /// Erases what is shown.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
