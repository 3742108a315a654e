//! The present as a clock knows it, and why it may not be known.

use std::fmt;

use crate::reading::{ReadError, SyncStatus};
use crate::time::TimeInterval;

/// The present as a synchronized [`Clock`](crate::Clock) knows it: a range that true time lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Now {
    /// True time lies in here.
    pub interval: TimeInterval,
}

impl Now {
    /// Whether this moment certainly lies before `other`: their ranges do not touch. `false` says
    /// nothing about the other order.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.interval.is_before(&other.interval)
    }

    /// Whether this moment certainly lies after `other`; see [`Now::is_before`].
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        other.is_before(self)
    }
}

/// Why a [`Clock`](crate::Clock) cannot tell the time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockError {
    /// The source could not be read.
    Read(ReadError),
    /// The clock is not known to be synchronized, so nothing bounds its error.
    NotSynchronized(SyncStatus),
    /// The clock is synchronized, but its source gave no error bound.
    BoundUnknown,
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "no reading: {error}"),
            Self::NotSynchronized(status) => {
                write!(
                    f,
                    "the clock is not known to be synchronized: its status is {status}"
                )
            }
            Self::BoundUnknown => f.write_str("the error bound is unknown"),
        }
    }
}

impl std::error::Error for ClockError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ReadError> for ClockError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}
