//! Renders windows as lines, numbers them, and passes them to the sink.

use chrono::{DateTime, Utc};

use super::line::{self, Conflict, Format, KnownTask, Tally, Template};
use super::observers::Observers;
use super::sink::{Counts, Report, Sink};
use super::window::Window;
use crate::reading::TaskIdentity;
use crate::sidecar::line::Metric;

/// Writes windows as lines.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    sink: Sink,
    observers: Observers,
    task: KnownTask,
    /// The conflicts that have been reported.
    conflicts: Vec<Conflict>,
    started_at: DateTime<Utc>,
    /// Rendered again when more becomes known about the task.
    template: Template,
    sequence: u64,
}

impl Output {
    /// An output of lines to `sink`, for a process that was started at `started_at`.
    pub(crate) fn new(
        format: Format,
        sink: Sink,
        observers: Observers,
        started_at: DateTime<Utc>,
    ) -> Self {
        let task = KnownTask::default();
        Self {
            template: Template::new(&format, &task, started_at),
            format,
            sink,
            observers,
            task,
            conflicts: Vec::new(),
            started_at,
            sequence: 0,
        }
    }

    /// Adds to the known identity of the task, and reports each property that the endpoint contradicts once.
    pub(crate) fn learn(&mut self, identity: &TaskIdentity) {
        if !self.task.learn(identity) {
            return;
        }
        self.template = Template::new(&self.format, &self.task, self.started_at);
        for conflict in self.task.conflicts(&self.format.properties) {
            if !self.conflicts.contains(&conflict) {
                conflict.report();
                self.conflicts.push(conflict);
            }
        }
    }

    /// The sink of the lines.
    pub(crate) fn sink(&self) -> &Sink {
        &self.sink
    }

    /// The observers of the sidecar's state.
    pub(crate) fn observers(&self) -> &Observers {
        &self.observers
    }

    /// The losses that the next line reports. Without the metric `LinesDropped` no line reports lost lines, so they
    /// stay unreported and decide the exit code.
    fn to_report(&self) -> Report {
        let mut report = self.sink.unreported();
        if !self.format.metrics.contains(&Metric::LinesDropped) {
            report.lines = 0;
        }
        report
    }

    /// Writes the line of a window. Never waits.
    pub(crate) fn write(&mut self, window: &Window) {
        self.sequence += 1;
        self.sink.add_answer_errors(self.observers.take_errors());
        let report = self.to_report();
        let tally = Tally {
            sequence: self.sequence,
            lines_dropped: report.lines,
            answer_errors: report.answer_errors,
        };
        let line = line::render(&self.format, &self.template, window, &tally);
        self.sink.send(&line, report);
    }

    /// Writes the last windows, each as soon as the queue has room, until `deadline`. If lost lines remain unreported,
    /// `bare` reports them. Returns the fate of all lines.
    pub(crate) async fn finish(
        &mut self,
        windows: Vec<Window>,
        bare: &Window,
        deadline: tokio::time::Instant,
    ) -> Counts {
        for window in windows {
            self.sink.room(deadline).await;
            self.write(&window);
        }
        if self.to_report().lines > 0 {
            self.sink.room(deadline).await;
            self.write(bare);
        }
        self.sink.finish(deadline).await
    }
}
