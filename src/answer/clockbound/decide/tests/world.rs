//! A world with a true time, in which clocks drift, sources fail and the wall clock is stepped: what a
//! client reads from the segment always contains the true time, and is called synchronized only while the
//! source knows the wall clock as it is.

use proptest::prelude::*;

use super::*;
use crate::answer::clockbound::client::{bound, status};

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Time goes by: milliseconds.
    Wait(i64),
    /// From now on the clocks are off by this rate, in parts per million.
    Drift(i64),
    /// The wall clock is stepped, in milliseconds, by somebody who does not tell its source.
    Step(i64),
    /// The source compares the clock with its reference, and is read.
    Compare,
    /// The source is read.
    Read(SyncStatus),
    /// The source is read and says no bound.
    ReadNoBound,
    /// The source cannot be read.
    Fail,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1i64..20_000).prop_map(Event::Wait),
        (-15i64..=15).prop_map(Event::Drift),
        (6i64..3_000, any::<bool>()).prop_map(|(by, back)| Event::Step(if back {
            -by
        } else {
            by
        })),
        Just(Event::Compare),
        Just(Event::Read(SyncStatus::Synchronized)),
        Just(Event::Read(SyncStatus::Synchronized)),
        Just(Event::Read(SyncStatus::NotSynchronized)),
        Just(Event::Read(SyncStatus::Unknown)),
        Just(Event::ReadNoBound),
        Just(Event::Fail),
    ]
}

/// All times in nanoseconds since its beginning.
struct World {
    start: Moment,
    monotonic: i64,
    truth: i64,
    drift_ppm: i64,
    /// How far the wall clock was stepped, and how far it was when its source last compared it.
    stepped: i64,
    known: i64,
    reference: DateTime<Utc>,
    /// The sidecar's part.
    watch: ClockWatch,
    observed: Observed,
    /// The publisher's part.
    memory: Memory,
    segment: Segment,
    rules: Rules,
}

use chrono::{DateTime, Utc};

impl World {
    fn new(rules: Rules) -> Self {
        let start = exact();
        let mut world = Self {
            start,
            monotonic: 0,
            truth: 0,
            drift_ppm: 0,
            stepped: 0,
            known: 0,
            reference: start.wall,
            watch: ClockWatch::new(start, rules.drift),
            observed: Observed::new(start.monotonic),
            memory: Memory::default(),
            segment: unknown(Duration::ZERO, rules.drift),
            rules,
        };
        world.publish();
        world
    }

    fn pass(&mut self, milliseconds: i64) {
        self.monotonic += milliseconds * 1_000_000;
        self.truth += milliseconds * (1_000_000 + self.drift_ppm);
    }

    fn now(&self) -> Present {
        let passed = Duration::from_nanos(self.monotonic.unsigned_abs());
        // The coarse clock ticks every 4 ms.
        let coarse = self.monotonic / 4_000_000 * 4_000_000;
        Present {
            coarse: Duration::from_nanos(coarse.unsigned_abs()),
            resolution: Duration::from_millis(4),
            difference: TimeDelta::nanoseconds(self.stepped),
            moment: Moment::new(
                self.start.wall + TimeDelta::nanoseconds(self.monotonic + self.stepped),
                self.start.monotonic + passed,
            ),
        }
    }

    /// How far the wall clock is from the true time.
    fn error(&self) -> i64 {
        self.monotonic + self.stepped - self.truth
    }

    fn read(&mut self, status: SyncStatus, with_bound: bool) {
        let requested = self.now().moment;
        // The source does not know of a step that it has not seen.
        let bound = (self.error() - (self.stepped - self.known)).unsigned_abs();
        self.pass(3);
        let mut reading = Reading::new(ClockSource::Ecs, requested, self.now().moment);
        reading.status = status;
        reading.reference = Some(self.reference);
        #[expect(clippy::cast_precision_loss, reason = "under 2^53")]
        let bound_ms = bound as f64 / 1e6;
        reading.bound = with_bound.then(|| ErrorBound::from_millis(bound_ms).unwrap());
        let _ = self.watch.observe(reading.taken);
        let reading = self.watch.admit(reading);
        let at = reading.taken.monotonic;
        self.observed.take(&Ok(reading), at);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wait(milliseconds) => self.pass(milliseconds),
            Event::Drift(ppm) => self.drift_ppm = ppm,
            Event::Step(milliseconds) => self.stepped += milliseconds * 1_000_000,
            Event::Compare => {
                self.known = self.stepped;
                self.pass(1);
                self.reference = self.now().moment.wall;
                self.read(SyncStatus::Synchronized, true);
            }
            Event::Read(status) => self.read(status, true),
            Event::ReadNoBound => self.read(SyncStatus::Synchronized, false),
            Event::Fail => {
                let error = ReadError::new(ReadErrorKind::Timeout, "none");
                let at = self.now().moment.monotonic;
                self.observed.take(&Err(error), at);
            }
        }
        let now = self.now().moment;
        if let Some(step) = self.watch.observe(now) {
            self.observed.stepped = Some(step.at.monotonic);
        }
        self.publish();
    }

    fn publish(&mut self) {
        let now = self.now();
        self.memory.take(&self.observed, &self.rules);
        self.segment = self.memory.segment(&now, &self.rules);
    }

    /// Whether what a client computes at present is true.
    fn holds(&self) -> bool {
        let coarse = self.now().coarse;
        let half = i64::try_from(bound(&self.segment, coarse).as_nanos()).unwrap();
        match status(&self.segment, coarse) {
            Status::Unknown => true,
            Status::Synchronized => self.known == self.stepped && self.error().abs() <= half,
            Status::FreeRunning | Status::Disrupted => self.error().abs() <= half,
        }
    }
}

proptest! {
    #[test]
    fn the_range_contains_the_truth(
        events in proptest::collection::vec(event(), 1..60),
        interval_s in 1u64..60,
        age_adjusted in any::<bool>(),
    ) {
        let mut world = World::new(Rules {
            sample_interval: Duration::from_secs(interval_s),
            age_adjusted,
            ..RULES
        });
        for event in events {
            world.happen(event);
            // While the writer is well, and after it has been killed.
            for milliseconds in [0, 1, 3, 900, 4_000] {
                world.pass(milliseconds);
                prop_assert!(world.holds(), "after {event:?} and {milliseconds} ms: {:?}", world.segment);
            }
        }
    }
}

/// The property can fail: with a bound that is said too small, or a step that goes unnoticed.
#[test]
fn the_world_notices_what_is_not_true() {
    let mut world = World::new(RULES);
    world.happen(Event::Compare);
    world.happen(Event::Drift(15));
    world.happen(Event::Wait(1_000));
    assert!(world.holds());
    world.segment.bound -= Duration::from_nanos(200);
    assert!(!world.holds(), "200 ns too small");
    let mut world = World::new(RULES);
    world.happen(Event::Compare);
    world.stepped += 6_000_000;
    assert!(!world.holds(), "a step that is not published yet");
}

/// Regression, found by the property: the source had compared the clock between two steps, within 2 s after the
/// first, and its reading was held against the time before the first alone.
#[test]
fn a_comparison_between_two_steps_is_held_against_its_own_time() {
    use Event::{Compare, Step};
    let mut world = World::new(RULES);
    for event in [
        Step(960),
        Compare,
        Step(1_281),
        Step(-2_905),
        Compare,
        Step(2_117),
    ] {
        world.happen(event);
        assert!(world.holds(), "after {event:?}: {:?}", world.segment);
        world.pass(4_904);
        assert!(world.holds(), "4.9 s after {event:?}: {:?}", world.segment);
    }
}
