//! Tests answers, and the connections that carry them.

mod answers;
mod attacks;
mod crowd;
mod wire;

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::*;
use crate::clock::Limits;
use crate::reading::{ClockSource, Reading, SyncStatus};
use crate::time::{DriftRate, ErrorBound, Moment};

fn rules() -> Rules {
    Rules {
        limits: Limits::default(),
        drift: DriftRate::DEFAULT,
        sample_interval: Duration::from_secs(10),
    }
}

/// A moment in the past, since which the machine must have been running.
fn ago(age: Duration) -> Moment {
    let now = Moment::now();
    let before = now
        .monotonic
        .checked_sub(age)
        .expect("a machine that runs for minutes");
    Moment::new(now.wall - TimeDelta::from_std(age).unwrap(), before)
}

/// An observation of a reading with a bound of 1 ms, requested that long ago.
fn observed(status: SyncStatus, age: Duration) -> Observed {
    let moment = ago(age);
    let mut reading = Reading::new(ClockSource::Ecs, moment, moment);
    reading.status = status;
    reading.bound = Some(ErrorBound::from_millis(1.0).unwrap());
    reading.reference = Some(moment.wall - TimeDelta::seconds(5));
    let mut observed = Observed::new(Instant::now());
    observed.take(&Ok(reading), moment.monotonic);
    observed
}

fn good() -> Observed {
    observed(SyncStatus::Synchronized, Duration::ZERO)
}

fn handler(observed: Observed) -> Handler {
    // The receiver keeps the last observation when the sender is dropped.
    let (_, observed) = watch::channel(observed);
    Handler::new(rules(), observed, Arc::default())
}
