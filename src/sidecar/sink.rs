//! Writes lines to stdout and accounts for every lost one. The only user of tracing-appender's writer.
//!
//! The appender's own thread writes, so that a stalled reader of stdout stops neither the sampling nor the
//! handling of signals. The appender swallows write errors, so the [`Write`] given to it counts them. Its queue
//! is small and lossy, and each line is one entry. At every moment `accepted = written + failed + dropped + still in the queue`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// The most lines that wait for a slow reader; further ones are dropped.
pub(crate) const QUEUE_LINES: usize = 256;

/// The fate of all lines so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Lines handed to the sink.
    pub accepted: u64,
    /// Lines written whole.
    pub written: u64,
    /// Lines whose write failed.
    pub failed: u64,
    /// Lines dropped because the queue was full.
    pub dropped: u64,
    /// Lines lost that no written line has reported.
    pub unreported: u64,
}

impl Counts {
    /// Lines in the queue or being written.
    #[must_use]
    pub(crate) fn in_flight(&self) -> u64 {
        self.accepted
            .saturating_sub(self.written)
            .saturating_sub(self.failed)
            .saturating_sub(self.dropped)
    }
}

/// The losses that a line reports. If that line is lost too, they are reported again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Lost lines.
    pub lines: u64,
    /// Failures of the interfaces for other programs.
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
    accounts: Mutex<Accounts>,
    /// Notified after each line that was written or failed.
    settled: Notify,
}

#[derive(Debug, Default)]
struct Accounts {
    counts: Counts,
    /// Failures of the interfaces that no written line has reported.
    answer_errors: u64,
    /// The report of each line in the queue.
    reports: VecDeque<Report>,
    /// Stdout is closed for good.
    closed: bool,
}

impl Accounts {
    /// Counts a line that is queued with this report.
    fn accept(&mut self, report: Report) {
        self.counts.accepted += 1;
        self.counts.unreported = self.counts.unreported.saturating_sub(report.lines);
        self.answer_errors = self.answer_errors.saturating_sub(report.answer_errors);
        self.reports.push_back(report);
    }

    /// Counts the loss of a line with this report.
    fn lose(&mut self, report: Report) {
        self.counts.unreported += 1 + report.lines;
        self.answer_errors += report.answer_errors;
    }
}

impl Ledger {
    fn with<T>(&self, act: impl FnOnce(&mut Accounts) -> T) -> T {
        // Also after a panic elsewhere, the counts are consistent.
        act(&mut self.accounts.lock().unwrap_or_else(PoisonError::into_inner))
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
        let line_writer = LineWriter {
            output,
            ledger: Arc::clone(&ledger),
            is_mid_line: false,
        };
        let (writer, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(capacity)
            .thread_name("stdout")
            .finish(line_writer);
        Self {
            appender_drops: writer.error_counter(),
            writer,
            _guard: ManuallyDrop::new(guard),
            ledger,
            capacity: capacity as u64,
        }
    }

    /// Queues a line, newline included, with its report. If the queue is full, the line is dropped and counted.
    /// Never waits.
    pub(crate) fn send(&mut self, line: &[u8], report: Report) {
        // Counted before the line is queued: the writing thread may finish it at once.
        self.ledger.with(|accounts| accounts.accept(report));
        let drops = self.appender_drops.dropped_lines();
        // The lossy writer returns no errors. With a single sender, a new drop is this line.
        let _ = self.writer.write(line);
        if self.appender_drops.dropped_lines() != drops {
            self.ledger.with(|accounts| {
                accounts.reports.pop_back();
                accounts.counts.dropped += 1;
                accounts.lose(report);
            });
        }
    }

    /// Adds failures of the interfaces, for the next line to report.
    pub(crate) fn add_answer_errors(&mut self, count: u64) {
        self.ledger.with(|accounts| accounts.answer_errors += count);
    }

    /// The report of the next line.
    #[must_use]
    pub(crate) fn unreported(&self) -> Report {
        self.ledger.with(|accounts| Report {
            lines: accounts.counts.unreported,
            answer_errors: accounts.answer_errors,
        })
    }

    /// The accounts.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn counts(&self) -> Counts {
        self.ledger.with(|accounts| accounts.counts)
    }

    /// Waits until stdout is closed for good.
    pub(crate) async fn closed(&self) {
        self.wait_for(|accounts| accounts.closed).await;
    }

    /// Whether stdout is closed for good.
    #[must_use]
    pub(crate) fn is_closed(&self) -> bool {
        self.ledger.with(|accounts| accounts.closed)
    }

    /// Waits until the queue has room for another line, or until `deadline`.
    pub(crate) async fn room(&self, deadline: Instant) {
        let room = self.wait_for(|accounts| accounts.counts.in_flight() < self.capacity);
        // After the deadline the line is sent anyway, and counted in any case.
        let _ = tokio::time::timeout_at(deadline, room).await;
    }

    /// Waits until every line is written, failed or dropped, or until `deadline`; lines that are still
    /// in the queue then count as lost.
    pub(crate) async fn finish(&self, deadline: Instant) -> Counts {
        let settled = self.wait_for(|accounts| accounts.counts.in_flight() == 0);
        let _ = tokio::time::timeout_at(deadline, settled).await;
        self.ledger.with(|accounts| {
            let mut counts = accounts.counts;
            let left = counts.in_flight();
            counts.failed += left;
            let reported: u64 = accounts.reports.iter().map(|report| report.lines).sum();
            counts.unreported += left + reported;
            counts
        })
    }

    async fn wait_for(&self, condition: impl Fn(&Accounts) -> bool) {
        loop {
            // Registered before the check, so that no notification in between is missed.
            let mut settled = std::pin::pin!(self.ledger.settled.notified());
            settled.as_mut().enable();
            if self.ledger.with(|accounts| condition(accounts)) {
                return;
            }
            settled.await;
        }
    }
}

/// Stdout as an unbuffered file. The standard library's buffer would split long lines into two writes, and two
/// writes can become two log events.
#[expect(clippy::disallowed_methods, reason = "the one writer of lines")]
fn duplicate_stdout() -> io::Result<File> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(File::from(handle))
}

/// Whether no later write can succeed: the reader is gone, or the descriptor is not writable.
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

/// Writes lines and updates the accounts. Runs on the appender's thread.
struct LineWriter<W> {
    output: W,
    ledger: Arc<Ledger>,
    /// The last line was written in part: the next one must begin on a new line.
    is_mid_line: bool,
}

impl<W: Write> LineWriter<W> {
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_mid_line {
            self.write_whole(b"\n")?;
            self.is_mid_line = false;
        }
        self.write_whole(line)
    }

    /// Writes all of `bytes`, in one call where the output takes them.
    fn write_whole(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        /// The pause before the next attempt to write to a full non-blocking output.
        const PAUSE: Duration = Duration::from_millis(20);
        while !bytes.is_empty() {
            match self.output.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    self.is_mid_line = !bytes.is_empty();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A parent made the pipe non-blocking: wait as a blocking write would.
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for LineWriter<W> {
    /// Takes a whole line: the appender passes each entry of its queue in one call. Errors are counted here and
    /// not returned, because the appender would swallow them.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let outcome = self.write_line(line);
        self.ledger.with(|accounts| {
            let report = accounts.reports.pop_front().unwrap_or_default();
            match &outcome {
                Ok(()) => accounts.counts.written += 1,
                Err(error) => {
                    accounts.counts.failed += 1;
                    accounts.lose(report);
                    accounts.closed |= is_end(error);
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
