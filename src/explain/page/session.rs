//! Explains one input, a short while at a time, and chooses what of it is shown.

use std::io::{self, BufReader};

use emf_explain::{Events, Explained, Options, explain};
use serde::Serialize;

use super::lines::{Lines, Reader, Source};
use super::shown::{ShownEvent, ShownPoint};
use super::summary::Summary;

/// Bytes that are read at once.
const READ_BYTES: usize = 256 * 1024;
/// What a step reads and judges. A browser takes about 10 ms for it.
const STEP_BYTES: u64 = 512 * 1024;
const STEP_EVENTS: usize = 1_024;

/// Events with faults that are shown, and events with warnings alone. The first event that breaks a rule is always shown.
const MOST_FAULTY: usize = 200;
const MOST_WARNED: usize = 100;
/// Findings that are shown of an event.
const MOST_FINDINGS: usize = 50;
/// Data points that are shown.
const MOST_POINTS: usize = 500;

/// What a step has to show.
#[derive(Debug, Default, Serialize)]
pub struct Step {
    /// Whether there is more to read.
    goes_on: bool,
    /// Why the input cannot be read.
    error: Option<String>,
    /// Bytes read so far.
    read: u64,
    events: Vec<ShownEvent>,
    points: Vec<ShownPoint>,
    summary: Summary,
}

impl Step {
    /// Writes it for the page.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // It has nothing that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// An input that is being explained.
pub struct Session<S: Source> {
    lines: Lines<S>,
    events: Events<BufReader<Reader<S>>>,
    summary: Summary,
    faulty: usize,
    warned: usize,
    points: usize,
}

impl<S: Source> Session<S> {
    /// Begins with an input.
    pub fn new(source: S, options: Options) -> Self {
        let lines = Lines::new(source);
        let input = BufReader::with_capacity(READ_BYTES, lines.reader());
        Self {
            lines,
            events: explain(input, options),
            summary: Summary::default(),
            faulty: 0,
            warned: 0,
            points: 0,
        }
    }

    /// Continues for a short while.
    pub fn step(&mut self) -> Step {
        let mut step = Step::default();
        match self.advance(&mut step) {
            Ok(goes_on) => step.goes_on = goes_on,
            Err(error) => step.error = Some(error.to_string()),
        }
        step.read = self.lines.read();
        self.summary.lines = self.events.lines();
        step.summary = self.summary.clone();
        step
    }

    fn advance(&mut self, step: &mut Step) -> io::Result<bool> {
        let enough = self.lines.read() + STEP_BYTES;
        for _ in 0..STEP_EVENTS {
            let Some(event) = self.events.next() else {
                return Ok(false);
            };
            self.show(&event?, step)?;
            if self.lines.read() >= enough {
                break;
            }
        }
        Ok(true)
    }

    fn show(&mut self, event: &Explained, step: &mut Step) -> io::Result<()> {
        if !event.problems.is_empty() && self.is_shown(event) {
            let excerpt = self.lines.excerpt(event.position.line, event.bytes)?;
            step.events
                .push(ShownEvent::new(event, excerpt, MOST_FINDINGS));
        }
        let points = event.points.iter().take(MOST_POINTS - self.points);
        step.points
            .extend(points.map(|point| ShownPoint::new(event, point)));
        self.points = MOST_POINTS.min(self.points + event.points.len());
        self.summary.add(event);
        Ok(())
    }

    fn is_shown(&mut self, event: &Explained) -> bool {
        let (shown, most) = if event.has_fault() {
            (&mut self.faulty, MOST_FAULTY)
        } else {
            (&mut self.warned, MOST_WARNED)
        };
        let mut rules = event.problems.iter().map(emf_explain::Problem::rule);
        let is_shown = *shown < most || rules.any(|rule| self.summary.is_new(rule));
        *shown += usize::from(is_shown);
        is_shown
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use emf_explain::{Input, parse_now};

    const FAULTY: &str = "{\"_aws\":{\"Timestamp\":1}}\n";

    /// The steps that an input takes.
    fn steps(input: &str) -> Vec<Step> {
        let options = Options::new(Input::Stdout, parse_now("2026-11-22T12:00:00Z").unwrap());
        let mut session = Session::new(input.as_bytes(), options);
        let mut steps = vec![session.step()];
        while steps.last().unwrap().goes_on {
            steps.push(session.step());
        }
        steps
    }

    #[test]
    fn a_long_input_takes_several_steps_and_a_short_one_takes_one() {
        assert_eq!(steps(FAULTY).len(), 1);
        let long = steps(&FAULTY.repeat(10 * STEP_EVENTS));
        assert!(long.len() >= 10);
        assert!(long.iter().all(|step| step.error.is_none()));
        let last = long.last().unwrap();
        assert_eq!(last.read, (FAULTY.len() * 10 * STEP_EVENTS) as u64);
        assert_eq!(last.summary.lines, 10 * STEP_EVENTS as u64);
    }

    #[test]
    fn of_many_events_some_are_shown_and_among_them_the_first_that_breaks_a_rule() {
        let input = FAULTY.repeat(3 * MOST_FAULTY) + "INFO " + FAULTY;
        let steps = steps(&input);
        let events: Vec<_> = steps.iter().flat_map(|step| &step.events).collect();
        assert_eq!(events.len(), MOST_FAULTY + 1);
        assert_eq!(events.last().unwrap().line, 3 * MOST_FAULTY as u64 + 1);
        let json = String::from_utf8(steps.last().unwrap().to_json()).unwrap();
        assert!(json.contains(r#""rule":"prefix""#), "{json}");
    }
}
