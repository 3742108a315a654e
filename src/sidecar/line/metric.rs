//! The metrics, their names and units.

use std::fmt;

/// A metric that the sidecar can emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// The source's error bound, one value per sample, in milliseconds.
    ClockErrorBound,
    /// 1 if every sample of the window was synchronized, otherwise 0.
    ClockSynchronized,
    /// The largest age of the reference time in the window, in seconds.
    ClockReferenceAge,
    /// The bound grown over the age of the reference, one value per sample, in milliseconds.
    ClockErrorBoundAgeAdjusted,
    /// The jumps of the wall clock, signed, in milliseconds.
    ClockStep,
    /// Read errors in the window.
    ClockReadErrors,
    /// Lines lost since the last line that was written.
    LinesDropped,
    /// Server minus clock, measured by the cross-check, signed, in milliseconds.
    CrossCheckOffset,
    /// The largest error of [`Metric::CrossCheckOffset`], in milliseconds.
    CrossCheckErrorBound,
    /// Samples of a synchronized clock without an error bound.
    ClockBoundUnknown,
    /// Cross-checks that gave no comparison.
    CrossCheckErrors,
    /// Cross-checks in which the clock's range and the server's did not overlap.
    CrossCheckDisagreement,
}

impl Metric {
    /// Every metric, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::ClockErrorBound,
        Self::ClockSynchronized,
        Self::ClockReferenceAge,
        Self::ClockErrorBoundAgeAdjusted,
        Self::ClockStep,
        Self::ClockReadErrors,
        Self::LinesDropped,
        Self::CrossCheckOffset,
        Self::CrossCheckErrorBound,
        Self::ClockBoundUnknown,
        Self::CrossCheckErrors,
        Self::CrossCheckDisagreement,
    ];

    /// The name in CloudWatch, which is also its `Display`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClockErrorBound => "ClockErrorBound",
            Self::ClockSynchronized => "ClockSynchronized",
            Self::ClockReferenceAge => "ClockReferenceAge",
            Self::ClockErrorBoundAgeAdjusted => "ClockErrorBoundAgeAdjusted",
            Self::ClockStep => "ClockStep",
            Self::ClockReadErrors => "ClockReadErrors",
            Self::LinesDropped => "LinesDropped",
            Self::CrossCheckOffset => "CrossCheckOffset",
            Self::CrossCheckErrorBound => "CrossCheckErrorBound",
            Self::ClockBoundUnknown => "ClockBoundUnknown",
            Self::CrossCheckErrors => "CrossCheckErrors",
            Self::CrossCheckDisagreement => "CrossCheckDisagreement",
        }
    }

    /// The unit, as CloudWatch spells it.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::ClockErrorBound
            | Self::ClockErrorBoundAgeAdjusted
            | Self::ClockStep
            | Self::CrossCheckOffset
            | Self::CrossCheckErrorBound => "Milliseconds",
            Self::ClockReferenceAge => "Seconds",
            Self::ClockSynchronized
            | Self::ClockReadErrors
            | Self::LinesDropped
            | Self::ClockBoundUnknown
            | Self::CrossCheckErrors
            | Self::CrossCheckDisagreement => "Count",
        }
    }

    /// Whether it is emitted by default.
    #[must_use]
    pub fn is_default(self) -> bool {
        self != Self::ClockErrorBoundAgeAdjusted
    }

    /// Whether it has one value for each reading of a line.
    #[must_use]
    pub fn has_a_value_per_reading(self) -> bool {
        matches!(
            self,
            Self::ClockErrorBound | Self::ClockErrorBoundAgeAdjusted
        )
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
