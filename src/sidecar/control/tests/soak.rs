//! Lives of a sidecar under random faults: each reading is on one line, in order and in time.
//!
//! `cargo test` plays 20,000 events; `SOAK_SEED=1 cargo test --lib soak_under -- --nocapture` a million with this seed.

mod ledger;

use std::collections::VecDeque;

use fastrand::Rng;

use self::ledger::Ledger;
use super::*;
use crate::source::Exchange;

/// How often something goes wrong, in ten thousand events.
#[derive(Debug, Clone, Copy, Default)]
struct Mood {
    errors: u32,
    flips: u32,
    steps: u32,
    small_moves: u32,
    stalls: u32,
    hangs: u32,
    withheld: u32,
    frozen: bool,
}

impl Mood {
    /// Mostly no faults, sometimes one kind, sometimes all.
    fn any(rng: &mut Rng, may_stall: bool) -> Self {
        let level = [0, 0, 10, 300, 5_000][rng.usize(..5)];
        let mut some = || if rng.bool() { level } else { 0 };
        Self {
            errors: some(),
            flips: some(),
            steps: some(),
            small_moves: some(),
            stalls: some() / 10 * u32::from(may_stall),
            hangs: some() / 10 * u32::from(may_stall),
            withheld: some(),
            frozen: level > 0 && rng.u8(..) < 10,
        }
    }
}

/// A sidecar's decisions, and a world that executes them and causes faults.
struct Life {
    rng: Rng,
    mood: Mood,
    /// Whether this machine is ever paused, and its endpoint ever hangs.
    may_stall: bool,
    control: Control,
    base: Instant,
    elapsed: Duration,
    moved: TimeDelta,
    /// How often the wall clock was moved.
    moves: u64,
    status: SyncStatus,
    /// The read in progress: when it began, and when it will end.
    read: Option<(Moment, Duration)>,
    cross_check: Option<(Moment, Duration)>,
    wake_at: Option<Instant>,
    ledger: Ledger,
    ended: bool,
}

fn rules(rng: &mut Rng) -> Rules {
    let emit_interval = Duration::from_secs([1, 10, 60][rng.usize(..3)]);
    let sample_ms = [100, 1_000, 10_000][rng.usize(..3)];
    Rules {
        sample_interval: Duration::from_millis(sample_ms).min(emit_interval),
        emit_interval,
        emit_jitter: emit_interval * rng.u32(..3) / 2,
        reading_by_reading: rng.u8(..) < 50,
        capacity: ledger::FORMAT.capacity(),
        in_ecs: rng.bool(),
        cross_check: rng.bool(),
        ..RULES
    }
}

impl Life {
    fn begin(mut rng: Rng) -> Self {
        let rules = rules(&mut rng);
        let random = RandomFractions {
            delay: rng.f64(),
            offset: rng.f64(),
        };
        let base = Instant::now();
        // From before 1970 to 2100.
        let moved = TimeDelta::seconds(rng.i64(-100_000_000..4_000_000_000));
        let start = Moment::new(DateTime::UNIX_EPOCH + moved, base);
        let (control, actions) = Control::start(&rules, random, base, &start);
        let may_stall = rng.bool();
        let mut life = Self {
            mood: Mood::default(),
            may_stall,
            control,
            base,
            elapsed: Duration::ZERO,
            moved,
            moves: 0,
            status: SyncStatus::Synchronized,
            read: None,
            cross_check: None,
            wake_at: None,
            ledger: Ledger::new(
                rules,
                fraction_of(rules.emit_jitter, random.delay),
                may_stall,
            ),
            ended: false,
            rng,
        };
        life.obey(actions);
        life
    }

    fn chance(&mut self, of_ten_thousand: u32) -> bool {
        self.rng.u32(..10_000) < of_ten_thousand
    }

    fn moment(&self) -> Moment {
        let passed = TimeDelta::from_std(self.elapsed).unwrap();
        let wall = DateTime::UNIX_EPOCH + passed + self.moved;
        Moment::new(wall, self.base + self.elapsed)
    }

    fn pass(&mut self, time: Duration) {
        self.elapsed += time;
        if self.mood.frozen {
            self.move_clock(-TimeDelta::from_std(time).unwrap());
        }
    }

    fn move_clock(&mut self, by: TimeDelta) {
        self.moved += by;
        self.moves += u64::from(by != TimeDelta::zero());
    }

    /// Moves the wall clock away, or corrects it.
    fn trouble_the_clock(&mut self) {
        if self.chance(self.mood.small_moves) {
            let by = TimeDelta::microseconds(self.rng.i64(-4_999..5_000));
            self.move_clock(by);
        }
        if self.chance(self.mood.steps) {
            let largest = [20, 5_000, 100_000, 30_000_000][self.rng.usize(..4)];
            let mut by = TimeDelta::milliseconds(self.rng.i64(-largest..largest));
            if self.chance(10) {
                // To the epoch, or back from it.
                by = TimeDelta::seconds(self.rng.i64(0..2_000_000_000)) - self.moved;
            }
            self.move_clock(by);
        }
    }

    /// How late an event that is due now is noticed.
    fn lateness(&mut self) -> Duration {
        let stalled = self.chance(self.mood.stalls);
        let most = if stalled { 90_000_000 } else { 2_000 };
        Duration::from_micros(self.rng.u64(1..most))
    }

    /// Lets the next thing happen.
    fn go_on(&mut self) {
        if self.chance(50) {
            self.mood = Mood::any(&mut self.rng, self.may_stall);
        }
        let wake = self.wake_at.map(|at| at.duration_since(self.base));
        let read = self.read.map(|(_, over)| over);
        let cross_check = self.cross_check.map(|(_, over)| over);
        let next = [wake, read, cross_check].into_iter().flatten().min();
        let next = next.unwrap();
        let mut left = next.saturating_sub(self.elapsed);
        let is_early = self.chance(100) && !left.is_zero();
        if is_early {
            // Another component has seen a step, or has not.
            left = left.mul_f64(self.rng.f64());
        }
        self.pass(left);
        self.trouble_the_clock();
        let lateness = self.lateness();
        if is_early || (Some(next) == wake && Some(next) != read) {
            self.pass(lateness);
            self.happens(Event::Woken);
        } else if Some(next) == read {
            self.finish_read(lateness);
        } else {
            self.finish_cross_check(lateness);
        }
    }

    fn finish_read(&mut self, lateness: Duration) {
        let (requested, _) = self.read.take().unwrap();
        if self.chance(20) {
            self.pass(lateness);
            return self.happens(Event::NotDue);
        }
        let at = self.moment();
        if self.chance(self.mood.flips) {
            let statuses = [
                SyncStatus::Synchronized,
                SyncStatus::NotSynchronized,
                SyncStatus::Unknown,
            ];
            self.status = statuses[self.rng.usize(..3)];
        }
        let error = |_| ReadError::new(ReadErrorKind::InvalidMember, "a member");
        let withheld = u32::from(self.chance(self.mood.withheld)) * self.rng.u32(1..4);
        let withheld: Vec<ReadError> = (0..withheld).map(error).collect();
        let outcome = if self.chance(self.mood.errors) {
            let kinds = [ReadErrorKind::Timeout, ReadErrorKind::Connection];
            Err(ReadError::new(kinds[self.rng.usize(..2)], "a fault"))
        } else {
            Ok(self.reading(requested, at))
        };
        self.ledger.sample(&outcome, withheld.len(), self.moves);
        // Something happens between the end of a read and reading the clocks. Often nothing follows, so its
        // effect stays.
        self.pass(lateness);
        let moves = self.moves;
        self.trouble_the_clock();
        if self.moves > moves && self.rng.bool() {
            self.mood = Mood::default();
        }
        self.happens(Event::Sampled(Box::new(Sample {
            source: ClockSource::Ecs,
            at,
            outcome,
            withheld,
            identity: None,
        })));
    }

    fn reading(&mut self, requested: Moment, taken: Moment) -> Reading {
        let mut reading = Reading::new(ClockSource::Ecs, requested, taken);
        reading.status = self.status;
        reading.bound = ErrorBound::from_millis(self.rng.f64() * 10.0)
            .ok()
            .filter(|_| self.rng.u8(..) > 5);
        let age = TimeDelta::seconds(self.rng.i64(0..900));
        reading.reference = (self.rng.u8(..) > 5).then(|| taken.wall - age);
        reading
    }

    fn finish_cross_check(&mut self, lateness: Duration) {
        let (requested, _) = self.cross_check.take().unwrap();
        let taken = self.moment();
        let offset = TimeDelta::microseconds(self.rng.i64(-20_000..20_000));
        self.pass(lateness);
        let outcome = match self.rng.u8(..10) {
            0 => None,
            1 => Some(Err(ReadError::new(ReadErrorKind::NtpOrigin, "foreign"))),
            _ => Some(Ok(Exchange {
                offset,
                distance: Duration::from_micros(300),
                reference: None,
                is_near_leap_second: false,
                requested,
                taken,
            })),
        };
        self.happens(Event::CrossChecked(outcome));
    }

    fn happens(&mut self, event: Event) {
        let now = self.moment();
        let actions = self.control.handle(event, &now);
        self.obey(actions);
        if !self.ended {
            self.ledger.nothing_is_late(now.monotonic);
        }
    }

    fn obey(&mut self, actions: Vec<Action>) {
        let now = self.moment();
        self.wake_at = None;
        for action in actions {
            assert!(!self.ended, "the end is the last action");
            match action {
                Action::Read => {
                    assert!(self.read.is_none(), "one read at a time");
                    self.read = Some((now, self.elapsed + self.duration_of_a_read()));
                }
                Action::CrossCheck => {
                    assert!(self.cross_check.is_none(), "one at a time");
                    self.cross_check = Some((now, self.elapsed + self.duration_of_a_read()));
                }
                Action::Write(window) => self.ledger.line(&window, now.monotonic),
                Action::Notify(notice, times) => self.ledger.notice(&notice, times, now.monotonic),
                Action::WakeAt(time) => {
                    assert!(time > now.monotonic, "it would run in circles");
                    self.wake_at = Some(time);
                }
                Action::End(_) => self.ended = true,
            }
        }
    }

    fn duration_of_a_read(&mut self) -> Duration {
        let hangs = self.chance(self.mood.hangs);
        let usual = [50, 50, 50, 5_000][self.rng.usize(..4)];
        let most = if hangs { 60_000 } else { usual };
        Duration::from_millis(self.rng.u64(1..most))
    }

    /// Ends the life, in one of several ways.
    fn end(mut self) -> Totals {
        if self.rng.bool() {
            self.happens(Event::StdoutClosed);
            let closed = self.elapsed;
            while !self.ended {
                self.go_on();
                // Restartable, and at most one look of a stalled process later.
                assert!(self.elapsed < closed + Duration::from_secs(3_600));
            }
        } else {
            self.happens(Event::Stop);
        }
        assert!(self.ended);
        self.ledger.close()
    }
}

/// What happened in one life or more.
#[derive(Debug, Default)]
struct Totals {
    readings: u64,
    errors: u64,
    lines: u64,
    steps: u64,
    status_changes: u64,
    notices: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.readings += other.readings;
        self.errors += other.errors;
        self.lines += other.lines;
        self.steps += other.steps;
        self.status_changes += other.status_changes;
        self.notices += other.notices;
    }
}

fn play(events: u64, longest_life: u64, seed: u64) {
    println!("SOAK_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let mut totals = Totals::default();
    let mut left = events;
    while left > 0 {
        let length = rng.u64(1..=longest_life).min(left);
        let mut life = Life::begin(rng.fork());
        for _ in 0..length {
            life.go_on();
        }
        totals += life.end();
        left -= length;
    }
    println!("{totals:?}");
    assert!(totals.steps > 0 && totals.errors > 0 && totals.status_changes > 0);
}

/// 20,000 events; a million with `SOAK_SEED=…`.
#[test]
fn a_soak_under_random_troubles() {
    match std::env::var("SOAK_SEED") {
        Ok(seed) => play(1_000_000, 50_000, seed.parse().unwrap()),
        Err(_) => play(20_000, 1_000, 1),
    }
}
