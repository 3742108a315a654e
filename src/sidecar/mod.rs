//! The sidecar's loop: tick, read, collect, emit, until a signal. It executes; what to do is decided
//! by [`Collector`], [`Beat`] and [`StepDetector`].
#![cfg(feature = "cli")]

pub(crate) mod line;
mod queue;
mod schedule;
mod settings;
pub(crate) mod sink;
pub(crate) mod window;

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use tracing::{debug, error, info, warn};

use crate::reading::ReadErrorKind;
use crate::sidecar::queue::Emitter;
use crate::sidecar::schedule::{Beat, share};
use crate::sidecar::sink::{Counts, Sink};
use crate::sidecar::window::Collector;
use crate::source::Sample;
use crate::time::{Moment, StepDetector};

pub(crate) use self::settings::Settings;

/// How long the last lines may take: everything is over well within 2 s of the signal.
const LAST_LINES: Duration = Duration::from_millis(1_800);
/// A container of ECS that ends before its restart period of 60 s is over is never restarted.
const RESTARTABLE_AGE: Duration = Duration::from_secs(65);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Whether any reading was had.
    pub had_reading: bool,
    /// Whether the reader of stdout was gone.
    pub stdout_closed: bool,
    /// What became of the lines.
    pub counts: Counts,
}

/// The two draws of a process, each from 0 to 1, that keep a fleet from beating as one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    /// The share of the emit jitter by which regular lines are delayed.
    pub delay: f64,
    /// The share of the sample interval between the first reading and the second.
    pub offset: f64,
}

/// Samples and emits until `shutdown` is ready, stdout is closed, or, with `once`, after one reading.
pub(crate) async fn run(
    settings: Settings,
    sink: Sink,
    started: Moment,
    draws: Draws,
    shutdown: impl Future<Output = ()>,
) -> Ended {
    let source = settings.source;
    let mut sidecar = Sidecar {
        collector: Collector::new(
            settings.emit_interval,
            settings.format.is_reading_by_reading(),
        ),
        emitter: Emitter::new(
            settings.format,
            sink,
            share(settings.emit_jitter, draws.delay),
            started.wall,
        ),
        steps: StepDetector::new(Moment::now()),
        failing: None,
        had_reading: false,
    };
    let second = Instant::now() + share(settings.sample_interval, draws.offset);
    let mut beat = Beat::new(second, settings.sample_interval);
    let mut leave_at: Option<Instant> = None;
    let mut stdout_closed = false;
    let mut shutdown = pin!(shutdown);
    let mut read = pin!(source.read());
    let mut reading = true;

    loop {
        let wake = [
            (!reading).then(|| beat.next()),
            sidecar.next_wake(),
            leave_at,
        ];
        let wake = wake.into_iter().flatten().min();
        tokio::select! {
            biased;
            // Before the signal: an answer that is there already is not thrown away.
            sample = &mut read, if reading => {
                reading = false;
                sidecar.take(sample);
                beat.leave_out_missed(Instant::now());
                if settings.once {
                    break;
                }
            }
            () = &mut shutdown => break,
            () = sidecar.emitter.sink().closed(), if !stdout_closed => {
                stdout_closed = true;
                say_stdout_closed();
                let age = started.monotonic.elapsed();
                let wait = if settings.in_ecs { RESTARTABLE_AGE.saturating_sub(age) } else { Duration::ZERO };
                leave_at = Some(Instant::now() + wait);
            }
            () = sleep_until(wake) => sidecar.tick(),
        }
        let now = Instant::now();
        if leave_at.is_some_and(|leave_at| leave_at <= now) {
            break;
        }
        if !reading && beat.next() <= now {
            beat.advance(now);
            read.set(source.read());
            reading = true;
        }
    }
    sidecar.finish(stdout_closed).await
}

fn say_stdout_closed() {
    error!("stdout is closed: no line can be written any more");
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}

struct Sidecar {
    collector: Collector,
    emitter: Emitter,
    steps: StepDetector,
    /// The kind of the read error that was last said, while it lasts.
    failing: Option<ReadErrorKind>,
    had_reading: bool,
}

impl Sidecar {
    fn take(&mut self, sample: Sample) {
        if let Some(identity) = &sample.identity {
            self.emitter.learn(identity);
        }
        self.had_reading |= sample.outcome.is_ok();
        self.say_changes(&sample);
        let now = self.compare_clocks();
        for closed in self.collector.add(sample) {
            self.emitter.take(closed, now.monotonic);
        }
        self.emitter.write_due(now.monotonic);
    }

    fn tick(&mut self) {
        let now = self.compare_clocks();
        if let Some(closed) = self.collector.close_if_over(now.wall) {
            self.emitter.take(closed, now.monotonic);
        }
        self.emitter.write_due(now.monotonic);
    }

    /// Looks for a step since the last look. Before anything else is done with the present time, the
    /// open window is closed in the time line it began in.
    fn compare_clocks(&mut self) -> Moment {
        let now = Moment::now();
        if let Some(step) = self.steps.observe(now) {
            warn!(
                milliseconds = step.by.num_milliseconds(),
                "the wall clock was stepped"
            );
            self.emitter.take(self.collector.step(step), now.monotonic);
        }
        now
    }

    /// When something is to be done though no reading is.
    fn next_wake(&self) -> Option<Instant> {
        let window_ends = self.collector.end().map(|end| {
            let now = Moment::now();
            let left = end.signed_duration_since(now.wall);
            now.monotonic + left.to_std().unwrap_or_default()
        });
        [window_ends, self.emitter.next_due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Says a kind of failure once, not once per sample.
    fn say_changes(&mut self, sample: &Sample) {
        let error = sample.outcome.as_ref().err().or(sample.withheld.last());
        let kind = error.map(|error| error.kind);
        match error {
            Some(error) if kind != self.failing => warn!(
                kind = error.kind.as_str(),
                error = error.message,
                "the clock cannot be read as it should"
            ),
            None if self.failing.is_some() => info!("the clock can be read again"),
            _ => {}
        }
        self.failing = kind;
        debug!(?sample, "sample");
    }

    async fn finish(mut self, stdout_closed: bool) -> Ended {
        let deadline = tokio::time::Instant::now() + LAST_LINES;
        let now = self.compare_clocks();
        let bare = self.collector.bare(now.wall);
        // Not as an urgent one: at the very end a line waits for room in the queue.
        if let Some(closed) = self.collector.close(false) {
            self.emitter.take(closed, now.monotonic);
        }
        let sink = self.emitter.finish(bare, deadline).await;
        let counts = sink.finish(deadline).await;
        // It may have shown with the last lines only.
        if sink.is_closed() && !stdout_closed {
            say_stdout_closed();
        } else if counts.unreported > 0 && !sink.is_closed() {
            error!(
                lines = counts.unreported,
                "lines were lost that no line has reported"
            );
        }
        info!(
            accepted = counts.accepted,
            written = counts.written,
            failed = counts.failed,
            dropped = counts.dropped,
            unreported = counts.unreported,
            "stopped"
        );
        Ended {
            had_reading: self.had_reading,
            stdout_closed: sink.is_closed(),
            counts,
        }
    }
}
