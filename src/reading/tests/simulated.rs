//! A machine whose true time is known: an oscillator, a time daemon, and an endpoint that may answer from a cache.
//! Tests compare ranges with its true time. All times are nanoseconds.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use crate::reading::clock_reading::Reading;
use crate::reading::status::{ClockSource, SyncStatus};
use crate::time::{ErrorBound, Moment};

/// 2026, so that nothing saturates.
pub(crate) const EPOCH: i64 = 1_790_000_000_000_000_000;
pub(crate) const MILLISECOND: i64 = 1_000_000;
pub(crate) const SECOND: i64 = 1_000_000_000;

/// What the daemon reports.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    bound: i64,
    reference: DateTime<Utc>,
    /// The number of the wall clock that the daemon compared.
    pub(crate) compared: u32,
    /// How far the daemon had slewed the clock until then, in either direction.
    pub(crate) slewed: i64,
}

#[derive(Debug)]
pub(crate) struct Machine {
    start: Instant,
    pub(crate) rng: Rng,
    /// True time since the start.
    truth: i64,
    raw: i64,
    monotonic: i64,
    /// When the clocks were last read.
    read: Duration,
    /// The wall clock minus true time.
    offset: i64,
    /// How often the wall clock was set, which is its number, and the number of the one that was compared last.
    wall_clock: u32,
    compared: u32,
    /// How far the daemon has slewed the clock, in either direction.
    slewed: i64,
    /// The oscillator's rate against true time, and the daemon's correction of it, in parts per billion.
    rate: i64,
    correction: i64,
    /// What the daemon still has to correct, and its rate in parts per billion.
    to_slew: i64,
    slew_rate: i64,
    /// The part of the error that the daemon does not know.
    unknown: i64,
    reference: DateTime<Utc>,
    /// The time between two comparisons, and when the next one is due.
    pub(crate) poll: i64,
    next_poll: i64,
    /// How long the endpoint answers from its cache.
    pub(crate) cached_for: i64,
    cache: Option<(Claim, i64)>,
    /// Whether there are two caches, either of which may answer.
    pub(crate) has_two_caches: bool,
    other_cache: Option<(Claim, i64)>,
    /// The largest rate that the daemon's correction leaves, in parts per billion. A good daemon leaves less than one
    /// part per million.
    pub(crate) most_drift: i64,
    /// How much the oscillator's rate changes from one comparison to the next, in parts per billion.
    pub(crate) wander: i64,
    /// The daemon steps the clock if it is off by more, and slews it otherwise.
    pub(crate) stepped_from: i64,
    /// How imprecise the daemon's measurements are.
    pub(crate) noise: i64,
    /// The share of comparisons, in percent, with a server that is far off.
    pub(crate) bad_samples: u32,
    /// Whether somebody else moved the clock since the last comparison.
    pub(crate) is_moved: bool,
    /// How often the wall clock was set since the last look.
    pub(crate) was_set: bool,
}

impl Machine {
    pub(crate) fn new(mut rng: Rng) -> Self {
        let rate = rng.i64(-50_000..=50_000);
        let mut machine = Self {
            start: Instant::now(),
            rng,
            truth: 0,
            raw: 1_000 * SECOND,
            monotonic: 0,
            read: Duration::ZERO,
            offset: 0,
            wall_clock: 0,
            compared: 0,
            slewed: 0,
            rate,
            correction: -rate,
            to_slew: 0,
            slew_rate: 0,
            unknown: 0,
            reference: DateTime::UNIX_EPOCH,
            poll: 16 * SECOND,
            next_poll: 0,
            cached_for: 0,
            cache: None,
            has_two_caches: false,
            other_cache: None,
            most_drift: 3_000,
            wander: 500,
            stepped_from: 100 * MILLISECOND,
            noise: 200_000,
            bad_samples: 0,
            is_moved: false,
            was_set: false,
        };
        machine.compare();
        machine
    }

    /// Lets the last correction end, on an oscillator whose rate the daemon knows.
    pub(crate) fn settle(&mut self) {
        self.correction = -self.rate;
        self.compare();
        self.pass(60 * SECOND);
    }

    /// True time since the start.
    pub(crate) fn truth(&self) -> i64 {
        self.truth
    }

    /// The number of the wall clock that runs.
    pub(crate) fn wall_clock(&self) -> u32 {
        self.wall_clock
    }

    /// The number of the wall clock that was compared last.
    pub(crate) fn compared(&self) -> u32 {
        self.compared
    }

    /// How far the daemon has slewed the clock, in either direction.
    pub(crate) fn slewed(&self) -> i64 {
        self.slewed
    }

    /// The wall clock minus true time.
    pub(crate) fn error(&self) -> i64 {
        self.offset
    }

    /// How far the wall clock is ahead of the monotonic clock.
    pub(crate) fn difference(&self) -> TimeDelta {
        TimeDelta::nanoseconds(EPOCH + self.truth + self.offset - self.monotonic)
    }

    /// The monotonic clock since the start.
    pub(crate) fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic.unsigned_abs())
    }

    fn wall(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(EPOCH + self.truth + self.offset)
    }

    /// The present moment. As on a real machine, the clocks are not read at the same instant, and no read shows an
    /// earlier time than the one before: a step between two reads at the same true time would not be seen.
    pub(crate) fn now(&mut self) -> Moment {
        let width = self.rng.u64(30..200);
        let late = Duration::from_nanos(self.rng.u64(0..=width));
        self.read = self.read.max(self.monotonic() + late);
        let width = Duration::from_nanos(width).max(self.read.saturating_sub(self.monotonic()));
        let raw = Duration::from_nanos(self.raw.unsigned_abs());
        Moment::new(self.wall(), self.start + self.read)
            .with_raw(raw)
            .read_within(width)
    }

    pub(crate) fn instant(&self) -> Instant {
        self.start + self.monotonic()
    }

    /// Lets true time pass. The daemon compares the clock when it is due.
    pub(crate) fn pass(&mut self, time: i64) {
        let end = self.truth + time;
        while self.next_poll <= end {
            self.run(self.next_poll - self.truth);
            self.compare();
        }
        self.run(end - self.truth);
    }

    fn run(&mut self, time: i64) {
        let share = |ppb: i64| {
            let share = i128::from(time) * i128::from(ppb) / 1_000_000_000;
            i64::try_from(share).unwrap()
        };
        let most = share(self.slew_rate);
        let slewed = self.to_slew.clamp(-most, most);
        let drifted = share(self.rate + self.correction);
        self.to_slew -= slewed;
        self.slewed += slewed.abs();
        self.truth += time;
        self.raw += time + share(self.rate);
        self.monotonic += time + drifted + slewed;
        self.offset += drifted + slewed;
        self.unknown += drifted.abs();
    }

    /// The daemon compares the clock with its server, which reveals all moves, and corrects it.
    pub(crate) fn compare(&mut self) {
        let is_bad = self.rng.u32(0..100) < self.bad_samples;
        let precision = if is_bad { 10 * MILLISECOND } else { 300_000 };
        let mistaken = if is_bad {
            precision * [-1, 1][self.rng.usize(0..2)]
        } else {
            self.rng.i64(-self.noise..=self.noise)
        };
        let measured = self.offset + mistaken;
        // chrony's time is up to a second too early on purpose.
        let early = TimeDelta::nanoseconds(self.rng.i64(0..SECOND));
        if measured.abs() >= self.stepped_from {
            self.offset -= measured;
            self.to_slew = 0;
            self.wall_clock += 1;
            self.was_set = true;
        } else {
            self.to_slew = -measured;
            // Over some seconds, as a daemon would.
            self.slew_rate = (measured.abs() / self.rng.i64(2..20)).clamp(1_000, 2_000_000);
        }
        self.reference = self.wall() - early;
        self.compared = self.wall_clock;
        self.unknown = precision;
        self.is_moved = false;
        // The oscillator changes with the temperature, and the daemon follows roughly.
        self.rate += self.rng.i64(-self.wander..=self.wander);
        let left = self.rate + self.correction;
        if left.abs() > self.most_drift {
            self.correction -= left / 2;
        }
        self.next_poll = self.truth + self.poll + self.rng.i64(0..=self.poll / 16);
    }

    /// The time of the last comparison.
    pub(crate) fn reference(&self) -> DateTime<Utc> {
        self.reference
    }

    /// Another program sets the wall clock.
    pub(crate) fn step(&mut self, by: i64) {
        self.offset += by;
        self.wall_clock += 1;
        self.was_set = true;
        self.is_moved = true;
    }

    /// What the endpoint answers.
    pub(crate) fn claim(&mut self) -> Claim {
        if self.has_two_caches && self.rng.bool() {
            std::mem::swap(&mut self.cache, &mut self.other_cache);
        }
        if let Some((claim, until)) = self.cache
            && self.truth < until
        {
            return claim;
        }
        let claim = Claim {
            bound: self.to_slew.abs() + self.unknown,
            reference: self.reference,
            compared: self.compared,
            slewed: self.slewed,
        };
        self.cache = Some((claim, self.truth + self.cached_for));
        claim
    }

    /// A reading of a claim that was asked for at `requested`, as the source passes it on.
    pub(crate) fn reading(&mut self, claim: Claim, requested: Moment) -> Reading {
        let taken = self.now();
        let mut reading = Reading::new(ClockSource::Ecs, requested, taken);
        reading.status = SyncStatus::Synchronized;
        let bound = Duration::from_nanos(claim.bound.unsigned_abs());
        reading.bound = ErrorBound::try_from(bound).ok();
        // The endpoint may cut off the fraction of a second.
        let reference = if self.cached_for > 0 {
            DateTime::from_timestamp(claim.reference.timestamp(), 0).unwrap()
        } else {
            claim.reference
        };
        reading.reference = Some(reference);
        let _ = reading.withhold_contradiction();
        reading
    }
}

#[test]
fn no_read_shows_an_earlier_time_than_the_one_before() {
    let mut machine = Machine::new(Rng::with_seed(1));
    let mut last = machine.now();
    for _ in 0..1_000 {
        let now = machine.now();
        assert!(now.monotonic >= last.monotonic);
        assert!(now.monotonic.saturating_duration_since(machine.instant()) <= now.width());
        last = now;
    }
}
