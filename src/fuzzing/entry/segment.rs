//! A ClockBound segment: written by ours, and read as `check --clockbound` reads it.

use std::error::Error;
use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::answer::clockbound::{Segment, Status, judge_bytes};
use crate::clock::Limits;

/// The state of the clock in a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentFields {
    /// When the bound held.
    pub as_of: Duration,
    /// When nothing counts any more.
    pub void_after: Duration,
    /// The bound.
    pub bound: Duration,
    /// Its growth.
    pub drift_ppb: u32,
    /// 0 unknown, 1 synchronized, 2 free-running, else disrupted.
    pub status: u8,
}

/// The bytes of a segment.
#[must_use]
pub(crate) fn segment(fields: SegmentFields, generation: u16) -> [u8; 80] {
    let segment = Segment {
        as_of: fields.as_of,
        void_after: fields.void_after,
        bound: fields.bound,
        drift_ppb: fields.drift_ppb,
        status: match fields.status {
            0 => Status::Unknown,
            1 => Status::Synchronized,
            2 => Status::FreeRunning,
            _ => Status::Disrupted,
        },
        disruption_support: false,
    };
    segment.to_bytes(generation)
}

/// The outcome of one attempt to read a segment, as JSON; `read_at` fills a buffer from an offset on.
///
/// # Errors
/// If a client would not open it.
pub(crate) fn judge_segment(
    mut read_at: impl FnMut(&mut [u8], u64) -> io::Result<()>,
    wall: DateTime<Utc>,
    coarse: Duration,
    max_error: Option<Duration>,
) -> Result<String, Box<dyn Error>> {
    let mut limits = Limits::any_error();
    if let Some(limit) = max_error {
        limits = limits.with_max_error(limit);
    }
    let report = judge_bytes(&mut read_at, wall, coarse, &limits)?;
    Ok(serde_json::to_string(&report)?)
}
