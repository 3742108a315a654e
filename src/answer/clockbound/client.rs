//! A segment as a client of version 2.0 reads it, held against limits: the command `check --clockbound`.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::fs::OFlags;
use serde::Serialize;

use super::clocks;
use super::segment::{self, FILE_NAME, HEADER_SIZE, Malformed, SIZE, Segment, Status};
use crate::clock::{Verdict, rfc3339, rfc3339_up};
use crate::time::{Moment, TimeInterval, age_seconds, milliseconds};

/// A client that reads a state older than this takes the clock for free-running.
const GRACE: Duration = Duration::from_secs(5);
/// A client puts up with a segment that lies so far in its future.
const BLUR: Duration = Duration::from_micros(1);
/// How often a segment that is being written is read again, and the pause in between. A writer is done
/// within microseconds, unless it was killed.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// Why there is no segment to judge.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The file is missing or cannot be read.
    File(io::Error),
    /// A client of version 2.0 does not open it.
    Foreign(Malformed),
    /// Nothing was ever written to it.
    NotInitialized,
    /// A client must also look at the machine's `/dev/vmclock0`, which is not done here.
    NeedsVmClock,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "{FILE_NAME} cannot be read: {error}"),
            Self::Foreign(why) => write!(
                f,
                "{FILE_NAME} is not a ClockBound segment of version 2: it has {why}"
            ),
            Self::NotInitialized => write!(f, "nothing was written to {FILE_NAME} yet"),
            Self::NeedsVmClock => write!(
                f,
                "{FILE_NAME} is meant to be read together with /dev/vmclock0"
            ),
        }
    }
}

impl std::error::Error for Unreadable {}

/// What a client would make of a segment, as `check --clockbound --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SegmentReport {
    /// `good` or `not_good`.
    pub verdict: &'static str,
    /// Why it is not good: one sentence for each reason.
    pub reasons: Vec<String>,
    /// The same, one word for each.
    pub codes: Vec<&'static str>,
    /// `clockbound`.
    pub source: &'static str,
    /// `SYNCHRONIZED`, `FREE_RUNNING`, `UNKNOWN` or `DISRUPTED`, as a client reports it at present.
    pub status: &'static str,
    /// The bound at present, in milliseconds; `null` while nothing is known.
    pub error_bound_ms: Option<f64>,
    /// How long ago the segment was written, in seconds.
    pub written_s_ago: f64,
    /// True time is not before this (RFC 3339); `null` while the clock is not synchronized.
    pub earliest: Option<String>,
    /// True time is not after this (RFC 3339); `null` while the clock is not synchronized.
    pub latest: Option<String>,
}

impl SegmentReport {
    /// Whether the verdict is good.
    #[must_use]
    pub(crate) fn is_good(&self) -> bool {
        self.codes.is_empty()
    }
}

impl fmt::Display for SegmentReport {
    /// A few lines for a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: &str| writeln!(f, "{name:<20}{value}");
        let unknown = || "unknown".to_owned();
        line("verdict", if self.is_good() { "good" } else { "not good" })?;
        for reason in &self.reasons {
            line("reason", reason)?;
        }
        line("source", self.source)?;
        line("status", self.status)?;
        let bound = self.error_bound_ms.map(|bound| format!("{bound} ms"));
        line("error bound", &bound.unwrap_or_else(unknown))?;
        line("written", &format!("{} s ago", self.written_s_ago))?;
        line(
            "earliest true time",
            self.earliest.as_deref().unwrap_or("unknown"),
        )?;
        line(
            "latest true time",
            self.latest.as_deref().unwrap_or("unknown"),
        )
    }
}

/// Reads the segment in `directory` and judges it as a client would that accepts bounds up to `max_error`.
///
/// # Errors
/// [`Unreadable`] if a client would not open it.
pub(crate) fn check(
    directory: &Path,
    max_error: Option<Duration>,
) -> Result<SegmentReport, Unreadable> {
    let segment = read(directory)?;
    // The order of a client: if it is put to sleep in between, the bound is too large and not too small.
    let wall = Moment::now().wall;
    Ok(judge(segment.as_ref(), wall, clocks::coarse(), max_error))
}

/// The segment; `None` where its writer was killed in the middle of writing it.
fn read(directory: &Path) -> Result<Option<Segment>, Unreadable> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(directory.join(FILE_NAME))
        .map_err(Unreadable::File)?;
    let mut read_at = |buffer: &mut [u8], at| file.read_exact_at(buffer, at);
    for _ in 0..TRIES {
        if let Some(segment) = attempt(&mut read_at)? {
            return Ok(Some(segment));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(None)
}

/// What fills a buffer with the bytes of the segment from an offset on, as they are at present.
type ReadAt<'a> = dyn FnMut(&mut [u8], u64) -> io::Result<()> + 'a;

/// The segment; `None` while it is being written.
fn attempt(read_at: &mut ReadAt<'_>) -> Result<Option<Segment>, Unreadable> {
    let before = generation(read_at)?;
    let mut payload = [0; SIZE - HEADER_SIZE];
    read_at(&mut payload, HEADER_SIZE as u64).map_err(Unreadable::File)?;
    if before == 0 {
        return Err(Unreadable::NotInitialized);
    }
    if !before.is_multiple_of(2) || generation(read_at)? != before {
        return Ok(None);
    }
    let segment = Segment::from_payload(&payload).map_err(Unreadable::Foreign)?;
    if segment.disruption_support {
        return Err(Unreadable::NeedsVmClock);
    }
    Ok(Some(segment))
}

fn generation(read_at: &mut ReadAt<'_>) -> Result<u16, Unreadable> {
    let mut header = [0; HEADER_SIZE];
    read_at(&mut header, 0).map_err(Unreadable::File)?;
    segment::generation(&header).map_err(Unreadable::Foreign)
}

/// What one attempt at bytes that change while they are read comes to.
#[cfg(feature = "fuzzing")]
pub(crate) fn judge_bytes(
    read_at: &mut ReadAt<'_>,
    wall: DateTime<Utc>,
    coarse: Duration,
    max_error: Option<Duration>,
) -> Result<SegmentReport, Unreadable> {
    let segment = attempt(read_at)?;
    Ok(judge(segment.as_ref(), wall, coarse, max_error))
}

/// The status that a client reports at `coarse`.
pub(super) fn status(segment: &Segment, coarse: Duration) -> Status {
    match segment.status {
        Status::Unknown | Status::Disrupted => segment.status,
        // A client keeps what was written for 5 s, expired or not: its writer may be restarting.
        Status::Synchronized | Status::FreeRunning if coarse < segment.as_of + GRACE => {
            segment.status
        }
        Status::Synchronized | Status::FreeRunning if coarse < segment.void_after => {
            Status::FreeRunning
        }
        Status::Synchronized | Status::FreeRunning => Status::Unknown,
    }
}

/// The bound that a client computes at `coarse`: with growth cut to whole nanoseconds.
pub(super) fn bound(segment: &Segment, coarse: Duration) -> Duration {
    let since = coarse.saturating_sub(segment.as_of).as_nanos();
    let growth = since * u128::from(segment.drift_ppb) / 1_000_000_000;
    let growth = Duration::from_nanos(u64::try_from(growth).unwrap_or(u64::MAX));
    segment.bound.saturating_add(growth)
}

/// What a client makes of a segment when the wall clock shows `wall` and the coarse monotonic one `coarse`.
fn judge(
    segment: Option<&Segment>,
    wall: DateTime<Utc>,
    coarse: Duration,
    max_error: Option<Duration>,
) -> SegmentReport {
    let mut refusals = Vec::new();
    let status = segment.map_or(Status::Unknown, |segment| status(segment, coarse));
    let bound = segment
        .filter(|_| status != Status::Unknown)
        .map(|segment| bound(segment, coarse));
    if segment.is_none() {
        refusals.push((
            "not_synchronized",
            "the segment's writer stopped in the middle of writing it".to_owned(),
        ));
    } else if segment.is_some_and(|segment| segment.as_of > coarse + BLUR) {
        refusals.push((
            "not_synchronized",
            "the segment lies in the future: it is of another start of the machine".to_owned(),
        ));
    } else if status != Status::Synchronized {
        refusals.push((
            "not_synchronized",
            format!("the clock is not known to be synchronized: its status is {status}"),
        ));
    }
    match (max_error, bound) {
        (_, None) => refusals.push(("bound_unknown", "the error bound is unknown".to_owned())),
        (Some(limit), Some(bound)) if bound > limit => {
            let [bound, limit] = [bound, limit].map(humantime::format_duration);
            refusals.push((
                "bound_over_limit",
                format!("the error bound of {bound} is over the limit of {limit}"),
            ));
        }
        _ => {}
    }
    let is_synchronized = !refusals.iter().any(|(code, _)| *code == "not_synchronized");
    let interval = bound
        .filter(|_| is_synchronized)
        .map(|bound| TimeInterval::around(wall, bound));
    let age = segment.map_or(Duration::ZERO, |segment| {
        coarse.saturating_sub(segment.as_of)
    });
    let (codes, reasons): (Vec<_>, Vec<_>) = refusals.into_iter().unzip();
    let verdict = if codes.is_empty() {
        Verdict::Good
    } else {
        Verdict::NotGood
    };
    SegmentReport {
        verdict: verdict.as_str(),
        reasons,
        codes,
        source: "clockbound",
        status: status.as_str(),
        error_bound_ms: bound.map(milliseconds),
        written_s_ago: age_seconds(age),
        earliest: interval.map(|interval| rfc3339(interval.earliest)),
        latest: interval.map(|interval| rfc3339_up(interval.latest)),
    }
}

#[cfg(test)]
mod tests;
