//! Files, each explained by a thread of its own.

use std::io::{self, BufReader, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::files::open;
use crate::report::{Format, Report, Summary};
use crate::{Options, explain};

/// The size of the read buffer, in bytes.
const READ_BYTES: usize = 128 * 1024;
/// The largest piece of a report, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces of a report that may wait for those of the files before: 2 MiB.
const MOST_PIECES: usize = 32;

/// What is the same for all files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) options: Options,
    pub(super) format: Format,
    /// Whether the report goes to a terminal, where each event is shown at once.
    pub(super) is_terminal: bool,
    /// Whether findings name their file.
    pub(super) names_files: bool,
}

/// A file that a thread reads.
pub(super) struct FileReader {
    pieces: Receiver<Vec<u8>>,
    lines: Arc<AtomicU64>,
    thread: JoinHandle<(Summary, io::Result<()>)>,
}

impl FileReader {
    /// Begins to read a file.
    ///
    /// # Errors
    /// If there can be no further thread.
    pub(super) fn begin(file: &Path, job: Job) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(MOST_PIECES);
        let lines = Arc::new(AtomicU64::new(0));
        let read = {
            let (file, lines) = (file.to_owned(), Arc::clone(&lines));
            move || read(&file, job, Pipe(sender), &lines)
        };
        Ok(Self {
            pieces,
            lines,
            thread: Builder::new().spawn(read)?,
        })
    }

    /// The next piece of the report, empty if there is none within `patience`; `None` at the end.
    pub(super) fn next(&self, patience: Duration) -> Option<Vec<u8>> {
        match self.pieces.recv_timeout(patience) {
            Ok(piece) => Some(piece),
            Err(RecvTimeoutError::Timeout) => Some(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// About how many lines have been read.
    pub(super) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// What was found, and whether the file could be read to its end.
    pub(super) fn finish(self) -> (Summary, io::Result<()>) {
        drop(self.pieces);
        match self.thread.join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn read(file: &Path, job: Job, pipe: Pipe, lines: &AtomicU64) -> (Summary, io::Result<()>) {
    let input = match open(file) {
        Ok(input) => BufReader::with_capacity(READ_BYTES, input),
        Err(error) => return (Summary::default(), Err(error)),
    };
    let mut report = Report::new(pipe, job.format);
    if job.is_terminal {
        report = report.with_each_event_at_once();
    }
    if job.names_files {
        report = report.of_file(file.to_string_lossy().into_owned());
    }
    let mut events = explain(input, job.options);
    let mut outcome = Ok(());
    for event in events.by_ref() {
        let reported = event.and_then(|event| {
            lines.store(event.position.line, Ordering::Relaxed);
            report.event(&event)
        });
        if reported.is_err() {
            outcome = reported;
            break;
        }
    }
    match report.finish(events.lines()) {
        Ok(summary) => (summary, outcome),
        Err(error) => (Summary::default(), outcome.and(Err(error))),
    }
}

/// Where a thread writes its report: pieces that wait until they are printed.
struct Pipe(SyncSender<Vec<u8>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(PIECE_BYTES)];
        self.0
            .send(piece.to_vec())
            .map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
