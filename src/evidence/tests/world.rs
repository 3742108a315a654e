//! A sidecar on a machine whose true time is known, and what the report makes of its lines. The sidecar's decisions, its
//! lines and the report are the real ones.

mod judge;
mod lives;

use std::collections::HashMap;
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::reading::simulated::{MILLISECOND, Machine, SECOND};
use crate::reading::{ClockSource, ReadError, ReadErrorKind, Reading, SyncStatus, TaskIdentity};
use crate::sidecar::Rules;
use crate::sidecar::control::{Action, Control, Event, RandomFractions};
use crate::sidecar::line::{self, Dimensions, Format, KnownTask, Metric, StorageResolution};
use crate::sidecar::line::{Tally, Template};
use crate::sidecar::window::Window;
use crate::source::Sample;
use crate::time::DriftRate;

/// How much true time a life has.
const LIFE: i64 = 3_000 * SECOND;

/// What happens to a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing.
    Quiet,
    /// Moves of up to 5 ms. Some are taken back before the next sample.
    SmallMoves,
    /// Moves of any size while the source is asked.
    MovesInsideReads,
    /// Steps, and an endpoint that answers from a cache.
    Steps,
    /// Two steps between two samples, with a comparison in between.
    PairsOfSteps,
    /// Restarts of the sidecar, with steps while it is down.
    Restarts,
    /// The daemon follows a server that is 10 ms off.
    Corrections,
    /// Reads fail and synchronization is lost, with small moves meanwhile.
    Outages,
    /// A sidecar that is stopped while the clock is stepped.
    Freezes,
    /// All of it but for bad servers and freezes.
    Everything,
}

/// What was true at a moment.
#[derive(Debug, Clone, Copy)]
struct Truth {
    /// True time, and what the task's clock showed, in nanoseconds.
    at: i64,
    wall: i64,
    /// The wall clock minus true time.
    error: i64,
    /// Whether a sidecar was running.
    is_watched: bool,
    /// Whether the report is not promised to know of the error.
    is_excepted: bool,
}

/// A line that was written.
#[derive(Debug)]
struct Written {
    process: usize,
    text: String,
    /// The true time of the end of what it covers.
    end: i64,
    is_lost: bool,
}

struct Life {
    kind: Kind,
    machine: Machine,
    rules: Rules,
    format: Format,
    template: Template,
    control: Option<Control>,
    wake_at: Option<Instant>,
    processes: usize,
    sequence: u64,
    lines: Vec<Written>,
    /// The share of lines that are lost, in percent.
    lost: u32,
    /// True time by what the clock showed, for every moment that may be on a line.
    moments: HashMap<DateTime<Utc>, i64>,
    truths: Vec<Truth>,
    endpoint_is_down: bool,
    is_synchronized: bool,
    /// The clock was moved before the sidecar's start or while it was paused, and the source has not compared it since: the
    /// source's reference time then, and until when a cache may repeat an older one.
    blind_to: Option<(DateTime<Utc>, i64)>,
}

fn format(resolution: StorageResolution) -> Format {
    let metrics = Metric::ALL.iter().copied();
    Format {
        namespace: "ECS/ClockAccuracy".to_owned(),
        dimensions: Dimensions::Default,
        properties: Vec::new(),
        metrics: metrics.filter(|metric| metric.is_default()).collect(),
        resolution,
        drift: DriftRate::DEFAULT,
    }
}

fn identity() -> KnownTask {
    KnownTask::from(&TaskIdentity {
        cluster: Some("production".into()),
        service: Some("ledger".into()),
        task_id: Some(super::TASK.into()),
        ..TaskIdentity::default()
    })
}

impl Life {
    fn new(kind: Kind, seed: u64) -> Self {
        let mut machine = Machine::new(fastrand::Rng::with_seed(seed));
        prepare(&mut machine, kind);
        let second = std::time::Duration::from_secs(1);
        let (sample, emit) =
            [(10, 60), (10, 60), (10, 10), (1, 10), (1, 60)][machine.rng.usize(..5)];
        let by_reading = machine.rng.u8(..10) == 0;
        let resolution = if by_reading {
            StorageResolution::Second
        } else {
            StorageResolution::Minute
        };
        let format = format(resolution);
        let rules = Rules {
            sample_interval: second * sample,
            emit_interval: second * emit,
            emit_jitter: second * emit / 2,
            reading_by_reading: format.is_reading_by_reading(),
            capacity: format.capacity(),
            ..Rules::TYPICAL
        };
        let mut life = Self {
            kind,
            rules,
            template: Template::new(&format, &identity(), DateTime::UNIX_EPOCH),
            format,
            control: None,
            wake_at: None,
            processes: 0,
            sequence: 0,
            lines: Vec::new(),
            lost: if kind == Kind::Quiet {
                0
            } else {
                [0, 0, 2, 20][machine.rng.usize(..4)]
            },
            moments: HashMap::new(),
            truths: Vec::new(),
            endpoint_is_down: false,
            is_synchronized: true,
            blind_to: None,
            machine,
        };
        life.start();
        life
    }

    /// Starts a sidecar.
    fn start(&mut self) {
        let now = self.machine.now();
        (self.processes, self.sequence) = (self.processes + 1, 0);
        if self.machine.is_moved {
            let until = self.machine.truth() + self.machine.cached_for;
            self.blind_to = Some((self.machine.reference(), until));
        }
        self.template = Template::new(&self.format, &identity(), now.wall);
        let random = RandomFractions {
            delay: self.machine.rng.f64(),
            offset: self.machine.rng.f64(),
        };
        let (control, actions) = Control::start(&self.rules, random, now.monotonic, &now);
        self.control = Some(control);
        self.execute(actions);
    }

    /// Ends the sidecar: it is stopped, or killed with the lines that it has not written.
    fn end(&mut self) {
        if self.machine.rng.bool() {
            self.happens(Event::Stop);
        }
        self.control = None;
        self.wake_at = None;
    }

    fn execute(&mut self, actions: Vec<Action>) {
        self.wake_at = None;
        let mut reads = false;
        for action in actions {
            match action {
                Action::Read => reads = true,
                Action::WakeAt(time) => self.wake_at = Some(time),
                Action::Write(window) => self.write(&window),
                _ => {}
            }
        }
        if reads {
            self.read();
        }
    }

    fn write(&mut self, window: &Window) {
        self.sequence += 1;
        let tally = Tally {
            sequence: self.sequence,
            lines_dropped: 0,
            answer_errors: 0,
        };
        let line = line::render(&self.format, &self.template, window, &tally);
        self.lines.push(Written {
            process: self.processes,
            text: String::from_utf8(line).unwrap(),
            end: self.moments[&window.stamp],
            is_lost: self.machine.rng.u32(..100) < self.lost,
        });
    }

    fn happens(&mut self, event: Event) {
        let now = self.machine.now();
        self.moments.insert(now.wall, self.machine.truth());
        self.machine.was_set = false;
        let actions = self
            .control
            .as_mut()
            .map(|control| control.handle(event, &now));
        self.execute(actions.unwrap_or_default());
    }

    /// The timer that wakes when the clock is set.
    fn look(&mut self) {
        if self.machine.was_set {
            self.happens(Event::Woken);
        }
    }

    fn read(&mut self) {
        let requested = self.machine.now();
        let moves = matches!(self.kind, Kind::MovesInsideReads | Kind::Everything)
            && self.machine.rng.u8(..50) == 0;
        let slow = [1, 1, 10, 400][self.machine.rng.usize(..4)];
        let mut claim = None;
        let at = self.machine.rng.usize(..4);
        for part in 0..4 {
            self.machine.pass(slow * MILLISECOND);
            self.wake_within_read();
            if moves && part == at {
                let by = self.any_step();
                self.machine.step(by);
                self.wake_within_read();
            }
            self.note();
            if part == 1 {
                claim = Some(self.machine.claim());
            }
        }
        let outcome = match claim.filter(|_| !self.endpoint_is_down) {
            Some(claim) => Ok(self.machine.reading(claim, requested)),
            None => Err(ReadError::new(ReadErrorKind::Timeout, "none")),
        };
        let outcome = outcome.map(|mut reading: Reading| {
            self.learn(&reading);
            if !self.is_synchronized {
                reading.status = SyncStatus::NotSynchronized;
            }
            self.moments
                .insert(reading.taken.wall, self.machine.truth());
            reading
        });
        let at = self.machine.now();
        self.moments.insert(at.wall, self.machine.truth());
        let sample = Sample::new(ClockSource::Ecs, at, outcome);
        self.happens(Event::Sampled(Box::new(sample)));
    }

    /// A source that has compared the clock since a step knows of it.
    fn learn(&mut self, reading: &Reading) {
        let reference = reading.reference.unwrap().timestamp();
        let truth = self.machine.truth();
        self.blind_to
            .take_if(|(before, until)| truth > *until && reference != before.timestamp());
    }

    /// The loop is woken by a step while it waits for an answer.
    fn wake_within_read(&mut self) {
        if !std::mem::take(&mut self.machine.was_set) {
            return;
        }
        let now = self.machine.now();
        self.moments.insert(now.wall, self.machine.truth());
        let Some(control) = &mut self.control else {
            return;
        };
        for action in control.handle(Event::Woken, &now) {
            if let Action::Write(window) = action {
                self.write(&window);
            }
        }
    }

    /// Lets true time pass, with all that is due in it.
    fn pass(&mut self, time: i64) {
        let end = self.machine.truth() + time;
        while self.machine.truth() < end {
            let due = self
                .wake_at
                .map(|wake| wake.saturating_duration_since(self.machine.instant()));
            let due = due.map_or(i64::MAX, |due| i64::try_from(due.as_nanos()).unwrap());
            if due == 0 {
                self.happens(Event::Woken);
                continue;
            }
            let left = end - self.machine.truth();
            // A slice, so that a step by the daemon is seen when it happens.
            self.machine.pass(left.min(due).clamp(1, 500 * MILLISECOND));
            self.look();
            self.note();
        }
    }

    /// Notes what is true.
    fn note(&mut self) {
        let (at, error) = (self.machine.truth(), self.machine.error());
        self.truths.push(Truth {
            at,
            wall: at + error,
            error,
            is_watched: self.control.is_some(),
            is_excepted: self.blind_to.is_some(),
        });
    }

    fn any_step(&mut self) -> i64 {
        let rng = &mut self.machine.rng;
        let by = match rng.u8(..16) {
            0..6 => rng.i64(1..5 * MILLISECOND),
            6..12 => rng.i64(MILLISECOND..50 * MILLISECOND),
            12..15 => rng.i64(MILLISECOND..20 * SECOND),
            _ => rng.i64(SECOND..10_800 * SECOND),
        };
        if rng.bool() { by } else { -by }
    }

    fn step(&mut self, by: i64) {
        self.note();
        self.machine.step(by);
        self.look();
        self.note();
    }
}

/// Makes a machine one to which this may happen.
fn prepare(machine: &mut Machine, kind: Kind) {
    machine.poll = [16, 64, 256, 1_024][machine.rng.usize(..4)] * SECOND;
    if matches!(kind, Kind::Steps | Kind::PairsOfSteps | Kind::Restarts) {
        machine.poll = [16, 64][machine.rng.usize(..2)] * SECOND;
    }
    match kind {
        Kind::Corrections => {
            machine.poll = 16 * SECOND;
            machine.bad_samples = 10;
        }
        Kind::Steps | Kind::Everything => {
            machine.cached_for = [0, 10, 30][machine.rng.usize(..3)] * SECOND;
            machine.has_two_caches = kind == Kind::Steps && machine.cached_for > 0;
            if machine.cached_for > 0 {
                // A cache also hides that a correction has begun, which is beyond the promise.
                machine.stepped_from = 2 * MILLISECOND / 5;
            }
        }
        Kind::Quiet => {
            (machine.most_drift, machine.wander, machine.noise) = (10, 0, 1_000);
            machine.settle();
        }
        _ => {}
    }
}
