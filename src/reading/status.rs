//! The status and the source of a reading, and their names.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// Whether the clock is synchronized with a reference.
///
/// Parsing never fails: any word but the two that a source may report is [`SyncStatus::Unknown`].
///
/// ```
/// use ecs_clock_emf::SyncStatus;
///
/// assert_eq!("SYNCHRONIZED".parse(), Ok(SyncStatus::Synchronized));
/// assert_eq!("synchronized".parse(), Ok(SyncStatus::Unknown));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyncStatus {
    /// The clock follows its reference.
    Synchronized,
    /// The clock does not follow a reference.
    NotSynchronized,
    /// The source gave no status, or an unknown one. Counts as not synchronized.
    Unknown,
    /// Only of a ClockBound segment: its writer has lost its source.
    FreeRunning,
    /// Only of a ClockBound segment: the clock was disrupted, as by a live migration.
    Disrupted,
}

impl SyncStatus {
    /// The name on the wire and in every output, such as `SYNCHRONIZED`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synchronized => "SYNCHRONIZED",
            Self::NotSynchronized => "NOT_SYNCHRONIZED",
            Self::Unknown => "UNKNOWN",
            Self::FreeRunning => "FREE_RUNNING",
            Self::Disrupted => "DISRUPTED",
        }
    }
}

impl FromStr for SyncStatus {
    type Err = Infallible;

    fn from_str(word: &str) -> Result<Self, Infallible> {
        Ok(match word {
            "SYNCHRONIZED" => Self::Synchronized,
            "NOT_SYNCHRONIZED" => Self::NotSynchronized,
            _ => Self::Unknown,
        })
    }
}

impl fmt::Display for SyncStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a reading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClockSource {
    /// The ECS task metadata endpoint, version 4.
    Ecs,
    /// The kernel's own estimate, by `adjtimex(2)`.
    Kernel,
    /// An NTP server.
    Ntp,
    /// A ClockBound segment, which `check --clockbound` judges.
    ClockBound,
}

impl ClockSource {
    /// The name in every output: `ecs`, `kernel`, `ntp` or `clockbound`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Kernel => "kernel",
            Self::Ntp => "ntp",
            Self::ClockBound => "clockbound",
        }
    }
}

impl fmt::Display for ClockSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
