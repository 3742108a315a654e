//! The metrics, their names and units.

use std::fmt;

/// A metric that the sidecar can emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// The source's error bound, one value per sample, in milliseconds.
    ClockErrorBound,
    /// 1 if every sample of the window was synchronized, else 0.
    ClockSynchronized,
    /// The largest age of the reference time in the window, in seconds.
    ClockReferenceAge,
    /// The bound grown over the age of the reference, one value per sample, in milliseconds.
    ClockErrorBoundAgeAdjusted,
    /// How far the wall clock jumped, signed, in milliseconds.
    ClockStep,
    /// Read errors in the window.
    ClockReadErrors,
    /// Lines that could not be written since the last one that could.
    LinesDropped,
    /// Server minus clock, by an exchange with an NTP server, signed, in milliseconds.
    CrossCheckOffset,
    /// How far the true offset may be from [`Metric::CrossCheckOffset`], in milliseconds.
    CrossCheckErrorBound,
    /// How often the clock's range and the server's had no point in common.
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
            Self::CrossCheckDisagreement => "CrossCheckDisagreement",
        }
    }

    /// The unit, in CloudWatch's words.
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
            | Self::CrossCheckDisagreement => "Count",
        }
    }

    /// Whether it is emitted unless the configuration says otherwise.
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
