//! The settings of a sidecar.

use std::time::Duration;

use crate::reading::ClockSource;
use crate::sidecar::line::Format;
use crate::source::{NtpSettings, Source};
use crate::time::DriftRate;

/// The settings of a sidecar.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The source, set up but not yet asked.
    pub source: Source,
    /// The NTP server of the cross-check, and how it is asked.
    pub cross_check: Option<NtpSettings>,
    /// The format of lines.
    pub format: Format,
    /// The rules for decisions.
    pub rules: Rules,
}

/// The settings that decisions depend on.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate option")]
pub(crate) struct Rules {
    /// Take one reading, emit it and end.
    pub once: bool,
    /// The time between two readings.
    pub sample_interval: Duration,
    /// The time that one line covers.
    pub emit_interval: Duration,
    /// The longest delay of regular lines.
    pub emit_jitter: Duration,
    /// Whether each reading is written on its own line.
    pub reading_by_reading: bool,
    /// The most readings on one line.
    pub capacity: usize,
    /// Whether this is an ECS task: its endpoint's variable is set.
    pub in_ecs: bool,
    /// How fast the clock may drift.
    pub drift: DriftRate,
    /// Whether an NTP server is asked as a cross-check.
    pub cross_check: bool,
    /// The source that the first read uses.
    pub source: ClockSource,
}

#[cfg(test)]
impl Rules {
    /// The defaults of a task in ECS.
    pub(crate) const TYPICAL: Self = Self {
        once: false,
        sample_interval: Duration::from_secs(10),
        emit_interval: Duration::from_secs(60),
        emit_jitter: Duration::from_secs(30),
        reading_by_reading: false,
        capacity: 100,
        in_ecs: true,
        drift: DriftRate::DEFAULT,
        cross_check: false,
        source: ClockSource::Ecs,
    };
}
