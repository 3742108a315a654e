//! Why a clock has no error bound.

use crate::text::names;

names! {
    /// Why the error bound of a reading is unknown. Its `Display` is the cause and the fix, for a person.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum BoundUnknown {
        /// The time daemon writes no estimate of its error to the kernel.
        NoEstimate = "no_estimate" => "the time daemon writes no estimate of the error to the kernel: run chrony or ntpd \
            on the host instead of systemd-timesyncd, openntpd or phc2sys, or use source ntp",
        /// The kernel slews an offset whose size is unknown.
        Slewing = "slewing" => "the clock is being corrected by over 500 ppm, and the size of the remaining correction is \
            unknown: wait until the correction ends, or use source ntp",
        /// The estimated error is at its cap of 16 s.
        ErrorAtCap = "error_at_cap" => "the kernel's estimated error is at its maximum of 16 s: check that the host's time \
            daemon reaches its servers, or use source ntp",
        /// The maximum error is at its cap of 16 s, so the clock is not synchronized.
        MaxErrorAtCap = "max_error_at_cap" => "the kernel's maximum error is at its cap of 16 s, since no time daemon has \
            synchronized the clock after a start or a step, or for 9 hours: run chrony or ntpd on the host, check that \
            it reaches its servers, or use source ntp",
        /// A leap second is in progress, so the clock is not synchronized.
        LeapSecond = "leap_second" => "a leap second is in progress: wait for two seconds",
        /// The pulse per second that the clock is to follow is missing or bad, so the clock is not synchronized.
        PpsError = "pps_error" => "the pulse per second that the clock follows is missing or bad: check the host's source \
            of the pulse",
        /// The kernel reports a fault of the clock (`STA_CLOCKERR`), so the clock is not synchronized.
        ClockError = "clock_error" => "the kernel reports a fault of the clock: check the host's clock, or use source ntp",
        /// The source gave a bound that cannot be right, so it was withheld.
        Withheld = "withheld" => "the source's value cannot be right and was withheld: check the source, or use another one",
    }
}
