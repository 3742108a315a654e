//! The ECS task metadata endpoint v4 as a source.

mod body;
mod endpoint;
mod task_watch;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use self::endpoint::Endpoint;
#[cfg(feature = "cli")]
pub(super) use self::endpoint::task_url;
use self::task_watch::TaskWatch;
use super::invalid_source::InvalidSource;
use super::sample::Sample;
use super::task_document::{self, ClockMember, TaskDocument};
use crate::reading::{BoundUnknown, ClockSource, Label, ReadError, ReadErrorKind, Reading};
use crate::time::Moment;

/// A client of the endpoint. It notices when the endpoint describes another task.
#[derive(Debug)]
pub(super) struct EcsClient {
    pub(super) endpoint: Endpoint,
    task: Mutex<TaskWatch>,
}

/// Whether an answer shows that the endpoint reports the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockKnowledge {
    /// A document with a `ClockDrift`.
    Known,
    /// A document whose `ClockDrift` is absent, `null` or `{}`.
    NotKnown,
    /// An unusable answer, which shows neither.
    Unclear,
}

impl EcsClient {
    pub(super) fn new(base: &str, timeout: Duration) -> Result<Self, InvalidSource> {
        Ok(Self {
            endpoint: Endpoint::new(base, timeout)?,
            task: Mutex::default(),
        })
    }

    /// Reads the endpoint once.
    pub(super) async fn read(&self) -> (Sample, ClockKnowledge) {
        let requested = Moment::now();
        let body = self.endpoint.task_document().await;
        let at = Moment::now();
        let document = body.and_then(|body| task_document::parse(&body));
        if let Ok(TaskDocument { identity, .. }) = &document
            && let Some(id) = identity.get(Label::TaskId)
        {
            self.watch_task(id);
        }
        interpret(document, requested, at)
    }

    fn watch_task(&self, id: &str) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = task.changed_from(id) {
            tracing::warn!(
                first,
                now = id,
                "the endpoint's TaskARN has changed; the identity of the first task is kept"
            );
        }
    }
}

/// The sample of a request sent at `requested` whose answer, with this body, was complete at `at`.
#[cfg(all(feature = "cli", any(test, fuzzing)))]
pub(crate) fn sample_of_body(body: &[u8], requested: Moment, at: Moment) -> Sample {
    interpret(task_document::parse(body), requested, at).0
}

/// The sample of an attempt from `requested` to `at`.
fn interpret(
    document: Result<TaskDocument, ReadError>,
    requested: Moment,
    at: Moment,
) -> (Sample, ClockKnowledge) {
    let sample = |outcome| Sample::new(ClockSource::Ecs, at, outcome);
    let document = match document {
        Err(error) => return (sample(Err(error)), ClockKnowledge::Unclear),
        Ok(document) => document,
    };
    let mut withheld = document.withheld;
    let no_clock = |what: &str| {
        let launch_type = document.identity.get(Label::LaunchType);
        let message = match launch_type {
            Some(launch_type) => format!("{what} (LaunchType {launch_type})"),
            // ECS always names it. A local stand-in for the endpoint does not.
            None => format!(
                "{what} and no LaunchType: is this a local endpoint? CLOCK_EMF_SOURCE=kernel reads this machine's clock"
            ),
        };
        Err(ReadError::new(ReadErrorKind::NoClockDrift, message))
    };
    let (outcome, knowledge) = match document.clock {
        ClockMember::Absent => (
            no_clock("the task document has no ClockDrift"),
            ClockKnowledge::NotKnown,
        ),
        ClockMember::Empty => (no_clock("ClockDrift is empty"), ClockKnowledge::NotKnown),
        ClockMember::NotAnObject => (
            no_clock("ClockDrift is not an object"),
            ClockKnowledge::Unclear,
        ),
        ClockMember::Clock(clock) => {
            let mut reading = Reading::new(ClockSource::Ecs, requested, at);
            reading.status = clock.status;
            reading.bound = clock.bound;
            reading.reference = clock.reference;
            if clock.is_bound_withheld {
                reading.bound_unknown = Some(BoundUnknown::Withheld);
            }
            withheld.extend(reading.withhold_contradiction());
            (Ok(reading), ClockKnowledge::Known)
        }
    };
    let sample = Sample {
        withheld,
        identity: Some(document.identity),
        ..sample(outcome)
    };
    (sample, knowledge)
}

#[cfg(test)]
mod tests;
