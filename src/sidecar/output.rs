//! Windows to lines, numbered and given to the sink.

use chrono::{DateTime, Utc};

use super::line::{self, Format, Origin};
use super::observers::Observers;
use super::sink::{Counts, Sink};
use super::window::Window;
use crate::emf::Metric;
use crate::reading::TaskIdentity;

/// Writes windows as lines.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    sink: Sink,
    observers: Observers,
    identity: Option<TaskIdentity>,
    started_at: DateTime<Utc>,
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
        Self {
            format,
            sink,
            observers,
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

    /// Where the lines go.
    pub(crate) fn sink(&self) -> &Sink {
        &self.sink
    }

    /// Who is told what the sidecar knows.
    pub(crate) fn observers(&self) -> &Observers {
        &self.observers
    }

    /// How many lost lines the next line is to report. Without the metric for it none reports any, and they
    /// stay unreported.
    fn to_report(&self) -> u64 {
        let reports = self.format.metrics.contains(&Metric::LinesDropped);
        if reports { self.sink.unreported() } else { 0 }
    }

    /// Writes the line of a window. Never waits.
    pub(crate) fn write(&mut self, window: &Window) {
        self.sequence += 1;
        let lines_dropped = self.to_report();
        let answer_errors = self.observers.unreported();
        let line = line::render(
            &self.format,
            window,
            &Origin {
                identity: self.identity.as_ref(),
                started_at: self.started_at,
                sequence: self.sequence,
                lines_dropped,
                answer_errors,
            },
        );
        if self.sink.send(&line, lines_dropped) {
            self.observers.reported(answer_errors);
        }
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
        if self.to_report() > 0 {
            self.sink.room(deadline).await;
            self.write(bare);
        }
        self.sink.finish(deadline).await
    }
}
