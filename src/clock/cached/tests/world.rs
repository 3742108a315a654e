//! A machine whose source gives the answers that the test sets, and whose clock is off by a known amount.

use std::sync::Mutex as StdMutex;

use crate::clock::cached::*;
use crate::reading::{ClockSource, SyncStatus};
use crate::time::{ErrorBound, earlier, later};
use proptest::prelude::*;

/// The answer of the source to one attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Synchronized { bound: Duration },
    NotSynchronized,
    BoundUnknown,
    Failure,
}

/// A machine whose true time is known. The wall clock is off by `offset`, and each answer's bound
/// covers that.
#[derive(Debug)]
pub(super) struct Simulated {
    pub(super) start: Instant,
    pub(super) offset: Duration,
    pub(super) behind: bool,
    pub(super) answers: Vec<Answer>,
    /// The number of the read during which the wall clock steps forward, and by how much.
    pub(super) step: Option<(usize, Duration)>,
    /// Whether the wall clock steps at every read.
    pub(super) restless: bool,
    /// How long the source takes to answer.
    pub(super) takes: Duration,
    /// When the source may first be asked again, as true time since the start.
    pub(super) not_before: Duration,
    /// What it says about the task.
    pub(super) identity: Option<TaskIdentity>,
    /// How far another program has set the wall clock ahead.
    pub(super) ahead: StdMutex<Duration>,
    /// How far a time daemon has slewed the clocks.
    pub(super) slewed: StdMutex<Duration>,
    /// True time since the start, and how many reads there were.
    pub(super) state: StdMutex<(Duration, usize)>,
    /// When the source was asked.
    pub(super) asked: StdMutex<Vec<Duration>>,
}

impl Simulated {
    pub(super) fn true_time(&self) -> DateTime<Utc> {
        later(DateTime::UNIX_EPOCH, self.state.lock().unwrap().0)
    }

    pub(super) fn moment(&self) -> Moment {
        let step = self.step.filter(|(read, _)| self.reads() >= *read);
        let mut step = step.map_or(Duration::ZERO, |(_, by)| by);
        if self.restless {
            step += STEP * u32::try_from(self.reads()).unwrap();
        }
        step += *self.ahead.lock().unwrap();
        let truth = later(self.true_time(), step);
        let wall = if self.behind {
            earlier(truth, self.offset)
        } else {
            later(truth, self.offset)
        };
        let passed = self.state.lock().unwrap().0;
        let raw = passed.saturating_sub(*self.slewed.lock().unwrap());
        Moment::new(wall, self.start + passed).with_raw(raw)
    }

    pub(super) fn reads(&self) -> usize {
        self.state.lock().unwrap().1
    }
}

impl System for Simulated {
    fn now(&self) -> Moment {
        self.moment()
    }

    async fn read(&self) -> Sample {
        let taken = self.moment();
        let since_start = self.state.lock().unwrap().0;
        self.asked.lock().unwrap().push(since_start);
        let index = {
            let mut state = self.state.lock().unwrap();
            state.0 += self.takes;
            state.1 += 1;
            state.1 - 1
        };
        // After the given answers the clock is good, so the wait ends.
        let answer = self
            .answers
            .get(index)
            .copied()
            .unwrap_or(Answer::Synchronized {
                bound: Duration::ZERO,
            });
        let reading = |status, bound: Option<Duration>| {
            let mut reading = Reading::new(ClockSource::Ecs, taken, taken);
            reading.status = status;
            reading.bound =
                bound.map(|bound| ErrorBound::from_millis(bound.as_secs_f64() * 1e3).unwrap());
            reading
        };
        let outcome = match answer {
            Answer::Synchronized { bound } => {
                Ok(reading(SyncStatus::Synchronized, Some(bound + self.offset)))
            }
            // Not to be trusted: it claims to be exact.
            Answer::NotSynchronized => {
                Ok(reading(SyncStatus::NotSynchronized, Some(Duration::ZERO)))
            }
            Answer::BoundUnknown => Ok(reading(SyncStatus::Synchronized, None)),
            Answer::Failure => Err(ReadError::new(ReadErrorKind::Timeout, "none")),
        };
        Sample {
            source: ClockSource::Ecs,
            at: taken,
            outcome,
            withheld: Vec::new(),
            identity: self.identity.clone(),
        }
    }

    fn due_in(&self) -> Duration {
        self.not_before.saturating_sub(self.state.lock().unwrap().0)
    }

    async fn sleep(&self, time: Duration) {
        self.state.lock().unwrap().0 += time;
    }
}

pub(super) fn simulated(answers: Vec<Answer>, offset: Duration, behind: bool) -> Cached<Simulated> {
    let system = Simulated {
        start: Instant::now(),
        offset,
        behind,
        answers,
        step: None,
        restless: false,
        takes: Duration::ZERO,
        not_before: Duration::ZERO,
        identity: None,
        ahead: StdMutex::default(),
        slewed: StdMutex::default(),
        // Well past the epoch, so that nothing saturates.
        state: StdMutex::new((Duration::from_secs(1_000_000), 0)),
        asked: StdMutex::default(),
    };
    Cached::new(system, REFRESH, DriftRate::DEFAULT)
}

pub(super) const STEP: Duration = Duration::from_secs(3);

pub(super) const REFRESH: Duration = Duration::from_secs(10);

pub(super) fn block_on<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(task)
}

pub(super) fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let answer = prop_oneof![
        (0u64..5_000_000).prop_map(|micros| Answer::Synchronized {
            bound: Duration::from_micros(micros)
        }),
        Just(Answer::NotSynchronized),
        Just(Answer::BoundUnknown),
        Just(Answer::Failure),
    ];
    proptest::collection::vec(answer, 0..8)
}
