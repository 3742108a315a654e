//! What a sidecar can be set to.

use std::time::Duration;

use crate::sidecar::line::Format;
use crate::source::{NtpSettings, Source};
use crate::time::DriftRate;

/// The settings of a sidecar.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The source, set up but not yet asked.
    pub source: Source,
    /// Whether this is an ECS task: its endpoint's variable is set.
    pub in_ecs: bool,
    /// Take one reading, emit it and end.
    pub once: bool,
    /// From one reading to the next.
    pub sample_interval: Duration,
    /// The time that one line covers.
    pub emit_interval: Duration,
    /// The longest delay of regular lines.
    pub emit_jitter: Duration,
    /// How fast the clock may drift.
    pub drift: DriftRate,
    /// The NTP server of the cross-check, and how it is asked.
    pub cross_check: Option<NtpSettings>,
    /// How lines look.
    pub format: Format,
}
