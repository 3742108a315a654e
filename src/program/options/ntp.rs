//! The options of NTP, as a source and as a cross-check.

use std::fmt;
use std::time::Duration;

#[cfg(test)]
use super::Examples;
use super::durations::within;
use super::{DefaultValue, Opt, expected};
use crate::source::{InvalidNtpServer, NtpServer};

/// The values of [`CROSS_CHECK`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrossCheckKind {
    /// No cross-check.
    None,
    /// An NTP server is asked once a minute.
    Ntp,
}

impl fmt::Display for CrossCheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Ntp => "ntp",
        })
    }
}

pub(crate) const NTP_SERVER: Opt<NtpServer> = Opt {
    name: "ntp-server",
    variable: "CLOCK_EMF_NTP_SERVER",
    value_name: "SERVER",
    default: DefaultValue::Derived("169.254.169.123; on an IPv6-only task fd00:ec2::123"),
    help: "NTP server: host, host:port or [IPv6 address]:port",
    rule: |text| {
        text.parse()
            .map_err(|invalid: InvalidNtpServer| expected(invalid.expected(), text))
    },
    #[cfg(test)]
    examples: Examples {
        accepted: &["169.254.169.123", "time.aws.com", "[fd00:ec2::123]:123"],
        refused: &["time.aws.com:0", "[::1", "ntp://time.aws.com"],
    },
};

pub(crate) const NTP_INTERVAL: Opt<Duration> = Opt {
    name: "ntp-interval",
    variable: "CLOCK_EMF_NTP_INTERVAL",
    value_name: "DURATION",
    default: DefaultValue::Derived("16s; with source ntp and a segment 4s"),
    help: "Shortest time between two requests to the NTP server: 1s to 1h",
    rule: |text| within(text, Duration::from_secs(1), Duration::from_secs(3_600)),
    #[cfg(test)]
    examples: Examples {
        accepted: &["1s", "16s", "1h"],
        refused: &["999ms", "61m", "16"],
    },
};

pub(crate) const CROSS_CHECK: Opt<CrossCheckKind> = Opt {
    name: "cross-check",
    variable: "CLOCK_EMF_CROSS_CHECK",
    value_name: "SOURCE",
    default: DefaultValue::Text("none"),
    help: "Second source to compare the clock with, once a minute in run: none or ntp",
    rule: |text| match text {
        "none" => Ok(CrossCheckKind::None),
        "ntp" => Ok(CrossCheckKind::Ntp),
        _ => Err(expected("none or ntp", text)),
    },
    #[cfg(test)]
    examples: Examples {
        accepted: &["none", "ntp"],
        refused: &["NTP", "kernel"],
    },
};
