//! The outcome of one attempt to read the clock.

use super::ntp::Exchange;
use crate::reading::{ClockSource, ReadError, Reading, TaskIdentity};
use crate::time::Moment;

/// One attempt to read the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// The source that was read.
    pub source: ClockSource,
    /// The end of the attempt.
    pub at: Moment,
    /// The reading, or why there is none.
    pub outcome: Result<Reading, ReadError>,
    /// Members of the answer that were left out because they cannot be right. The reading is valid without them.
    pub withheld: Vec<ReadError>,
    /// The task, as named by the answer or, failing that, by the endpoint's address.
    pub identity: Option<TaskIdentity>,
}

impl Sample {
    /// A sample with nothing withheld and no identity.
    pub(crate) fn new(
        source: ClockSource,
        at: Moment,
        outcome: Result<Reading, ReadError>,
    ) -> Self {
        Self {
            source,
            at,
            outcome,
            withheld: Vec::new(),
            identity: None,
        }
    }

    /// The sample that an exchange with an NTP server makes.
    pub(crate) fn from_exchange(outcome: Result<Exchange, ReadError>) -> Self {
        match outcome {
            Ok(exchange) => Self::new(ClockSource::Ntp, exchange.taken, Ok(exchange.reading())),
            Err(error) => Self::new(ClockSource::Ntp, Moment::now(), Err(error)),
        }
    }
}
