//! The reading that a clock keeps: when it is renewed, what follows from it at present, and the waiting.

mod system;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::system::System;
use super::{AgeLimit, Limits, NotGood, Now, Report, Warning};
use crate::reading::{
    ClockWatch, EARLY_READ_PAUSE, ReadError, ReadErrorKind, Reading, TaskIdentity,
};
use crate::source::Sample;
use crate::time::{DriftRate, Moment, step_between};

/// Minimum time between two requests to the source, also after a step and with a shorter interval.
pub(super) const SHORTEST_REFRESH: Duration = Duration::from_millis(100);
/// How many reads in a row may be disturbed by a step before there is no reading.
const MOST_READS: u32 = 5;
/// Minimum sleep, so that rounding cannot cause a busy loop.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Cached<S> {
    shared: Arc<Shared<S>>,
    refresh: Duration,
    pub(super) drift: DriftRate,
}

#[derive(Debug)]
struct Shared<S> {
    system: S,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Attempt>,
    identity: Option<TaskIdentity>,
    watch: Option<ClockWatch>,
    /// When the source was last read early because of a correction in progress.
    read_early: Option<Instant>,
}

/// One attempt to read the source.
#[derive(Debug, Clone)]
struct Attempt {
    /// The clocks before the source was asked. A reading is not used after a step since then.
    began: Moment,
    /// When it ended. The refresh interval counts from here.
    ended: Instant,
    /// The outcome, or why the source could not be asked at all.
    sample: Result<Sample, ReadError>,
}

impl Attempt {
    /// An attempt that did not reach the source.
    fn failed(began: Moment, message: &str) -> Self {
        Self {
            began,
            ended: began.monotonic,
            sample: Err(ReadError::new(ReadErrorKind::NoRuntime, message)),
        }
    }

    fn age(&self, now: &Moment) -> Duration {
        now.monotonic.saturating_duration_since(self.ended)
    }

    fn is_fresh(&self, now: &Moment, refresh: Duration) -> bool {
        self.age(now) < refresh && !self.was_stepped_over(now)
    }

    /// Whether a correction of the clock has begun that the source has not reported.
    fn is_being_corrected(&self, now: &Moment, drift: DriftRate) -> bool {
        let reading = self
            .sample
            .as_ref()
            .ok()
            .and_then(|sample| sample.outcome.as_ref().ok());
        reading.is_some_and(|reading| reading.is_being_corrected(now, drift))
    }

    /// Whether the wall clock was stepped since the source was asked.
    fn was_stepped_over(&self, now: &Moment) -> bool {
        step_between(&self.began, now).is_some()
    }
}

/// What is known at `now`, and how often the source was read again because of a step.
#[derive(Debug)]
struct Observation {
    sample: Result<Sample, ReadError>,
    now: Moment,
    read_again: u32,
}

impl Observation {
    fn reading(self) -> Result<Reading, ReadError> {
        self.sample?.outcome
    }
}

impl State {
    /// Whether a fresh reading must be renewed because of a correction in progress.
    fn must_read_early(&self, last: &Attempt, now: &Moment, drift: DriftRate) -> bool {
        let is_due = self
            .read_early
            .is_none_or(|early| now.monotonic.saturating_duration_since(early) >= EARLY_READ_PAUSE);
        is_due && last.is_being_corrected(now, drift)
    }

    /// Notes that an attempt begins.
    fn begin(&mut self, now: Moment, drift: DriftRate) {
        if self
            .last
            .as_ref()
            .is_some_and(|last| self.must_read_early(last, &now, drift))
        {
            self.read_early = Some(now.monotonic);
        }
        let watch = self
            .watch
            .get_or_insert_with(|| ClockWatch::new(now, drift));
        let _ = watch.observe(now);
    }
}

impl<S> Clone for Cached<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            ..*self
        }
    }
}

impl<S: System> Cached<S> {
    pub(super) fn new(system: S, refresh: Duration, drift: DriftRate) -> Self {
        Self {
            shared: Arc::new(Shared {
                system,
                state: Arc::default(),
            }),
            refresh: refresh.max(SHORTEST_REFRESH),
            drift,
        }
    }

    pub(super) async fn reading(&self) -> Result<Reading, ReadError> {
        self.observe().await.reading()
    }

    pub(super) async fn identity(&self) -> Option<TaskIdentity> {
        self.shared.state.lock().await.identity.clone()
    }

    /// Returns the last attempt if it is still valid, or else a new one.
    async fn attempt(&self) -> Attempt {
        let mut state = Arc::clone(&self.shared.state).lock_owned().await;
        let mut began = self.shared.system.now();
        let usable = |last: &&Attempt| {
            let is_fresh = last.is_fresh(&began, self.refresh)
                && !state.must_read_early(last, &began, self.drift);
            is_fresh || !self.is_due()
        };
        if let Some(last) = state.last.as_ref().filter(usable) {
            return last.clone();
        }
        let Ok(runtime) = Handle::try_current() else {
            return Attempt::failed(began, "there is no tokio runtime");
        };
        // Repeated steps of the wall clock must not flood the endpoint.
        let age = state.last.as_ref().map(|last| last.age(&began));
        let pause = age.map_or(Duration::ZERO, |age| SHORTEST_REFRESH.saturating_sub(age));
        if !pause.is_zero() {
            self.shared.system.sleep(pause).await;
            began = self.shared.system.now();
        }
        state.begin(began, self.drift);
        // In a separate task, which keeps the lock: a caller that is canceled must not make the next one ask the
        // endpoint again.
        let read = runtime.spawn(Arc::clone(&self.shared).read(state, began));
        read.await
            .unwrap_or_else(|_| Attempt::failed(began, "the tokio runtime ended during the read"))
    }

    fn is_due(&self) -> bool {
        self.shared.system.due_in().is_zero()
    }

    /// The present, and an attempt that no step has followed.
    async fn observe(&self) -> Observation {
        let mut read_again = 0;
        loop {
            let attempt = self.attempt().await;
            let now = self.shared.system.now();
            self.shared.note(now);
            // If the source may not be asked again, use the old reading: its range includes the step.
            let is_stepped_over = attempt.was_stepped_over(&now) && self.is_due();
            if is_stepped_over && read_again + 1 < MOST_READS {
                read_again += 1;
                continue;
            }
            let sample = if is_stepped_over {
                let message =
                    format!("the wall clock was stepped during each of {MOST_READS} reads");
                Err(ReadError::new(ReadErrorKind::ClockStepping, message))
            } else {
                attempt.sample
            };
            return Observation {
                sample,
                now,
                read_again,
            };
        }
    }

    pub(super) async fn now(&self) -> Result<Now, NotGood> {
        let any = Limits::any_error().with_max_age(AgeLimit::Off);
        self.now_within(&any).await
    }

    pub(super) async fn report(&self, limits: &Limits) -> Report {
        self.judge(limits).await.0
    }

    /// The report, and the reading that it judges.
    pub(super) async fn judge(&self, limits: &Limits) -> (Report, Option<Reading>) {
        let observation = self.observe().await;
        let mut report = match &observation.sample {
            Ok(sample) => Report::judge_sample(sample, limits, &observation.now, self.drift),
            Err(error) => Report::from_error(error, limits),
        };
        if observation.read_again > 0 {
            let times = observation.read_again;
            report.warnings.push(Warning::ReadAgain { times });
        }
        (report, observation.reading().ok())
    }

    pub(super) async fn now_within(&self, limits: &Limits) -> Result<Now, NotGood> {
        let report = self.report(limits).await;
        match report.interval {
            Some(interval) if report.is_good() => Ok(Now { interval }),
            _ => Err(NotGood::new(report)),
        }
    }

    pub(super) async fn wait_until_past(&self, instant: DateTime<Utc>) -> Now {
        loop {
            let wait = match self.now().await {
                Ok(now) if now.interval.earliest > instant => return now,
                Ok(now) => self.until(instant, &now).min(self.refresh),
                Err(_) => self.refresh,
            };
            self.shared.system.sleep(wait.max(SHORTEST_SLEEP)).await;
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

impl<S: System> Shared<S> {
    /// Notes the present, unless the source is being asked.
    fn note(&self, now: Moment) {
        if let Ok(mut state) = self.state.try_lock()
            && let Some(watch) = &mut state.watch
        {
            let _ = watch.observe(now);
        }
    }

    /// Asks the source, and keeps its answer.
    async fn read(self: Arc<Self>, mut state: OwnedMutexGuard<State>, began: Moment) -> Attempt {
        let mut sample = self.system.read().await;
        let ended = self.system.now();
        if let Some(watch) = &mut state.watch {
            let _ = watch.observe(ended);
            sample.outcome = sample.outcome.map(|reading| watch.admit(reading));
        }
        if let Some(identity) = &sample.identity {
            state
                .identity
                .get_or_insert_with(TaskIdentity::default)
                .learn(identity);
        }
        let attempt = Attempt {
            began,
            ended: ended.monotonic,
            sample: Ok(sample),
        };
        state.last = Some(attempt.clone());
        attempt
    }
}

#[cfg(test)]
mod tests;
