//! The words a reading is described with: its status and its source.

use std::fmt;

/// Whether the clock is kept in step with a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncStatus {
    /// The clock follows its reference.
    Synchronized,
    /// The clock does not follow a reference.
    NotSynchronized,
    /// The source did not say, or used a word that is not known. Counts as not synchronized.
    Unknown,
}

impl SyncStatus {
    /// The word for it on the wire and in every output: `SYNCHRONIZED`, `NOT_SYNCHRONIZED` or
    /// `UNKNOWN`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synchronized => "SYNCHRONIZED",
            Self::NotSynchronized => "NOT_SYNCHRONIZED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The status a word stands for; any word but the two known ones is [`SyncStatus::Unknown`].
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "SYNCHRONIZED" => Self::Synchronized,
            "NOT_SYNCHRONIZED" => Self::NotSynchronized,
            _ => Self::Unknown,
        }
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
}

impl ClockSource {
    /// `ecs`, `kernel` or `ntp`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Kernel => "kernel",
            Self::Ntp => "ntp",
        }
    }
}

impl fmt::Display for ClockSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
