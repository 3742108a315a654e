//! The sidecar: reads the clock at regular intervals and writes lines, until a signal.
//!
//! Data flows one way: the source's answer becomes an event, [`control`] decides on actions, windows become lines, and
//! lines go to the sink. The loop in this file only executes, and reads the clocks in one place.
#![cfg(feature = "cli")]

mod alarm;
pub(crate) mod control;
mod cross_check;
pub(crate) mod line;
mod notice;
mod observed;
mod observers;
mod output;
mod queue;
mod schedule;
mod set_clock;
mod settings;
pub(crate) mod sink;
mod timerfd;
pub(crate) mod window;

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use tracing::{debug, error, info};

use self::alarm::Alarm;
use self::control::{Action, Control, Event};
use self::output::Output;
use self::set_clock::SetClock;
use self::sink::{Counts, Sink};
use self::window::Window;
use crate::reading::ReadError;
use crate::source::{Exchange, NtpClient, Sample};
use crate::time::Moment;

pub(crate) use self::control::RandomFractions;
pub(crate) use self::observed::Observed;
pub(crate) use self::observers::Observers;
pub(crate) use self::settings::{Rules, Settings};

/// How long the last lines may take: the program ends well within 2 s of the signal.
const LAST_LINES: Duration = Duration::from_millis(1_800);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunOutcome {
    /// Whether any read succeeded.
    pub had_reading: bool,
    /// Whether stdout was closed.
    pub stdout_closed: bool,
    /// How many lines were written and lost.
    pub counts: Counts,
}

/// Samples and emits until `shutdown` is ready, stdout is closed, or, with `once`, after one reading.
pub(crate) async fn run(
    settings: Settings,
    sink: Sink,
    started: Moment,
    random: RandomFractions,
    observers: Observers,
    shutdown: impl Future<Output = ()> + Send,
) -> RunOutcome {
    let source = settings.source;
    let ntp = settings.cross_check.map(NtpClient::new);
    let mut output = Output::new(settings.format, sink, observers, started.wall);
    let (mut control, mut actions) =
        Control::start(&settings.rules, random, started.monotonic, &Moment::now());
    let mut shutdown = pin!(shutdown);
    let mut read = pin!(source.read_if_due());
    let mut under_way = Progress::new();
    loop {
        let wanted = under_way.execute(actions, &mut output);
        if let Some(end) = wanted.end {
            return finish(output, end, &control, under_way.stdout).await;
        }
        if wanted.read {
            read.set(source.read_if_due());
            under_way.reading = true;
        }
        if let Some(ntp) = ntp.as_ref().filter(|_| wanted.cross_check) {
            under_way.cross_check = Some(Box::pin(ntp.ask_if_due_soon()));
        }
        let event = next_event(&mut under_way, read.as_mut(), shutdown.as_mut(), &output).await;
        let is_sample = matches!(event, Event::Sampled(_));
        let stepped = control.observed().stepped;
        if let Event::Sampled(sample) = &event {
            debug!(?sample, "sample");
            if let Some(identity) = &sample.identity {
                output.learn(identity);
            }
        }
        let now = Moment::now();
        actions = control.handle(event, &now);
        output.observers().beat(&now);
        if is_sample || control.observed().stepped != stepped {
            output.observers().tell(control.observed());
        }
    }
}

/// What the loop is waiting for.
struct Progress<'a> {
    set_clock: SetClock,
    /// Whether a read is in progress.
    reading: bool,
    /// A cross-check in progress. Boxed, so that it takes no memory if it is off.
    cross_check: Option<BoxedCrossCheck<'a>>,
    alarm: Alarm,
    wake_at: Option<Instant>,
    stdout: Stdout,
}

/// Whether stdout was seen to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stdout {
    Open,
    Closed,
}

/// The outcome of a cross-check; `None` if the server may not be asked yet.
type CrossCheckOutcome = Option<Result<Exchange, ReadError>>;
type BoxedCrossCheck<'a> = Pin<Box<dyn Future<Output = CrossCheckOutcome> + Send + 'a>>;

/// The actions that the loop itself executes.
#[derive(Default)]
struct LoopActions {
    read: bool,
    cross_check: bool,
    end: Option<End>,
}

/// The last actions: windows still to be written, and the one that only reports lost lines.
struct End {
    windows: Vec<Window>,
    bare: Window,
}

impl Progress<'_> {
    fn new() -> Self {
        Self {
            set_clock: SetClock::new(),
            reading: false,
            cross_check: None,
            alarm: Alarm::new(),
            wake_at: None,
            stdout: Stdout::Open,
        }
    }

    /// Executes actions, and returns those that need the loop.
    fn execute(&mut self, actions: Vec<Action>, output: &mut Output) -> LoopActions {
        let mut wanted = LoopActions::default();
        // At the end, a line waits for room in the queue.
        let is_end = matches!(actions.last(), Some(Action::End(_)));
        let mut windows = Vec::new();
        self.wake_at = None;
        for action in actions {
            match action {
                Action::Read => wanted.read = true,
                Action::CrossCheck => wanted.cross_check = true,
                Action::Notify(notice, times) => notice.emit(times),
                Action::WakeAt(time) => self.wake_at = Some(time),
                Action::Write(window) if is_end => windows.push(window),
                Action::Write(window) => output.write(&window),
                Action::End(bare) => {
                    let windows = std::mem::take(&mut windows);
                    wanted.end = Some(End { windows, bare });
                }
            }
        }
        wanted
    }
}

/// Waits for what happens next.
async fn next_event(
    progress: &mut Progress<'_>,
    read: Pin<&mut impl Future<Output = Option<Sample>>>,
    shutdown: Pin<&mut impl Future<Output = ()>>,
    output: &Output,
) -> Event {
    tokio::select! {
        biased;
        // Before the signal, so that an answer that has arrived is not lost.
        sample = read, if progress.reading => {
            progress.reading = false;
            sample.map_or(Event::NotDue, |sample| Event::Sampled(Box::new(sample)))
        }
        () = shutdown => Event::Stop,
        () = output.sink().closed(), if progress.stdout == Stdout::Open => {
            progress.stdout = Stdout::Closed;
            Event::StdoutClosed
        }
        () = progress.set_clock.wait() => Event::Woken,
        () = output.observers().disturbance_seen() => Event::Woken,
        cross_check = finished(&mut progress.cross_check) => {
            progress.cross_check = None;
            Event::CrossChecked(cross_check)
        }
        () = progress.alarm.wait_until(progress.wake_at) => Event::Woken,
    }
}

/// Waits for the cross-check in progress, if any.
async fn finished(cross_check: &mut Option<BoxedCrossCheck<'_>>) -> CrossCheckOutcome {
    match cross_check {
        Some(cross_check) => cross_check.await,
        None => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "a deadline, not a reading")]
async fn finish(mut output: Output, end: End, control: &Control, seen: Stdout) -> RunOutcome {
    let deadline = tokio::time::Instant::now() + LAST_LINES;
    let counts = output.finish(end.windows, &end.bare, deadline).await;
    let is_closed = output.sink().is_closed();
    // Only the last lines may have revealed it.
    if is_closed && seen == Stdout::Open {
        notice::Notice::StdoutClosed.emit(1);
    } else if counts.unreported > 0 && !is_closed {
        error!(
            lines = counts.unreported,
            "some lines were lost and never reported"
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
    RunOutcome {
        had_reading: control.had_reading(),
        stdout_closed: is_closed,
        counts,
    }
}

#[cfg(test)]
pub(crate) mod tests;
