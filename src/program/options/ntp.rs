//! The options of NTP, as a source and as a cross-check.

use std::time::Duration;

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
};

pub(crate) const NTP_INTERVAL: Opt<Duration> = Opt {
    name: "ntp-interval",
    variable: "CLOCK_EMF_NTP_INTERVAL",
    value_name: "DURATION",
    default: DefaultValue::Derived("16s; with source ntp and a segment 4s"),
    help: "Shortest time between two requests to the NTP server: 1s to 1h",
    rule: |text| within(text, Duration::from_secs(1), Duration::from_secs(3_600)),
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
};
