//! Lines to stdout, none lost unsaid. The only user of tracing-appender's writer.
//!
//! A thread of the appender does the writing, so that a reader who stalls stops neither the sampling
//! nor the handling of signals. What the appender leaves out is added here: its queue is small and
//! lossy, each line is one entry, and the [`Write`] it is given counts what was written and what
//! failed. At every moment `accepted = written + failed + dropped + still in the queue`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines wait for a slow reader before new ones are dropped.
pub(crate) const QUEUE_LINES: usize = 256;

/// What became of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Lines given to the sink.
    pub accepted: u64,
    /// Lines written whole.
    pub written: u64,
    /// Lines whose write failed.
    pub failed: u64,
    /// Lines for which the queue had no room.
    pub dropped: u64,
    /// Lines lost that no written line has reported.
    pub unreported: u64,
}

impl Counts {
    /// Lines still in the queue or under the pen.
    #[must_use]
    pub(crate) fn in_flight(&self) -> u64 {
        self.accepted
            .saturating_sub(self.written)
            .saturating_sub(self.failed)
            .saturating_sub(self.dropped)
    }
}

/// What a line reports, and what has to be reported again where that line is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Lines that were lost.
    pub lines: u64,
    /// Failures to answer other programs.
    pub answer_errors: u64,
}

/// A queue of lines and the thread that writes them.
#[derive(Debug)]
pub(crate) struct Sink {
    writer: NonBlocking,
    /// Never dropped: after a stall its destructor would wait for a second and then print on stdout.
    /// The thread ends with the process.
    _guard: ManuallyDrop<WorkerGuard>,
    appender_drops: ErrorCounter,
    ledger: Arc<Ledger>,
    capacity: u64,
}

/// The accounts, shared with the writing thread.
#[derive(Debug, Default)]
struct Ledger {
    book: Mutex<Book>,
    /// Told after each line that was written or failed.
    settled: Notify,
}

#[derive(Debug, Default)]
struct Book {
    counts: Counts,
    /// Failures to answer that no line has reported, or only one that was lost.
    answer_errors: u64,
    /// For each line in the queue, what it reports.
    reports: VecDeque<Report>,
    /// The reader is gone for good.
    closed: bool,
}

impl Book {
    /// A line that reports this is given to the queue.
    fn accept(&mut self, report: Report) {
        self.counts.accepted += 1;
        self.counts.unreported = self.counts.unreported.saturating_sub(report.lines);
        self.answer_errors = self.answer_errors.saturating_sub(report.answer_errors);
        self.reports.push_back(report);
    }

    /// A line that reported this is lost.
    fn lose(&mut self, report: Report) {
        self.counts.unreported += 1 + report.lines;
        self.answer_errors += report.answer_errors;
    }
}

impl Ledger {
    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        // A panic elsewhere leaves whole numbers behind: they stay usable.
        act(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink {
    /// A sink that writes to this process's stdout, unbuffered.
    ///
    /// # Errors
    /// If there is no stdout.
    pub(crate) fn stdout() -> io::Result<Self> {
        Ok(Self::new(duplicate_stdout()?, QUEUE_LINES))
    }

    /// A sink that writes to `output` and lets `capacity` lines wait.
    pub(crate) fn new(output: impl Write + Send + 'static, capacity: usize) -> Self {
        let ledger = Arc::<Ledger>::default();
        let pen = Pen {
            output,
            ledger: Arc::clone(&ledger),
            torn: false,
        };
        let (writer, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(capacity)
            .thread_name("stdout")
            .finish(pen);
        Self {
            appender_drops: writer.error_counter(),
            writer,
            _guard: ManuallyDrop::new(guard),
            ledger,
            capacity: capacity as u64,
        }
    }

    /// Queues a line, newline included, which reports this. If there is no room it is dropped and counted.
    /// Never waits.
    pub(crate) fn send(&mut self, line: &[u8], report: Report) {
        // Entered before the line is queued: the writing thread may be done with it at once.
        self.ledger.with(|book| book.accept(report));
        let drops = self.appender_drops.dropped_lines();
        // The lossy writer has no errors, and one sender means that a new drop is this line's.
        let _ = self.writer.write(line);
        if self.appender_drops.dropped_lines() != drops {
            self.ledger.with(|book| {
                book.reports.pop_back();
                book.counts.dropped += 1;
                book.lose(report);
            });
        }
    }

    /// Takes note of failures to answer, for the next line to report.
    pub(crate) fn add_answer_errors(&mut self, count: u64) {
        self.ledger.with(|book| book.answer_errors += count);
    }

    /// What the next line has to report.
    #[must_use]
    pub(crate) fn unreported(&self) -> Report {
        self.ledger.with(|book| Report {
            lines: book.counts.unreported,
            answer_errors: book.answer_errors,
        })
    }

    /// The accounts.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn counts(&self) -> Counts {
        self.ledger.with(|book| book.counts)
    }

    /// Waits until the reader of stdout is gone for good.
    pub(crate) async fn closed(&self) {
        self.wait_for(|book| book.closed).await;
    }

    /// Whether the reader of stdout is gone for good.
    #[must_use]
    pub(crate) fn is_closed(&self) -> bool {
        self.ledger.with(|book| book.closed)
    }

    /// Waits until the queue has room for another line, or until `deadline`.
    pub(crate) async fn room(&self, deadline: Instant) {
        let room = self.wait_for(|book| book.counts.in_flight() < self.capacity);
        // Past the deadline the line is sent all the same, and counted as whatever becomes of it.
        let _ = tokio::time::timeout_at(deadline, room).await;
    }

    /// Waits until every line is written, failed or dropped, or until `deadline`; lines that are still
    /// in the queue then count as lost.
    pub(crate) async fn finish(&self, deadline: Instant) -> Counts {
        let settled = self.wait_for(|book| book.counts.in_flight() == 0);
        let _ = tokio::time::timeout_at(deadline, settled).await;
        self.ledger.with(|book| {
            let mut counts = book.counts;
            let left = counts.in_flight();
            counts.failed += left;
            let reported: u64 = book.reports.iter().map(|report| report.lines).sum();
            counts.unreported += left + reported;
            counts
        })
    }

    async fn wait_for(&self, condition: impl Fn(&Book) -> bool) {
        loop {
            // Registered before the look, so that nothing told in between is missed.
            let mut told = std::pin::pin!(self.ledger.settled.notified());
            told.as_mut().enable();
            if self.ledger.with(|book| condition(book)) {
                return;
            }
            told.await;
        }
    }
}

/// Stdout as a file, without the standard library's buffer, which would cut long lines in two writes
/// and hold back a rest.
#[expect(clippy::disallowed_methods, reason = "the one writer of lines")]
fn duplicate_stdout() -> io::Result<File> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(File::from(handle))
}

/// Whether after this error no write will ever succeed: the reader is gone, or nothing can be written
/// to this descriptor.
fn is_end(error: &io::Error) -> bool {
    #[cfg(unix)]
    let unwritable = error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error());
    #[cfg(not(unix))]
    let unwritable = false;
    unwritable
        || matches!(
            error.kind(),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::NotConnected
        )
}

/// Writes lines and keeps the accounts. Runs on the appender's thread.
struct Pen<W> {
    output: W,
    ledger: Arc<Ledger>,
    /// A line broke off in the middle: the next one must not be glued to it.
    torn: bool,
}

impl<W: Write> Pen<W> {
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.write_whole(b"\n")?;
            self.torn = false;
        }
        self.write_whole(line)
    }

    /// Writes all of `bytes`, in one call where the output takes them.
    fn write_whole(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        /// How long to leave an output alone that is not blocking and full.
        const PAUSE: Duration = Duration::from_millis(20);
        while !bytes.is_empty() {
            match self.output.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    self.torn = !bytes.is_empty();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Some parent made the pipe non-blocking: wait as a blocking one would.
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for Pen<W> {
    /// Takes a whole line, since the appender hands on each entry of its queue in one call. Its
    /// errors end here: the appender would swallow them.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let outcome = self.write_line(line);
        self.ledger.with(|book| {
            let report = book.reports.pop_front().unwrap_or_default();
            match &outcome {
                Ok(()) => book.counts.written += 1,
                Err(error) => {
                    book.counts.failed += 1;
                    book.lose(report);
                    book.closed |= is_end(error);
                }
            }
        });
        self.ledger.settled.notify_waiters();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
