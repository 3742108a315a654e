//! Answers requests from what the sidecar has observed.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Request;
use tokio::sync::{Notify, watch};

use super::activity::AfterReply;
use super::reply::Reply;
use super::route::{Format, Route, route};
use crate::answer::Rules;
use crate::clock::{Limits, Report, Warning};
use crate::reading::{ReadError, ReadErrorKind};
use crate::sidecar::Observed;
use crate::time::Moment;

/// The sidecar's loop never waits longer than this for an answer of its source.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);
/// The loop is woken at most this often, however many clients ask.
const WAKE_PAUSE: Duration = Duration::from_secs(1);

/// Answers requests.
#[derive(Debug)]
pub(super) struct Handler {
    rules: Rules,
    observed: watch::Receiver<Observed>,
    disturbed: Arc<Notify>,
    /// When the sidecar's loop was last woken.
    woken: Cell<Option<Instant>>,
}

impl Handler {
    /// A handler that notifies `disturbed` when it sees that the clock is being corrected.
    pub(super) fn new(
        rules: Rules,
        observed: watch::Receiver<Observed>,
        disturbed: Arc<Notify>,
    ) -> Self {
        Self {
            rules,
            observed,
            disturbed,
            woken: Cell::new(None),
        }
    }

    /// The reply to a request. A refused request ends its connection.
    pub(super) fn answer<B>(&self, request: &Request<B>) -> (Reply, AfterReply) {
        match route(request) {
            Ok(Route::Clock(format, query)) => {
                let reply = self.clock(format, query.as_deref());
                (reply, AfterReply::KeepAlive)
            }
            Ok(Route::Health) => (self.health(), AfterReply::KeepAlive),
            Err(refusal) => {
                let (status, sentence) = refusal.response();
                (Reply::error(status, sentence), AfterReply::Close)
            }
        }
    }

    pub(super) fn clock(&self, format: Format, query: Option<&str>) -> Reply {
        match Limits::from_query(query.unwrap_or_default(), &self.rules.limits) {
            Ok(query) if format == Format::Line && query.after.is_some() => {
                Reply::error(400, "after is a parameter of /clock only")
            }
            Ok(query) => {
                let observed = self.observed.borrow().clone();
                // The moment of the answer: the bound has grown since the reading was taken.
                let now = Moment::now();
                self.look(&observed, &now);
                let report = judge(&observed, &query.limits, &now, &self.rules);
                match format {
                    Format::Json => Reply::judged(&report, &query),
                    Format::Line => Reply::line(&report),
                }
            }
            Err(invalid) => Reply::error(400, &invalid.to_string()),
        }
    }

    /// Wakes the sidecar's loop if a correction shows, so that it reads the source early and not with its next sample.
    fn look(&self, observed: &Observed, now: &Moment) {
        let is_due = self
            .woken
            .get()
            .is_none_or(|woken| now.monotonic.saturating_duration_since(woken) >= WAKE_PAUSE);
        let last = observed.last.as_ref();
        if is_due && last.is_some_and(|last| last.is_being_corrected(now, self.rules.drift)) {
            self.woken.set(Some(now.monotonic));
            self.disturbed.notify_one();
        }
    }

    pub(super) fn health(&self) -> Reply {
        let stands_still = self.observed.borrow().beat.elapsed();
        if stands_still <= self.rules.longest_age() + LONGEST_REQUEST {
            Reply::json(200, &serde_json::json!({ "status": "running" }))
        } else {
            let seconds = stands_still.as_secs();
            Reply::error(503, &format!("the sidecar has not run for {seconds} s"))
        }
    }
}

/// Judges the last reading at `now`. A reading that is too old counts as missing.
pub(super) fn judge(observed: &Observed, limits: &Limits, now: &Moment, rules: &Rules) -> Report {
    let longest = rules.longest_age();
    match &observed.last {
        Some(reading) if now.since(&reading.requested) <= longest => {
            let mut report = Report::judge(reading, limits, now, rules.drift);
            report.warnings.extend(read_failed(observed, now));
            report
        }
        last => {
            let age = last.as_ref().map(|reading| now.since(&reading.requested));
            Report::from_error(&no_reading(age, observed.failure.as_ref()), limits)
        }
    }
}

/// Warns that the reading is from before a read that failed.
fn read_failed(observed: &Observed, now: &Moment) -> Option<Warning> {
    Some(Warning::ReadFailed {
        ago: now.monotonic.saturating_duration_since(observed.failed_at?),
        error: observed.failure.clone()?,
    })
}

/// Why there is no reading to judge, given the age of the last one and the failure since.
fn no_reading(age: Option<Duration>, failure: Option<&ReadError>) -> ReadError {
    let what = match age {
        None => "the clock has not been read yet".to_owned(),
        Some(age) => format!("the last reading is {} s old", age.as_secs()),
    };
    match failure {
        None => ReadError::new(ReadErrorKind::Timeout, what),
        Some(failure) => ReadError::new(failure.kind, format!("{what}; {}", failure.message)),
    }
}
