//! Collects samples into windows: which samples share a line, and which lines may not wait. Pure: each
//! call is given the time.

mod period;

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use self::period::{Change, Period, next_boundary};
use crate::reading::{ClockSource, ReadError, Reading, SyncStatus};
use crate::sidecar::settings::Rules;
use crate::source::{Comparison, CrossCheck, Sample};
use crate::time::{ClockStep, Moment};

/// The most steps whose size one line gives; all are counted.
pub(crate) const MAX_STEPS: usize = 8;

/// The most cross-checks on one line: there is one a minute.
pub(crate) const MAX_CROSS_CHECKS: usize = 2;

/// The content of one line: the readings, failures and changes of some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// The source of its last sample.
    pub source: ClockSource,
    /// The time of its last reading; of the last attempt if all failed; of the step if there was no
    /// attempt.
    pub stamp: DateTime<Utc>,
    /// Its readings in order.
    pub readings: Vec<Reading>,
    /// How many read errors there were.
    pub read_errors: u64,
    /// The last of them.
    pub last_error: Option<ReadError>,
    /// How often the status changed.
    pub status_changes: u64,
    /// How often the wall clock was stepped.
    pub step_count: u64,
    /// The first of these steps, [`MAX_STEPS`] at most.
    pub steps: Vec<TimeDelta>,
    /// The last of these steps.
    pub last_step: Option<TimeDelta>,
    /// The cross-checks, [`MAX_CROSS_CHECKS`] at most.
    pub cross_checks: Vec<CrossCheck>,
    /// How many of all cross-checks disagreed.
    pub disagreements: u64,
    /// The longest delay of the sidecar's loop since the line before; zero if it was not held up.
    pub longest_pause: Duration,
    /// Whether the sidecar ends after this line.
    pub stopping: bool,
    /// How many cross-checks gave no comparison.
    pub cross_check_errors: u64,
    /// The kind of the last of these failures.
    pub cross_check_error: Option<&'static str>,
    /// The largest bound between two readings, if the clock was moved there by less than a step.
    pub bound_while_moved: Option<Duration>,
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
            status_changes: 0,
            step_count: 0,
            steps: Vec::new(),
            last_step: None,
            cross_checks: Vec::new(),
            disagreements: 0,
            cross_check_errors: 0,
            cross_check_error: None,
            longest_pause: Duration::ZERO,
            stopping: false,
            bound_while_moved: None,
        }
    }

    /// The same window on the last line of a sidecar.
    #[must_use]
    pub(crate) fn stopping(self) -> Self {
        Self {
            stopping: true,
            ..self
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

    fn add_cross_check(&mut self, check: CrossCheck) {
        self.disagreements += u64::from(check.disagrees());
        if let Comparison::NotCompared(why) = check.comparison {
            self.add_cross_check_error(why.as_str());
        }
        if self.cross_checks.len() < MAX_CROSS_CHECKS {
            self.cross_checks.push(check);
        }
    }

    fn add_cross_check_error(&mut self, kind: &'static str) {
        self.cross_check_errors = self.cross_check_errors.saturating_add(1);
        self.cross_check_error = Some(kind);
    }

    fn add_step(&mut self, step: &ClockStep) {
        if self.readings.is_empty() {
            self.stamp = step.at.wall;
        }
        self.step_count = self.step_count.saturating_add(1);
        self.last_step = Some(step.by);
        if self.steps.len() < MAX_STEPS {
            self.steps.push(step.by);
        }
    }
}

/// A window that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClosedWindow {
    /// What it holds.
    pub window: Window,
    /// Whether its line may not wait.
    pub urgent: bool,
}

impl ClosedWindow {
    fn urgent(window: Window) -> Self {
        Self {
            window,
            urgent: true,
        }
    }
}

/// Collects samples into windows that end when the wall clock is a multiple of the emit interval,
/// or earlier if something must not wait.
#[derive(Debug)]
pub(crate) struct Collector {
    rules: Rules,
    open: Option<OpenWindow>,
    /// The status of the last reading; `None` before the first.
    status: Option<SyncStatus>,
    started: bool,
    source: ClockSource,
    period: Period,
    /// The largest bound since the last reading, if the clock was moved.
    moved: Option<Duration>,
}

#[derive(Debug)]
struct OpenWindow {
    window: Window,
    end: DateTime<Utc>,
    /// It ends by then, even if the wall clock, of which `end` is a time, has moved.
    latest: Instant,
    /// Whether it holds a loss that was not written at once.
    holds_loss: bool,
}

impl Collector {
    /// A collector of windows of one emit interval. If the rules ask for it, each reading is in a separate window that is
    /// closed at once, and only failures are collected.
    #[must_use]
    pub(crate) fn new(rules: &Rules, now: &Moment) -> Self {
        Self {
            rules: *rules,
            open: None,
            status: None,
            started: false,
            source: rules.source,
            period: Period::new(rules.emit_interval, now),
            moved: None,
        }
    }

    /// Adds a sample and returns the windows that are now complete, in order.
    ///
    /// The first attempt is urgent, and so is a reading with a new status: it closes the open window
    /// and gets its own. If that happens too often, the reading stays in the open window, which
    /// counts the change.
    pub(crate) fn add(&mut self, sample: Sample) -> Vec<ClosedWindow> {
        let mut closed = Vec::new();
        closed.extend(self.close_if_over(&sample.at));
        self.source = sample.source;
        let status = sample.outcome.as_ref().ok().map(|reading| reading.status);
        let change = self.change_to(status);
        let early = !self.started || self.is_early(status, change);
        self.started = true;
        self.status = status.or(self.status);
        if early {
            closed.extend(self.close_urgently());
        }
        let damped_loss = change == Some(Change::Loss) && !early;
        closed.extend(self.put(sample, change.is_some(), damped_loss, early));
        if early {
            closed.extend(self.close_urgently());
        } else if self.is_full() {
            closed.extend(self.close());
        }
        closed
    }

    /// The change from the last known status, if any.
    fn change_to(&self, status: Option<SyncStatus>) -> Option<Change> {
        let (before, status) = (self.status?, status?);
        if before == status {
            None
        } else if before == SyncStatus::Synchronized {
            Some(Change::Loss)
        } else {
            Some(Change::Status)
        }
    }

    /// Whether a reading closes the open window before its time: the first one, and one with a change
    /// that the period admits.
    fn is_early(&mut self, status: Option<SyncStatus>, change: Option<Change>) -> bool {
        let is_first_reading = self.status.is_none() && status.is_some();
        is_first_reading || change.is_some_and(|change| self.period.admits(change))
    }

    /// Puts a sample into the open window, or into its own window that is closed at once.
    fn put(
        &mut self,
        sample: Sample,
        changed: bool,
        damped_loss: bool,
        early: bool,
    ) -> Option<ClosedWindow> {
        let (source, at) = (sample.source, sample.at);
        for error in sample.withheld {
            self.open(&at).window.add_error(source, at.wall, error);
        }
        match sample.outcome {
            Err(error) => {
                self.open(&at).window.add_error(source, at.wall, error);
                None
            }
            Ok(reading) if self.rules.reading_by_reading && !early => {
                // Steps without a separate line. On a later line they would seem to have followed this reading.
                let steps = self.open.take_if(|open| open.window.step_count > 0);
                let mut window =
                    steps.map_or_else(|| Window::empty(source, at.wall), |open| open.window);
                window.status_changes += u64::from(changed);
                window.bound_while_moved = window.bound_while_moved.max(self.moved.take());
                window.add_reading(reading);
                Some(ClosedWindow::urgent(window))
            }
            Ok(reading) => {
                let moved = self.moved.take();
                let open = self.open(&at);
                open.window.bound_while_moved = open.window.bound_while_moved.max(moved);
                open.holds_loss |= damped_loss;
                open.window.status_changes += u64::from(changed);
                open.window.add_reading(reading);
                None
            }
        }
    }

    /// Adds a step of the wall clock: closes the open window, whose times are those of the clock
    /// before it, and puts the step on a separate line, stamped by the clock as it runs now. If
    /// that happens too often, the open window stays open and counts the step.
    pub(crate) fn step(&mut self, step: &ClockStep) -> Vec<ClosedWindow> {
        if !self.period.admits(Change::Step) {
            self.open(&step.at).window.add_step(step);
            return Vec::new();
        }
        let mut closed = Vec::new();
        closed.extend(self.close_urgently());
        let mut window = Window::empty(self.source, step.at.wall);
        window.add_step(step);
        closed.push(ClosedWindow::urgent(window));
        closed
    }

    /// Notes how far the clock may have been off since the last reading.
    pub(crate) fn note_move(&mut self, bound: Duration) {
        self.moved = self.moved.max(Some(bound));
    }

    /// Adds a cross-check taken at `at`.
    pub(crate) fn cross_check(&mut self, check: CrossCheck, at: &Moment) -> Option<ClosedWindow> {
        let closed = self.close_if_over(at);
        self.open(at).window.add_cross_check(check);
        closed
    }

    /// Adds a cross-check that failed at `at`.
    pub(crate) fn cross_check_failed(
        &mut self,
        error: &ReadError,
        at: &Moment,
    ) -> Option<ClosedWindow> {
        let closed = self.close_if_over(at);
        self.open(at)
            .window
            .add_cross_check_error(error.kind.as_str());
        closed
    }

    /// Closes the open window if its end has come.
    pub(crate) fn close_if_over(&mut self, now: &Moment) -> Option<ClosedWindow> {
        let is_over = self.ends(now).is_some_and(|ends| ends <= now.monotonic);
        let closed = if is_over { self.close() } else { None };
        self.period.renew(now.monotonic);
        closed
    }

    /// Closes the open window before its end. Its line may wait unless it holds a loss.
    fn close(&mut self) -> Option<ClosedWindow> {
        let mut open = self.open.take()?;
        if open.window.readings.is_empty() {
            open.window.bound_while_moved = self.moved;
        }
        Some(ClosedWindow {
            window: open.window,
            urgent: open.holds_loss,
        })
    }

    /// Closes the open window before its end. Its line may not wait.
    pub(crate) fn close_urgently(&mut self) -> Option<ClosedWindow> {
        let closed = self.close()?;
        Some(ClosedWindow::urgent(closed.window))
    }

    /// When the open window ends.
    #[must_use]
    pub(crate) fn ends(&self, now: &Moment) -> Option<Instant> {
        let open = self.open.as_ref()?;
        Some(self.period.end_after_step().unwrap_or_else(|| {
            let left = open.end.signed_duration_since(now.wall);
            (now.monotonic + left.to_std().unwrap_or_default()).min(open.latest)
        }))
    }

    /// A window without samples.
    #[must_use]
    pub(crate) fn bare(&self, now: DateTime<Utc>) -> Window {
        Window {
            bound_while_moved: self.moved,
            ..Window::empty(self.source, now)
        }
    }

    /// The readings of the open window.
    #[cfg(test)]
    pub(super) fn open_readings(&self) -> &[Reading] {
        self.open.as_ref().map_or(&[], |open| &open.window.readings)
    }

    fn is_full(&self) -> bool {
        let readings = self.open.as_ref().map(|open| open.window.readings.len());
        readings.is_some_and(|readings| readings >= self.rules.capacity)
    }

    fn open(&mut self, at: &Moment) -> &mut OpenWindow {
        let (source, interval) = (self.source, self.rules.emit_interval);
        self.open.get_or_insert_with(|| OpenWindow {
            window: Window::empty(source, at.wall),
            end: next_boundary(at.wall, interval),
            latest: at.monotonic + interval,
            holds_loss: false,
        })
    }
}

#[cfg(test)]
mod tests;
