//! A sidecar on a machine whose true time is known, and what the report makes of its lines. The sidecar's decisions, its
//! lines and the report are the real ones.

mod judge;
mod lives;

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::reading::tests::simulated::{MILLISECOND, Machine, SECOND};
use crate::reading::{ClockSource, ReadError, ReadErrorKind, Reading, SyncStatus, TaskIdentity};
use crate::sidecar::Rules;
use crate::sidecar::control::{Control, Event, RandomFractions};
use crate::sidecar::line::{self, Dimensions, Format, KnownTask, Metric, StorageResolution};
use crate::sidecar::line::{Tally, Template};
use crate::sidecar::tests::life::{self, Life as _, Running, calm};
use crate::sidecar::window::Window;
use crate::source::Sample;
use crate::time::{DriftRate, Moment};

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
    running: Running,
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
            running: Running::default(),
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
        self.running.control = Some(control);
        self.execute(actions);
    }

    /// Ends the sidecar: it is stopped, or killed with the lines that it has not written.
    fn end(&mut self) {
        if self.machine.rng.bool() {
            self.happens(Event::Stop);
        }
        self.running = Running::default();
    }

    /// A source that has compared the clock since a step knows of it.
    fn learn(&mut self, reading: &Reading) {
        let Some(reference) = reading.reference.map(|time| time.timestamp()) else {
            return;
        };
        let truth = self.machine.truth();
        self.blind_to
            .take_if(|(before, until)| truth > *until && reference != before.timestamp());
    }
}

impl life::Life for Life {
    fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    fn see(&mut self, now: &Moment) {
        self.moments.insert(now.wall, self.machine.truth());
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

    fn read(&mut self) {
        let requested = self.machine.now();
        let moves = matches!(self.kind, Kind::MovesInsideReads | Kind::Everything)
            && self.machine.rng.u8(..50) == 0;
        let slow = [1, 1, 10, 400][self.machine.rng.usize(..4)];
        let at = self.machine.rng.usize(..4);
        let claim = self.ask(slow * MILLISECOND, moves.then_some(at));
        let outcome = if self.endpoint_is_down {
            Err(ReadError::new(ReadErrorKind::Timeout, "none"))
        } else {
            let mut reading = self.machine.reading(claim, requested);
            self.learn(&reading);
            if !self.is_synchronized && reading.status == SyncStatus::Synchronized {
                reading.status = SyncStatus::NotSynchronized;
            }
            self.see(&reading.taken);
            Ok(reading)
        };
        let at = self.machine.now();
        self.see(&at);
        let sample = Sample::new(ClockSource::Ecs, at, outcome);
        self.happens(Event::Sampled(Box::new(sample)));
    }

    fn note_in_read(&mut self) {
        self.note();
    }

    /// Notes what is true.
    fn note(&mut self) {
        let (at, error) = (self.machine.truth(), self.machine.error());
        self.truths.push(Truth {
            at,
            wall: at + error,
            error,
            is_watched: self.running.control.is_some(),
            is_excepted: self.blind_to.is_some(),
        });
    }

    fn slice(&mut self) -> i64 {
        500 * MILLISECOND
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
            let time = [0, 10, 30][machine.rng.usize(..3)] * SECOND;
            life::cache_for(machine, time);
            machine.has_two_caches = kind == Kind::Steps && time > 0;
        }
        Kind::Quiet => calm(machine),
        _ => {}
    }
}
