//! Closed windows to the sink: in order, numbered, regular ones after this process's own delay.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::reading::TaskIdentity;
use crate::sidecar::line::{self, Format, Origin};
use crate::sidecar::sink::Sink;
use crate::sidecar::window::{Closed, Window};

/// Turns windows into lines.
#[derive(Debug)]
pub(crate) struct Emitter {
    format: Format,
    sink: Sink,
    /// By how much regular lines are delayed, so that a fleet does not beat as one.
    delay: Duration,
    /// Windows whose time has not come, oldest first. A delay of at most one emit interval keeps it
    /// short.
    pending: VecDeque<(Instant, Window)>,
    identity: Option<TaskIdentity>,
    started_at: DateTime<Utc>,
    sequence: u64,
}

impl Emitter {
    pub(crate) fn new(
        format: Format,
        sink: Sink,
        delay: Duration,
        started_at: DateTime<Utc>,
    ) -> Self {
        Self {
            format,
            sink,
            delay,
            pending: VecDeque::new(),
            identity: None,
            started_at,
            sequence: 0,
        }
    }

    /// Adds to what is known of the task.
    pub(crate) fn learn(&mut self, identity: &TaskIdentity) {
        self.identity
            .get_or_insert_with(TaskIdentity::default)
            .learn(identity);
    }

    /// Takes a window. An urgent one is written now, and all that is pending before it.
    pub(crate) fn take(&mut self, closed: Closed, now: Instant) {
        self.pending.push_back((now + self.delay, closed.window));
        if closed.urgent {
            while let Some((_, window)) = self.pending.pop_front() {
                self.write(&window);
            }
        }
    }

    /// Writes the windows whose time has come.
    pub(crate) fn write_due(&mut self, now: Instant) {
        while self.next_due().is_some_and(|due| due <= now) {
            if let Some((_, window)) = self.pending.pop_front() {
                self.write(&window);
            }
        }
    }

    /// When the next pending window is to be written.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.pending.front().map(|(due, _)| *due)
    }

    /// Where the lines go.
    pub(crate) fn sink(&self) -> &Sink {
        &self.sink
    }

    /// Writes all that is pending, waiting for room in the queue until `deadline`; then `last`, if
    /// lines were lost that none of these could report.
    pub(crate) async fn finish(mut self, last: Window, deadline: tokio::time::Instant) -> Sink {
        while let Some((_, window)) = self.pending.pop_front() {
            self.sink.room(deadline).await;
            self.write(&window);
        }
        if self.sink.unreported() > 0 {
            self.sink.room(deadline).await;
            self.write(&last);
        }
        self.sink
    }

    fn write(&mut self, window: &Window) {
        self.sequence += 1;
        let reports = self.format.metrics.contains(&crate::Metric::LinesDropped);
        let lines_dropped = if reports { self.sink.unreported() } else { 0 };
        let line = line::render(
            &self.format,
            window,
            &Origin {
                identity: self.identity.as_ref(),
                started_at: self.started_at,
                sequence: self.sequence,
                lines_dropped,
            },
        );
        self.sink.send(&line, lines_dropped);
    }
}
