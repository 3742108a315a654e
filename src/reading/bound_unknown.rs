//! Why a clock has no error bound.

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
    /// The maximum error is at its cap of 16 s, so the clock is not synchronized.
    MaxErrorAtCap,
    /// A leap second is in progress, so the clock is not synchronized.
    LeapSecond,
    /// The pulse per second that the clock is to follow is missing or bad, so the clock is not synchronized.
    PpsError,
    /// The kernel reports a fault of the clock (`STA_CLOCKERR`), so the clock is not synchronized.
    ClockError,
    /// The source gave a bound that cannot be right, so it was withheld.
    Withheld,
}

impl BoundUnknown {
    /// All reasons.
    pub const ALL: &'static [Self] = &[
        Self::NoEstimate,
        Self::Slewing,
        Self::ErrorAtCap,
        Self::MaxErrorAtCap,
        Self::LeapSecond,
        Self::PpsError,
        Self::ClockError,
        Self::Withheld,
    ];

    /// The stable name: `no_estimate`, `slewing`, `error_at_cap`, `max_error_at_cap`, `leap_second`, `pps_error`,
    /// `clock_error` or `withheld`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoEstimate => "no_estimate",
            Self::Slewing => "slewing",
            Self::ErrorAtCap => "error_at_cap",
            Self::MaxErrorAtCap => "max_error_at_cap",
            Self::LeapSecond => "leap_second",
            Self::PpsError => "pps_error",
            Self::ClockError => "clock_error",
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
            Self::MaxErrorAtCap => {
                "run chrony or ntpd on the host, check that it reaches its servers, or use source ntp"
            }
            Self::LeapSecond => "wait for two seconds",
            Self::PpsError => "check the host's source of the pulse",
            Self::ClockError => "check the host's clock, or use source ntp",
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
            Self::MaxErrorAtCap => {
                "the kernel's maximum error is at its cap of 16 s, since no time daemon has synchronized the clock \
                 after a start or a step, or for 9 hours"
            }
            Self::LeapSecond => "a leap second is in progress",
            Self::PpsError => "the pulse per second that the clock follows is missing or bad",
            Self::ClockError => "the kernel reports a fault of the clock",
            Self::Withheld => "the source's value cannot be right and was withheld",
        };
        write!(f, "{cause}: {}", self.fix())
    }
}
