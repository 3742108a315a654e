//! Decides what the sidecar does next: takes events, returns actions. Pure: the loop that executes them decides
//! nothing.

use std::time::{Duration, Instant};

use crate::reading::{ClockWatch, EARLY_READ_PAUSE, ReadError};
use crate::sidecar::cross_check::CrossCheckSchedule;
use crate::sidecar::notice::{Changes, Notice, Notices};
use crate::sidecar::observed::Observed;
use crate::sidecar::queue::Queue;
use crate::sidecar::schedule::{Schedule, fraction_of};
use crate::sidecar::settings::Rules;
use crate::sidecar::window::{ClosedWindow, Collector, Window};
use crate::source::{Exchange, Sample};
use crate::time::{ClockStep, Moment};

/// ECS never restarts a container that ends within its restart period of 60 s.
const RESTARTABLE_AGE: Duration = Duration::from_secs(65);
/// The shortest delay of the loop that is reported.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A read has ended.
    Sampled(Box<Sample>),
    /// The source may not be asked again yet.
    NotDue,
    /// A cross-check with an NTP server has ended; `None` if the server may not be asked yet.
    CrossChecked(Option<Result<Exchange, ReadError>>),
    /// The requested time has come, the wall clock was set, or it is being corrected.
    Woken,
    /// Stdout was closed by its reader.
    StdoutClosed,
    /// A signal asks the program to stop.
    Stop,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ask the source.
    Read,
    /// Ask an NTP server for a cross-check.
    CrossCheck,
    /// Write the line of this window.
    Write(Window),
    /// Report on stderr, with how often it happened.
    Notify(Notice, u32),
    /// Wake at this time, unless another event comes first. Replaces the last such action.
    WakeAt(Instant),
    /// End after writing all lines; also write this window if lost lines are still unreported.
    End(Window),
}

/// Two random fractions of a process, each from 0 to 1, that keep a fleet from acting at the same moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RandomFractions {
    /// The share of the emit jitter by which regular lines are delayed.
    pub delay: f64,
    /// The share of the sample interval between the first reading and the second.
    pub offset: f64,
}

/// The state of the sidecar between two events.
#[derive(Debug)]
pub(crate) struct Control {
    rules: Rules,
    started: Instant,
    schedule: Schedule,
    /// Whether a read is in progress.
    reading: bool,
    watch: ClockWatch,
    observed: Observed,
    cross_checks: Option<CrossCheckSchedule>,
    collector: Collector,
    queue: Queue,
    changes: Changes,
    notices: Notices,
    had_reading: bool,
    /// Whether a step was reported after the last reading.
    stepped_since_reading: bool,
    leave_at: Option<Instant>,
    /// When the source was last read early because of a correction in progress.
    read_early: Option<Instant>,
    /// The time last requested with [`Action::WakeAt`].
    wake_at: Option<Instant>,
    /// The longest delay of the loop since the last line.
    longest_pause: Duration,
}

impl Control {
    /// The state at `now` of a process that was started at `started`, and its first actions.
    pub(crate) fn start(
        rules: &Rules,
        random: RandomFractions,
        started: Instant,
        now: &Moment,
    ) -> (Self, Vec<Action>) {
        let second = now.monotonic + fraction_of(rules.sample_interval, random.offset);
        let control = Self {
            rules: *rules,
            started,
            schedule: Schedule::new(now.monotonic, second, rules.sample_interval),
            reading: true,
            watch: ClockWatch::new(*now, rules.drift),
            observed: Observed::new(now.monotonic),
            cross_checks: rules
                .cross_check
                .then(|| CrossCheckSchedule::new(rules.drift, now.monotonic)),
            collector: Collector::new(rules, now),
            queue: Queue::new(fraction_of(rules.emit_jitter, random.delay)),
            changes: Changes::default(),
            notices: Notices::default(),
            had_reading: false,
            stepped_since_reading: false,
            leave_at: None,
            read_early: None,
            wake_at: None,
            longest_pause: Duration::ZERO,
        };
        (control, vec![Action::Read])
    }

    /// What is known about the clock.
    pub(crate) fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Whether any read succeeded.
    pub(crate) fn had_reading(&self) -> bool {
        self.had_reading
    }

    /// The readings of the open window.
    #[cfg(test)]
    fn open_readings(&self) -> &[crate::reading::Reading] {
        self.collector.open_readings()
    }

    /// Decides what follows from an event at `now`. The last action is to wake at a time or to end.
    pub(crate) fn handle(&mut self, event: Event, now: &Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        self.note_pause(now);
        // The step is handled first: the open window belongs to the time before it.
        match self.watch.observe(*now) {
            Some(step) => self.on_step(&step, &mut actions),
            None => self.note_move(now),
        }
        let mut is_end = false;
        match event {
            Event::Woken => {}
            Event::Sampled(sample) => {
                self.reading = false;
                self.on_sample(sample, now, &mut actions);
                self.schedule.skip_missed(now.monotonic);
                is_end = self.rules.once;
            }
            Event::NotDue => {
                self.reading = false;
                self.schedule.skip_missed(now.monotonic);
            }
            Event::CrossChecked(outcome) => self.on_cross_check(outcome, now, &mut actions),
            Event::StdoutClosed => self.on_stdout_closed(now, &mut actions),
            Event::Stop => is_end = true,
        }
        self.follow_correction(now);
        is_end |= self
            .leave_at
            .is_some_and(|leave_at| leave_at <= now.monotonic);
        if is_end {
            self.end(now, &mut actions);
        } else {
            self.go_on(now, &mut actions);
        }
        actions
    }

    /// Notes a pause: a loop that wakes long after the requested time was held up, so the delay is not due to the
    /// clock.
    fn note_pause(&mut self, now: &Moment) {
        let late = self
            .wake_at
            .take()
            .map(|wake_at| now.monotonic.saturating_duration_since(wake_at));
        if let Some(late) = late.filter(|late| *late >= SHORTEST_PAUSE) {
            self.longest_pause = self.longest_pause.max(late);
        }
    }

    /// Reads the source early if the clock is being corrected and the source has not reported it.
    fn follow_correction(&mut self, now: &Moment) {
        let last = self.observed.last.as_ref();
        let is_due = self
            .read_early
            .is_none_or(|early| now.monotonic >= early + EARLY_READ_PAUSE);
        if is_due && last.is_some_and(|last| last.is_being_corrected(now, self.rules.drift)) {
            self.read_early = Some(now.monotonic);
            self.schedule.hasten(now.monotonic);
        }
    }

    /// A move that is no step may be taken back before the next reading: no reading would show it.
    fn note_move(&mut self, now: &Moment) {
        let last = self.observed.last.as_ref();
        // A step has a separate line, and the next reading includes it.
        let last = last.filter(|_| !self.stepped_since_reading);
        if let Some(bound) = last.and_then(|last| last.bound_if_moved(now, self.rules.drift)) {
            self.collector.note_move(bound);
        }
    }

    fn on_step(&mut self, step: &ClockStep, actions: &mut Vec<Action>) {
        self.observed.stepped = Some(step.at.monotonic);
        self.stepped_since_reading = true;
        self.schedule.hasten(step.at.monotonic);
        let notice = Notice::Stepped {
            by: step.by,
            gradual: step.gradual,
        };
        self.notify(notice, &step.at, actions);
        let closed = self.collector.step(step);
        self.push(closed, &step.at);
    }

    fn on_sample(&mut self, mut sample: Box<Sample>, now: &Moment, actions: &mut Vec<Action>) {
        if sample.outcome.is_ok() {
            self.had_reading = true;
            self.stepped_since_reading = false;
        }
        sample.outcome = sample.outcome.map(|reading| self.watch.admit(reading));
        self.observed.take(&sample.outcome, sample.at.monotonic);
        for notice in self.changes.notices(&sample) {
            self.notify(notice, now, actions);
        }
        if let (Ok(reading), Some(schedule)) = (&sample.outcome, &mut self.cross_checks)
            && schedule.start(reading, now.monotonic)
        {
            actions.push(Action::CrossCheck);
        }
        let closed = self.collector.add(*sample);
        self.push(closed, now);
    }

    fn on_cross_check(
        &mut self,
        outcome: Option<Result<Exchange, ReadError>>,
        now: &Moment,
        actions: &mut Vec<Action>,
    ) {
        let exchange = outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        let check = self
            .cross_checks
            .as_mut()
            .and_then(|schedule| schedule.finish(exchange));
        if let Some(check) = check {
            let closed = self.collector.cross_check(check, now);
            self.push(closed, now);
            if check.disagrees() {
                self.notify(Notice::Disagreement(check), now, actions);
            }
        }
        let Some(outcome) = outcome else {
            return;
        };
        if let Err(error) = &outcome {
            let closed = self.collector.cross_check_failed(error, now);
            self.push(closed, now);
        }
        if let Some(notice) = self.changes.cross_check(outcome.err()) {
            self.notify(notice, now, actions);
        }
    }

    fn on_stdout_closed(&mut self, now: &Moment, actions: &mut Vec<Action>) {
        self.notify(Notice::StdoutClosed, now, actions);
        let leave_at = if self.rules.in_ecs {
            self.started + RESTARTABLE_AGE
        } else {
            now.monotonic
        };
        self.leave_at = Some(leave_at.max(now.monotonic));
    }

    fn notify(&mut self, notice: Notice, now: &Moment, actions: &mut Vec<Action>) {
        let reported = self.notices.take(notice, now.monotonic);
        actions.extend(reported.map(|(notice, times)| Action::Notify(notice, times)));
    }

    fn push(&mut self, closed: impl IntoIterator<Item = ClosedWindow>, now: &Moment) {
        for mut closed in closed {
            closed.window.longest_pause = std::mem::take(&mut self.longest_pause);
            self.queue.push(closed, now.monotonic);
        }
    }

    /// Closes windows whose time is over, writes those that are due, reads when it is time, and sets the next wake-up.
    fn go_on(&mut self, now: &Moment, actions: &mut Vec<Action>) {
        let closed = self.collector.close_if_over(now);
        self.push(closed, now);
        while let Some(window) = self.queue.pop_due(now.monotonic) {
            actions.push(Action::Write(window));
        }
        for (notice, times) in self.notices.overdue(now.monotonic) {
            actions.push(Action::Notify(notice, times));
        }
        if !self.reading && self.schedule.next() <= now.monotonic {
            self.schedule.take(now.monotonic);
            self.reading = true;
            actions.push(Action::Read);
        }
        let wake = [
            (!self.reading).then(|| self.schedule.next()),
            self.collector.ends(now),
            self.queue.next_due(),
            self.leave_at,
        ];
        self.wake_at = wake.into_iter().flatten().min();
        actions.extend(self.wake_at.map(Action::WakeAt));
    }

    /// Writes all open and pending windows, in order, and ends.
    fn end(&mut self, now: &Moment, actions: &mut Vec<Action>) {
        let closed = self.collector.close_urgently();
        self.push(closed, now);
        let mut last = None;
        while let Some(window) = self.queue.pop() {
            actions.extend(last.replace(window).map(Action::Write));
        }
        // The last line is always written; its absence shows that a process was killed.
        let last = last.unwrap_or_else(|| self.collector.bare(now.wall));
        actions.push(Action::Write(last.stopping()));
        for (notice, times) in self.notices.rest(now.monotonic) {
            actions.push(Action::Notify(notice, times));
        }
        actions.push(Action::End(self.collector.bare(now.wall).stopping()));
    }
}

#[cfg(test)]
mod tests;
