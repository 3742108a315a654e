//! Windows to lines, numbered and given to the sink.

use chrono::{DateTime, Utc};

use super::line::{self, Format, Tally, Template};
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
    identity: TaskIdentity,
    started_at: DateTime<Utc>,
    /// Rendered anew with whatever is learnt of the task.
    template: Template,
    sequence: u64,
}

impl Output {
    /// Lines of this format to `sink`, from a process that was started at `started_at`.
    pub(crate) fn new(
        format: Format,
        sink: Sink,
        observers: Observers,
        started_at: DateTime<Utc>,
    ) -> Self {
        let identity = TaskIdentity::default();
        Self {
            template: Template::new(&format, &identity, started_at),
            format,
            sink,
            observers,
            identity,
            started_at,
            sequence: 0,
        }
    }

    /// Adds to what is known of the task.
    pub(crate) fn learn(&mut self, identity: &TaskIdentity) {
        if self.identity.learn(identity) {
            self.template = Template::new(&self.format, &self.identity, self.started_at);
        }
    }

    /// Where the lines go.
    pub(crate) fn sink(&self) -> &Sink {
        &self.sink
    }

    /// Who is told what the sidecar knows.
    pub(crate) fn observers(&self) -> &Observers {
        &self.observers
    }

    /// What the next line is to report. Lost lines only with the metric for them: without it none reports any,
    /// and they stay unreported.
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

    /// Writes the last windows, each as soon as there is room for it, until `deadline`; then `bare`, if
    /// lines were lost that none of these could report. Returns what became of all lines.
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
