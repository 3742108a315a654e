//! What the sidecar does next: events in, actions out. Pure: the loop that executes has no decisions.

use std::time::{Duration, Instant};

use crate::reading::{Observed, ReadError, StepRecovery};
use crate::sidecar::cross_check::CrossCheckSchedule;
use crate::sidecar::notice::{Changes, Notice, Notices};
use crate::sidecar::queue::Queue;
use crate::sidecar::schedule::{Schedule, fraction_of};
use crate::sidecar::window::{ClosedWindow, Collector, Window};
use crate::source::{Exchange, Sample};
use crate::time::{ClockStep, DriftRate, Moment, StepDetector};

/// A container of ECS that ends before its restart period of 60 s is over is never restarted.
const RESTARTABLE_AGE: Duration = Duration::from_secs(65);

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A read is over.
    Sampled(Box<Sample>),
    /// The source was not asked, since it is not time to ask it again.
    NotDue,
    /// a cross-check with an NTP server is over; `None` where it was not time to ask it.
    CrossChecked(Option<Result<Exchange, ReadError>>),
    /// The time asked for has come.
    Woken,
    /// The reader of stdout is gone for good.
    StdoutClosed,
    /// The program is to stop.
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
    /// Come back at this time, unless something happens before; each one replaces the one before.
    WakeAt(Instant),
    /// Leave, after the lines before it are written; this one too if lines were lost that no line has
    /// reported.
    End(Window),
}

/// What the decisions rest on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// One reading and out.
    pub once: bool,
    /// From one reading to the next.
    pub sample_interval: Duration,
    /// The time one line covers.
    pub emit_interval: Duration,
    /// The most by which regular lines are delayed.
    pub emit_jitter: Duration,
    /// Whether each reading is a line of its own.
    pub reading_by_reading: bool,
    /// The most readings on one line.
    pub capacity: usize,
    /// Whether this is a container of ECS.
    pub in_ecs: bool,
    /// How fast the clock may drift, where cross-checks are on.
    pub cross_check: Option<DriftRate>,
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
    /// Whether a read is under way.
    reading: bool,
    steps: StepDetector,
    recovery: StepRecovery,
    observed: Observed,
    cross_checks: Option<CrossCheckSchedule>,
    collector: Collector,
    queue: Queue,
    changes: Changes,
    notices: Notices,
    had_reading: bool,
    leave_at: Option<Instant>,
}

impl Control {
    /// The state at the start, at `now`, of a process that was started at `started`; and the first
    /// actions.
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
            steps: StepDetector::new(*now),
            recovery: StepRecovery::default(),
            observed: Observed::new(now.monotonic),
            cross_checks: rules
                .cross_check
                .map(|drift| CrossCheckSchedule::new(drift, now.monotonic)),
            collector: Collector::new(
                rules.emit_interval,
                rules.reading_by_reading,
                rules.capacity,
                now,
            ),
            queue: Queue::new(fraction_of(rules.emit_jitter, random.delay)),
            changes: Changes::default(),
            notices: Notices::default(),
            had_reading: false,
            leave_at: None,
        };
        (control, vec![Action::Read])
    }

    /// What is known of the clock.
    pub(crate) fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Whether any reading was had.
    pub(crate) fn had_reading(&self) -> bool {
        self.had_reading
    }

    /// The readings of the open window.
    #[cfg(test)]
    fn open_readings(&self) -> &[crate::reading::Reading] {
        self.collector.open_readings()
    }

    /// What is to be done about an event, at `now`. The last action is to wake at a time or to end.
    pub(crate) fn on(&mut self, event: Event, now: &Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        // Before anything else is done with the present time: what is open belongs to the time before.
        if let Some(step) = self.steps.observe(*now) {
            self.on_step(&step, &mut actions);
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

    fn on_step(&mut self, step: &ClockStep, actions: &mut Vec<Action>) {
        self.recovery.step(step);
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
        self.had_reading |= sample.outcome.is_ok();
        sample.outcome = sample.outcome.map(|reading| self.recovery.admit(reading));
        self.observed.take(&sample.outcome);
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
        for closed in closed {
            self.queue.push(closed, now.monotonic);
        }
    }

    /// Closes what is over, writes what is due, reads when it is time, and says when to come back.
    fn go_on(&mut self, now: &Moment, actions: &mut Vec<Action>) {
        let closed = self.collector.close_if_over(now);
        self.push(closed, now);
        while let Some(window) = self.queue.pop_due(now.monotonic) {
            actions.push(Action::Write(window));
        }
        for (notice, times) in self.notices.overdue(now.monotonic, false) {
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
        let wake = wake.into_iter().flatten().min();
        actions.extend(wake.map(Action::WakeAt));
    }

    /// Writes all that is open and pending, in order, and leaves.
    fn end(&mut self, now: &Moment, actions: &mut Vec<Action>) {
        let closed = self.collector.close(true);
        self.push(closed, now);
        while let Some(window) = self.queue.pop() {
            actions.push(Action::Write(window));
        }
        for (notice, times) in self.notices.overdue(now.monotonic, true) {
            actions.push(Action::Notify(notice, times));
        }
        actions.push(Action::End(self.collector.bare(now.wall)));
    }
}

#[cfg(test)]
mod tests;
