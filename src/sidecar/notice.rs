//! What the sidecar reports on stderr, and how often.

use std::mem::{Discriminant, discriminant};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tracing::{error, info, warn};

use crate::clock::{Reason, Warning};
use crate::reading::{BoundUnknown, ClockOffset, ReadError, ReadErrorKind, SyncStatus};
use crate::source::{CrossCheck, Sample};

/// How many notices of a kind are reported in a minute; further ones are counted.
const REPORTED: u32 = 3;
const MINUTE: Duration = Duration::from_secs(60);

/// An event that an operator may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Reading the clock failed, or a member was withheld, for another reason than the last time.
    Failing(ReadError),
    /// Reading the clock succeeds again.
    Recovered,
    /// The clock has no error bound, for another reason than before.
    BoundUnknown(BoundUnknown),
    /// The clock is too far from the reference clock.
    OffsetTooLarge(ClockOffset),
    /// It is, and that is tolerated near a leap second.
    LeapSecond(ClockOffset),
    /// The status changed.
    Status(SyncStatus),
    /// The wall clock was stepped, or moved gradually as far as a step.
    Stepped {
        /// By how much.
        by: TimeDelta,
        /// Whether it came in small moves.
        gradual: bool,
    },
    /// Stdout was closed by its reader.
    StdoutClosed,
    /// A cross-check failed, for another reason than the last time.
    CrossCheckFailing(ReadError),
    /// Cross-checks succeed again.
    CrossCheckRecovered,
    /// The clock and the server of the cross-check cannot both be right.
    Disagreement(CrossCheck),
}

impl Notice {
    /// Writes it to stderr. `times` is how often it happened since it was last reported.
    pub(crate) fn emit(&self, times: u32) {
        match self {
            Self::Failing(error) => warn!(
                kind = error.kind.as_str(),
                error = error.message,
                times,
                "reading the clock failed"
            ),
            Self::Recovered => info!(times, "reading the clock succeeds again"),
            Self::BoundUnknown(reason) => warn!(
                reason = reason.as_str(),
                times, "the error bound is unknown: {reason}"
            ),
            Self::OffsetTooLarge(offset) => warn!(times, "{}", Reason::OffsetTooLarge(*offset)),
            Self::LeapSecond(offset) => warn!(times, "{}", Warning::LeapSecond(*offset)),
            Self::Status(status) => info!(
                status = status.as_str(),
                times, "the synchronization status changed"
            ),
            Self::Stepped { by, gradual } => {
                let milliseconds = by.num_milliseconds();
                if *gradual {
                    warn!(milliseconds, times, "the wall clock was moved gradually");
                } else {
                    warn!(milliseconds, times, "the wall clock was stepped");
                }
            }
            Self::CrossCheckFailing(error) => warn!(
                kind = error.kind.as_str(),
                error = error.message,
                times,
                "the cross-check failed"
            ),
            Self::CrossCheckRecovered => info!(times, "the cross-check succeeds again"),
            Self::Disagreement(check) => warn!(
                offset_us = check.offset.offset.num_microseconds(),
                distance_us = check.offset.error.as_micros(),
                times,
                "the clock and the NTP server cannot both be right"
            ),
            Self::StdoutClosed => error!("stdout is closed: lines can no longer be written"),
        }
    }
}

/// The notice of an offset that is not small.
fn offset_notice(offset: &ClockOffset) -> Option<Notice> {
    if offset.is_too_large() {
        Some(Notice::OffsetTooLarge(*offset))
    } else if offset.is_tolerated() {
        Some(Notice::LeapSecond(*offset))
    } else {
        None
    }
}

/// Finds the changes in a sequence of samples and cross-checks: a lasting failure makes one notice, not one per
/// sample.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The kind of the last read error, while it lasts.
    failing: Option<ReadErrorKind>,
    /// The kind of the last cross-check's failure, while it lasts.
    cross_check_failing: Option<ReadErrorKind>,
    /// Why the last reading had no bound.
    bound_unknown: Option<BoundUnknown>,
    /// What the offset of the last reading gave rise to.
    offset: Option<Discriminant<Notice>>,
    status: Option<SyncStatus>,
}

impl Changes {
    /// What is new with this sample.
    pub(crate) fn notices(&mut self, sample: &Sample) -> Vec<Notice> {
        let mut notices = Vec::new();
        let error = sample.outcome.as_ref().err().or(sample.withheld.last());
        let kind = error.map(|error| error.kind);
        match error {
            Some(error) if kind != self.failing => notices.push(Notice::Failing(error.clone())),
            None if self.failing.is_some() => notices.push(Notice::Recovered),
            _ => {}
        }
        self.failing = kind;
        if let Ok(reading) = &sample.outcome {
            // A withheld member is reported as an error instead.
            let is_news = sample.withheld.is_empty();
            let unknown = reading.bound_unknown.filter(|_| is_news);
            let before = std::mem::replace(&mut self.bound_unknown, unknown);
            if let Some(reason) = unknown.filter(|now| before != Some(*now)) {
                notices.push(Notice::BoundUnknown(reason));
            }
            let notice = reading.offset.as_ref().and_then(offset_notice);
            let before = std::mem::replace(&mut self.offset, notice.as_ref().map(discriminant));
            notices.extend(notice.filter(|notice| before != Some(discriminant(notice))));
            let before = self.status.replace(reading.status);
            if before.is_some_and(|before| before != reading.status) {
                notices.push(Notice::Status(reading.status));
            }
        }
        notices
    }

    /// What is new with this cross-check, which ended with this error or succeeded.
    pub(crate) fn cross_check(&mut self, error: Option<ReadError>) -> Option<Notice> {
        let kind = error.as_ref().map(|error| error.kind);
        let before = std::mem::replace(&mut self.cross_check_failing, kind);
        match error {
            Some(error) if kind != before => Some(Notice::CrossCheckFailing(error)),
            None if before.is_some() => Some(Notice::CrossCheckRecovered),
            _ => None,
        }
    }
}

/// Decides how often each kind of notice is reported: three times a minute, then once a minute with how
/// often it happened.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    kinds: Vec<Frequency>,
}

#[derive(Debug)]
struct Frequency {
    kind: Discriminant<Notice>,
    /// The start of the current minute.
    since: Instant,
    /// The reports in this minute.
    reported: u32,
    /// The last notice that was only counted, and the count.
    withheld: Option<(Notice, u32)>,
}

impl Notices {
    /// Counts a notice. Returns it, and how often it happened, if it is to be reported now.
    pub(crate) fn take(&mut self, notice: Notice, now: Instant) -> Option<(Notice, u32)> {
        let frequency = self.frequency(&notice, now);
        if now.saturating_duration_since(frequency.since) >= MINUTE {
            // After a minute with more notices than the limit, there is one summary per minute.
            let was_quiet = frequency.withheld.is_none();
            frequency.since = now;
            frequency.reported = if was_quiet { 0 } else { REPORTED - 1 };
        }
        let (_, before) = frequency.withheld.take().unwrap_or((Notice::Recovered, 0));
        let times = before.saturating_add(1);
        if frequency.reported < REPORTED {
            frequency.reported += 1;
            return Some((notice, times));
        }
        frequency.withheld = Some((notice, times));
        None
    }

    fn frequency(&mut self, notice: &Notice, now: Instant) -> &mut Frequency {
        let kind = discriminant(notice);
        let known = self.kinds.iter().position(|known| known.kind == kind);
        let index = known.unwrap_or_else(|| {
            self.kinds.push(Frequency {
                kind,
                since: now,
                reported: 0,
                withheld: None,
            });
            self.kinds.len() - 1
        });
        &mut self.kinds[index]
    }

    /// The counted notices whose minute is over.
    pub(crate) fn overdue(&mut self, now: Instant) -> Vec<(Notice, u32)> {
        self.withheld(now, MINUTE)
    }

    /// All counted notices, at the end of the program.
    pub(crate) fn rest(&mut self, now: Instant) -> Vec<(Notice, u32)> {
        self.withheld(now, Duration::ZERO)
    }

    /// Takes the notices that have been counted for at least this long.
    fn withheld(&mut self, now: Instant, for_at_least: Duration) -> Vec<(Notice, u32)> {
        let mut overdue = Vec::new();
        for frequency in &mut self.kinds {
            if now.saturating_duration_since(frequency.since) < for_at_least {
                continue;
            }
            if let Some(withheld) = frequency.withheld.take() {
                frequency.since = now;
                frequency.reported = REPORTED;
                overdue.push(withheld);
            }
        }
        overdue
    }
}

#[cfg(test)]
mod tests;
