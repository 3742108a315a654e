//! Simulates days of a sidecar: what it reads, writes and reports, and when.

mod corrections;
mod cross_check;
mod fleet;
mod soak;
mod steps;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::reading::{ClockSource, ReadError, ReadErrorKind, Reading, SyncStatus};
use crate::time::ErrorBound;

const RULES: Rules = Rules::TYPICAL;

/// A summary of a line: when it was written and stamped, in seconds, and its content.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    at: u64,
    stamp: i64,
    readings: usize,
    errors: u64,
    step_ms: Option<i64>,
}

fn line(at: u64, stamp: i64, readings: usize) -> Line {
    Line {
        at,
        stamp,
        readings,
        errors: 0,
        step_ms: None,
    }
}

/// A source, an output and two clocks that obey the decisions. Seconds count from the start, at which
/// the wall clock shows the epoch.
struct World {
    control: Control,
    base: Instant,
    now: u64,
    moved: TimeDelta,
    /// How far a time daemon has slewed the clocks.
    slewed: Duration,
    actions: Vec<Action>,
    wake_at: Option<Instant>,
    reads: Vec<u64>,
    cross_checks: Vec<u64>,
    lines: Vec<Line>,
    notices: Vec<(u64, Notice)>,
    ended: Option<u64>,
}

impl World {
    fn start(rules: &Rules, delay: f64, offset: f64) -> Self {
        let base = Instant::now();
        let start = Moment::new(DateTime::UNIX_EPOCH, base);
        let random = RandomFractions { delay, offset };
        let (control, actions) = Control::start(rules, random, base, &start);
        let mut world = Self {
            control,
            base,
            now: 0,
            moved: TimeDelta::zero(),
            slewed: Duration::ZERO,
            actions,
            wake_at: None,
            reads: Vec::new(),
            cross_checks: Vec::new(),
            lines: Vec::new(),
            notices: Vec::new(),
            ended: None,
        };
        world.obey();
        world
    }

    fn moment(&self) -> Moment {
        let passed = Duration::from_secs(self.now);
        let wall = DateTime::UNIX_EPOCH + TimeDelta::from_std(passed).unwrap() + self.moved;
        let raw = (Duration::from_secs(1_000) + passed).saturating_sub(self.slewed);
        Moment::new(wall, self.base + passed).with_raw(raw)
    }

    fn happens(&mut self, event: Event) {
        self.actions = self.control.handle(event, &self.moment());
        self.obey();
    }

    fn obey(&mut self) {
        self.wake_at = None;
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::Read => self.reads.push(self.now),
                Action::CrossCheck => self.cross_checks.push(self.now),
                Action::Write(window) => self.lines.push(Line {
                    at: self.now,
                    stamp: window.stamp.timestamp(),
                    readings: window.readings.len(),
                    errors: window.read_errors,
                    step_ms: window.last_step.map(|by| by.num_milliseconds()),
                }),
                Action::Notify(notice, _) => self.notices.push((self.now, notice)),
                Action::WakeAt(time) => self.wake_at = Some(time),
                Action::End(_) => self.ended = Some(self.now),
            }
        }
    }

    /// Answers the read in progress with a synchronized reading.
    fn answer(&mut self) {
        self.answer_with(Ok(SyncStatus::Synchronized));
    }

    fn answer_with(&mut self, outcome: Result<SyncStatus, ReadErrorKind>) {
        let now = self.moment();
        self.answer_of([now, now], outcome);
    }

    /// Answers the read that was requested and answered at these moments.
    fn answer_of(
        &mut self,
        [requested, taken]: [Moment; 2],
        outcome: Result<SyncStatus, ReadErrorKind>,
    ) {
        let now = self.moment();
        let outcome = outcome.map(|status| {
            let mut reading = Reading::new(ClockSource::Ecs, requested, taken);
            reading.status = status;
            reading.bound = ErrorBound::from_millis(0.5).ok();
            reading.reference = Some(DateTime::UNIX_EPOCH);
            reading
        });
        let sample = Sample {
            source: ClockSource::Ecs,
            at: now,
            outcome: outcome.map_err(|kind| ReadError::new(kind, "")),
            withheld: Vec::new(),
            identity: None,
        };
        self.happens(Event::Sampled(Box::new(sample)));
    }

    /// Lets time pass until `second`, answering each read at once.
    fn run_until(&mut self, second: u64) {
        self.run_with(second, Self::answer);
    }

    fn run_with(&mut self, second: u64, mut answer: impl FnMut(&mut Self)) {
        let mut answered = self.reads.len();
        while let Some(wake_at) = self.wake_at {
            // To whole seconds, as a sleep that ends a little late.
            let wake_at = wake_at.duration_since(self.base);
            let wake_at = wake_at.as_secs() + u64::from(wake_at.subsec_nanos() > 0);
            if wake_at > second {
                break;
            }
            self.now = self.now.max(wake_at);
            self.happens(Event::Woken);
            while self.reads.len() > answered {
                answered += 1;
                answer(self);
            }
        }
        self.now = second;
    }
}

#[test]
fn a_day_of_health() {
    let mut world = World::start(&RULES, 0.5, 0.5);
    world.answer();
    world.run_until(86_400);
    assert_eq!(world.reads[..4], [0, 5, 15, 25]);
    assert_eq!(world.reads.len(), 1 + 8_640);
    // The first line at once; then one a minute, 15 s after its window closed.
    assert_eq!(
        world.lines[..4],
        [
            line(0, 0, 1),
            line(75, 55, 6),
            line(135, 115, 6),
            line(195, 175, 6)
        ]
    );
    assert_eq!(world.lines.len(), 1 + 1_439);
    assert_eq!(world.notices, []);
    let readings: usize = world.lines.iter().map(|line| line.readings).sum();
    world.happens(Event::Stop);
    assert_eq!(world.ended, Some(86_400));
    let last: usize = world.lines.iter().map(|line| line.readings).sum();
    assert_eq!(
        (readings, last),
        (8_635, 8_641),
        "nothing is lost at the end"
    );
}

#[test]
fn the_delay_is_a_share_of_the_jitter() {
    for (delay, at) in [(0.0, 60), (0.1, 63), (1.0, 90)] {
        let mut world = World::start(&RULES, delay, 0.0);
        world.answer();
        world.run_until(100);
        assert_eq!(world.lines[1].at, at, "{delay}");
    }
}

#[test]
fn the_second_read_comes_within_an_interval_and_the_others_an_interval_apart() {
    let mut world = World::start(&RULES, 0.5, 0.3);
    world.answer();
    world.run_until(40);
    assert_eq!(world.reads, [0, 3, 13, 23, 33]);
}

#[test]
fn a_lost_clock_is_said_within_one_sample_and_after_what_is_pending() {
    let mut world = World::start(&RULES, 1.0, 0.0);
    world.answer();
    world.run_until(65);
    world.run_with(70, |world| {
        world.answer_with(Ok(SyncStatus::NotSynchronized));
    });
    assert_eq!(
        world.lines[1..],
        [line(70, 50, 5), line(70, 60, 1), line(70, 70, 1)],
        "the pending window, the open one, the loss"
    );
    assert_eq!(
        world.notices,
        [(70, Notice::Status(SyncStatus::NotSynchronized))]
    );
}

#[test]
fn a_read_that_hangs_delays_nothing_else() {
    let mut world = World::start(&RULES, 0.0, 0.0);
    world.answer();
    world.run_until(59);
    // The read of second 60 does not return; the window is written anyway.
    world.run_with(200, |_| {});
    assert_eq!(world.lines[1], line(60, 50, 5));
    assert_eq!(world.reads.last(), Some(&60), "one read at a time");
    world.now = 203;
    world.answer_with(Err(ReadErrorKind::Timeout));
    assert_eq!(world.reads.last(), Some(&60), "missed samples are left out");
    world.run_until(210);
    assert_eq!(world.reads.last(), Some(&210));
}

#[test]
fn failures_are_counted_and_reported_once() {
    let mut world = World::start(&RULES, 0.0, 0.0);
    world.answer_with(Err(ReadErrorKind::Timeout));
    world.run_with(110, |world| world.answer_with(Err(ReadErrorKind::Timeout)));
    assert_eq!(
        world.lines,
        [
            Line {
                errors: 1,
                ..line(0, 0, 0)
            },
            Line {
                errors: 5,
                ..line(60, 50, 0)
            }
        ]
    );
    assert_eq!(world.notices.len(), 1);
    world.run_until(120);
    assert_eq!(world.notices.last(), Some(&(120, Notice::Recovered)));
}

#[test]
fn what_was_counted_is_still_reported_at_the_end() {
    let mut world = World::start(&RULES, 0.0, 1.0);
    for n in 0..6 {
        let is_lost = n % 2 == 1;
        world.answer_with(Ok(if is_lost {
            SyncStatus::NotSynchronized
        } else {
            SyncStatus::Synchronized
        }));
    }
    assert_eq!(world.notices.len(), 3);
    world.happens(Event::Stop);
    assert_eq!(world.notices.len(), 4, "the last two of five changes");
}

#[test]
fn once_is_one_reading_and_out() {
    let rules = Rules {
        once: true,
        ..RULES
    };
    let mut world = World::start(&rules, 1.0, 1.0);
    world.answer();
    assert_eq!((world.ended, world.control.had_reading()), (Some(0), true));
    assert_eq!(world.lines, [line(0, 0, 1)]);
    let mut world = World::start(&rules, 1.0, 1.0);
    world.answer_with(Err(ReadErrorKind::Timeout));
    assert_eq!((world.ended, world.control.had_reading()), (Some(0), false));
    assert_eq!(world.lines.len(), 1, "the failure is written too");
}

#[test]
fn when_stdout_is_closed_it_stays_until_it_can_be_restarted() {
    for (in_ecs, closed_at, ends_at) in [(true, 20, 65), (true, 80, 80), (false, 20, 20)] {
        let mut world = World::start(&Rules { in_ecs, ..RULES }, 0.0, 0.0);
        world.answer();
        world.run_until(closed_at);
        world.happens(Event::StdoutClosed);
        while world.ended.is_none() && world.now < 100 {
            let next = world.now + 1;
            world.run_until(next);
        }
        assert_eq!(world.ended, Some(ends_at), "closed at {closed_at}");
        let closed = |(_, notice): &&(u64, Notice)| *notice == Notice::StdoutClosed;
        assert_eq!(world.notices.iter().filter(closed).count(), 1);
    }
}

#[test]
fn by_the_second_every_reading_is_a_line() {
    let rules = Rules {
        reading_by_reading: true,
        sample_interval: Duration::from_secs(1),
        ..RULES
    };
    let mut world = World::start(&rules, 1.0, 0.0);
    world.answer();
    world.run_until(30);
    assert_eq!(world.lines.len(), world.reads.len());
    assert!(
        world
            .lines
            .iter()
            .all(|line| i64::try_from(line.at) == Ok(line.stamp))
    );
}

#[test]
fn a_source_that_is_not_due_makes_no_reading_and_no_error() {
    let mut world = World::start(&RULES, 0.0, 1.0);
    world.answer();
    world.run_with(100, |world| {
        if world.now % 20 == 0 {
            world.answer();
        } else {
            world.happens(Event::NotDue);
        }
    });
    assert_eq!(world.lines[1], line(60, 40, 2));
    assert_eq!(world.reads.len(), 11);
}

#[test]
fn a_loop_that_was_held_up_reports_its_longest_delay() {
    let mut world = World::start(&RULES, 0.0, 1.0);
    world.answer();
    world.run_until(8);
    // The sample of 10 s.
    world.now = 13;
    world.happens(Event::Woken);
    assert_eq!(world.control.longest_pause, Duration::from_secs(3));
    world.answer();
    world.run_until(61);
    assert_eq!(
        world.control.longest_pause,
        Duration::ZERO,
        "it is on a line"
    );
}
