//! The readings of the last minutes. Pure: each call is given the time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ecs_clock_emf::{ReadError, Reading};

/// The state of the clock at one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Synchronized.
    Synchronized,
    /// Not synchronized, or not known to be.
    NotSynchronized,
    /// It could not be read.
    Silent,
}

/// One sample of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// When it was taken.
    pub(super) at: Instant,
    /// The error bound, if known.
    pub(super) bound: Option<Duration>,
    /// The state of the clock.
    pub(super) state: State,
}

impl Point {
    /// The point of an attempt to read the clock.
    pub(super) fn new(outcome: &Result<Reading, ReadError>, at: Instant) -> Self {
        let reading = outcome.as_ref().ok();
        Self {
            at,
            bound: reading.and_then(Reading::bound_when_taken),
            state: match reading {
                Some(reading) if reading.is_synchronized() => State::Synchronized,
                Some(_) => State::NotSynchronized,
                None => State::Silent,
            },
        }
    }
}

/// The points of a span of time, oldest first.
#[derive(Debug, Clone)]
pub(super) struct History {
    span: Duration,
    points: VecDeque<Point>,
    last: Option<Reading>,
}

impl History {
    /// An empty history that reaches back by `span`.
    pub(super) fn new(span: Duration) -> Self {
        Self {
            span,
            points: VecDeque::new(),
            last: None,
        }
    }

    /// How far it reaches back.
    pub(super) fn span(&self) -> Duration {
        self.span
    }

    /// Adds a point and drops those that are older than the span.
    pub(super) fn push(&mut self, point: Point) {
        while self
            .points
            .front()
            .is_some_and(|oldest| point.at.saturating_duration_since(oldest.at) > self.span)
        {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// Adds the outcome of a read.
    pub(super) fn add(&mut self, outcome: &Result<Reading, ReadError>, at: Instant) {
        self.push(Point::new(outcome, at));
        if let Ok(reading) = outcome {
            self.last = Some(reading.clone());
        }
    }

    /// The last reading, however old, if there was one.
    pub(super) fn last(&self) -> Option<&Reading> {
        self.last.as_ref()
    }

    /// The points, oldest first.
    pub(super) fn points(&self) -> impl Iterator<Item = &Point> {
        self.points.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reaches_back_by_its_span() {
        let start = Instant::now();
        let mut history = History::new(Duration::from_secs(10));
        for second in 0..1_000 {
            history.push(Point {
                at: start + Duration::from_secs(second),
                bound: None,
                state: State::Silent,
            });
        }
        let ages: Vec<u64> = history
            .points()
            .map(|point| (point.at - start).as_secs())
            .collect();
        assert_eq!(ages, (989..1_000).collect::<Vec<_>>());
    }
}
