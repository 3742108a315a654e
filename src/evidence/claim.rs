//! What the lines of one process claim about each stretch of time.

use super::history::{Process, Window};
use super::rules::Rules;
use super::state::{State, Unknown};

/// How long after a step a bound over the limit may be due to that step: later, the sidecar enlarges its figures for
/// other reasons only.
const LONGEST_RECOVERY_MS: i64 = 3_600_000;

/// How long a read may take: the default of `request-timeout`. A bound holds from before the request on, and a line has
/// the time of the answer.
const LONGEST_READ_MS: f64 = 2_000.0;

/// The state of a stretch of time, as the lines claim it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Claim {
    pub from_ms: i64,
    pub to_ms: i64,
    pub state: State,
    /// The largest error that is stated, with its growth, in milliseconds. NaN if there is none.
    pub error_ms: f64,
}

/// The last reading with a bound: it covers the time after it.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    at_ms: i64,
    bound_ms: f64,
    is_proof: bool,
}

/// Reads the windows of a process one after the other.
pub(super) struct Claims<'a> {
    rules: &'a Rules,
    process: &'a Process,
    stated: Vec<Claim>,
    anchor: Option<Anchor>,
    /// The window before, if no line is missing in between.
    before: Option<Window>,
    /// Whether the last reading was not synchronized.
    is_lost: bool,
    /// Whether no reading has followed the last step.
    is_just_stepped: bool,
    /// Until when a bound over the limit is due to a step.
    stepped_until_ms: Option<i64>,
}

impl<'a> Claims<'a> {
    /// The claims of a process, in its own order.
    pub(super) fn of_process(process: &'a Process, rules: &'a Rules) -> Vec<Claim> {
        let mut claims = Self {
            rules,
            process,
            stated: Vec::with_capacity(process.windows.len() + 1),
            anchor: None,
            before: None,
            is_lost: false,
            is_just_stepped: false,
            stepped_until_ms: None,
        };
        // If the report has no beginning, a task's time begins with its first line.
        if let Some(first) = process.windows.first()
            && first.sequence > 1
            && rules.from_ms.is_some()
        {
            claims.unknown(process.started_ms, first.end_ms, Unknown::BeforeFirstLine);
        }
        for window in &process.windows {
            claims.window(*window);
        }
        claims.stated
    }

    fn window(&mut self, window: Window) {
        match self.before {
            Some(before) if before.sequence + 1 == window.sequence => {
                self.stretch(before, window);
            }
            Some(before) => {
                let (from, to) = self.span(before, window);
                self.unknown(from, to, Unknown::LostLine);
            }
            // The first window begins at its first reading.
            None => {}
        }
        self.before = Some(window);
        if window.has_step() {
            self.anchor = None;
            self.is_just_stepped = true;
            self.stepped_until_ms = Some(window.end_ms.saturating_add(LONGEST_RECOVERY_MS));
        } else if window.has_readings() {
            self.is_just_stepped = false;
            let holds = window.ends_synchronized() && !window.lacks_bounds();
            self.anchor = holds.then(|| Anchor {
                at_ms: window.end_ms,
                bound_ms: f64::from(window.last_bound),
                is_proof: window.is_proof(),
            });
        }
        if window.has_readings() {
            self.is_lost = !window.ends_synchronized();
        }
    }

    /// The time from one line to the next one.
    fn stretch(&mut self, before: Window, window: Window) {
        let (from, to) = self.span(before, window);
        if window.has_step() {
            // Neither the time before the step nor the time after it can be relied on.
            self.claim(from, to, State::Stepped, f64::NAN);
        } else if window.has_readings() && (self.is_lost || !window.is_synchronized()) {
            self.claim(from, to, State::NotSynchronized, f64::NAN);
        } else if window.disagrees() {
            self.unknown(from, to, Unknown::CrossCheck);
        } else if !window.has_readings() {
            self.without_readings(from, to, window);
        } else if window.lacks_bounds() {
            self.unknown(from, to, Unknown::NoBound);
        } else if let Some(anchor) = self.anchor {
            self.with_bounds(from, to, window, anchor);
        } else if self.is_just_stepped {
            self.claim(from, to, State::Stepped, f64::NAN);
        } else {
            self.unknown(from, to, Unknown::NoBound);
        }
    }

    /// All times that the clock may have shown from one line to the next one. A clock that was set back shows some time
    /// twice, and has shown a later one than that of the line.
    fn span(&self, before: Window, window: Window) -> (i64, i64) {
        let (from, to) = (before.end_ms, window.end_ms);
        // Where steps are frequent they are on a line with readings, and may have followed the last of these.
        let is_late = before.has_step() && before.has_readings();
        let lines = [(before, is_late), (window, window.has_step())];
        let lines = lines.into_iter().filter(|(_, may_step)| *may_step);
        let back = lines.map(|(line, _)| self.process.stepped_back_ms(line.sequence));
        let back: Option<i64> = back.sum();
        let Some(back) = back else {
            return (i64::MIN, i64::MAX);
        };
        (
            from.min(to).min(from.saturating_sub(back)),
            to.max(from).max(to.saturating_add(back)),
        )
    }

    fn with_bounds(&mut self, from: i64, to: i64, window: Window, anchor: Anchor) {
        let largest = f64::from(window.max_bound).max(anchor.bound_ms);
        let error = largest + self.growth_ms(anchor, to, window);
        let since_before = Anchor {
            at_ms: anchor.at_ms.max(from),
            ..anchor
        };
        let without_gap = largest + self.growth_ms(since_before, to, window);
        if error > self.rules.max_error_ms && without_gap <= self.rules.max_error_ms {
            // The reads before this window failed for longer than the last bound holds.
            self.unknown(from, to, Unknown::ReadsFailed);
            return;
        }
        let state = if error <= self.rules.max_error_ms {
            self.stepped_until_ms = None;
            within(anchor.is_proof && window.is_proof())
        } else if self.stepped_until_ms.is_some_and(|until| to <= until) {
            State::Stepped
        } else {
            State::Over
        };
        self.claim(from, to, state, error);
    }

    /// Reads failed: the last bound holds while its growth stays within the limit.
    fn without_readings(&mut self, from: i64, to: i64, window: Window) {
        let Some(anchor) = self.anchor else {
            self.unknown(from, to, Unknown::ReadsFailed);
            return;
        };
        let state = within(anchor.is_proof && window.is_proof());
        // The clock may have been moved without a reading.
        let anchor = Anchor {
            bound_ms: anchor.bound_ms.max(f64::from(window.max_bound)),
            ..anchor
        };
        let error = anchor.bound_ms + self.growth_ms(anchor, to, window);
        if error <= self.rules.max_error_ms {
            self.claim(from, to, state, error);
            return;
        }
        let at_once = anchor.bound_ms + self.growth_ms(anchor, anchor.at_ms, window);
        let holds_ms = self
            .rules
            .milliseconds_of_growth(self.rules.max_error_ms - at_once);
        let until = anchor.at_ms.saturating_add(holds_ms).min(to).max(from);
        self.claim(from, until, state, self.rules.max_error_ms);
        self.unknown(until, to, Unknown::ReadsFailed);
    }

    /// How far the clock may have drifted since the anchor, pauses of the process included.
    fn growth_ms(&self, anchor: Anchor, to: i64, window: Window) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 ms")]
        let elapsed = to.saturating_sub(anchor.at_ms).max(0) as f64;
        (elapsed + LONGEST_READ_MS + window.pause_ms()) * self.rules.drift
    }

    fn unknown(&mut self, from: i64, to: i64, why: Unknown) {
        self.claim(from, to, State::Unknown(why), f64::NAN);
    }

    fn claim(&mut self, from_ms: i64, to_ms: i64, state: State, error_ms: f64) {
        if from_ms < to_ms {
            self.stated.push(Claim {
                from_ms,
                to_ms,
                state,
                error_ms,
            });
        }
    }
}

fn within(is_proof: bool) -> State {
    if is_proof {
        State::Within
    } else {
        State::ReportedWithin
    }
}
