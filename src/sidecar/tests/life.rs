//! A sidecar's decisions on a machine whose true time is known. What else a sidecar does, and what is compared with true
//! time, is for those who use it.

use std::time::Instant;

use crate::reading::tests::simulated::{Claim, MILLISECOND, Machine, SECOND};
use crate::sidecar::control::{Action, Control, Event};
use crate::sidecar::window::Window;
use crate::time::Moment;

/// A sidecar that runs, or does not.
#[derive(Debug, Default)]
pub(crate) struct Running {
    pub(crate) control: Option<Control>,
    pub(crate) wake_at: Option<Instant>,
}

pub(crate) trait Life {
    fn machine(&mut self) -> &mut Machine;
    fn running(&mut self) -> &mut Running;

    /// The sidecar reads the clocks.
    fn see(&mut self, now: &Moment);
    /// The sidecar writes a line.
    fn write(&mut self, _: &Window) {}
    /// The sidecar has executed all actions but a read.
    fn executed(&mut self) {}
    /// The source is asked; the outcome is the next event.
    fn read(&mut self);
    /// Some time of a read has passed.
    fn note_in_read(&mut self) {}
    /// Some time has passed, or the clock was stepped.
    fn note(&mut self);
    /// The longest time until [`Life::note`].
    fn slice(&mut self) -> i64;
    fn any_step(&mut self) -> i64;

    fn execute(&mut self, actions: Vec<Action>) {
        self.running().wake_at = None;
        let mut reads = false;
        for action in actions {
            match action {
                Action::Read => reads = true,
                Action::WakeAt(time) => self.running().wake_at = Some(time),
                Action::Write(window) => self.write(&window),
                _ => {}
            }
        }
        self.executed();
        if reads {
            self.read();
        }
    }

    fn happens(&mut self, event: Event) {
        let now = self.machine().now();
        self.see(&now);
        self.machine().was_set = false;
        let control = self.running().control.as_mut();
        let actions = control.map(|control| control.handle(event, &now));
        self.execute(actions.unwrap_or_default());
    }

    /// The timer that wakes when the clock is set.
    fn look(&mut self) {
        if self.machine().was_set {
            self.happens(Event::Woken);
        }
    }

    /// Asks the source, whose answer takes four such times. The clock may be moved in one of them.
    fn ask(&mut self, time: i64, moved_in: Option<usize>) -> Claim {
        let mut claim = None;
        for part in 0..4 {
            self.machine().pass(time);
            self.wake_within_read();
            if moved_in == Some(part) {
                let by = self.any_step();
                self.machine().step(by);
                self.wake_within_read();
            }
            self.note_in_read();
            if part == 1 {
                claim = Some(self.machine().claim());
            }
        }
        claim.unwrap()
    }

    /// The loop is woken by a step while it waits for an answer.
    fn wake_within_read(&mut self) {
        if !std::mem::take(&mut self.machine().was_set) {
            return;
        }
        let now = self.machine().now();
        self.see(&now);
        let control = self.running().control.as_mut();
        let actions = control.map(|control| control.handle(Event::Woken, &now));
        for action in actions.unwrap_or_default() {
            if let Action::Write(window) = action {
                self.write(&window);
            }
        }
    }

    /// Lets true time pass, with all that is due in it.
    fn pass(&mut self, time: i64) {
        let end = self.machine().truth() + time;
        while self.machine().truth() < end {
            let slice = self.slice();
            let present = self.machine().instant();
            let due = self.running().wake_at;
            let due = due.map(|wake| wake.saturating_duration_since(present));
            let due = due.map_or(i64::MAX, |due| i64::try_from(due.as_nanos()).unwrap());
            if due == 0 {
                self.happens(Event::Woken);
                continue;
            }
            let left = end - self.machine().truth();
            // A slice, so that a step by the daemon is seen when it happens.
            self.machine().pass(left.min(due).min(slice).max(1));
            self.look();
            self.note();
        }
    }

    fn step(&mut self, by: i64) {
        self.machine().step(by);
        self.look();
        self.note();
    }

    /// Two steps between two samples, perhaps with a comparison in between.
    fn pair_of_steps(&mut self, pause: i64) {
        self.pass(pause);
        let by = self.any_step();
        self.step(by);
        let between = self.machine().rng.i64(1..3 * SECOND);
        self.pass(between);
        if self.machine().rng.bool() {
            self.machine().compare();
            self.look();
        }
        self.pass(SECOND / 2);
        let back = self.any_step();
        let by = if self.machine().rng.bool() { -by } else { back };
        self.step(by);
    }
}

/// Answers of the endpoint may come from a cache, which also hides that a correction has begun: the daemon then steps the
/// clock where it would have slewed it.
pub(crate) fn cache_for(machine: &mut Machine, time: i64) {
    machine.cached_for = time;
    if time > 0 {
        machine.stepped_from = 2 * MILLISECOND / 5;
    }
}

/// Makes a machine one whose clock is hardly ever corrected.
pub(crate) fn calm(machine: &mut Machine) {
    (machine.most_drift, machine.wander, machine.noise) = (10, 0, 1_000);
    machine.settle();
}

/// A number in the environment.
pub(crate) fn variable(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |given| given.parse().unwrap())
}
