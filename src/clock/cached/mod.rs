//! The reading that a clock keeps: when it is renewed, what it says of the present, and the waiting.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use super::{ClockError, Now};
use crate::clock::{Limits, Report};
use crate::reading::{ReadError, ReadErrorKind, Reading, SyncStatus, TaskIdentity};
use crate::source::{Sample, Source};
use crate::time::{DriftRate, Moment, step_between};

/// What the clock rests on: two clocks, a source, and sleep. Tests put a world of their own here.
pub(super) trait World: Send + Sync + 'static {
    fn now(&self) -> Moment;
    fn read(&self) -> impl Future<Output = Sample> + Send;
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

#[derive(Debug)]
pub(super) struct Real(pub(super) Source);

impl World for Real {
    fn now(&self) -> Moment {
        Moment::now()
    }

    fn read(&self) -> impl Future<Output = Sample> + Send {
        self.0.read()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }
}

#[derive(Debug)]
pub(super) struct Cached<W> {
    shared: Arc<Shared<W>>,
    refresh: Duration,
    pub(super) drift: DriftRate,
}

#[derive(Debug)]
struct Shared<W> {
    world: W,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Attempt>,
    identity: Option<TaskIdentity>,
}

/// One attempt to read the source.
#[derive(Debug, Clone)]
struct Attempt {
    /// The clocks before the source was asked: a step from then on makes what it said worthless.
    began: Moment,
    /// When it was over: from then on the refresh interval counts.
    ended: Instant,
    outcome: Result<Reading, ReadError>,
}

impl Attempt {
    fn age(&self, now: &Moment) -> Duration {
        now.monotonic.saturating_duration_since(self.ended)
    }

    fn is_fresh(&self, now: &Moment, refresh: Duration) -> bool {
        self.age(now) < refresh && !self.was_stepped_over(now)
    }

    /// Whether the wall clock was stepped since the source was asked.
    fn was_stepped_over(&self, now: &Moment) -> bool {
        step_between(&self.began, now).is_some()
    }
}

impl<W> Clone for Cached<W> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            ..*self
        }
    }
}

impl<W: World> Cached<W> {
    pub(super) fn new(world: W, refresh: Duration, drift: DriftRate) -> Self {
        Self {
            shared: Arc::new(Shared {
                world,
                state: Arc::default(),
            }),
            refresh: refresh.max(SHORTEST_REFRESH),
            drift,
        }
    }

    pub(super) async fn reading(&self) -> Result<Reading, ReadError> {
        self.attempt().await.outcome
    }

    pub(super) async fn identity(&self) -> Option<TaskIdentity> {
        self.shared.state.lock().await.identity.clone()
    }

    /// The last attempt if it still counts, else a new one.
    async fn attempt(&self) -> Attempt {
        let mut state = Arc::clone(&self.shared.state).lock_owned().await;
        let mut began = self.shared.world.now();
        if let Some(last) = &state.last {
            if last.is_fresh(&began, self.refresh) {
                return last.clone();
            }
            // A wall clock that does not come to rest must not make this one flood the endpoint.
            let pause = SHORTEST_REFRESH.saturating_sub(last.age(&began));
            if !pause.is_zero() {
                self.shared.world.sleep(pause).await;
                began = self.shared.world.now();
            }
        }
        // In a task of its own, which keeps the lock: a caller that gives up half-way must not make
        // the next one ask the endpoint again.
        let shared = Arc::clone(&self.shared);
        let failed = |message: String| Attempt {
            began,
            ended: began.monotonic,
            outcome: Err(ReadError::new(ReadErrorKind::Connection, message)),
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return failed("there is no tokio runtime".to_owned());
        };
        let read = runtime.spawn(async move {
            let sample = shared.world.read().await;
            if let Some(identity) = &sample.identity {
                state
                    .identity
                    .get_or_insert_with(TaskIdentity::default)
                    .learn(identity);
            }
            let attempt = Attempt {
                began,
                ended: shared.world.now().monotonic,
                outcome: sample.outcome,
            };
            state.last = Some(attempt.clone());
            attempt
        });
        read.await
            .unwrap_or_else(|error| failed(format!("the read was broken off: {error}")))
    }

    /// An attempt that no step of the wall clock lies behind, and the present.
    async fn look(&self) -> (Attempt, Moment) {
        let mut rounds = 0;
        loop {
            let mut attempt = self.attempt().await;
            let now = self.shared.world.now();
            if !attempt.was_stepped_over(&now) {
                return (attempt, now);
            }
            rounds += 1;
            if rounds == MOST_ROUNDS {
                let message = "the wall clock was stepped again and again while it was read";
                attempt.outcome = Err(ReadError::new(ReadErrorKind::InvalidMember, message));
                return (attempt, now);
            }
        }
    }

    pub(super) async fn now(&self) -> Result<Now, ClockError> {
        let (attempt, now) = self.look().await;
        self.present(&attempt, &now)
    }

    /// What an attempt says of the present.
    fn present(&self, attempt: &Attempt, now: &Moment) -> Result<Now, ClockError> {
        let reading = attempt.outcome.clone()?;
        match reading.interval_at(now, self.drift) {
            None => Err(ClockError::BoundUnknown(reading.status)),
            Some(interval) => Ok(Now {
                interval,
                status: reading.status,
            }),
        }
    }

    pub(super) async fn report(&self, limits: &Limits) -> Report {
        let (attempt, now) = self.look().await;
        self.judged(&attempt, &now, limits)
    }

    /// An attempt held against limits.
    fn judged(&self, attempt: &Attempt, now: &Moment, limits: &Limits) -> Report {
        match &attempt.outcome {
            Ok(reading) => Report::on(reading, limits, now, self.drift),
            Err(error) => Report::on_failure(error),
        }
    }

    pub(super) async fn now_within(&self, limits: &Limits) -> Result<Now, Report> {
        let (attempt, now) = self.look().await;
        let report = self.judged(&attempt, &now, limits);
        if !report.is_good() {
            return Err(report);
        }
        self.present(&attempt, &now)
            .map_err(|error| report.refused(error.to_string()))
    }

    pub(super) async fn wait_until_past(&self, instant: DateTime<Utc>) -> Now {
        loop {
            let wait = match self.now().await {
                Ok(now) if now.status != SyncStatus::Synchronized => self.refresh,
                Ok(now) if now.interval.earliest > instant => return now,
                Ok(now) => self.until(instant, &now).min(self.refresh),
                Err(_) => self.refresh,
            };
            // At least a little: what rounding leaves must not make it spin.
            self.shared.world.sleep(wait.max(SHORTEST_SLEEP)).await;
        }
    }

    /// How long until the earliest possible time is past `instant`, if no better reading comes. It
    /// advances by less than the time that passes, since the bound grows.
    fn until(&self, instant: DateTime<Utc>, now: &Now) -> Duration {
        let left = instant.signed_duration_since(now.interval.earliest);
        let left = left.to_std().unwrap_or_default();
        left.saturating_add(self.drift.growth(left) * 2)
    }
}

/// The source is asked no more often than this, whatever the clocks do and whatever was asked for.
const SHORTEST_REFRESH: Duration = Duration::from_millis(100);
/// A wall clock that is stepped during so many reads in a row is given up on.
const MOST_ROUNDS: u32 = 5;
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests;
