//! The status and the source of a reading, and their names.

use std::convert::Infallible;
use std::str::FromStr;

use crate::text::names;

names! {
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
        Synchronized = "SYNCHRONIZED",
        /// The clock does not follow a reference.
        NotSynchronized = "NOT_SYNCHRONIZED",
        /// The source gave no status, or an unknown one. Counts as not synchronized.
        Unknown = "UNKNOWN",
        /// Only of a ClockBound segment: its writer has lost its source.
        FreeRunning = "FREE_RUNNING",
        /// Only of a ClockBound segment: the clock was disrupted, as by a live migration.
        Disrupted = "DISRUPTED",
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

names! {
    /// Where a reading comes from.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum ClockSource {
        /// The ECS task metadata endpoint, version 4.
        Ecs = "ecs",
        /// The kernel's own estimate, by `adjtimex(2)`.
        Kernel = "kernel",
        /// An NTP server.
        Ntp = "ntp",
        /// A ClockBound segment, which `check --clockbound` judges.
        ClockBound = "clockbound",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_of_the_endpoint_are_known() {
        for (word, status) in [
            ("SYNCHRONIZED", SyncStatus::Synchronized),
            ("NOT_SYNCHRONIZED", SyncStatus::NotSynchronized),
            ("synchronized", SyncStatus::Unknown),
            ("FREE_RUNNING", SyncStatus::Unknown),
            ("", SyncStatus::Unknown),
        ] {
            assert_eq!(word.parse(), Ok(status), "{word}");
        }
    }
}
