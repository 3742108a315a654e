//! Samples into windows: which samples stand together on one line, and which lines may not wait. Pure:
//! time comes in with each call.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::reading::{ClockSource, ReadError, Reading, SyncStatus};
use crate::source::Sample;
use crate::time::ClockStep;

/// The most readings in one window: CloudWatch takes 100 values of a metric in one event.
pub(crate) const MAX_READINGS: usize = 100;

/// What one line tells: the readings and failures of some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// The source of its last sample.
    pub source: ClockSource,
    /// The time of its last reading; of its last attempt where all failed; at a step the present, as
    /// the wall clock ran before it.
    pub stamp: DateTime<Utc>,
    /// Its readings in order, 100 at most.
    pub readings: Vec<Reading>,
    /// How many read errors there were.
    pub read_errors: u64,
    /// The last of them.
    pub last_error: Option<ReadError>,
    /// The step of the wall clock that ended it.
    pub step: Option<ClockStep>,
}

impl Window {
    /// A window without samples.
    #[must_use]
    pub(crate) fn empty(source: ClockSource, stamp: DateTime<Utc>) -> Self {
        Self {
            source,
            stamp,
            readings: Vec::new(),
            read_errors: 0,
            last_error: None,
            step: None,
        }
    }

    fn add_reading(&mut self, reading: Reading) {
        self.source = reading.source;
        self.stamp = reading.taken.wall;
        self.readings.push(reading);
    }

    fn add_error(&mut self, source: ClockSource, at: DateTime<Utc>, error: ReadError) {
        self.source = source;
        if self.readings.is_empty() {
            self.stamp = at;
        }
        self.read_errors = self.read_errors.saturating_add(1);
        self.last_error = Some(error);
    }
}

/// A window that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closed {
    /// What it holds.
    pub window: Window,
    /// Whether its line may not wait.
    pub urgent: bool,
}

/// Collects samples into windows that end where the wall clock divides by the emit interval, and
/// earlier where something happened that must not wait.
#[derive(Debug)]
pub(crate) struct Collector {
    interval: Duration,
    /// Each reading on a line of its own, as storage resolution 1 wants it.
    reading_by_reading: bool,
    open: Option<Open>,
    /// The status of the last reading; `None` before the first.
    status: Option<SyncStatus>,
    started: bool,
    source: ClockSource,
}

#[derive(Debug)]
struct Open {
    window: Window,
    end: DateTime<Utc>,
}

impl Collector {
    /// A collector of windows of `interval`. With `reading_by_reading` each reading makes a line of
    /// its own at once, and only failures are collected.
    #[must_use]
    pub(crate) fn new(interval: Duration, reading_by_reading: bool) -> Self {
        Self {
            interval,
            reading_by_reading,
            open: None,
            status: None,
            started: false,
            source: ClockSource::Ecs,
        }
    }

    /// Takes in a sample and returns the windows that are complete with it, in order.
    ///
    /// Urgent are the first attempt and a reading whose status is not that of the reading before: it
    /// closes the open window without itself and then stands alone.
    pub(crate) fn add(&mut self, sample: Sample) -> Vec<Closed> {
        let mut closed = Vec::new();
        closed.extend(self.close_if_over(sample.at.wall));
        self.source = sample.source;
        let status = sample.outcome.as_ref().ok().map(|reading| reading.status);
        let changed = status.is_some() && status != self.status;
        let urgent = changed || !self.started;
        self.started = true;
        self.status = status.or(self.status);
        if urgent {
            closed.extend(self.close(true));
        }

        let at = sample.at.wall;
        let source = sample.source;
        for error in sample.withheld {
            self.open(at).add_error(source, at, error);
        }
        match sample.outcome {
            Err(error) => self.open(at).add_error(source, at, error),
            Ok(reading) if self.reading_by_reading && !urgent => {
                let mut window = Window::empty(source, at);
                window.add_reading(reading);
                closed.push(Closed {
                    window,
                    urgent: true,
                });
            }
            Ok(reading) => self.open(at).add_reading(reading),
        }

        if urgent {
            closed.extend(self.close(true));
        } else if self.open.as_ref().is_some_and(Open::is_full) {
            closed.extend(self.close(false));
        }
        closed
    }

    /// Closes the open window at a step of the wall clock. The line says the step, so there is one
    /// even where nothing was open.
    pub(crate) fn step(&mut self, step: ClockStep) -> Closed {
        let mut window = match self.open.take() {
            Some(open) => {
                let mut window = open.window;
                // A step may be found only when the window's time is over; its values are of that time.
                window.stamp = step.old_wall().min(open.end - TimeDelta::milliseconds(1));
                window
            }
            None => Window::empty(self.source, step.old_wall()),
        };
        window.step = Some(step);
        Closed {
            window,
            urgent: true,
        }
    }

    /// Closes the open window if its end has come.
    pub(crate) fn close_if_over(&mut self, now: DateTime<Utc>) -> Option<Closed> {
        if now < self.end()? {
            return None;
        }
        self.close(false)
    }

    /// Closes the open window, whatever the time.
    pub(crate) fn close(&mut self, urgent: bool) -> Option<Closed> {
        let window = self.open.take()?.window;
        Some(Closed { window, urgent })
    }

    /// When the open window ends, on the wall clock.
    #[must_use]
    pub(crate) fn end(&self) -> Option<DateTime<Utc>> {
        self.open.as_ref().map(|open| open.end)
    }

    /// A window that only says that lines were lost.
    #[must_use]
    pub(crate) fn bare(&self, now: DateTime<Utc>) -> Window {
        Window::empty(self.source, now)
    }

    fn open(&mut self, at: DateTime<Utc>) -> &mut Window {
        let (source, interval) = (self.source, self.interval);
        let open = self.open.get_or_insert_with(|| Open {
            window: Window::empty(source, at),
            end: next_boundary(at, interval),
        });
        &mut open.window
    }
}

impl Open {
    fn is_full(&self) -> bool {
        self.window.readings.len() >= MAX_READINGS
    }
}

/// The first time after `at` that divides by `interval`, counted from the Unix epoch.
fn next_boundary(at: DateTime<Utc>, interval: Duration) -> DateTime<Utc> {
    let interval = i64::try_from(interval.as_millis())
        .unwrap_or(i64::MAX)
        .max(1);
    let into = at.timestamp_millis().rem_euclid(interval);
    let boundary = at.timestamp_millis().saturating_add(interval - into);
    DateTime::from_timestamp_millis(boundary).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests;
