//! What is known about a clock at a moment.

use std::fmt;

/// What the lines prove about a task's clock at a moment, best first. Where two lines cover the same moment, the worse
/// one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum State {
    /// Provably within the limit.
    Within,
    /// Reported as within the limit, but not proven: the source is an estimate, or the version that wrote the lines
    /// had known faults.
    ReportedWithin,
    /// No line covers the moment, or the lines do not suffice.
    Unknown(Unknown),
    /// The bound and its growth exceed the limit.
    Over,
    /// From the reading before a step of the clock until the bound is within the limit again.
    Stepped,
    /// The clock was not synchronized.
    NotSynchronized,
}

/// Why nothing is known about a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Unknown {
    /// After the last line of a task that did not announce its end.
    AfterLastLine,
    /// Before the first line in the input, of a task that was already running.
    BeforeFirstLine,
    /// A line is missing: a gap in `Sequence`.
    LostLine,
    /// Between the last line of a process and the first line of the next one.
    Restart,
    /// Reads failed for longer than the last bound holds.
    ReadsFailed,
    /// The source gave no bound.
    NoBound,
    /// The cross-check contradicts the reading.
    CrossCheck,
}

impl State {
    /// One state of each kind, in the order of a report.
    pub(crate) const KINDS: [Self; 6] = [
        Self::Within,
        Self::ReportedWithin,
        Self::Over,
        Self::Stepped,
        Self::NotSynchronized,
        Self::Unknown(Unknown::AfterLastLine),
    ];

    /// Whether the clock was within the limit, proven or only reported.
    pub(crate) fn is_within(self) -> bool {
        matches!(self, Self::Within | Self::ReportedWithin)
    }

    /// The kind in words, for a legend.
    pub(crate) fn kind(self) -> String {
        match self {
            Self::Unknown(_) => "unknown".to_owned(),
            known => known.to_string(),
        }
    }

    /// The stable name of the kind, as in the JSON report.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::ReportedWithin => "reported_within",
            Self::Unknown(_) => "unknown",
            Self::Over => "over",
            Self::Stepped => "stepped",
            Self::NotSynchronized => "not_synchronized",
        }
    }
}

impl Unknown {
    /// Every reason, in the order of a report.
    pub(crate) const ALL: &'static [Self] = &[
        Self::LostLine,
        Self::Restart,
        Self::ReadsFailed,
        Self::NoBound,
        Self::CrossCheck,
        Self::BeforeFirstLine,
        Self::AfterLastLine,
    ];

    /// The stable name, as in the JSON report.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AfterLastLine => "after_last_line",
            Self::BeforeFirstLine => "before_first_line",
            Self::LostLine => "lost_line",
            Self::Restart => "restart",
            Self::ReadsFailed => "reads_failed",
            Self::NoBound => "bound_unknown",
            Self::CrossCheck => "cross_check",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Within => "within the limit",
            Self::ReportedWithin => "within the limit as reported",
            Self::Over => "over the limit",
            Self::Stepped => "stepped",
            Self::NotSynchronized => "not synchronized",
            Self::Unknown(why) => return write!(f, "unknown: {why}"),
        })
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AfterLastLine => "after the last line",
            Self::BeforeFirstLine => "before the first line",
            Self::LostLine => "lost line",
            Self::Restart => "restart",
            Self::ReadsFailed => "failed reads",
            Self::NoBound => "no bound",
            Self::CrossCheck => "cross-check disagrees",
        })
    }
}
