//! What the lines of one process claim about each stretch of time.

use super::history::Process;
use super::rules::Rules;
use super::state::{State, Unknown};
use super::window::Window;

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

/// What the lines so far say about the clock at the end of the last one.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// Nothing: there was no reading, or the last one had no bound.
    Unknown,
    /// The bound of the last reading, which covers the time after it.
    Bound(Anchor),
    /// The last reading was not synchronized.
    Lost,
    /// No reading has followed the last step.
    Stepped,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    at_ms: i64,
    bound_ms: f64,
    /// The state while the bound and its growth are within the limit.
    within: State,
}

/// Reads the windows of a process one after the other.
pub(super) struct Claims<'a> {
    rules: &'a Rules,
    process: &'a Process,
    stated: Vec<Claim>,
    /// The window before.
    before: Option<Window>,
    last: Last,
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
            before: None,
            last: Last::Unknown,
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
                // The lost line may have reported a step or a loss.
                self.last = Last::Unknown;
            }
            // The first window begins at its first reading.
            None => {}
        }
        self.before = Some(window);
        if window.has(Window::STEPPED) {
            self.stepped_until_ms = Some(window.end_ms.saturating_add(LONGEST_RECOVERY_MS));
        }
        let has_readings = window.has(Window::HAS_READINGS);
        let is_lost = if has_readings {
            !window.has(Window::ENDS_SYNCHRONIZED)
        } else {
            matches!(self.last, Last::Lost)
        };
        self.last = if is_lost {
            Last::Lost
        } else if window.has(Window::STEPPED) {
            Last::Stepped
        } else if !has_readings {
            self.last
        } else if window.has(Window::LACKS_BOUNDS) {
            Last::Unknown
        } else {
            Last::Bound(Anchor {
                at_ms: window.end_ms,
                bound_ms: f64::from(window.last_bound),
                within: window.state_within(),
            })
        };
    }

    /// The time from one line to the next one.
    fn stretch(&mut self, before: Window, window: Window) {
        let (from, to) = self.span(before, window);
        let has_readings = window.has(Window::HAS_READINGS);
        let is_lost = matches!(self.last, Last::Lost) || !window.has(Window::SYNCHRONIZED);
        if window.has(Window::STEPPED) {
            // Neither the time before the step nor the time after it can be relied on.
            self.claim(from, to, State::Stepped, f64::NAN);
        } else if has_readings && is_lost {
            self.claim(from, to, State::NotSynchronized, f64::NAN);
        } else if window.has(Window::DISAGREES) {
            self.unknown(from, to, Unknown::CrossCheck);
        } else if !has_readings {
            self.without_readings(from, to, window);
        } else if window.has(Window::LACKS_BOUNDS) {
            self.unknown(from, to, Unknown::NoBound);
        } else {
            match self.last {
                Last::Bound(anchor) => self.with_bounds(from, to, window, anchor),
                Last::Stepped => self.claim(from, to, State::Stepped, f64::NAN),
                Last::Unknown | Last::Lost => self.unknown(from, to, Unknown::NoBound),
            }
        }
    }

    /// All times that the clock may have shown from one line to the next one. A clock that was set back shows some time
    /// twice, and has shown a later one than that of the line.
    fn span(&self, before: Window, window: Window) -> (i64, i64) {
        let (from, to) = (before.end_ms, window.end_ms);
        // Where steps are frequent they are on a line with readings, and may have followed the last of these.
        let is_late = before.has(Window::STEPPED) && before.has(Window::HAS_READINGS);
        let lines = [(before, is_late), (window, window.has(Window::STEPPED))];
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
            anchor.within.max(window.state_within())
        } else if self.stepped_until_ms.is_some_and(|until| to <= until) {
            State::Stepped
        } else {
            State::Over
        };
        self.claim(from, to, state, error);
    }

    /// Reads failed: the last bound holds while its growth stays within the limit.
    fn without_readings(&mut self, from: i64, to: i64, window: Window) {
        let Last::Bound(anchor) = self.last else {
            self.unknown(from, to, Unknown::ReadsFailed);
            return;
        };
        let state = anchor.within.max(window.state_within());
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
        // It has no length if two lines end at the same moment, and may end before it begins if the clock was set back:
        // the time line drops such claims.
        self.stated.push(Claim {
            from_ms,
            to_ms,
            state,
            error_ms,
        });
    }
}
