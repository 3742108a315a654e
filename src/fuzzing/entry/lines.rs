//! From what the sidecar sees to the lines it writes, without its loop: windows and rendering.

use std::time::Duration;

use chrono::TimeDelta;

use crate::program::commands::run;
use crate::program::raw::{Flags, Raw};
use crate::program::settings::read_all;
use crate::reading::{ClockOffset, ClockSource, ReadError, Reading, TaskIdentity};
use crate::sidecar::line::{Format, KnownTask, Tally, Template, render};
use crate::sidecar::window::{ClosedWindow, Collector};
use crate::source::{Comparison, CrossCheck, Environment, Sample};
use crate::time::{ClockStep, Moment};

/// An event of a sidecar.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few hundred of them, for a moment"
)]
pub(crate) enum Event {
    /// An attempt to read the clock.
    Sampled {
        /// When it ended.
        at: Moment,
        /// Its outcome.
        outcome: Result<Reading, ReadError>,
        /// The withheld members.
        withheld: Vec<ReadError>,
    },
    /// A step of the wall clock.
    Stepped {
        /// When the step was seen.
        at: Moment,
        /// The distance of the step.
        by: TimeDelta,
    },
    /// A cross-check.
    CrossChecked {
        /// When it was made.
        at: Moment,
        /// Server minus clock.
        offset: TimeDelta,
        /// The largest error of the offset.
        distance: Duration,
        /// The result of the comparison.
        comparison: Comparison,
    },
    /// Time passes.
    Woken {
        /// The present.
        at: Moment,
    },
}

/// The lines of a sidecar with these variables, for these events and its end; `None` if the variables are
/// invalid.
#[must_use]
pub(crate) fn lines(
    environment: &Environment,
    identity: Option<&TaskIdentity>,
    started: &Moment,
    events: &[Event],
) -> Option<Vec<Vec<u8>>> {
    let flags = Flags::new();
    let mut raw = Raw::new(&flags, environment);
    let (settings, ..) = read_all(&mut raw, run::settings::read);
    let ((settings, _), _) = raw.finish(settings).ok()?;
    let format = settings.format;
    let mut collector = Collector::new(&settings.rules, started);
    let mut closed = Vec::new();
    for event in events {
        closed.extend(collect(&mut collector, event.clone()));
    }
    closed.extend(collector.close_urgently());
    let task = identity.map(KnownTask::from).unwrap_or_default();
    let template = Template::new(&format, &task, started.wall);
    let line = |(index, closed): (usize, ClosedWindow)| {
        let sequence = index as u64 + 1;
        rendered(&format, &template, &closed, sequence)
    };
    Some(closed.into_iter().enumerate().map(line).collect())
}

fn collect(collector: &mut Collector, event: Event) -> Vec<ClosedWindow> {
    match event {
        Event::Sampled {
            at,
            outcome,
            withheld,
        } => {
            let source = outcome
                .as_ref()
                .map_or(ClockSource::Ecs, |reading| reading.source);
            collector.add(Sample {
                source,
                at,
                outcome,
                withheld,
                identity: None,
            })
        }
        Event::Stepped { at, by } => collector.step(&ClockStep {
            by,
            at,
            before: at.moved(-by),
            gradual: false,
        }),
        Event::CrossChecked {
            at,
            offset,
            distance,
            comparison,
        } => {
            let check = CrossCheck {
                offset: ClockOffset::new(offset, distance),
                comparison,
            };
            collector.cross_check(check, &at).into_iter().collect()
        }
        Event::Woken { at } => collector.close_if_over(&at).into_iter().collect(),
    }
}

fn rendered(format: &Format, template: &Template, closed: &ClosedWindow, sequence: u64) -> Vec<u8> {
    let tally = Tally {
        sequence,
        lines_dropped: 0,
        answer_errors: 0,
    };
    render(format, template, &closed.window, &tally)
}
