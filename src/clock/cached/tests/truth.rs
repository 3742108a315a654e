//! A machine with known true time: its clock drifts, and is slewed and stepped by its daemon and by others.
//! No range ever excludes true time.

use std::sync::Mutex as StdMutex;

use super::*;

/// One thing that happens to the machine.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Time passes.
    Pass(Duration),
    /// A program other than the daemon steps the wall clock, by nanoseconds.
    Step(i64),
    /// The daemon compares the clock with its source: it knows the error, and corrects it.
    Poll(Correction),
    /// The daemon loses its sources, and may report that.
    Lose { says_so: bool },
    /// The application asks.
    Ask,
}

#[derive(Debug, Clone, Copy)]
enum Correction {
    /// By slewing from now on.
    Slew,
    /// At once.
    Step,
}

/// The state of the machine, in nanoseconds.
#[derive(Debug)]
struct Machine {
    start: Instant,
    state: StdMutex<State>,
}

#[derive(Debug)]
struct State {
    /// True time since the start.
    truth: i64,
    /// The monotonic clock since the start.
    monotonic: i64,
    /// The wall clock minus true time.
    offset: i64,
    /// The oscillator's drift, in parts per billion.
    drift: i64,
    /// The offset that the daemon believes it still has to slew.
    to_slew: i64,
    /// The most that the wall clock is off, as far as the daemon knows: it does not see steps by others.
    bound: i64,
    /// The wall-clock time of the last poll.
    reference: DateTime<Utc>,
    status: SyncStatus,
    /// By how much the clock was stepped since the last look, and whether the daemon has seen that.
    stepped: i64,
    step_seen_by_daemon: bool,
    /// A step that comes while the source is read.
    during_read: Option<i64>,
    reads: usize,
}

/// The fastest slew, in parts per million.
const SLEW: i64 = 500;
/// Every daemon slews smaller offsets.
const STEPPED_FROM: i64 = 100_000_000;
/// The precision of the daemon's measurements, in nanoseconds.
const MARGIN: i64 = 400_000;
/// The largest drift of the oscillator, in parts per billion: less than the growth of bounds.
const MOST_DRIFT: i64 = 14_000;

impl State {
    fn pass(&mut self, truth: i64) {
        let drifted = truth / 1_000 * self.drift / 1_000_000;
        let most = truth / 1_000_000 * SLEW;
        let slewed = self.to_slew.clamp(-most, most);
        self.to_slew -= slewed;
        self.truth += truth;
        // Slewing moves both clocks alike.
        self.offset += drifted - slewed;
        self.monotonic += truth + drifted - slewed;
        self.bound += drifted.abs();
    }

    fn poll(&mut self, correction: Correction) {
        match correction {
            Correction::Step if self.offset.abs() >= STEPPED_FROM => {
                self.stepped -= self.offset;
                (self.offset, self.to_slew) = (0, 0);
            }
            _ => self.to_slew = self.offset,
        }
        self.step_seen_by_daemon |= self.stepped != 0;
        // While it slews, the error is at most what it was.
        self.bound = self.offset.abs() + MARGIN;
        self.status = SyncStatus::Synchronized;
        self.reference = self.wall();
    }

    fn wall(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(EPOCH + self.truth + self.offset)
    }

    fn true_time(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(EPOCH + self.truth)
    }
}

/// 2026, so that nothing saturates.
const EPOCH: i64 = 1_790_000_000_000_000_000;

impl Machine {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    fn happens(&self, event: Event) {
        self.with(|state| match event {
            Event::Pass(time) => state.pass(i64::try_from(time.as_nanos()).unwrap()),
            Event::Step(by) => {
                state.offset += by;
                state.stepped += by;
            }
            Event::Poll(correction) => state.poll(correction),
            Event::Lose { says_so: true } => state.status = SyncStatus::NotSynchronized,
            Event::Lose { says_so: false } | Event::Ask => {}
        });
    }
}

impl System for Machine {
    fn now(&self) -> Moment {
        self.with(|state| {
            let passed = Duration::from_nanos(u64::try_from(state.monotonic).unwrap());
            Moment::new(state.wall(), self.start + passed)
        })
    }

    async fn read(&self) -> Sample {
        let requested = self.now();
        let (status, bound, reference) = self.with(|state| {
            state.reads += 1;
            state.pass(1_000_000);
            let said = (state.status, state.bound, state.reference);
            state.offset += state.during_read.take().unwrap_or_default();
            state.pass(1_000_000);
            said
        });
        let taken = self.now();
        let mut reading = Reading::new(ClockSource::Ecs, requested, taken);
        reading.status = status;
        reading.bound = ErrorBound::from_micros(u64::try_from(bound / 1_000 + 1).unwrap()).ok();
        reading.reference = Some(reference);
        Sample {
            source: ClockSource::Ecs,
            at: taken,
            outcome: Ok(reading),
            withheld: Vec::new(),
            identity: None,
        }
    }

    fn due_in(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, time: Duration) {
        self.happens(Event::Pass(time));
    }
}

fn machine(drift: i64) -> Cached<Machine> {
    let mut state = State {
        truth: 0,
        monotonic: 0,
        offset: 0,
        drift,
        to_slew: 0,
        bound: 0,
        reference: DateTime::UNIX_EPOCH,
        status: SyncStatus::Synchronized,
        stepped: 0,
        step_seen_by_daemon: false,
        during_read: None,
        reads: 0,
    };
    state.poll(Correction::Step);
    let machine = Machine {
        start: Instant::now(),
        state: StdMutex::new(state),
    };
    Cached::new(machine, REFRESH, DriftRate::DEFAULT)
}

/// Asks for the present and for reports, and compares them with true time.
async fn ask(clock: &Cached<Machine>) -> Result<(), TestCaseError> {
    let reads = clock.shared.system.with(|state| state.reads);
    let limits = Limits::default().with_max_age(crate::AgeLimit::Off);
    for limits in [limits, limits.with_age_adjustment()] {
        let report = clock.report(&limits).await;
        let truth = clock.shared.system.with(|state| state.true_time());
        if let Some(interval) = report.interval {
            prop_assert!(
                interval.earliest <= truth && truth <= interval.latest,
                "{truth} is not in {report:?}"
            );
        }
    }
    if let Ok(now) = clock.now().await {
        let truth = clock.shared.system.with(|state| state.true_time());
        prop_assert!(now.interval.earliest <= truth && truth <= now.interval.latest);
    }
    clock.shared.system.with(|state| {
        if state.reads > reads {
            (state.stepped, state.step_seen_by_daemon) = (0, false);
        }
    });
    Ok(())
}

/// Lets the clock notice a step that the daemon has noticed, before the next one: two steps with a
/// comparison in between look like a single one.
async fn notice(clock: &Cached<Machine>) -> Result<(), TestCaseError> {
    let machine = &clock.shared.system;
    if machine.with(|state| state.step_seen_by_daemon) {
        machine.with(|state| state.during_read = None);
        machine.happens(Event::Pass(REFRESH * 2));
        ask(clock).await?;
    }
    Ok(())
}

fn events() -> impl Strategy<Value = Vec<(Event, Option<i64>)>> {
    // Five milliseconds are a step; three hours are what has been seen.
    let step = prop_oneof![
        5_000_001i64..2_000_000_000,
        -2_000_000_000i64..-5_000_001,
        Just(10_800_000_000_000),
        Just(-10_800_000_000_000),
    ];
    let event = prop_oneof![
        4 => (1u64..30_000).prop_map(|ms| Event::Pass(Duration::from_millis(ms))),
        1 => (1u64..2_000).prop_map(|s| Event::Pass(Duration::from_secs(s))),
        2 => step.clone().prop_map(Event::Step),
        2 => prop_oneof![Just(Correction::Slew), Just(Correction::Step)].prop_map(Event::Poll),
        1 => any::<bool>().prop_map(|says_so| Event::Lose { says_so }),
        5 => Just(Event::Ask),
    ];
    proptest::collection::vec((event, proptest::option::weighted(0.1, step)), 1..60)
}

proptest! {
    #[test]
    fn no_range_leaves_true_time_out(
        drift in -MOST_DRIFT..=MOST_DRIFT,
        events in events(),
    ) {
        let clock = machine(drift);
        block_on(async {
            // No clock can know of a step before its first reading.
            ask(&clock).await?;
            for (event, during_read) in &events {
                let machine = &clock.shared.system;
                if let Event::Step(by) = event {
                    notice(&clock).await?;
                    // It cannot see steps that cancel out except for a rest under the threshold.
                    if machine.with(|state| (state.stepped + by).abs() <= 5_000_000) {
                        continue;
                    }
                }
                machine.happens(*event);
                if during_read.is_some() {
                    notice(&clock).await?;
                }
                machine.with(|state| state.during_read = *during_read);
                if matches!(event, Event::Ask) {
                    ask(&clock).await?;
                }
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}
