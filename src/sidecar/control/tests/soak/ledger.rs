//! The accounts of a life: what was sampled, what is on lines, what was reported, and by when it must be.

use std::sync::LazyLock;

use super::*;
use crate::sidecar::line::Metric;
use crate::sidecar::line::{
    self, Dimensions, Format, KnownTask, StorageResolution, Tally, Template,
};
use crate::sidecar::window::{MAX_CROSS_CHECKS, MAX_STEPS};
use crate::time::DriftRate;
use emf_explain::{Input, Options, Rule, explain};

pub(super) static FORMAT: LazyLock<Format> = LazyLock::new(|| Format {
    namespace: "n".to_owned(),
    dimensions: Dimensions::Default,
    properties: Vec::new(),
    metrics: Metric::ALL.to_vec(),
    resolution: StorageResolution::Minute,
    drift: DriftRate::DEFAULT,
});
/// Fewer fields than Logs Insights discovers.
const FIELDS: usize = 200;
/// The length at which several shims cut lines.
const LINE_BYTES: usize = 16_384;
/// The latest that a due event is noticed: without stalls, and with them.
const LATE: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(200)];
/// Three early closings and a loss, of two lines each.
const LINES_OF_CHANGES: usize = 8;
/// Of each kind, at the border of two minutes.
const NOTICES_A_MINUTE: usize = 8 * 6;

/// A reading that is not on a line yet.
#[derive(Debug)]
struct PendingReading {
    taken: Moment,
    /// How often the wall clock had been moved.
    moves: u64,
    /// When it must be on a line.
    due: Instant,
}

/// The counts that must add up.
pub(super) struct Ledger {
    rules: Rules,
    delay: Duration,
    late: Duration,
    unwritten: VecDeque<PendingReading>,
    /// The losses among them.
    losses: VecDeque<(Moment, Instant)>,
    was_synchronized: bool,
    fed_errors: u64,
    /// Of the last line with readings.
    last: Option<(DateTime<Utc>, u64)>,
    line_times: VecDeque<Instant>,
    sample_times: VecDeque<Instant>,
    notice_times: VecDeque<Instant>,
    reported_steps: u64,
    reported_changes: u64,
    totals: Totals,
}

impl Ledger {
    pub(super) fn new(rules: Rules, delay: Duration, may_stall: bool) -> Self {
        Self {
            rules,
            delay,
            late: LATE[usize::from(may_stall)],
            unwritten: VecDeque::new(),
            losses: VecDeque::new(),
            was_synchronized: false,
            fed_errors: 0,
            last: None,
            line_times: VecDeque::new(),
            sample_times: VecDeque::new(),
            notice_times: VecDeque::new(),
            reported_steps: 0,
            reported_changes: 0,
            totals: Totals::default(),
        }
    }

    /// A read has ended.
    pub(super) fn sample(
        &mut self,
        outcome: &Result<Reading, ReadError>,
        withheld: usize,
        moves: u64,
    ) {
        self.fed_errors += withheld as u64 + u64::from(outcome.is_err());
        let Ok(reading) = outcome else {
            return;
        };
        let taken = reading.taken;
        let in_time = taken.monotonic + self.rules.emit_interval + self.late;
        if self.was_synchronized && !reading.is_synchronized() {
            self.losses.push_back((taken, in_time));
        }
        self.was_synchronized = reading.is_synchronized();
        self.unwritten.push_back(PendingReading {
            taken,
            moves,
            due: in_time + self.delay,
        });
        self.sample_times.push_back(taken.monotonic);
    }

    /// A line is written.
    pub(super) fn line(&mut self, window: &Window, now: Instant) {
        assert!(window.readings.len() <= self.rules.capacity);
        assert!(window.steps.len() <= MAX_STEPS);
        assert!(window.cross_checks.len() <= MAX_CROSS_CHECKS);
        self.take_readings(window);
        self.totals.lines += 1;
        self.totals.errors += window.read_errors;
        self.totals.steps += window.step_count;
        self.totals.status_changes += window.status_changes;
        assert_is_a_line(window, self.totals.lines);
        self.line_times.push_back(now);
        self.are_few_lines(now);
    }

    /// Each reading once, in order; the last gives the stamp, and stamps grow while the clock is not moved.
    fn take_readings(&mut self, window: &Window) {
        let mut moves = None;
        for reading in &window.readings {
            let fed = self.unwritten.pop_front().unwrap();
            assert_eq!(fed.taken, reading.taken, "{window:?}");
            if self.losses.front().is_some_and(|(at, _)| *at == fed.taken) {
                self.losses.pop_front();
            }
            moves = Some(fed.moves);
            self.totals.readings += 1;
        }
        let Some(moves) = moves else {
            return;
        };
        let taken = window.readings.last().map(|reading| reading.taken.wall);
        assert_eq!(Some(window.stamp), taken);
        if let Some((stamp, before)) = self.last {
            assert!(moves > before || window.stamp > stamp, "{window:?}");
        }
        self.last = Some((window.stamp, moves));
    }

    /// Within one emit interval: a regular line on either side of its end, one more each time a line was full,
    /// and those of changes, which are counted by the period that ends and the one that begins.
    fn are_few_lines(&mut self, now: Instant) {
        forget(&mut self.line_times, now, self.rules.emit_interval);
        let collected = 2 * self.rules.emit_interval + self.delay + self.late;
        forget(&mut self.sample_times, now, collected);
        let samples = self.sample_times.len();
        let full = if self.rules.reading_by_reading {
            samples
        } else {
            samples / self.rules.capacity
        };
        let most = 2 * (1 + LINES_OF_CHANGES) + full + 2;
        assert!(self.line_times.len() <= most, "{}", self.line_times.len());
    }

    /// Something is reported on stderr.
    pub(super) fn notice(&mut self, notice: &Notice, times: u32, now: Instant) {
        match notice {
            Notice::Stepped { .. } => self.reported_steps += u64::from(times),
            Notice::Status(_) => self.reported_changes += u64::from(times),
            _ => {}
        }
        self.totals.notices += 1;
        self.notice_times.push_back(now);
        forget(&mut self.notice_times, now, Duration::from_secs(60));
        assert!(self.notice_times.len() <= NOTICES_A_MINUTE);
    }

    /// After each event: what is due is on a line.
    pub(super) fn nothing_is_late(&self, now: Instant) {
        if let Some(fed) = self.unwritten.front() {
            assert!(now <= fed.due, "{:?} late", now - fed.due);
        }
        if let Some((_, due)) = self.losses.front() {
            assert!(now <= *due, "a loss {:?} late", now - *due);
        }
    }

    /// At the end everything has been reported, on lines and on stderr.
    pub(super) fn close(self) -> Totals {
        assert!(self.unwritten.is_empty(), "{:?}", self.unwritten);
        assert_eq!(self.totals.errors, self.fed_errors);
        assert_eq!(self.totals.steps, self.reported_steps);
        assert_eq!(self.totals.status_changes, self.reported_changes);
        self.totals
    }
}

fn forget(times: &mut VecDeque<Instant>, now: Instant, span: Duration) {
    while times.front().is_some_and(|time| now - *time >= span) {
        times.pop_front();
    }
}

/// CloudWatch must accept the line, and Logs Insights must see all of it.
fn assert_is_a_line(window: &Window, sequence: u64) {
    let template = Template::new(&FORMAT, &KnownTask::default(), window.stamp);
    let tally = Tally {
        sequence,
        lines_dropped: sequence,
        answer_errors: sequence,
    };
    let line = line::render(&FORMAT, &template, window, &tally);
    assert!(line.is_ascii() && line.len() < LINE_BYTES);
    let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert!(fields(&value) < FIELDS, "{value}");
    let options = Options::new(Input::Stdout, window.stamp);
    for event in explain(line.as_slice(), options) {
        let problems = event.unwrap().problems;
        let rule = problems.iter().map(emf_explain::Problem::rule);
        let mut wrong = rule.filter(|rule| *rule != Rule::NoMetricNamed);
        assert_eq!(wrong.next(), None, "{value}");
    }
}

/// As Logs Insights counts them.
fn fields(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Object(members) => members.values().map(fields).sum(),
        serde_json::Value::Array(items) => items.iter().map(fields).sum(),
        _ => 1,
    }
}
