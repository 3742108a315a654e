//! The metrics, their names and units.

use crate::text::names;

/// Declares the metrics, each with its unit and its sentence.
macro_rules! metrics {
    ($($name:ident $unit:ident $about:literal)*) => {
        names! {
            /// A metric that the sidecar can emit, with its name in CloudWatch.
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[non_exhaustive]
            pub enum Metric {
                $(#[doc = $about] $name = stringify!($name),)*
            }
        }

        impl Metric {
            /// The unit, as CloudWatch spells it.
            #[must_use]
            pub fn unit(self) -> &'static str {
                match self { $(Self::$name => stringify!($unit),)* }
            }

            /// What it measures, in a sentence or two.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)* }
            }
        }
    };
}

metrics! {
    ClockErrorBound Milliseconds "How far the clock may be from true time, as the source reports it: one value per reading, always an array."
    ClockSynchronized Count "1 if every reading of the window was synchronized, else 0."
    ClockReferenceAge Seconds "The largest age of the reference time in the window."
    ClockErrorBoundAgeAdjusted Milliseconds "Bound + age of the reference time × `max-drift-ppm`, one value per reading. Not emitted by default."
    ClockStep Milliseconds "How far the wall clock jumped against the monotonic clock, signed; 5 ms or more; always an array."
    ClockReadErrors Count "Failed reads, and members of an answer that were withheld."
    LinesDropped Count "Lines that could not be written since the last line that was."
    CrossCheckOffset Milliseconds "NTP server minus clock, signed."
    CrossCheckErrorBound Milliseconds "How far the true offset may be from `CrossCheckOffset`, including the server's own error."
    ClockBoundUnknown Count "Synchronized readings without an error bound."
    CrossCheckErrors Count "Cross-checks that gave no comparison; `CrossCheckErrorKind` has the reason."
    CrossCheckDisagreement Count "Cross-checks in which the ranges of the clock and the server did not overlap."
}

impl Metric {
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
