//! A sidecar and its segment on a machine whose true time is known. The sidecar's decisions, the detector, the report and the
//! segment are the real ones.

mod lives;
mod tally;

use self::tally::Tally;
use super::*;
use crate::answer::clockbound::client;
use crate::clock::{AgeLimit, Limits, Report};
use crate::reading::tests::simulated::{Claim, MILLISECOND, Machine, SECOND};
use crate::sidecar::control::{Control, Event, RandomFractions};
use crate::sidecar::tests::life::{self, Life as _, Running, calm};
use crate::source::Sample;
use std::collections::HashSet;

const HOUR: i64 = 3_600 * SECOND;
/// How long a life lasts, in true time.
const LIFE: i64 = 1_500 * SECOND;
/// A process does not know the usual pace of the clock well until it has measured it nine times, for ten seconds each:
/// after a reading in that time, a correction may show only in part.
const YOUNG: i64 = 100 * SECOND;

/// What happens to a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing happens.
    Quiet,
    /// Moves of up to 5 ms, one every 90 s.
    SmallMoves,
    /// Moves of any size while the source is asked.
    MovesInsideReads,
    /// Steps, and an endpoint that answers from a cache.
    Steps,
    /// Two steps between two samples, with a comparison in between.
    PairsOfSteps,
    /// Restarts of the sidecar, with steps while it is down, and outages of the endpoint.
    Restarts,
    /// The daemon follows a server that is 10 ms off.
    Corrections,
    /// Steps, and an endpoint with two caches, so that reference times go back and forth.
    TwoCaches,
    /// Very many small moves, and a sidecar that is stopped while the clock is stepped.
    Freezes,
    /// Everything except restarts, bad servers and freezes.
    Everything,
}

struct Life {
    kind: Kind,
    machine: Machine,
    running: Running,
    memory: Memory,
    segment: Segment,
    /// How far the wall clock was ahead when the segment was written.
    written_at: TimeDelta,
    /// How far the daemon had slewed the clock by then.
    slewed: i64,
    endpoint_is_down: bool,
    /// When the process was started, in true time.
    started: i64,
    /// The last answer of the endpoint.
    answered: Option<Claim>,
    answered_at: i64,
    /// The wall clocks that the process has seen running, and those that only an earlier process has.
    seen: HashSet<u32>,
    seen_before: HashSet<u32>,
    next_tick: i64,
    next_wake: i64,
    tally: Tally,
}

fn rules() -> Rules {
    Rules {
        limits: Limits::any_error().with_max_age(AgeLimit::Off),
        ..RULES
    }
}

impl Life {
    fn new(kind: Kind, seed: u64) -> Self {
        let mut machine = Machine::new(fastrand::Rng::with_seed(seed));
        let polls = [16, 64, 256, 1_024];
        machine.poll = polls[machine.rng.usize(0..polls.len())] * SECOND;
        match kind {
            Kind::SmallMoves => machine.poll = 1_024 * SECOND,
            Kind::Corrections => {
                machine.poll = 16 * SECOND;
                machine.bad_samples = 10;
            }
            Kind::TwoCaches => {
                life::cache_for(&mut machine, 30 * SECOND);
                machine.has_two_caches = true;
            }
            Kind::Steps | Kind::Everything => {
                let time = [0, 10, 30][machine.rng.usize(0..3)] * SECOND;
                life::cache_for(&mut machine, time);
            }
            Kind::Quiet => calm(&mut machine),
            _ => {}
        }
        let mut life = Self {
            kind,
            machine,
            running: Running::default(),
            memory: Memory::default(),
            segment: unknown(Duration::ZERO, RULES.drift),
            written_at: TimeDelta::zero(),
            slewed: 0,
            endpoint_is_down: false,
            started: 0,
            answered: None,
            answered_at: 0,
            seen: HashSet::new(),
            seen_before: HashSet::new(),
            next_tick: 0,
            next_wake: 0,
            tally: Tally::default(),
        };
        life.start();
        life
    }

    fn present(&mut self) -> Present {
        let moment = self.machine.now();
        let coarse = self.machine.monotonic().as_nanos() / 4_000_000 * 4_000_000;
        Present {
            coarse: Duration::from_nanos(u64::try_from(coarse).unwrap()),
            resolution: Duration::from_millis(4),
            moment,
            difference: self.machine.difference(),
        }
    }

    /// Starts a sidecar, which takes over the segment.
    fn start(&mut self) {
        let now = self.present();
        self.seen_before.extend(self.seen.drain());
        self.seen.insert(self.machine.wall_clock());
        self.started = self.machine.truth();
        self.memory = Memory::default();
        if !self.written_at.is_zero() {
            self.memory.inherit(self.segment, self.written_at, &now);
        }
        let random = RandomFractions {
            delay: 0.0,
            offset: self.machine.rng.f64(),
        };
        let rules = crate::sidecar::Rules::TYPICAL;
        let (control, actions) = Control::start(&rules, random, now.moment.monotonic, &now.moment);
        self.running.control = Some(control);
        self.execute(actions);
    }

    fn publish(&mut self) {
        let Some(control) = &self.running.control else {
            return;
        };
        let observed = control.observed().clone();
        self.slewed = self.machine.slewed();
        let now = self.present();
        self.memory.take(&observed, &rules());
        self.memory.follow(&now);
        let segment = if self.memory.is_empty() {
            self.memory.inherited(&now, &rules())
        } else {
            Some(self.memory.segment(&now, &rules()))
        };
        if let Some(segment) = segment {
            self.segment = segment;
            self.written_at = self.memory.difference(&now);
        }
    }

    /// Compares the answers to a client and of `/clock` with true time.
    fn check(&mut self) {
        if self.running.control.is_none() {
            return;
        }
        // A client of the segment learns of a correction in progress only with the next write, up to a second later.
        if self.kind != Kind::Corrections && self.machine.slewed() != self.slewed {
            self.publish();
        }
        let error = self.machine.error();
        let now = self.present();
        let half = client::bound(&self.segment, now.coarse);
        if client::status(&self.segment, now.coarse) != Status::Unknown {
            let Tally { wrong, unseen, .. } = self.tally;
            let left = self.segment.void_after.saturating_sub(now.coarse);
            let knows = |seen: &HashSet<u32>| self.rests_on_one_of(seen);
            let knows = knows(&self.seen) || knows(&self.seen_before);
            self.count(error, half, HORIZON.saturating_sub(left), knows);
            self.tally.wrong_in_segment += self.tally.wrong - wrong;
            self.tally.unseen_in_segment += self.tally.unseen - unseen;
            self.tally.unseen = unseen;
        }
        let control = self.running.control.as_ref();
        let Some(reading) = control.and_then(|control| control.observed().last.clone()) else {
            return;
        };
        let limits = Limits::any_error().with_max_age(AgeLimit::Off);
        let report = Report::judge(&reading, &limits, &now.moment, RULES.drift);
        let (Some(bound), Some(_)) = (report.bound_now, report.interval) else {
            return;
        };
        let age = now.moment.since(&reading.requested);
        self.count(error, bound, age, self.rests_on_one_of(&self.seen));
        let claimed = reading.bound.unwrap().as_duration();
        let grown = claimed + RULES.drift.growth(age);
        self.tally.widest = self.tally.widest.max(bound.saturating_sub(grown));
        // An interface that sees it wakes the loop, once a second at most.
        if self.machine.truth() >= self.next_wake
            && reading.is_being_corrected(&now.moment, RULES.drift)
        {
            self.next_wake = self.machine.truth() + SECOND;
            self.happens(Event::Woken);
        }
    }

    /// Whether the daemon had compared one of these wall clocks before the last answer. If it compared one that ran only
    /// while the sidecar was stopped or dead, nobody knows how far that was from the present one.
    fn rests_on_one_of(&self, seen: &HashSet<u32>) -> bool {
        self.answered
            .is_none_or(|answered| seen.contains(&answered.compared))
    }

    /// Counts a range that rests on a reading of this age, and on a wall clock that the program knows or does not.
    fn count(&mut self, error: i64, half: Duration, age: Duration, knows: bool) {
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        self.tally.ranges += 1;
        let missing = error.abs() - nanos(half);
        if missing <= 0 {
            return;
        }
        let drift = nanos(RULES.drift.growth(age.max(RULES.sample_interval)));
        let was_young = (0..YOUNG).contains(&(self.answered_at - self.started));
        let slewed = self.machine.slewed() - self.answered.map_or(0, |answered| answered.slewed);
        if !knows {
            self.tally.unseen += 1;
        } else if missing <= drift && slewed > 0 {
            self.tally.within_drift += 1;
            self.tally.worst_within_drift = self.tally.worst_within_drift.max(missing);
        } else if missing <= drift + slewed && was_young {
            self.tally.while_young += 1;
        } else {
            self.tally.wrong += 1;
            self.tally.worst = self.tally.worst.max(missing);
        }
    }
}

impl life::Life for Life {
    fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    fn see(&mut self, _: &Moment) {
        self.seen.insert(self.machine.wall_clock());
    }

    fn executed(&mut self) {
        self.publish();
    }

    fn read(&mut self) {
        let requested = self.machine.now();
        let moves = self.kind == Kind::MovesInsideReads
            || self.kind == Kind::Everything && self.machine.rng.u8(0..10) == 0;
        let at = self.machine.rng.usize(0..4);
        let claim = self.ask(MILLISECOND, moves.then_some(at));
        let outcome = if self.endpoint_is_down {
            Err(ReadError::new(ReadErrorKind::Timeout, "none"))
        } else {
            self.answered = Some(claim);
            self.answered_at = self.machine.truth();
            Ok(self.machine.reading(claim, requested))
        };
        let at = self.machine.now();
        let sample = Sample::new(ClockSource::Ecs, at, outcome);
        self.happens(Event::Sampled(Box::new(sample)));
    }

    fn note(&mut self) {
        self.check();
    }

    fn slice(&mut self) -> i64 {
        if self.machine.truth() >= self.next_tick {
            self.next_tick = self.machine.truth() + SECOND;
            self.publish();
        }
        (self.next_tick - self.machine.truth()).min(250 * MILLISECOND)
    }

    fn any_step(&mut self) -> i64 {
        let rng = &mut self.machine.rng;
        let by = match rng.u8(0..4) {
            0 => rng.i64(1..5 * MILLISECOND),
            1 => rng.i64(MILLISECOND..50 * MILLISECOND),
            2 => rng.i64(MILLISECOND..20 * SECOND),
            _ => rng.i64(SECOND..3 * HOUR),
        };
        if rng.bool() { by } else { -by }
    }
}
