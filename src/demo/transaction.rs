//! The example of a critical step: take a timestamp, wait until it has certainly passed, and refuse
//! while the clock is not good enough.

use std::time::Duration;

use ecs_clock_emf::chrono::{DateTime, Utc};
use serde::Serialize;

use super::format::{milliseconds, rfc3339, whole_microsecond};
use ecs_clock_emf::{Clock, Limits, Moment, Reason};

/// The longest wait, below the second in which the program must end.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The outcome of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its timestamp is in the past on every correct clock.
    Committed {
        /// The latest that true time may have been when it began.
        timestamp: DateTime<Utc>,
        /// How long it waited until that had passed.
        waited: Duration,
    },
    /// Nothing was done.
    Refused {
        /// The reasons.
        reasons: Vec<String>,
    },
}

/// An outcome as JSON.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    committed: bool,
    commit_timestamp: Option<String>,
    commit_wait_ms: Option<f64>,
    reasons: &'a [String],
}

impl Outcome {
    pub(super) fn is_committed(&self) -> bool {
        matches!(self, Self::Committed { .. })
    }

    pub(super) fn answer(&self) -> Answer<'_> {
        match self {
            Self::Committed { timestamp, waited } => Answer {
                committed: true,
                commit_timestamp: Some(rfc3339(*timestamp)),
                commit_wait_ms: Some(milliseconds(*waited)),
                reasons: &[],
            },
            Self::Refused { reasons } => Answer {
                committed: false,
                commit_timestamp: None,
                commit_wait_ms: None,
                reasons,
            },
        }
    }
}

/// Commits a transaction that does nothing, if the clock is within `limits`.
pub(super) async fn commit(clock: &Clock, limits: &Limits) -> Outcome {
    let now = match clock.now_within(limits).await {
        Ok(now) => now,
        Err(not_good) => {
            let reasons = not_good.reasons().iter().map(Reason::to_string);
            return Outcome::Refused {
                reasons: reasons.collect(),
            };
        }
    };
    // Here an application would write, under this timestamp, and then wait before it answers.
    let timestamp = whole_microsecond(now.interval.latest);
    let began = Moment::now().monotonic;
    match tokio::time::timeout(LONGEST_WAIT, clock.wait_until_past(timestamp)).await {
        Ok(_) => Outcome::Committed {
            timestamp,
            waited: began.elapsed(),
        },
        Err(_) => Outcome::Refused {
            reasons: vec![format!(
                "its timestamp had not certainly passed after {}",
                humantime::format_duration(LONGEST_WAIT)
            )],
        },
    }
}
