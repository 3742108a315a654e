//! Why a synchronized clock has no error bound.

use std::fmt;

/// Why the error bound of a reading is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BoundUnknown {
    /// The time daemon writes no estimate of its error to the kernel.
    NoEstimate,
    /// The kernel slews an offset whose size is unknown.
    Slewing,
    /// The estimated error is at its cap of 16 s.
    ErrorAtCap,
    /// The source gave a bound that cannot be right, so it was withheld.
    Withheld,
}

impl BoundUnknown {
    /// All reasons.
    pub const ALL: &'static [Self] = &[
        Self::NoEstimate,
        Self::Slewing,
        Self::ErrorAtCap,
        Self::Withheld,
    ];

    /// The stable name: `no_estimate`, `slewing`, `error_at_cap` or `withheld`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoEstimate => "no_estimate",
            Self::Slewing => "slewing",
            Self::ErrorAtCap => "error_at_cap",
            Self::Withheld => "withheld",
        }
    }

    /// What to do about it.
    fn fix(self) -> &'static str {
        match self {
            Self::NoEstimate => {
                "run chrony or ntpd on the host instead of systemd-timesyncd, openntpd or phc2sys, or use source ntp"
            }
            Self::Slewing => "wait until the correction ends, or use source ntp",
            Self::ErrorAtCap => {
                "check that the host's time daemon reaches its servers, or use source ntp"
            }
            Self::Withheld => "check the source, or use another one",
        }
    }
}

/// The cause and the fix, for a person.
impl fmt::Display for BoundUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = match self {
            Self::NoEstimate => "the time daemon writes no estimate of the error to the kernel",
            Self::Slewing => {
                "the clock is being corrected by over 500 ppm, and the size of the remaining correction is unknown"
            }
            Self::ErrorAtCap => "the kernel's estimated error is at its maximum of 16 s",
            Self::Withheld => "the source's value cannot be right and was withheld",
        };
        write!(f, "{cause}: {}", self.fix())
    }
}
