//! The ECS task metadata endpoint v4 as a source: asks it, and makes a sample of what it answers.

mod body;
mod endpoint;
mod task_watch;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use self::endpoint::Endpoint;
use self::task_watch::TaskWatch;
use super::task_document::{self, ClockMember, TaskDocument};
use super::{InvalidSource, Sample};
use crate::reading::{ClockSource, Label, ReadError, ReadErrorKind, Reading};
use crate::time::Moment;

/// The endpoint, and which task it is known to be about.
#[derive(Debug)]
pub(super) struct EcsClient {
    endpoint: Endpoint,
    task: Mutex<TaskWatch>,
}

/// Whether an answer of the endpoint shows that it knows the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockKnowledge {
    /// A document with a `ClockDrift`.
    Known,
    /// A document whose `ClockDrift` is absent, `null` or `{}`.
    NotKnown,
    /// Nothing that could be made use of: it shows neither.
    Unclear,
}

impl EcsClient {
    pub(super) fn new(base: &str, timeout: Duration) -> Result<Self, InvalidSource> {
        Ok(Self {
            endpoint: Endpoint::new(base, timeout)?,
            task: Mutex::default(),
        })
    }

    /// As [`Endpoint::asked_every`].
    pub(super) fn asked_every(self, interval: Duration) -> Self {
        Self {
            endpoint: self.endpoint.asked_every(interval),
            ..self
        }
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
                "the endpoint's TaskARN has changed; what was known of the task is kept"
            );
        }
    }
}

/// What a request sent at `requested` gives whose answer, with this body, was complete at `at`.
#[cfg(feature = "fuzzing")]
pub(crate) fn sample_of_body(body: &[u8], requested: Moment, at: Moment) -> Sample {
    interpret(task_document::parse(body), requested, at).0
}

/// What an attempt gave that was begun at `requested` and over at `at`.
fn interpret(
    document: Result<TaskDocument, ReadError>,
    requested: Moment,
    at: Moment,
) -> (Sample, ClockKnowledge) {
    let sample = |outcome| Sample {
        source: ClockSource::Ecs,
        at,
        outcome,
        withheld: Vec::new(),
        identity: None,
    };
    let document = match document {
        Err(error) => return (sample(Err(error)), ClockKnowledge::Unclear),
        Ok(document) => document,
    };
    let mut withheld = document.withheld;
    let no_clock = |what: &str| {
        let launch_type = document.identity.get(Label::LaunchType);
        let launch_type = launch_type.unwrap_or("unknown");
        let message = format!("{what} (LaunchType {launch_type})");
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
